package template

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/awslabs/goformation/v7/cloudformation/tags"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// ErrOptions is wrapped by every error about Options.
var ErrOptions = errors.New("template options")

// Options describe how a stack differs from the shipped one, which is the zero
// value. Settings that are chosen at each deployment are parameters of the stack
// instead.
type Options struct {
	// Providers are the payment providers that have an endpoint, 1 to 10. The
	// default is contract.Providers().
	Providers []contract.Provider

	// Retired are former Providers. Nothing receives their webhooks, but each keeps
	// its path, which answers 403, and the lifecycle of its archive. Without that, a
	// deployment that still has the method would answer 5xx.
	Retired []contract.Provider

	// MemoryMB overrides the memory of functions, in MB, 128 to 10,240. The keys
	// are names of package contract: ConsumerName, or ProcessorName of one of
	// Providers. CPU is proportional to memory.
	MemoryMB map[string]int

	// Resources are added to the stack under their logical ids. They can refer to
	// the stack's resources and parameters, whose ids are those of out/stack.json.
	Resources map[string]cfn.Resource

	// Tags are put on every resource for which goformation has tags, Resources
	// included. A resource's own tag takes precedence over one of Tags with the
	// same key.
	Tags map[string]string
}

// complete returns o with defaults. The error joins all problems with o, except
// those with Resources.
func (o Options) complete() (Options, error) {
	if o.Providers == nil {
		o.Providers = contract.Providers()
	}
	return o, errors.Join(checkProviders(o.Providers, o.Retired), o.checkMemory(), o.checkTags())
}

// Limits of Lambda's MemorySize.
const (
	minMemoryMB = 128
	maxMemoryMB = 10_240
)

func (o Options) checkMemory() error {
	functions := []string{
		contract.AuthorizerName, contract.ConsumerName, contract.ArchiverName, contract.EmptierName, contract.PublisherName, contract.ReconcilerName,
	}
	for _, p := range o.Providers {
		functions = append(functions, contract.ProcessorName(p))
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(o.MemoryMB)) {
		if !slices.Contains(functions, name) {
			errs = append(errs, fmt.Errorf("%w: memory for %q: not one of the functions %s",
				ErrOptions, name, strings.Join(functions, ", ")))
		}
		if mb := o.MemoryMB[name]; mb < minMemoryMB || mb > maxMemoryMB {
			errs = append(errs, fmt.Errorf("%w: memory for %q: %d MB, must be %d to %d",
				ErrOptions, name, mb, minMemoryMB, maxMemoryMB))
		}
	}
	return errors.Join(errs...)
}

// Rules for tags: Tagging AWS Resources User Guide, "Tag naming limits and
// requirements".
const (
	maxTags          = 50 - 1 // per resource, less the stage's own tag
	maxTagKey        = 128    // characters
	maxTagValue      = 256    // characters
	tagPunctuation   = "_.:/=+-@"
	reservedTagStart = "aws:"
	accountTag       = "api-gateway-account" // the stage's own
)

func (o Options) checkTags() error {
	var errs []error
	refuse := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%w: "+format, append([]any{ErrOptions}, args...)...))
	}
	if len(o.Tags) > maxTags {
		refuse("%d tags: a resource takes at most %d besides the stack's own", len(o.Tags), maxTags)
	}
	for _, key := range slices.Sorted(maps.Keys(o.Tags)) {
		value := o.Tags[key]
		switch {
		case key == accountTag:
			refuse("tag %q: the key is used by the stack", key)
		case strings.HasPrefix(strings.ToLower(key), reservedTagStart):
			refuse("tag %q: keys with %s are reserved by AWS", key, reservedTagStart)
		case key == "" || utf8.RuneCountInString(key) > maxTagKey || utf8.RuneCountInString(value) > maxTagValue:
			refuse("tag %q: a key has 1 to %d characters, a value at most %d", key, maxTagKey, maxTagValue)
		case strings.ContainsFunc(key+value, notInTags):
			refuse("tag %q: key and value %q may contain letters, digits, spaces and %s", key, value, tagPunctuation)
		}
	}
	return errors.Join(errs...)
}

// notInTags reports whether no tag may contain r. AWS allows letters, digits and
// spaces of every script.
func notInTags(r rune) bool {
	return !unicode.In(r, unicode.L, unicode.N, unicode.Z) && !strings.ContainsRune(tagPunctuation, r)
}

// tags returns o.Tags sorted by key.
func (o Options) tags() []tags.Tag {
	var all []tags.Tag
	for _, key := range slices.Sorted(maps.Keys(o.Tags)) {
		all = append(all, tags.Tag{Key: key, Value: o.Tags[key]})
	}
	return all
}

const (
	// maxProviders keeps the stack at about half of the 500 resources that
	// CloudFormation takes, so that Options.Resources has room.
	maxProviders = 10
	// maxProviderName keeps the processor's role name, the longest name that
	// contains it, within IAM's 64 characters.
	maxProviderName = 64 - len("-processor-role-") - maxSuffix
)

// reservedPaths returns the paths that never reach the API's methods. API Gateway
// answers ping and sping itself (API Gateway Developer Guide, "Amazon API Gateway
// important notes"), and clients resolve the others.
func reservedPaths() []string { return []string{"ping", "sping", ".", ".."} }

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

func checkProviders(providers, retired []contract.Provider) error {
	var errs []error
	if n := len(providers); n < 1 || n > maxProviders {
		errs = append(errs, fmt.Errorf("%w: %d providers: an API takes 1 to %d", ErrOptions, n, maxProviders))
	}
	all := slices.Concat(providers, retired)
	for i, p := range all {
		errs = append(errs, checkProvider(p), checkUnique(p, all[:i]))
	}
	return errors.Join(errs...)
}

// checkProvider rejects descriptors that would fail only at deployment.
func checkProvider(p contract.Provider) error {
	var errs []error
	refuse := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%w: provider %q: %s", ErrOptions, p.Name, fmt.Sprintf(format, args...)))
	}
	if !consistsOf(p.Name, lower+digits) || len(p.Name) > maxProviderName {
		refuse("the name must be 1 to %d lower-case letters and digits", maxProviderName)
	}
	if prefix := p.Name + "/"; slices.Contains(contract.OwnPrefixes(), prefix) {
		refuse("the bucket's prefix %s is used by the stack", prefix)
	}
	if !consistsOf(p.Title, lower+upper+digits) {
		refuse("the title %q must be letters and digits", p.Title)
	}
	if !consistsOf(p.Path, lower+upper+digits+"-._") {
		refuse("the path %q must be one segment of letters, digits and -._", p.Path)
	}
	if slices.Contains(reservedPaths(), p.Path) {
		refuse("requests to the path %q never reach the API", p.Path)
	}
	if p.UntrustedReason != "" && !consistsOf(p.UntrustedReason, lower+digits+"_-") {
		refuse("the reason %q must be lower-case letters, digits, _ and -", p.UntrustedReason)
	}
	return errors.Join(errs...)
}

func checkUnique(p contract.Provider, others []contract.Provider) error {
	if slices.ContainsFunc(others, func(q contract.Provider) bool {
		return q.Name == p.Name || q.Title == p.Title || q.Path == p.Path
	}) {
		return fmt.Errorf("%w: provider %q: another provider has the same name, title or path", ErrOptions, p.Name)
	}
	return nil
}

// consistsOf reports whether s is not empty and contains only characters of
// alphabet.
func consistsOf(s, alphabet string) bool { return s != "" && strings.Trim(s, alphabet) == "" }
