package processor

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider"
)

// outcome is what the sender, the metrics and the log learn of a request.
type outcome struct {
	status int
	metric string // "" for none: a WARN line then says what happened
	// failed marks what needs somebody's attention: an ERROR line. Nothing
	// that a stranger can send leads to one.
	failed bool
}

// outcomeOf is the processor's part of the behaviour table in
// docs/architecture.md. An error without a Reason is our own failure.
func outcomeOf(err error) outcome {
	if err == nil {
		return outcome{http.StatusOK, contract.MetricAccepted, false}
	}
	reason := provider.ReasonOf(err)
	switch reason {
	case provider.SecretEmpty:
		return outcome{http.StatusServiceUnavailable, contract.MetricNotConfigured, false}
	case provider.SecretMalformed, provider.SecretUnreachable:
		return outcome{http.StatusServiceUnavailable, contract.MetricSecretUnavailable, true}
	case provider.CertUnreachable:
		// The address is the sender's, who may be a stranger.
		return outcome{http.StatusServiceUnavailable, "", false}
	}
	switch reason.Class() {
	case provider.Rejected:
		return outcome{http.StatusUnauthorized, contract.MetricRejected, false}
	case provider.Malformed:
		return outcome{http.StatusBadRequest, contract.MetricRejected, false}
	case provider.Quarantined:
		return outcome{http.StatusOK, contract.MetricQuarantined, true}
	}
	return outcome{http.StatusServiceUnavailable, "", true}
}

// report writes the invocation's one line, and a second one at level ERROR for
// what needs attention.
func (h *Handler) report(ctx context.Context, e event.Event, err error) {
	out := outcomeOf(err)
	attrs := []slog.Attr{
		slog.String("apiRequestId", e.RequestID),
		slog.Int("status", out.status),
	}
	if e.ID != "" {
		attrs = append(attrs, slog.String("eventId", e.ID), slog.String("type", e.Type))
	}
	if err != nil {
		attrs = append(attrs,
			slog.String("reason", string(provider.ReasonOf(err))),
			slog.String("detail", err.Error()))
	}
	if out.metric != "" {
		h.Metrics.Publish(ctx, "webhook "+out.metric, e.Provider,
			[]function.Count{{Metric: out.metric, Value: 1}}, attrs...)
	}
	attrs = append(attrs, slog.String("provider", e.Provider))
	switch {
	case out.failed:
		h.Log.LogAttrs(ctx, slog.LevelError, "webhook failed", attrs...)
	case out.metric == "":
		h.Log.LogAttrs(ctx, slog.LevelWarn, "webhook put off", attrs...)
	}
}

// answer tells the sender whether to send again, and nothing about why: the
// reason of a rejection would only help somebody who forges.
func answer(e event.Event, err error) events.APIGatewayProxyResponse {
	status := outcomeOf(err).status
	said := struct {
		Received bool   `json:"received"`
		EventID  string `json:"eventId,omitempty"`
	}{Received: status == http.StatusOK}
	if said.Received {
		said.EventID = e.ID
	}
	body, _ := json.Marshal(said) // it fails on no value of this type
	return events.APIGatewayProxyResponse{
		StatusCode: status,
		Headers:    map[string]string{"Content-Type": "application/json"},
		Body:       string(body),
	}
}
