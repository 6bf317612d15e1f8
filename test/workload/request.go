package workload

import (
	"encoding/json"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/test/emulator/gateway"
)

// What API Gateway says of every request, beside its body.
const (
	requestID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
	apiID     = "a1b2c3d4e5"
)

// read is an event as Lambda hands it to a function, and as the function reads
// it.
func read(apiGateway any) (event []byte, r function.Request, err error) {
	event, err = json.Marshal(apiGateway)
	if err == nil {
		r, err = function.ReadRequest(event)
	}
	return event, r, err
}

// request is the webhook as API Gateway has it.
func (w webhook) request() events.APIGatewayProxyRequest { return w.arrived().ProxyEvent(w.body) }

// question is the same webhook as API Gateway asks an authorizer about it.
func (w webhook) question() events.APIGatewayCustomAuthorizerRequestTypeRequest {
	return w.arrived().AuthorizerEvent()
}

func (w webhook) arrived() gateway.Webhook {
	header := http.Header{}
	for name, value := range w.header {
		header[name] = []string{value} // in the provider's own spelling
	}
	return gateway.Webhook{
		Account: account, API: apiID, Path: "/" + w.name, RequestID: requestID, At: now(), Header: header,
	}
}
