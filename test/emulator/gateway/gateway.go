// Package gateway builds the events that API Gateway sends to the functions for a
// webhook. They are as large as real ones, because benchmarks measure reading
// them.
package gateway

import (
	"encoding/base64"
	"maps"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// Values that are the same in every request.
const (
	stage             = "live"
	resourceID        = "r9wj1k"
	extendedRequestID = "TWegAcC4EowCHnA="
	sourceIP          = "192.0.2.44"
	userAgent         = "webhooks/1.0"
)

// Webhook is a webhook that has arrived at a REST API.
type Webhook struct {
	Account, API string // ids
	Path         string // of the resource, such as "/stripe"
	RequestID    string
	At           time.Time
	// Header holds the headers that the provider sets.
	Header http.Header
}

// ProxyEvent returns the event for a processor, 5 to 6 KB of JSON. Its body is
// base64, because the API's BinaryMediaTypes cover all types.
func (w Webhook) ProxyEvent(body []byte) events.APIGatewayProxyRequest {
	single, multi := w.headers()
	return events.APIGatewayProxyRequest{
		Resource:          w.Path,
		Path:              w.Path,
		HTTPMethod:        http.MethodPost,
		Headers:           single,
		MultiValueHeaders: multi,
		RequestContext: events.APIGatewayProxyRequestContext{
			AccountID: w.Account, ResourceID: resourceID, OperationName: http.MethodPost, Stage: stage,
			DomainName: w.domain(), DomainPrefix: w.API,
			RequestID: w.RequestID, ExtendedRequestID: extendedRequestID, Protocol: "HTTP/1.1",
			Identity:     events.APIGatewayRequestIdentity{SourceIP: sourceIP, UserAgent: userAgent},
			ResourcePath: w.Path, Path: "/" + stage + w.Path, HTTPMethod: http.MethodPost,
			RequestTime: w.At.UTC().Format("02/Jan/2006:15:04:05 -0700"), RequestTimeEpoch: w.At.UnixMilli(), APIID: w.API,
		},
		Body:            base64.StdEncoding.EncodeToString(body),
		IsBase64Encoded: true,
	}
}

// AuthorizerEvent returns the event for the authorizer.
func (w Webhook) AuthorizerEvent() events.APIGatewayCustomAuthorizerRequestTypeRequest {
	single, multi := w.headers()
	return events.APIGatewayCustomAuthorizerRequestTypeRequest{
		Type:              "REQUEST",
		MethodArn:         "arn:aws:execute-api:us-east-1:" + w.Account + ":" + w.API + "/" + stage + "/" + http.MethodPost + w.Path,
		Resource:          w.Path,
		Path:              w.Path,
		HTTPMethod:        http.MethodPost,
		Headers:           single,
		MultiValueHeaders: multi,
		RequestContext: events.APIGatewayCustomAuthorizerRequestTypeRequestContext{
			Path: "/" + stage + w.Path, AccountID: w.Account, ResourceID: resourceID, Stage: stage, RequestID: w.RequestID,
			Identity:     events.APIGatewayCustomAuthorizerRequestTypeRequestIdentity{SourceIP: sourceIP},
			ResourcePath: w.Path, HTTPMethod: http.MethodPost, APIID: w.API,
		},
	}
}

// headers returns the provider's headers and those that API Gateway passes on for
// every request.
func (w Webhook) headers() (single map[string]string, multi map[string][]string) {
	multi = map[string][]string{}
	for name, value := range map[string]string{
		"Accept":            "*/*",
		"Accept-Encoding":   "gzip, deflate",
		"Cache-Control":     "no-cache",
		"Content-Type":      "application/json; charset=utf-8",
		"Host":              w.domain(),
		"User-Agent":        userAgent,
		"X-Amzn-Trace-Id":   "Root=1-5759e988-bd862e3fe1be46a994272793",
		"X-Forwarded-For":   sourceIP,
		"X-Forwarded-Port":  "443",
		"X-Forwarded-Proto": "https",
	} {
		multi[name] = []string{value}
	}
	maps.Copy(multi, w.Header)
	single = map[string]string{}
	for name, values := range multi {
		single[name] = values[len(values)-1]
	}
	return single, multi
}

func (w Webhook) domain() string { return w.API + ".execute-api.us-east-1.amazonaws.com" }
