package template

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func apiRequirements() []requirement {
	const anything = "arn:aws:execute-api:us-east-1:123456789012:Api/*"
	return []requirement{
		{
			says:  "POST /{provider} invokes the provider's own processor, which has its secret, the queues, the bucket and the retention",
			holds: eachProvidersWay,
			breaks: []mutation{
				set("PayPalResource.Properties.PathPart", "pay-pal"),
				set("PayPalMethod.Properties.HttpMethod", "ANY"),
				set("PayPalMethod.Properties.ResourceId", "SquareResource"),
				set("PayPalMethod.Properties.Integration.Uri", invocationOf("SquareProcessorFunction")),
				set("PayPalMethod.Properties.Integration.Type", "AWS"),
				set("PayPalProcessorFunction.Properties.Role", "SquareProcessorRole.Arn"),
				set("PayPalProcessorFunction.Properties.Environment.Variables.SECRET_ARN", "SquareSecret.Id"),
				set("PayPalProcessorFunction.Properties.Environment.Variables.QUEUE_URL", "DeadLetterQueue"),
				set("PayPalProcessorFunction.Properties.Environment.Variables.ENDPOINT_URL", "https://elsewhere/paypal"),
				set("PayPalProcessorFunction.Properties.Environment.Variables.PROVIDER", "square"),
				drop("PayPalProcessorFunction.Properties.Environment.Variables.BUCKET_NAME"),
				set("PayPalProcessorFunction.Properties.Environment.Variables.EVENT_RETENTION_DAYS", "0"),
			},
		},
		{
			says:  "one REQUEST authorizer of all paths caches nothing and gets every request, whatever its headers",
			holds: oneAuthorizer,
			breaks: []mutation{
				set("PayPalMethod.Properties.AuthorizationType", "NONE"),
				set("PayPalMethod.Properties.AuthorizerId", "another"),
				set("Authorizer.Properties.Type", "TOKEN"),
				set("Authorizer.Properties.AuthorizerUri", invocationOf("ConsumerFunction")),
				set("Authorizer.Properties.AuthorizerResultTtlInSeconds", 300),
				drop("Authorizer.Properties.AuthorizerResultTtlInSeconds"), // API Gateway's default is 300
				// A request without the header would be answered before any function counts it.
				set("Authorizer.Properties.IdentitySource", "method.request.header.Stripe-Signature"),
				set("Authorizer.Properties.Name", "webhook-authorizer"),
				set("Another", map[string]string{"Type": "AWS::ApiGateway::Authorizer"}),
			},
		},
		{
			says:  "API Gateway can invoke a processor for its own path and the authorizer for this API, the schedule the reconciler; nobody else can invoke a function",
			holds: onlyTheAPIInvokes,
			breaks: []mutation{
				drop("StripeMethodPermission"),
				drop("AuthorizerPermission"),
				set("StripeMethodPermission.Properties.SourceArn", anything),
				set("StripeMethodPermission.Properties.Principal", "*"),
				set("StripeMethodPermission.Properties.Action", "lambda:GetFunction"),
				set("StripeMethodPermission.Properties.FunctionName", "PayPalProcessorFunction"),
				set("Open", map[string]string{"Type": "AWS::Lambda::Permission"}),
			},
		},
		property("bodies keep the bytes that the signature covers", "Api", "BinaryMediaTypes.0", "*/*"),
		property("a parameter traces requests", "Stage", "TracingEnabled", tracing),
		property("the API takes TLS 1.2 or later, not TLS 1.0 as by default", "Api", "SecurityPolicy", "SecurityPolicy_TLS13_1_2_2021_06"),
		property("a parameter turns the API's own host name off", "Api", "DisableExecuteApiEndpoint", disableDefaultEndpoint),
		property("which takes effect because it changes a setting of the stage", "Stage", "Description",
			"DisableExecuteApiEndpoint=DisableExecuteApiEndpoint"), // name=value
		property("its security policy requires a mode", "Api", "EndpointAccessMode", "BASIC"),
		property("the API is regional", "Api", "EndpointConfiguration.Types.0", "REGIONAL"),
		{
			says: "each method takes 1000 requests per second, in bursts of 2000",
			holds: func(t require.TestingT, d document) {
				settings := methodSettings(t, d)
				assert.Equal(t, 1000.0, settings["ThrottlingRateLimit"])
				assert.Equal(t, 2000.0, settings["ThrottlingBurstLimit"])
			},
			breaks: []mutation{
				set("Stage.Properties.MethodSettings.0.ThrottlingRateLimit", 10_000),
				drop("Stage.Properties.MethodSettings.0.ThrottlingBurstLimit"),
				set("Stage.Properties.MethodSettings.0.ResourcePath", "/stripe"),
			},
		},
		{
			says: "there is no execution log: its group would outlive the stack",
			holds: func(t require.TestingT, d document) {
				settings := methodSettings(t, d)
				assert.Equal(t, "OFF", settings["LoggingLevel"])
				assert.Equal(t, false, settings["DataTraceEnabled"])
			},
			breaks: []mutation{
				set("Stage.Properties.MethodSettings.0.LoggingLevel", "ERROR"),
				set("Stage.Properties.MethodSettings.0.DataTraceEnabled", true),
			},
		},
		{
			says:  "API Gateway's own responses are JSON, and a Deny is a 401",
			holds: gatewayResponses,
			breaks: []mutation{
				drop("AccessDeniedResponse.Properties.StatusCode"), // 403
				set("UnauthorizedResponse.Properties.StatusCode", "403"),
				set("AccessDeniedResponse.Properties.ResponseTemplates.application/json", `{"message":$context.authorizer.error}`),
				set("UnauthorizedResponse.Properties.ResponseTemplates.application/json", `{"message":"Unauthorized","header":"$context.error.message"}`),
				drop("Default5xxResponse"),
				set("Default4xxResponse.Properties.ResponseTemplates.application/json", "$context.error.messageString!"),
			},
		},
		{
			says:  "the access log is JSON with the authorizer's error and without text that the sender chooses",
			holds: accessLog,
			breaks: []mutation{
				drop("Stage.Properties.AccessLogSetting"),
				set("Stage.Properties.AccessLogSetting.DestinationArn", "AuthorizerLogGroup.Arn"),
				set("Stage.Properties.AccessLogSetting.Format", `{"id":"$context.requestId"}`),
				set("Stage.Properties.AccessLogSetting.Format", strings.Replace(accessLogFormat(), "resourcePath", "path", 1)),
				set("Stage.Properties.AccessLogSetting.Format", "$context.requestId"),
			},
		},
		{
			says: "one stack of an account manages the logging role, and its stage waits for it",
			holds: func(t require.TestingT, d document) {
				for _, id := range []string{"ApiGatewayAccount", "ApiGatewayAccountRole"} {
					assert.Equal(t, "ManagesApiGatewayAccount", d.Resources[id].Condition)
				}
				assert.Equal(t, "ApiGatewayAccountRole.Arn", d.Resources["ApiGatewayAccount"].Properties["CloudWatchRoleArn"])
				assert.Equal(t, []string{"Api"}, d.Resources["ApiGatewayAccount"].DependsOn, "an account without an API may refuse it")
				assert.Contains(t, decode[[]map[string]string](t, d.Resources["Stage"], "Tags"),
					map[string]string{"Key": "api-gateway-account", "Value": "ApiGatewayAccount"})
			},
			breaks: []mutation{
				drop("ApiGatewayAccount.Condition"),
				drop("ApiGatewayAccount.DependsOn"),
				drop("ApiGatewayAccountRole.Condition"),
				set("ApiGatewayAccount.Properties.CloudWatchRoleArn", "AuthorizerRole.Arn"),
				drop("Stage.Properties.Tags.0"),
			},
		},
		{
			says:  "a deployment depends on all resources that it copies, and the stage serves it",
			holds: deploymentIsWhole,
			breaks: []mutation{
				set("Another", map[string]string{"Type": "AWS::ApiGateway::Method"}),
				set("Stage.Properties.DeploymentId", "an older one"),
			},
		},
	}
}

