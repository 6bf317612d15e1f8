package template

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
)

// document is a built template after CloudFormation resolved it: parameters and
// pseudo parameters have values, a reference to a resource is its logical id, and
// an attribute is "id.attribute".
type document struct {
	Parameters map[string]parameter
	Rules      map[string]any // unresolved
	Resources  map[string]resource
	Outputs    map[string]struct {
		Condition string
		Value     any
	}
}

type parameter struct {
	Type           string
	Default        *string
	AllowedPattern string
	// What a reader of a refused value sees.
	Description, ConstraintDescription string
	AllowedValues                      []string
}

type resource struct {
	Type                string
	Condition           string
	DependsOn           []string
	DeletionPolicy      string
	UpdateReplacePolicy string
	Metadata            map[string]any
	Properties          map[string]any
}

const account = "123456789012"

// build builds and resolves a stack. All conditions hold, except those in without.
func build(t require.TestingT, o Options, suffix string, without ...string) document {
	text, err := JSON(o)
	require.NoError(t, err)
	return fill(t, text, suffix, without...)
}

// fill resolves a printed template as build does.
func fill(t require.TestingT, text []byte, suffix string, without ...string) document {
	var written, filled document
	require.NoError(t, json.Unmarshal(text, &written))
	var raw map[string]any
	require.NoError(t, json.Unmarshal(text, &raw))
	delete(raw, "Rules")
	f := filler{without: without, numbers: map[string]int{}, values: map[string]string{
		environmentSuffix: suffix,
		codeBucket:        "code",
		codeVersion:       "0123456789ab",
		architecture:      "arm64",
		domainName:        "hooks.example.com",
		"AWS::Region":     region,
		"AWS::AccountId":  account,
		"AWS::Partition":  "aws",
		"AWS::URLSuffix":  "amazonaws.com",
	}}
	for _, name := range []string{
		throttleRate, throttleBurst, logRetentionDays, consumerConcurrency, archiverConcurrency, publisherParallelism, maxReceiveCount,
		authorizerReserved, processorReserved,
	} {
		f.numbers[name], _ = strconv.Atoi(*written.Parameters[name].Default)
	}
	resolved, err := json.Marshal(f.resolve(raw))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(resolved, &filled))
	filled.Rules = written.Rules
	return filled
}

// filler resolves intrinsics.
type filler struct {
	values  map[string]string
	numbers map[string]int // defaults of parameters that are numbers
	without []string       // conditions that do not hold
}

// lookup returns the value of a parameter, and of anything else its name.
func (f filler) lookup(name string) string {
	if value, ok := f.values[name]; ok {
		return value
	}
	return name
}

const noValue = "AWS::NoValue"

// resolve returns a part of a template without intrinsics. It changes v.
func (f filler) resolve(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = f.resolve(v[i])
		}
		return slices.DeleteFunc(v, func(item any) bool { return item == noValue })
	case map[string]any:
		if branches, ok := v["Fn::If"].([]any); ok {
			if slices.Contains(f.without, branches[0].(string)) {
				return f.resolve(branches[2])
			}
			return f.resolve(branches[1])
		}
		for key := range v {
			v[key] = f.resolve(v[key])
		}
		for key, arg := range v {
			if value, ok := f.call(key, arg); ok {
				return value
			}
		}
		maps.DeleteFunc(v, func(_ string, value any) bool { return value == noValue })
	}
	return v
}

// call returns the value of an intrinsic with resolved arguments.
func (f filler) call(name string, arg any) (value any, ok bool) {
	args, _ := arg.([]any)
	switch name {
	case "Ref":
		if number, ok := f.numbers[arg.(string)]; ok {
			return number, true
		}
		return f.lookup(arg.(string)), true
	case "Fn::GetAtt":
		return args[0].(string) + "." + args[1].(string), true
	case "Fn::Sub":
		return regexp.MustCompile(`\$\{[^}]+\}`).ReplaceAllStringFunc(arg.(string), func(s string) string {
			return f.lookup(s[2 : len(s)-1])
		}), true
	case "Fn::Join":
		var parts []string
		for _, part := range args[1].([]any) {
			parts = append(parts, part.(string))
		}
		return strings.Join(parts, args[0].(string)), true
	}
	return nil, false
}

// ofType returns the resources of one type.
func (d document) ofType(resourceType string) map[string]resource {
	found := maps.Clone(d.Resources)
	maps.DeleteFunc(found, func(_ string, r resource) bool { return r.Type != resourceType })
	return found
}

func ids[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// decode returns the property at a path as a T. The path has dots, and 0 for a list's first item.
func decode[T any](t require.TestingT, r resource, path string) T {
	var v any = r.Properties
	for step := range strings.SplitSeq(path, ".") {
		if list, ok := v.([]any); ok && step == "0" && len(list) > 0 {
			v = list[0]
			continue
		}
		m, ok := v.(map[string]any)
		require.True(t, ok, "nothing at %s", path)
		v = m[step]
	}
	text, err := json.Marshal(v)
	require.NoError(t, err)
	var out T
	require.NoError(t, json.Unmarshal(text, &out), path)
	return out
}

// statements returns the statements of the policy document at a path.
func statements(t require.TestingT, r resource, path string) []statement {
	return decode[policy](t, r, path).Statement
}

// roleStatements returns the statements of a role's only policy.
func roleStatements(t require.TestingT, r resource) []statement {
	policies := decode[[]struct{ PolicyDocument policy }](t, r, "Policies")
	require.Len(t, policies, 1)
	return policies[0].PolicyDocument.Statement
}

// penumbra is a provider that the shipped stack does not have.
func penumbra() contract.Provider {
	return contract.Provider{
		Name:             "penumbra",
		Title:            "Penumbra",
		Path:             "penumbra",
		SignatureHeaders: []string{"Penumbra-Signature", "Penumbra-Time"},
		UntrustedReason:  "penumbra_chain",
	}
}

// withMadeUp returns options with all shipped providers, penumbra, and umbra, which signs
// in the body.
func withMadeUp() Options {
	inBody := contract.Provider{Name: "umbra", Title: "Umbra", Path: "umbra"}
	return Options{Providers: append(contract.Providers(), penumbra(), inBody)}
}
