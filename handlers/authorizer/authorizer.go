// Package authorizer is gate 1: a Lambda authorizer that rejects requests whose
// headers cannot carry a valid signature. An authorizer gets no body, so it
// cannot verify a signature. Package processor does.
package authorizer

import (
	"context"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider"
)

// Handler authorizes requests.
type Handler struct {
	Providers provider.Set
	Log       *slog.Logger
	Metrics   *function.Metrics
	Now       func() time.Time
}

// Handle returns a policy that allows or denies the requested method. The gateway
// response ACCESS_DENIED turns Deny into a 401. Handle never returns an error,
// because Lambda would count it and anybody could raise the alarm for a broken
// authorizer.
func (h *Handler) Handle(ctx context.Context, r function.Request) (events.APIGatewayCustomAuthorizerResponse, error) {
	name, err := h.check(r)
	if err == nil {
		h.Log.DebugContext(ctx, "allowed", "provider", name, "apiRequestId", r.RequestID, "extendedRequestId", r.ExtendedRequestID)
		return policy(name, "Allow", r.MethodARN), nil
	}
	h.Metrics.Publish(ctx, "rejected by the authorizer", name,
		[]function.Count{{Metric: contract.MetricRejected, Value: 1}},
		slog.String("reason", string(provider.ReasonOf(err))),
		slog.String("detail", err.Error()),
		slog.String("apiRequestId", r.RequestID),
		slog.String("extendedRequestId", r.ExtendedRequestID))
	return policy(name, "Deny", r.MethodARN), nil
}

func (h *Handler) check(r function.Request) (name string, err error) {
	p, err := h.Providers.ByPath(r.Resource)
	if err != nil {
		return "unknown", err
	}
	return p.Descriptor().Name, p.CheckHeaders(r.Header, h.Now())
}

// policy returns the response of an authorizer (API Gateway Developer Guide,
// "Output from an API Gateway Lambda authorizer").
func policy(principal, effect, methodARN string) events.APIGatewayCustomAuthorizerResponse {
	return events.APIGatewayCustomAuthorizerResponse{
		PrincipalID: principal,
		PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{
			Version: "2012-10-17",
			Statement: []events.IAMPolicyStatement{{
				Action:   []string{"execute-api:Invoke"},
				Effect:   effect,
				Resource: []string{methodARN},
			}},
		},
	}
}
