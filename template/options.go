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

// Options say how a stack differs from the shipped one, which is the zero
// value. What is left to whoever deploys a stack is a parameter of it instead.
type Options struct {
	// Providers are the payment providers whose webhooks the stack takes, 1 to
	// 10; nil for contract.Providers().
	Providers []contract.Provider

	// MemoryMB is the memory of functions whose shipped one does not suit, in
	// MB, 128 to 10,240, by the names in package contract: ConsumerName, or
	// ProcessorName of one of Providers. CPU comes in proportion.
	MemoryMB map[string]int

	// Resources come into the stack by their logical ids. They may refer to the
	// stack's own resources and parameters, whose ids are those in
	// out/stack.json.
	Resources map[string]cfn.Resource

	// Tags are put on every resource that goformation knows to take tags, those
	// of Resources included. One of these keeps its own tag where the keys are
	// the same.
	Tags map[string]string
}

// complete returns o with the shipped providers if it has none. The error names
// everything that is wrong with o, apart from Resources.
func (o Options) complete() (Options, error) {
	if o.Providers == nil {
		o.Providers = contract.Providers()
	}
	return o, errors.Join(checkProviders(o.Providers), o.checkMemory(), o.checkTags())
}

// Bounds of Lambda's MemorySize.
const (
	minMemoryMB = 128
	maxMemoryMB = 10_240
)

func (o Options) checkMemory() error {
	functions := []string{
		contract.AuthorizerName, contract.ConsumerName, contract.ArchiverName, contract.EmptierName,
	}
	for _, p := range o.Providers {
		functions = append(functions, contract.ProcessorName(p))
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(o.MemoryMB)) {
		if !slices.Contains(functions, name) {
			errs = append(errs, fmt.Errorf("%w: memory for %q, but the functions are %s",
				ErrOptions, name, strings.Join(functions, ", ")))
		}
		if mb := o.MemoryMB[name]; mb < minMemoryMB || mb > maxMemoryMB {
			errs = append(errs, fmt.Errorf("%w: %d MB of memory for %q; Lambda gives %d to %d",
				ErrOptions, mb, name, minMemoryMB, maxMemoryMB))
		}
	}
	return errors.Join(errs...)
}

const (
	// maxTags is a resource's, less the one that some have of ours (Tagging AWS
	// Resources User Guide, "Tag naming limits and requirements").
	maxTags          = 50 - 1
	maxTagKey        = 128
	maxTagValue      = 256
	tagPunctuation   = "_.:/=+-@" // beside letters, digits and spaces of any script
	accountTag       = "api-gateway-account"
	reservedTagStart = "aws:"
)

func (o Options) checkTags() error {
	var errs []error
	refuse := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%w: "+format, append([]any{ErrOptions}, args...)...))
	}
	if len(o.Tags) > maxTags {
		refuse("%d tags; a resource takes %d beside the stack's own", len(o.Tags), maxTags)
	}
	for _, key := range slices.Sorted(maps.Keys(o.Tags)) {
		value := o.Tags[key]
		switch {
		case key == accountTag:
			refuse("tag %q: the stack has it itself", key)
		case strings.HasPrefix(strings.ToLower(key), reservedTagStart):
			refuse("tag %q: what begins with %s is AWS's", key, reservedTagStart)
		case key == "" || utf8.RuneCountInString(key) > maxTagKey || utf8.RuneCountInString(value) > maxTagValue:
			refuse("tag %q: a key has 1 to %d characters, a value at most %d", key, maxTagKey, maxTagValue)
		case strings.ContainsFunc(key+value, notOfTags):
			refuse("tag %q: key and value %q are made of letters, digits, spaces and %s", key, value, tagPunctuation)
		}
	}
	return errors.Join(errs...)
}

// notOfTags tells characters that no tag may have.
func notOfTags(r rune) bool {
	return !unicode.In(r, unicode.L, unicode.N, unicode.Z) && !strings.ContainsRune(tagPunctuation, r)
}

