package traffic

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// request is a webhook as API Gateway sees it.
type request struct {
	path   string
	id     string
	header http.Header
	now    time.Time
}

// headers are the provider's and what the way through CloudFront's edge adds.
func (r request) headers() (single map[string]string, multi map[string][]string) {
	multi = maps.Clone(map[string][]string(r.header))
	for name, value := range map[string]string{
		"Accept":            "*/*; q=0.5, application/xml",
		"Cache-Control":     "no-cache",
		"Host":              "load.execute-api.us-east-1.amazonaws.com",
		"User-Agent":        "Webhooks/1.0 (+https://example.com/docs/webhooks)",
		"X-Amzn-Trace-Id":   "Root=1-67891233-abcdef012345678912345678",
		"X-Forwarded-For":   "192.0.2.187",
		"X-Forwarded-Port":  "443",
		"X-Forwarded-Proto": "https",
	} {
		multi[name] = []string{value}
	}
	single = map[string]string{}
	for name, values := range multi {
		single[name] = values[len(values)-1]
	}
	return single, multi
}

func (r request) authorizerEvent() events.APIGatewayCustomAuthorizerRequestTypeRequest {
	single, multi := r.headers()
	return events.APIGatewayCustomAuthorizerRequestTypeRequest{
		Type:              "REQUEST",
		MethodArn:         "arn:aws:execute-api:us-east-1:000000000000:load/live/POST" + r.path,
		Resource:          r.path,
		Path:              r.path,
		HTTPMethod:        http.MethodPost,
		Headers:           single,
		MultiValueHeaders: multi,
		RequestContext: events.APIGatewayCustomAuthorizerRequestTypeRequestContext{
			Path:         "/live" + r.path,
			AccountID:    "000000000000",
			ResourceID:   "load01",
			Stage:        "live",
			RequestID:    r.requestID(),
			Identity:     events.APIGatewayCustomAuthorizerRequestTypeRequestIdentity{SourceIP: "192.0.2.187"},
			ResourcePath: r.path,
			HTTPMethod:   http.MethodPost,
			APIID:        "load",
		},
	}
}

// processorEvent has its body in base64, since the API's BinaryMediaTypes are
// all.
func (r request) processorEvent(body []byte) events.APIGatewayProxyRequest {
	single, multi := r.headers()
	return events.APIGatewayProxyRequest{
		Resource:          r.path,
		Path:              r.path,
		HTTPMethod:        http.MethodPost,
		Headers:           single,
		MultiValueHeaders: multi,
		RequestContext: events.APIGatewayProxyRequestContext{
			AccountID:        "000000000000",
			ResourceID:       "load01",
			Stage:            "live",
			DomainName:       "load.execute-api.us-east-1.amazonaws.com",
			DomainPrefix:     "load",
			RequestID:        r.requestID(),
			Protocol:         "HTTP/1.1",
			Identity:         events.APIGatewayRequestIdentity{SourceIP: "192.0.2.187", UserAgent: single["User-Agent"]},
			ResourcePath:     r.path,
			Path:             "/live" + r.path,
			HTTPMethod:       http.MethodPost,
			RequestTime:      r.now.UTC().Format("02/Jan/2006:15:04:05 -0700"),
			RequestTimeEpoch: r.now.UnixMilli(),
			APIID:            "load",
		},
		Body:            base64.StdEncoding.EncodeToString(body),
		IsBase64Encoded: true,
	}
}

// requestID looks like API Gateway's.
func (r request) requestID() string {
	return fmt.Sprintf("%.8s-6c4b-4d1f-9d2e-%.12x", r.id+"00000000", r.id)
}
