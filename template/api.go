package template

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/awslabs/goformation/v7/cloudformation/apigateway"
	"github.com/awslabs/goformation/v7/cloudformation/lambda"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// securityPolicy is the security policy of the API: TLS 1.2 and 1.3. Stripe sends
// with both (docs.stripe.com/webhooks, "Receive events with an HTTPS server"). Neither
// PayPal nor Square documents the versions of their senders, and none of the three
// their ciphers, so the policy requires neither TLS 1.3, which PayPal's IPN may lack
// (cloudflare/cloudflare-docs#13381), nor forward secrecy nor post-quantum ciphers.
const securityPolicy = "SecurityPolicy_TLS13_1_2_2021_06"

// api is the REST API under construction.
type api struct {
	*stack
	id           cfn.ID
	customDomain cfn.Cond
	copied       list[string] // ids of the parts that a deployment copies
	permissions  list[string] // ids of what API Gateway needs to invoke functions
}

// addAPI adds the REST API without its methods.
func (s *stack) addAPI() *api {
	a := &api{stack: s, customDomain: s.addDomainChoice()}
	a.id = a.add("Api", cfn.With{Set: map[string]any{
		// The default of a regional API is TLS 1.0 (API Gateway Developer Guide,
		// "Supported security policies"). BASIC leaves host names to TLS; a policy
		// of this kind requires the mode.
		"SecurityPolicy":            securityPolicy,
		"EndpointAccessMode":        "BASIC",
		"DisableExecuteApiEndpoint": cfn.Ref(disableDefaultEndpoint),
	}, Resource: &apigateway.RestApi{
		Name:                  new(named(contract.APIName)),
		Description:           new("Receives payment providers' webhooks."),
		EndpointConfiguration: &apigateway.RestApi_EndpointConfiguration{Types: []string{"REGIONAL"}},
		// API Gateway converts other bodies to UTF-8 and replaces invalid bytes.
		// Signatures cover the bytes as sent.
		BinaryMediaTypes: []string{"*/*"},
		AWSCloudFormationMetadata: suppressed(suppression{
			rule:   "AwsSolutions-APIG2",
			reason: "The signature over the raw bytes decides whether a body is valid. A model would reject fields that a provider adds.",
		}),
	}})
	a.addGatewayResponses()
	a.Output("ApiId", cfn.Output{Description: "ID of the REST API.", Value: a.id.Ref()})
	return a
}

// add adds a resource that a deployment copies.
func (a *api) add(id string, r cfn.Resource) cfn.ID {
	a.copied.add(id)
	return a.Add(id, r)
}

// addEndpoint adds POST /{provider}. API Gateway invokes the authorizer, then the
// provider's processor.
func (a *api) addEndpoint(p contract.Provider, authorizer, processor cfn.ID) {
	a.add(p.Title+"Method", &apigateway.Method{
		RestApiId:         a.id.Ref(),
		ResourceId:        a.addPath(p).Ref(),
		HttpMethod:        http.MethodPost,
		AuthorizationType: new("CUSTOM"),
		AuthorizerId:      new(authorizer.Ref()),
		Integration: &apigateway.Method_Integration{
			Type:                  "AWS_PROXY",
			IntegrationHttpMethod: new(http.MethodPost), // Lambda's Invoke is a POST, whatever the method
			Uri:                   new(invocationURI(processor)),
		},
		AWSCloudFormationMetadata: suppressed(suppression{
			rule:   "AwsSolutions-COG4",
			reason: "Payment providers have no account in a user pool. They sign their requests; authorizer and processor verify the signature.",
		}),
	})
	a.addPermission(p.Title+"MethodPermission", processor, "/"+contract.StageName+"/"+http.MethodPost+"/"+p.Path)
	a.Output(p.Title+"Url", cfn.Output{Description: "URL to register at " + p.Title + ".", Value: a.url(p)})
}

// addPath adds the path of a provider's webhooks.
func (a *api) addPath(p contract.Provider) cfn.ID {
	return a.add(p.Title+"Resource", &apigateway.Resource{
		RestApiId: a.id.Ref(),
		ParentId:  a.id.Att("RootResourceId"),
		PathPart:  p.Path,
	})
}