// tags are o.Tags in the order of their keys.
func (o Options) tags() []tags.Tag {
	var all []tags.Tag
	for _, key := range slices.Sorted(maps.Keys(o.Tags)) {
		all = append(all, tags.Tag{Key: key, Value: o.Tags[key]})
	}
	return all
}

const (
	// maxProviders is the number of authorizers an API may have (API Gateway
	// Developer Guide, "Quotas for configuring and running a REST API").
	maxProviders = 10
	// maxProviderName keeps the longest name made of it, that of the
	// processor's role, within IAM's 64 characters.
	maxProviderName = 64 - len("-processor-role-") - maxSuffix
)

// reservedPaths are what API Gateway answers itself (API Gateway Developer
// Guide, "Amazon API Gateway important notes"), and what clients resolve before
// they send.
func reservedPaths() []string { return []string{"ping", "sping", ".", ".."} }

// tokenPunctuation may be in a header's name beside letters and digits (RFC
// 9110, section 5.6.2).
const tokenPunctuation = "!#$%&'*+-.^_`|~"

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

func checkProviders(providers []contract.Provider) error {
	var errs []error
	if n := len(providers); n < 1 || n > maxProviders {
		errs = append(errs, fmt.Errorf("%w: %d providers; an API takes 1 to %d", ErrOptions, n, maxProviders))
	}
	for i, p := range providers {
		errs = append(errs, checkProvider(p), checkUnique(p, providers[:i]))
	}
	return errors.Join(errs...)
}

// checkProvider refuses what would fail only when the stack is deployed.
func checkProvider(p contract.Provider) error {
	var errs []error
	refuse := func(what string) {
		errs = append(errs, fmt.Errorf("%w: provider %q: %s", ErrOptions, p.Name, what))
	}
	if !consistsOf(p.Name, lower+digits) || len(p.Name) > maxProviderName {
		refuse(fmt.Sprintf("its name must be 1 to %d lower-case letters and digits", maxProviderName))
	}
	// The bucket has other prefixes than the providers' names.
	if prefix := p.Name + "/"; prefix == contract.OversizePrefix || prefix == contract.UnknownPrefix {
		refuse("the bucket keeps " + prefix + " for something else: choose another name")
	}
	if !consistsOf(p.Title, lower+upper+digits) {
		refuse(fmt.Sprintf("its title %q must be letters and digits", p.Title))
	}
	if !consistsOf(p.Path, lower+upper+digits+"-._") {
		refuse(fmt.Sprintf("its path %q must be one segment of letters, digits and -._", p.Path))
	}
	if slices.Contains(reservedPaths(), p.Path) {
		refuse(fmt.Sprintf("its path %q never gets to the API: choose another", p.Path))
	}
	if len(p.IdentityHeaders) == 0 {
		refuse("it has no identity headers, so its authorizer would have nothing to look at")
	}
	if p.UntrustedReason != "" && !consistsOf(p.UntrustedReason, lower+digits+"_-") {
		refuse(fmt.Sprintf("its reason %q must be lower-case letters, digits, _ and -", p.UntrustedReason))
	}
	for _, header := range p.IdentityHeaders {
		if !consistsOf(header, lower+upper+digits+tokenPunctuation) {
			refuse(fmt.Sprintf("its identity header %q cannot be the name of a header", header))
		}
	}
	return errors.Join(errs...)
}

func checkUnique(p contract.Provider, others []contract.Provider) error {
	if slices.ContainsFunc(others, func(q contract.Provider) bool {
		return q.Name == p.Name || q.Title == p.Title || q.Path == p.Path
	}) {
		return fmt.Errorf("%w: provider %q: another has its name, title or path", ErrOptions, p.Name)
	}
	return nil
}

func consistsOf(s, alphabet string) bool { return s != "" && strings.Trim(s, alphabet) == "" }
