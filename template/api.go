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

// api is the REST API under construction.
type api struct {
	*stack
	id           cfn.ID
	customDomain cfn.Cond
	copied       []string // ids of what a deployment copies, beside the API itself
}

func (s *stack) addAPI() *api {
	a := &api{stack: s, customDomain: s.addDomainChoice()}
	a.id = a.Add("Api", &apigateway.RestApi{
		Name:                  new(named(apiName)),
		Description:           new("Takes in payment providers' webhooks."),
		EndpointConfiguration: &apigateway.RestApi_EndpointConfiguration{Types: []string{"REGIONAL"}},
		// Any other body would pass through as UTF-8 text, in which invalid
		// bytes are replaced: signatures are made over the bytes as sent.
		BinaryMediaTypes: []string{"*/*"},
		AWSCloudFormationMetadata: suppressed(suppression{"AwsSolutions-APIG2",
			"The signature over the raw bytes says whether a body is valid. A model of ours would turn away what a provider adds."}),
	})
	a.addGatewayResponses()
	return a
}

// add adds a resource that a deployment copies.
func (a *api) add(id string, r cfn.Resource) cfn.ID {
	a.copied = append(a.copied, id)
	return a.Add(id, r)
}

// addEndpoint makes POST /{provider} call the provider's processor, once the
// authorizer has let the request through.
func (a *api) addEndpoint(p contract.Provider, authorizerFunction, processor cfn.ID) {
	authorizer := a.addAuthorizer(p, authorizerFunction)
	resource := a.add(p.Title+"Resource", &apigateway.Resource{
		RestApiId: a.id.Ref(),
		ParentId:  a.id.Att("RootResourceId"),
		PathPart:  p.Path,
	})
	a.add(p.Title+"Method", &apigateway.Method{
		RestApiId:         a.id.Ref(),
		ResourceId:        resource.Ref(),
		HttpMethod:        http.MethodPost,
		AuthorizationType: new("CUSTOM"),
		AuthorizerId:      new(authorizer.Ref()),
		Integration: &apigateway.Method_Integration{
			Type:                  "AWS_PROXY",
			IntegrationHttpMethod: new(http.MethodPost), // Lambda's Invoke, whatever the method's own verb
			Uri:                   new(invocationURI(processor)),
		},
		AWSCloudFormationMetadata: suppressed(suppression{"AwsSolutions-COG4",
			"A payment provider has no user of ours to sign in as. It signs its requests, which authorizer and processor check."}),
	})
	a.addPermission(p.Title+"MethodPermission", processor, "/"+stageName+"/"+http.MethodPost+"/"+p.Path)
}

// addPermission lets this API invoke a function for one purpose: source is
// what follows the API's id in the ARN that API Gateway shows.
func (a *api) addPermission(id string, function cfn.ID, source string) {
	a.Add(id, &lambda.Permission{
		FunctionName: function.Ref(),
		Action:       "lambda:InvokeFunction",
		Principal:    "apigateway.amazonaws.com",
		SourceArn: new(cfn.Sub("arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${" +
			string(a.id) + "}" + source)),
	})
}

// invocationURI is how API Gateway spells a Lambda function.
func invocationURI(function cfn.ID) string {
	return cfn.Sub("arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${" +
		string(function) + ".Arn}/invocations")
}

// addGatewayResponses sets what API Gateway answers by itself, in JSON.
//
// Somebody turned away by the authorizer's Deny (ACCESS_DENIED, 403 unless
// changed) and somebody turned away by API Gateway for lack of a header
// (UNAUTHORIZED) get the same answer: it does not say what was wrong.
func (a *api) addGatewayResponses() {
	const (
		unauthorized = `{"message":"Unauthorized"}`
		// messageString comes quoted.
		inItsWords = `{"message":$context.error.messageString,"requestId":"$context.requestId"}`
	)
	a.addGatewayResponse("AccessDenied", "ACCESS_DENIED", new("401"), unauthorized)
	a.addGatewayResponse("Unauthorized", "UNAUTHORIZED", new("401"), unauthorized)
	a.addGatewayResponse("Default4xx", "DEFAULT_4XX", nil, inItsWords)
	a.addGatewayResponse("Default5xx", "DEFAULT_5XX", nil, inItsWords)
}

// addGatewayResponse sets one. Without a status, API Gateway's own for the
// case stays.
func (a *api) addGatewayResponse(id, responseType string, status *string, body string) {
	a.add(id+"Response", &apigateway.GatewayResponse{
		RestApiId:         a.id.Ref(),
		ResponseType:      responseType,
		StatusCode:        status,
		ResponseTemplates: map[string]string{"application/json": body},
	})
}

// addDeployment copies the API as it is now. A deployment is never updated, so
// its logical id carries a hash of what it copied: whenever that changes,
// CloudFormation makes a new one, which the stage then shows. Nothing that the
// deployment refers to leads to the methods, authorizers and responses, so it
// says that it depends on them (aws/aws-cdk#11068, #23215).
//
// The hash is of the printed template, so nothing that is in it by now may
// refer to the deployment or to what is added later.
func (a *api) addDeployment() (cfn.ID, error) {
	printed, err := a.JSON()
	hash, hashErr := hashOf(printed, append([]string{string(a.id)}, a.copied...))
	return a.Add("Deployment"+hash, &apigateway.Deployment{
		RestApiId:                  a.id.Ref(),
		AWSCloudFormationDependsOn: a.copied,
	}), errors.Join(err, hashErr)
}

// hashOf tells one state of some resources of a printed template from another,
// in eight hexadecimal digits. Layout and order of keys do not count.
func hashOf(printed []byte, ids []string) (string, error) {
	var stack struct{ Resources map[string]any }
	err := json.Unmarshal(printed, &stack)
	h := sha256.New()
	for _, id := range ids {
		fmt.Fprintf(h, "%s %#v\n", id, stack.Resources[id]) // fmt sorts keys
	}
	return hex.EncodeToString(h.Sum(nil)[:4]), err
}
