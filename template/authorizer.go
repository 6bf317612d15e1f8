package template

import (
	"strings"

	"github.com/awslabs/goformation/v7/cloudformation/apigateway"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// addAuthorizerFunction adds the one function behind all authorizers.
func (s *stack) addAuthorizerFunction() cfn.ID {
	return s.addFunction(function{
		id:          "Authorizer",
		name:        contract.AuthorizerName,
		binary:      contract.AuthorizerBinary,
		description: "Turns away requests whose headers cannot carry a valid signature.",
		// Nearly all of its price is the invocation, and every request waits for
		// it: twice the least there is nearly halves that for less than a cent on a
		// million (docs/cost.md, "Memory").
		memoryMB: 256,
		// Microseconds of work; the rest is room for a cold start.
		timeoutSeconds: 3,
	})
}

// addAuthorizer adds a provider's authorizer: its own, since the headers
// without which API Gateway need not even ask are the provider's.
func (a *api) addAuthorizer(p contract.Provider, function cfn.ID) cfn.ID {
	authorizer := a.add(p.Title+"Authorizer", &apigateway.Authorizer{
		RestApiId:      a.id.Ref(),
		Name:           p.Name,
		Type:           "REQUEST",
		AuthorizerUri:  new(invocationURI(function)),
		IdentitySource: new(identitySource(p)),
		// A cached answer would let one request's headers speak for
		// another's body.
		AuthorizerResultTtlInSeconds: new(0),
	})
	a.addPermission(p.Title+"AuthorizerPermission", function, "/authorizers/${"+string(authorizer)+"}")
	return authorizer
}

// identitySource is the list of a provider's identity headers in API Gateway's
// notation.
func identitySource(p contract.Provider) string {
	sources := make([]string, len(p.IdentityHeaders))
	for i, header := range p.IdentityHeaders {
		sources[i] = "method.request.header." + header
	}
	return strings.Join(sources, ",")
}
