package template

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAPIKeepsBytes(t *testing.T) {
	api := build(t, Options{}, "dev").Resources["Api"]
	assert.Equal(t, []string{"*/*"}, decode[[]string](t, api, "BinaryMediaTypes"))
	assert.Equal(t, []string{"REGIONAL"}, decode[[]string](t, api, "EndpointConfiguration.Types"))
}

// From the URL to the function, for each provider: its path, its authorizer
// with its headers, its processor; and API Gateway may invoke both.
func TestEveryProviderHasItsEndpoint(t *testing.T) {
	d := build(t, withMadeUp(), "dev")
	const source = "arn:aws:execute-api:us-east-1:123456789012:Api/"
	allowed := permissions(d)
	for _, p := range withMadeUp().Providers {
		method := d.Resources[p.Title+"Method"].Properties
		assert.Equal(t, "POST", method["HttpMethod"])
		assert.Equal(t, "CUSTOM", method["AuthorizationType"])
		assert.Equal(t, p.Path, d.Resources[method["ResourceId"].(string)].Properties["PathPart"])
		assert.Equal(t, map[string]any{
			"Type":                  "AWS_PROXY",
			"IntegrationHttpMethod": "POST",
			"Uri":                   invocationOf(p.Title + "ProcessorFunction"),
		}, method["Integration"])

		authorizer := d.Resources[method["AuthorizerId"].(string)]
		assert.Equal(t, "REQUEST", authorizer.Properties["Type"])
		assert.Equal(t, invocationOf("AuthorizerFunction"), authorizer.Properties["AuthorizerUri"])
		assert.Equal(t, 0, decode[int](t, authorizer, "AuthorizerResultTtlInSeconds"))
		var headers []string
		for source := range strings.SplitSeq(authorizer.Properties["IdentitySource"].(string), ",") {
			headers = append(headers, strings.TrimPrefix(source, "method.request.header."))
		}
		assert.Equal(t, p.IdentityHeaders, headers)

		assert.Equal(t, p.Title+"ProcessorFunction", allowed[source+"live/POST/"+p.Path])
		assert.Equal(t, "AuthorizerFunction", allowed[source+"authorizers/"+method["AuthorizerId"].(string)])
		assert.Equal(t, "https://Api.execute-api.us-east-1.amazonaws.com/live/"+p.Path, d.Outputs[p.Title+"Url"].Value)
	}
	assert.Len(t, allowed, 2*len(withMadeUp().Providers), "nothing else may invoke a function")
	assert.Len(t, d.ofType("AWS::ApiGateway::Method"), len(withMadeUp().Providers))
}

func invocationOf(function string) string {
	return "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/" + function + ".Arn/invocations"
}

// permissions are what may invoke which function.
func permissions(d document) map[string]string {
	all := map[string]string{}
	for _, p := range d.ofType("AWS::Lambda::Permission") {
		all[p.Properties["SourceArn"].(string)] = p.Properties["FunctionName"].(string)
	}
	return all
}

func TestGatewayResponsesAreJSON(t *testing.T) {
	status := map[string]any{}
	variable := regexp.MustCompile(`\$context\.error\.messageString`)
	for id, r := range build(t, Options{}, "dev").ofType("AWS::ApiGateway::GatewayResponse") {
		status[r.Properties["ResponseType"].(string)] = r.Properties["StatusCode"]
		body := r.Properties["ResponseTemplates"].(map[string]any)["application/json"].(string)
		assert.True(t, json.Valid([]byte(variable.ReplaceAllString(body, `"in quotes"`))), id)
	}
	assert.Equal(t, map[string]any{
		"ACCESS_DENIED": "401", // a Deny, which API Gateway would answer 403
		"UNAUTHORIZED":  "401",
		"DEFAULT_4XX":   nil, // API Gateway's own
		"DEFAULT_5XX":   nil,
	}, status)
}

func TestStage(t *testing.T) {
	d := build(t, Options{}, "dev")
	stage := d.Resources["Stage"]
	assert.Equal(t, "live", stage.Properties["StageName"])
	assert.Equal(t, ids(d.ofType("AWS::ApiGateway::Deployment")), []string{stage.Properties["DeploymentId"].(string)})
	assert.Equal(t, []map[string]any{{
		"HttpMethod": "*", "ResourcePath": "/*",
		"ThrottlingRateLimit": 1000.0, "ThrottlingBurstLimit": 2000.0,
		"LoggingLevel": "OFF", "DataTraceEnabled": false,
	}}, decode[[]map[string]any](t, stage, "MethodSettings"))
}

func TestAccessLog(t *testing.T) {
	d := build(t, Options{}, "dev")
	stage := d.Resources["Stage"]
	assert.Equal(t, "AccessLogGroup.Arn", decode[string](t, stage, "AccessLogSetting.DestinationArn"))
	assert.Equal(t, "/aws/apigateway/webhook-api-dev", d.Resources["AccessLogGroup"].Properties["LogGroupName"])

	var line map[string]string
	require.NoError(t, json.Unmarshal([]byte(decode[string](t, stage, "AccessLogSetting.Format")), &line), "JSON as it stands")
	logged := map[string]bool{}
	for _, variable := range line {
		logged[variable] = true
	}
	for _, variable := range []string{
		"requestId", "authorizer.error", "error.responseType", "integrationLatency", "status",
	} {
		assert.True(t, logged["$context."+variable], variable)
	}
	for _, variable := range []string{"path", "identity.userAgent", "error.message", "error.messageString"} {
		assert.False(t, logged["$context."+variable], "%s is text that a stranger writes", variable)
	}
}

// One stack of an account owns the setting; its stage waits for it, which only
// a reference can say of a resource under a condition.
func TestAPIGatewayAccountIsManagedUnderACondition(t *testing.T) {
	d := build(t, Options{}, "dev")
	for _, id := range []string{"ApiGatewayAccount", "ApiGatewayAccountRole"} {
		assert.Equal(t, "ManagesApiGatewayAccount", d.Resources[id].Condition)
	}
	assert.Equal(t, "ApiGatewayAccountRole.Arn", d.Resources["ApiGatewayAccount"].Properties["CloudWatchRoleArn"])
	assert.Equal(t, []map[string]string{{"Key": "api-gateway-account", "Value": "ApiGatewayAccount"}},
		decode[[]map[string]string](t, d.Resources["Stage"], "Tags"))
}