func eachProvidersWay(t require.TestingT, d document) {
	for _, p := range withMadeUp().Providers {
		method, found := methodAt(d, p.Path)
		require.True(t, found, p.Path)
		require.Equal(t, map[string]any{
			"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": invocationOf(p.Title + "ProcessorFunction"),
		}, method.Properties["Integration"])

		function := d.Resources[p.Title+"ProcessorFunction"]
		require.Equal(t, "AWS::Lambda::Function", function.Type)
		require.Equal(t, p.Title+"ProcessorRole.Arn", function.Properties["Role"])
		assert.Subset(t, decode[map[string]string](t, function, "Environment.Variables"), map[string]string{
			"PROVIDER":              p.Name,
			"SECRET_ARN":            p.Title + "Secret.Id",
			"QUEUE_URL":             "WebhookQueue",
			"DEAD_LETTER_QUEUE_URL": "DeadLetterQueue",
			"BUCKET_NAME":           "FailedWebhooks",
			"ENDPOINT_URL":          d.Outputs[p.Title+"Url"].Value.(string),
			"API_URL":               "https://Api.execute-api.us-east-1.amazonaws.com/live/" + p.Path,
			"EVENT_RETENTION_DAYS":  eventRetentionDays,
		})
	}
	assert.Len(t, d.ofType("AWS::ApiGateway::Method"), len(withMadeUp().Providers))
}