// addRetiredEndpoint changes the method of a provider that is removed, instead of
// deleting it. CloudFormation creates the new deployment before it deletes a
// method, so the deployment would still have it, and invoke a function that does
// not exist. API Gateway refuses requests without an AWS signature with 403, as
// those for an unknown path, before it looks at the body.
func (a *api) addRetiredEndpoint(p contract.Provider) {
	a.add(p.Title+"Method", &apigateway.Method{
		RestApiId:         a.id.Ref(),
		ResourceId:        a.addPath(p).Ref(),
		HttpMethod:        http.MethodPost,
		AuthorizationType: new("AWS_IAM"),
		Integration:       &apigateway.Method_Integration{Type: "MOCK"},
	})
}

// addPermission allows this API to invoke a function. source is the part of the
// caller's ARN after the API's id.
func (a *api) addPermission(id string, function cfn.ID, source string) {
	a.permissions.add(id)
	a.Add(id, &lambda.Permission{
		FunctionName: function.Ref(),
		Action:       "lambda:InvokeFunction",
		Principal:    "apigateway.amazonaws.com",
		SourceArn: new(cfn.Sub("arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:" +
			variable(a.id) + source)),
	})
}

// invocationURI returns the URI with which API Gateway invokes a Lambda function.
func invocationURI(function cfn.ID) string {
	return cfn.Sub("arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/" +
		variable(function+".Arn") + "/invocations")
}

// addGatewayResponses sets the responses that API Gateway sends without invoking
// a processor.
//
// A Deny of the authorizer (ACCESS_DENIED) is a 403 by default.
// UNAUTHORIZED, the response to an invalid token, gets the same 401.
func (a *api) addGatewayResponses() {
	const (
		unauthorized = `{"message":"Unauthorized"}`
		// messageString is a quoted JSON string.
		apiGatewaysMessage = `{"message":$context.error.messageString,"requestId":"$context.requestId"}`
	)
	a.addGatewayResponse("AccessDenied", "ACCESS_DENIED", new("401"), unauthorized)
	a.addGatewayResponse("Unauthorized", "UNAUTHORIZED", new("401"), unauthorized)
	a.addGatewayResponse("Default4xx", "DEFAULT_4XX", nil, apiGatewaysMessage)
	a.addGatewayResponse("Default5xx", "DEFAULT_5XX", nil, apiGatewaysMessage)
}

// addGatewayResponse sets the body of one response type, and its status unless
// status is nil.
func (a *api) addGatewayResponse(id, responseType string, status *string, body string) {
	a.add(id+"Response", &apigateway.GatewayResponse{
		RestApiId:         a.id.Ref(),
		ResponseType:      responseType,
		StatusCode:        status,
		ResponseTemplates: map[string]string{"application/json": body},
	})
}

// addDeployment adds the deployment, a copy of the API. CloudFormation never
// updates a deployment, so its logical id contains a hash of the copied resources:
// a changed API gets a new deployment. A deployment refers only to the API, so it
// has to depend on the other copied resources (aws/aws-cdk#11068, #23215). It
// depends on the permissions too, so that an update never serves a method or an
// authorizer before API Gateway may invoke its function.
//
// The hash is computed from the template printed so far. Resources added before
// must not refer to resources added later.
func (a *api) addDeployment() (cfn.ID, error) {
	copied := a.copied.close()
	printed, err := a.JSON()
	hash, hashErr := hashResources(printed, copied)
	return a.Add("Deployment"+hash, &apigateway.Deployment{
		RestApiId:                  a.id.Ref(),
		AWSCloudFormationDependsOn: append(copied[1:], a.permissions.close()...), // RestApiId refers to the API itself
	}), errors.Join(err, hashErr)
}

// hashResources returns a hash of the named resources of a printed template, eight
// hexadecimal digits. It does not depend on layout or key order.
func hashResources(printed []byte, ids []string) (string, error) {
	var stack struct{ Resources map[string]any }
	err := json.Unmarshal(printed, &stack)
	h := sha256.New()
	for _, id := range ids {
		fmt.Fprintf(h, "%s %#v\n", id, stack.Resources[id]) // fmt sorts keys
	}
	return hex.EncodeToString(h.Sum(nil)[:4]), err
}
