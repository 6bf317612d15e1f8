package template

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
)

// document is a built template as CloudFormation would see it: parameters and
// pseudo parameters are filled in, a reference to a resource is its logical
// id, and an attribute "id.attribute". Conditions hold.
type document struct {
	Parameters map[string]struct{ Type string }
	Rules      map[string]any
	Resources  map[string]resource
	Outputs    map[string]struct{ Value any }
}

type resource struct {
	Type                string
	Condition           string
	DependsOn           []string
	DeletionPolicy      string
	UpdateReplacePolicy string
	Properties          map[string]any
}

func build(t *testing.T, o Options, suffix string) document {
	t.Helper()
	text, err := JSON(o)
	require.NoError(t, err)
	var raw map[string]any
	require.NoError(t, json.Unmarshal(text, &raw))
	resolved, err := json.Marshal(resolve(raw, map[string]string{
		environmentSuffix: suffix,
		codeBucket:        "code",
		codeVersion:       "0123456789ab",
		architecture:      "arm64",
		"AWS::Region":     region,
		"AWS::AccountId":  "123456789012",
		"AWS::Partition":  "aws",
		"AWS::URLSuffix":  "amazonaws.com",
	}))
	require.NoError(t, err)
	var d document
	require.NoError(t, json.Unmarshal(resolved, &d))
	return d
}

// resolve replaces intrinsics in v.
func resolve(v any, values map[string]string) any {
	lookup := func(name string) string {
		if value, ok := values[name]; ok {
			return value
		}
		return name
	}
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = resolve(v[i], values)
		}
	case map[string]any:
		for key := range v {
			v[key] = resolve(v[key], values)
		}
		for key, value := range v {
			switch key {
			case "Ref":
				return lookup(value.(string))
			case "Fn::GetAtt":
				return value.([]any)[0].(string) + "." + value.([]any)[1].(string)
			case "Fn::Sub":
				return regexp.MustCompile(`\$\{[^}]+\}`).ReplaceAllStringFunc(value.(string), func(s string) string {
					return lookup(s[2 : len(s)-1])
				})
			case "Fn::If":
				return value.([]any)[1]
			}
		}
	}
	return v
}

// ofType are the resources of one type.
func (d document) ofType(resourceType string) map[string]resource {
	found := maps.Clone(d.Resources)
	maps.DeleteFunc(found, func(_ string, r resource) bool { return r.Type != resourceType })
	return found
}

func ids[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// decode reads a property, found by its path, as a T.
func decode[T any](t *testing.T, r resource, path string) T {
	t.Helper()
	var v any = r.Properties
	for step := range strings.SplitSeq(path, ".") {
		v = v.(map[string]any)[step]
	}
	text, err := json.Marshal(v)
	require.NoError(t, err)
	var out T
	require.NoError(t, json.Unmarshal(text, &out), path)
	return out
}

// statements are the statements of a policy document at a path.
func statements(t *testing.T, r resource, path string) []statement {
	t.Helper()
	return decode[policy](t, r, path).Statement
}

// roleStatements are the statements of a role's one policy.
func roleStatements(t *testing.T, r resource) []statement {
	t.Helper()
	policies := decode[[]struct{ PolicyDocument policy }](t, r, "Policies")
	require.Len(t, policies, 1)
	return policies[0].PolicyDocument.Statement
}

// madeUp is a provider that the shipped stack does not have.
func madeUp() contract.Provider {
	return contract.Provider{
		Name:            "acme",
		Title:           "Acme",
		Path:            "acme",
		IdentityHeaders: []string{"Acme-Signature", "Acme-Time"},
	}
}

// withMadeUp are the shipped providers and one more, so that a test sees what
// is there for each provider and what is there once.
func withMadeUp() Options {
	return Options{Providers: append(contract.Providers(), madeUp())}
}