// methodAt returns the POST method of a path below the root.
func methodAt(d document, path string) (resource, bool) {
	for _, m := range d.ofType("AWS::ApiGateway::Method") {
		at := d.Resources[m.Properties["ResourceId"].(string)].Properties
		if at["PathPart"] == path && at["ParentId"] == "Api.RootResourceId" && m.Properties["HttpMethod"] == "POST" {
			return m, true
		}
	}
	return resource{}, false
}

func invocationOf(function string) string {
	return "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/" + function + ".Arn/invocations"
}

func oneAuthorizer(t require.TestingT, d document) {
	assert.Equal(t, []string{"Authorizer"}, ids(d.ofType("AWS::ApiGateway::Authorizer")))
	assert.Equal(t, map[string]any{
		"RestApiId": "Api", "Name": "webhook-authorizer-dev", "Type": "REQUEST",
		"AuthorizerUri": invocationOf("AuthorizerFunction"), "AuthorizerResultTtlInSeconds": 0.0,
	}, d.Resources["Authorizer"].Properties)
	for id, method := range d.ofType("AWS::ApiGateway::Method") {
		assert.Equal(t, "CUSTOM", method.Properties["AuthorizationType"], id)
		assert.Equal(t, "Authorizer", method.Properties["AuthorizerId"], id)
	}
}

func onlyTheAPIInvokes(t require.TestingT, d document) {
	const source = "arn:aws:execute-api:us-east-1:123456789012:Api/"
	allowed := map[any]any{}
	for id, p := range d.ofType("AWS::Lambda::Permission") {
		service := "apigateway.amazonaws.com"
		if p.Properties["SourceArn"] == "ReconcilerSchedule.Arn" {
			service = "events.amazonaws.com"
		}
		require.Equal(t, service, p.Properties["Principal"], id)
		require.Equal(t, "lambda:InvokeFunction", p.Properties["Action"], id)
		allowed[p.Properties["SourceArn"]] = p.Properties["FunctionName"]
	}
	want := map[any]any{}
	for _, p := range withMadeUp().Providers {
		want[source+"live/POST/"+p.Path] = p.Title + "ProcessorFunction"
	}
	want[source+"authorizers/Authorizer"] = "AuthorizerFunction"
	want["ReconcilerSchedule.Arn"] = "ReconcilerFunction"
	assert.Equal(t, want, allowed)
}

// methodSettings returns the settings that apply to all methods.
func methodSettings(t require.TestingT, d document) map[string]any {
	settings := decode[[]map[string]any](t, d.Resources["Stage"], "MethodSettings")
	require.Len(t, settings, 1)
	require.Equal(t, "/*", settings[0]["ResourcePath"])
	require.Equal(t, "*", settings[0]["HttpMethod"])
	return settings[0]
}

