package processor

import (
	"encoding/base64"
	"fmt"

	"github.com/paysluice/paysluice/handlers/invocation"
	"github.com/paysluice/paysluice/handlers/provider"
)

// Request is an events.APIGatewayProxyRequest, as far as a processor looks at
// it. What it does not look at is not decoded either.
type Request struct {
	Headers           map[string]string   `json:"headers"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
	RequestContext    RequestContext      `json:"requestContext"`
	Body              invocation.Text     `json:"body"`
	IsBase64Encoded   bool                `json:"isBase64Encoded"`
}

// RequestContext is what API Gateway knows of a request.
type RequestContext struct {
	RequestID string `json:"requestId"`
}

// header are the request's headers.
func (r Request) header() provider.Header { return provider.NewHeader(r.MultiValueHeaders, r.Headers) }

// rawBody is the bytes that the provider signed. API Gateway flags a body as
// base64 when its type matches the API's BinaryMediaTypes.
func (r Request) rawBody() ([]byte, error) {
	if !r.IsBase64Encoded {
		return []byte(r.Body), nil
	}
	body, err := base64.StdEncoding.DecodeString(string(r.Body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", provider.BodyNotBase64, err)
	}
	return body, nil
}
