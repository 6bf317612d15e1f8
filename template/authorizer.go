package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/apigateway"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// addAuthorizerFunction adds the function behind the authorizer.
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
		reserved:       s.authorizerReserved,
	})
}

// addAuthorizer adds the authorizer of all paths. Its function finds the provider
// by the request's resource.
//
// It has no identity source. API Gateway would answer 401 to a request without
// one of the headers before any function counts it, and compares header names
// with case in places (API Gateway Developer Guide, "Amazon API Gateway important
// notes"), while senders spell them in several ways. A REQUEST authorizer that
// caches nothing needs none (API Gateway API Reference, CreateAuthorizer,
// identitySource).
func (a *api) addAuthorizer(function cfn.ID) cfn.ID {
	authorizer := a.add("Authorizer", &apigateway.Authorizer{
		RestApiId:     a.id.Ref(),
		Name:          named(contract.AuthorizerName),
		Type:          "REQUEST",
		AuthorizerUri: new(invocationURI(function)),
		// Never cached: the cached result of one request would authorize another
		// request's body.
		AuthorizerResultTtlInSeconds: new(0),
	})
	a.addPermission("AuthorizerPermission", function, "/authorizers/"+variable(authorizer))
	return authorizer
}