func gatewayResponses(t require.TestingT, d document) {
	status := map[string]any{}
	variable := regexp.MustCompile(`\$context\.error\.messageString`)
	for id, r := range d.ofType("AWS::ApiGateway::GatewayResponse") {
		status[r.Properties["ResponseType"].(string)] = r.Properties["StatusCode"]
		body := r.Properties["ResponseTemplates"].(map[string]any)["application/json"].(string)
		if r.Properties["StatusCode"] == "401" {
			assert.Equal(t, `{"message":"Unauthorized"}`, body, "%s does not say what was wrong", id)
		}
		assert.True(t, json.Valid([]byte(variable.ReplaceAllString(body, `"in quotes"`))), id)
	}
	assert.Equal(t, map[string]any{
		"ACCESS_DENIED": "401", // a Deny, which API Gateway would answer 403
		"UNAUTHORIZED":  "401",
		"DEFAULT_4XX":   nil, // API Gateway's own
		"DEFAULT_5XX":   nil,
	}, status)
}

func accessLog(t require.TestingT, d document) {
	stage := d.Resources["Stage"]
	require.Equal(t, "AccessLogGroup.Arn", decode[string](t, stage, "AccessLogSetting.DestinationArn"))

	var line map[string]string
	require.NoError(t, json.Unmarshal([]byte(decode[string](t, stage, "AccessLogSetting.Format")), &line), "it is JSON before substitution")
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
		assert.False(t, logged["$context."+variable], "%s is text that the sender chooses", variable)
	}
}

func deploymentIsWhole(t require.TestingT, d document) {
	all := d.ofType("AWS::ApiGateway::Deployment")
	require.Len(t, all, 1)
	id := ids(all)[0]
	assert.Equal(t, "Api", all[id].Properties["RestApiId"])
	var copied []string
	for _, resourceType := range []string{
		"AWS::ApiGateway::Resource", "AWS::ApiGateway::Method",
		"AWS::ApiGateway::Authorizer", "AWS::ApiGateway::GatewayResponse",
		"AWS::Lambda::Permission", // not copied; without it the copy answers 500
	} {
		copied = append(copied, ids(d.ofType(resourceType))...)
	}
	copied = slices.DeleteFunc(copied, func(id string) bool { return id == "ReconcilerPermission" }) // EventBridge's
	assert.ElementsMatch(t, copied, all[id].DependsOn)
	assert.Equal(t, id, d.Resources["Stage"].Properties["DeploymentId"])
}

func domainRequirements() []requirement {
	return []requirement{
		{
			says: "without a domain name there is no domain, and the URLs are the API's",
			holds: func(t require.TestingT, d document) {
				for _, id := range []string{"Domain", "DomainMapping"} {
					assert.Equal(t, "HasCustomDomain", d.Resources[id].Condition)
				}
				for _, output := range []string{"DomainTarget", "DomainTargetHostedZoneId"} {
					assert.Equal(t, "HasCustomDomain", d.Outputs[output].Condition)
				}
				assert.Equal(t, "https://Api.execute-api.us-east-1.amazonaws.com/live/paypal", d.Outputs["PayPalUrl"].Value)
			},
			breaks: []mutation{
				drop("Domain.Condition"),
				drop("DomainMapping.Condition"),
				drop("Outputs.DomainTargetHostedZoneId.Condition"),
			},
		},
		{
			says:   "a domain serves the stage with its certificate, over TLS 1.2 or later",
			domain: true,
			holds: func(t require.TestingT, d document) {
				domain, mapping := d.Resources["Domain"].Properties, d.Resources["DomainMapping"].Properties
				assert.Equal(t, "hooks.example.com", domain["DomainName"])
				assert.Equal(t, "CertificateArn", domain["RegionalCertificateArn"])
				assert.Equal(t, "TLS_1_2", domain["SecurityPolicy"])
				assert.Equal(t, map[string]any{"DomainName": "Domain", "RestApiId": "Api", "Stage": "Stage"}, mapping)
				assert.Equal(t, "https://hooks.example.com/paypal", d.Outputs["PayPalUrl"].Value)
				assert.Equal(t, "Domain.RegionalDomainName", d.Outputs["DomainTarget"].Value)
			},
			breaks: []mutation{
				set("Domain.Properties.DomainName", "other.example.com"),
				drop("Domain.Properties.RegionalCertificateArn"),
				set("Domain.Properties.SecurityPolicy", "TLS_1_0"),
				set("DomainMapping.Properties.Stage", "another"),
			},
		},
		{
			says:   "with a domain, each processor has its URL there and the API's own, and Square signs one of them",
			domain: true,
			holds:  eachProvidersWay,
			breaks: []mutation{
				set("SquareProcessorFunction.Properties.Environment.Variables.ENDPOINT_URL",
					"https://Api.execute-api.us-east-1.amazonaws.com/live/square"),
				set("SquareProcessorFunction.Properties.Environment.Variables.API_URL", "https://hooks.example.com/square"),
			},
		},
	}
}

