package workload

import (
	"encoding/base64"
	"encoding/json"
	"maps"

	"github.com/aws/aws-lambda-go/events"

	"github.com/paysluice/paysluice/handlers/apigateway"
)

// What API Gateway says of every request, beside its body.
const (
	requestID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
	apiID     = "a1b2c3d4e5"
	account   = "123456789012"
	stage     = "live"
	sourceIP  = "192.0.2.44"
)

// read is an event as Lambda hands it to a function, and as the function reads
// it.
func read(apiGateway any) (event []byte, r apigateway.Request, err error) {
	event, err = json.Marshal(apiGateway)
	if err == nil {
		r, err = apigateway.Read(event)
	}
	return event, r, err
}

// request is the webhook as API Gateway has it: 4 to 5 KB of JSON.
func (w webhook) request() events.APIGatewayProxyRequest {
	single, multi := w.headers()
	return events.APIGatewayProxyRequest{
		Resource:          "/" + w.name,
		Path:              "/" + w.name,
		HTTPMethod:        "POST",
		Headers:           single,
		MultiValueHeaders: multi,
		RequestContext: events.APIGatewayProxyRequestContext{
			AccountID: account, ResourceID: "r9wj1k", OperationName: "POST", Stage: stage,
			DomainName: apiID + ".execute-api.us-east-1.amazonaws.com", DomainPrefix: apiID,
			RequestID: requestID, ExtendedRequestID: "TWegAcC4EowCHnA=", Protocol: "HTTP/1.1",
			Identity:     events.APIGatewayRequestIdentity{SourceIP: sourceIP, UserAgent: single["User-Agent"]},
			ResourcePath: "/" + w.name, Path: "/" + stage + "/" + w.name, HTTPMethod: "POST",
			RequestTime: "28/May/2026:20:26:40 +0000", RequestTimeEpoch: now().UnixMilli(), APIID: apiID,
		},
		Body:            base64.StdEncoding.EncodeToString(w.body),
		IsBase64Encoded: true,
	}
}

// question is the same webhook as API Gateway asks an authorizer about it.
func (w webhook) question() events.APIGatewayCustomAuthorizerRequestTypeRequest {
	single, multi := w.headers()
	return events.APIGatewayCustomAuthorizerRequestTypeRequest{
		Type:              "REQUEST",
		MethodArn:         "arn:aws:execute-api:us-east-1:" + account + ":" + apiID + "/" + stage + "/POST/" + w.name,
		Resource:          "/" + w.name,
		Path:              "/" + w.name,
		HTTPMethod:        "POST",
		Headers:           single,
		MultiValueHeaders: multi,
		RequestContext: events.APIGatewayCustomAuthorizerRequestTypeRequestContext{
			Path: "/" + stage + "/" + w.name, AccountID: account, ResourceID: "r9wj1k", Stage: stage, RequestID: requestID,
			Identity:     events.APIGatewayCustomAuthorizerRequestTypeRequestIdentity{SourceIP: sourceIP},
			ResourcePath: "/" + w.name, HTTPMethod: "POST", APIID: apiID,
		},
	}
}

// headers are the provider's among those that API Gateway adds to a request of
// any kind.
func (w webhook) headers() (single map[string]string, multi map[string][]string) {
	single = map[string]string{
		"Accept":            "*/*",
		"Accept-Encoding":   "gzip, deflate",
		"Cache-Control":     "no-cache",
		"Content-Type":      "application/json; charset=utf-8",
		"Host":              apiID + ".execute-api.us-east-1.amazonaws.com",
		"User-Agent":        "webhooks/1.0",
		"X-Amzn-Trace-Id":   "Root=1-5759e988-bd862e3fe1be46a994272793",
		"X-Forwarded-For":   sourceIP,
		"X-Forwarded-Port":  "443",
		"X-Forwarded-Proto": "https",
	}
	maps.Copy(single, w.header)
	multi = make(map[string][]string, len(single))
	for name, value := range single {
		multi[name] = []string{value}
	}
	return single, multi
}
