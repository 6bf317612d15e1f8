package template

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A stage goes on showing an old deployment unless a changed API gives the
// deployment a new logical id; and a new id for nothing redeploys for nothing.
func TestDeploymentIsNewWhenTheAPIIs(t *testing.T) {
	printed, err := JSON(Options{})
	require.NoError(t, err)
	d := build(t, Options{}, "dev")
	deployment := soleDeployment(t, d)
	copied := append([]string{"Api"}, d.Resources[deployment].DependsOn...)
	before, err := hashOf(printed, copied)
	require.NoError(t, err)
	assert.Equal(t, "Deployment"+before, deployment, "the id is that of the API as it is")

	for name, row := range map[string]struct {
		resource, property string
		isNew              bool
	}{
		"the API's media types":            {"Api", "BinaryMediaTypes", true},
		"a resource's path":                {"StripeResource", "PathPart", true},
		"a method's authorization":         {"StripeMethod", "AuthorizationType", true},
		"an authorizer's headers":          {"StripeAuthorizer", "IdentitySource", true},
		"a gateway response's status":      {"AccessDeniedResponse", "StatusCode", true},
		"a function's memory, not copied":  {"StripeProcessorFunction", "MemorySize", false},
		"the throttling, which is a stage": {"Stage", "MethodSettings", false},
	} {
		t.Run(name, func(t *testing.T) {
			var stack struct {
				Resources map[string]map[string]any
			}
			require.NoError(t, json.Unmarshal(printed, &stack))
			properties := stack.Resources[row.resource]["Properties"].(map[string]any)
			require.Contains(t, properties, row.property)
			properties[row.property] = "changed"
			changed, err := json.Marshal(stack)
			require.NoError(t, err)
			after, err := hashOf(changed, copied)
			require.NoError(t, err)
			assert.Equal(t, row.isNew, after != before)
		})
	}
}

func TestDeploymentWaitsForAllItCopies(t *testing.T) {
	d := build(t, withMadeUp(), "dev")
	var want []string
	for _, resourceType := range []string{
		"AWS::ApiGateway::Resource", "AWS::ApiGateway::Method",
		"AWS::ApiGateway::Authorizer", "AWS::ApiGateway::GatewayResponse",
	} {
		want = append(want, ids(d.ofType(resourceType))...)
	}
	deployment := d.Resources[soleDeployment(t, d)]
	assert.ElementsMatch(t, want, deployment.DependsOn)
	assert.Equal(t, "Api", deployment.Properties["RestApiId"])
}

func soleDeployment(t *testing.T, d document) string {
	t.Helper()
	all := ids(d.ofType("AWS::ApiGateway::Deployment"))
	require.Len(t, all, 1)
	return all[0]
}