// CloudFormation evaluates rules before it creates anything; the emulator does not.
func TestRules(t *testing.T) {
	equals := func(name, value string) any {
		return map[string]any{"Fn::Equals": []any{map[string]any{"Ref": name}, value}}
	}
	not := func(condition any) any { return map[string]any{"Fn::Not": []any{condition}} }
	both := func(a, b any) any { return map[string]any{"Fn::And": []any{a, b}} }
	noDomain, noCertificate := equals("DomainName", ""), equals("CertificateArn", "")
	assert.Equal(t, map[string]any{
		"Region": map[string]any{"Assertions": []any{map[string]any{
			"Assert":            equals("AWS::Region", "us-east-1"),
			"AssertDescription": "This stack supports only us-east-1: deploy it with --region us-east-1.",
		}}},
		"CustomDomain": map[string]any{"Assertions": []any{map[string]any{
			"Assert":            map[string]any{"Fn::Or": []any{both(noDomain, noCertificate), both(not(noDomain), not(noCertificate))}},
			"AssertDescription": "Set both DomainName and CertificateArn, or neither.",
		}}},
		"DefaultEndpoint": map[string]any{"Assertions": []any{map[string]any{
			"Assert": map[string]any{"Fn::Or": []any{equals("DisableExecuteApiEndpoint", "false"), not(noDomain)}},
			"AssertDescription": "DisableExecuteApiEndpoint needs a DomainName: without it no URL would be left. " +
				"Set DomainName and CertificateArn too.",
		}}},
	}, build(t, Options{}, "dev").Rules)
}

// A stage serves an old deployment unless a changed API gives the deployment a new
// logical id. Other changes must not.
func TestDeploymentIsNewWhenTheAPIIs(t *testing.T) {
	printed, err := JSON(Options{})
	require.NoError(t, err)
	d := build(t, Options{}, "dev")
	deployment := ids(d.ofType("AWS::ApiGateway::Deployment"))[0]
	copied := append([]string{"Api"}, slices.DeleteFunc(d.Resources[deployment].DependsOn, func(id string) bool {
		return strings.HasSuffix(id, "Permission")
	})...)
	before, err := hashResources(printed, copied)
	require.NoError(t, err)
	assert.Equal(t, "Deployment"+before, deployment, "the id contains the hash of the API")

	for _, row := range []struct {
		resource, property string
		isNew              bool
	}{
		{"Api", "BinaryMediaTypes", true},
		{"StripeResource", "PathPart", true},
		{"StripeMethod", "AuthorizationType", true},
		{"Authorizer", "AuthorizerUri", true},
		{"AccessDeniedResponse", "StatusCode", true},
		{"StripeProcessorFunction", "MemorySize", false},
		{"Stage", "MethodSettings", false},
	} {
		var stack struct{ Resources map[string]map[string]any }
		require.NoError(t, json.Unmarshal(printed, &stack))
		properties := stack.Resources[row.resource]["Properties"].(map[string]any)
		require.Contains(t, properties, row.property)
		properties[row.property] = "changed"
		changed, err := json.Marshal(stack)
		require.NoError(t, err)
		after, err := hashResources(changed, copied)
		require.NoError(t, err)
		assert.Equal(t, row.isNew, after != before, "%s.%s", row.resource, row.property)
	}
}
