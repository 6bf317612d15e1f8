package template

import (
	"strings"

	"github.com/awslabs/goformation/v7/cloudformation/apigateway"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// addAuthorizerFunction adds the function that all authorizers share.
func (s *stack) addAuthorizerFunction() cfn.ID {
	return s.addFunction(function{
		id:          "Authorizer",
		name:        contract.AuthorizerName,
		binary:      contract.AuthorizerBinary,
		description: "Rejects requests whose headers cannot carry a valid signature.",
		// Every request waits for it. Twice the minimum nearly halves its duration
		// for less than a cent per million requests (docs/cost.md).
		memoryMB: 256,
		// It runs for microseconds; the rest is room for a cold start.
		timeoutSeconds: 3,
	})
}

// addAuthorizer adds a provider's authorizer. Each provider has its own because
// identity headers differ.
func (a *api) addAuthorizer(p contract.Provider, function cfn.ID) cfn.ID {
	authorizer := a.add(p.Title+"Authorizer", &apigateway.Authorizer{
		RestApiId:      a.id.Ref(),
		Name:           p.Name,
		Type:           "REQUEST",
		AuthorizerUri:  new(invocationURI(function)),
		IdentitySource: identitySource(p),
		// Never cached: the cached result of one request would authorize another
		// request's body.
		AuthorizerResultTtlInSeconds: new(0),
	})
	a.addPermission(p.Title+"AuthorizerPermission", function, "/authorizers/"+variable(authorizer))
	return authorizer
}

// identitySource returns a provider's identity headers in API Gateway's notation,
// or nil for a provider without identity headers. A REQUEST authorizer that
// caches nothing needs no identity source (API Gateway API Reference,
// CreateAuthorizer, identitySource); API Gateway then invokes it for every
// request.
func identitySource(p contract.Provider) *string {
	if len(p.IdentityHeaders) == 0 {
		return nil
	}
	sources := make([]string, len(p.IdentityHeaders))
	for i, header := range p.IdentityHeaders {
		sources[i] = "method.request.header." + header
	}
	return new(strings.Join(sources, ","))
}
