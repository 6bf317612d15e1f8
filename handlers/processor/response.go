package processor

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider"
)

// outcome is the result of a request for the sender, the metrics and the log.
type outcome struct {
	status int
	metric string // "" for none
	// failed reports whether somebody must act and an ERROR line is written.
	// Requests of unauthenticated senders never set it.
	failed bool
}

// outcomeOf maps an error to its outcome (docs/reasons.md). An error without a
// Reason is an internal failure.
func outcomeOf(err error) outcome {
	if err == nil {
		return outcome{status: http.StatusOK, metric: contract.MetricAccepted}
	}
	if errors.Is(err, errRepeated) {
		return outcome{status: http.StatusOK, metric: contract.MetricDuplicates}
	}
	reason := provider.ReasonOf(err)
	switch reason {
	case provider.SecretEmpty:
		return outcome{status: http.StatusServiceUnavailable, metric: contract.MetricNotConfigured}
	case provider.SecretGone, provider.SecretMalformed, provider.SecretUnreachable:
		return outcome{status: http.StatusServiceUnavailable, metric: contract.MetricSecretUnavailable, failed: true}
	case provider.PayPalChain:
		return outcome{status: http.StatusServiceUnavailable, metric: contract.MetricUndecided, failed: true}
	case provider.CertUnreachable, provider.CertLimited, provider.PayPalChainUnlisted:
		// Anybody can name such a certificate.
		return outcome{status: http.StatusServiceUnavailable, metric: contract.MetricUndecided}
	}
	switch reason.Class() {
	case provider.Rejected:
		return outcome{status: http.StatusUnauthorized, metric: contract.MetricRejected}
	case provider.Malformed:
		return outcome{status: http.StatusBadRequest, metric: contract.MetricRejected}
	case provider.Quarantined:
		return outcome{status: http.StatusOK, metric: contract.MetricQuarantined, failed: true}
	}
	return outcome{status: http.StatusServiceUnavailable, failed: true}
}

// report writes one line for the request, and a second one at level ERROR when
// somebody must act, or WARN when it could not be decided.
func (h *Handler) report(ctx context.Context, e event.Event, err error) {
	out := outcomeOf(err)
	attrs := []slog.Attr{
		slog.String("apiRequestId", e.RequestID),
		slog.String("extendedRequestId", e.ExtendedRequestID),
		slog.Int("status", out.status),
	}
	if e.ID != "" {
		attrs = append(attrs, slog.String("eventId", e.ID), slog.String("type", e.Type))
	}
	if err != nil && !errors.Is(err, errRepeated) {
		attrs = append(attrs,
			slog.String("reason", string(provider.ReasonOf(err))),
			slog.String("detail", err.Error()))
		if hint := hintOf(err); hint != "" {
			attrs = append(attrs, slog.String(contract.HintProperty, hint))
		}
	}
	if out.metric != "" {
		counts := []function.Count{{Metric: out.metric, Value: 1}}
		if e.OtherMode {
			counts = append(counts, function.Count{Metric: contract.MetricOtherMode, Value: 1})
		}
		if err == nil && len(e.Omitted) > 0 {
			counts = append(counts, function.Count{Metric: contract.MetricIncomplete, Value: 1})
			attrs = append(attrs, slog.Any("omitted", e.Omitted))
		}
		missed := err == nil && e.Category == event.DeliveryMissed
		if missed {
			counts = append(counts, function.Count{Metric: contract.MetricMissed, Value: 1})
		}
		h.Metrics.Publish(ctx, "webhook "+out.metric, e.Provider, counts, attrs...)
		if missed {
			h.Log.LogAttrs(ctx, slog.LevelWarn,
				"the provider could not make events: fetch this event from its API, then the objects that it names", attrs...)
		}
	}
	attrs = append(attrs, slog.String("provider", e.Provider))
	switch {
	case out.failed:
		h.Log.LogAttrs(ctx, slog.LevelError, "webhook failed", attrs...)
	case out.metric == contract.MetricUndecided:
		h.Log.LogAttrs(ctx, slog.LevelWarn, "webhook deferred", attrs...)
	}
}

// response returns the response to the sender. It never contains the reason of a
// rejection, which would help to forge a webhook.
func response(e event.Event, err error) events.APIGatewayProxyResponse {
	status := outcomeOf(err).status
	content := struct {
		Received bool   `json:"received"`
		EventID  string `json:"eventId,omitempty"`
	}{Received: status == http.StatusOK}
	if content.Received {
		content.EventID = e.ID
	}
	body, _ := json.Marshal(content) // a bool and a string cannot fail
	return events.APIGatewayProxyResponse{
		StatusCode: status,
		Headers:    map[string]string{"Content-Type": "application/json"},
		Body:       string(body),
	}
}
