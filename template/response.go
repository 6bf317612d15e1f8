package template

import "github.com/awslabs/goformation/v7/cloudformation/apigateway"

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
