package consumer

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/telemetry"
)

// reportFailure says which message will be received again, and why.
func (h *Handler) reportFailure(ctx context.Context, record events.SQSMessage, err error) {
	attrs := []slog.Attr{
		slog.String("messageId", record.MessageId),
		slog.String("receiveCount", record.Attributes["ApproximateReceiveCount"]),
		slog.String("error", err.Error()),
	}
	if e, err := event.Decode(record.Body); err == nil {
		attrs = append(attrs, slog.String("eventId", e.ID), slog.String("provider", e.Provider))
	}
	h.Log.LogAttrs(ctx, slog.LevelError, "record not stored", attrs...)
}

// reportCounts writes one line for each provider in the batch.
func (h *Handler) reportCounts(ctx context.Context, results []result) {
	metrics := []string{contract.MetricStored, contract.MetricDuplicates, contract.MetricConflicts}
	for _, p := range h.Providers {
		name := p.Descriptor().Name
		var counts []telemetry.Count
		for _, metric := range metrics {
			if n := count(results, name, metric); n > 0 {
				counts = append(counts, telemetry.Count{Metric: metric, Value: n})
			}
		}
		if len(counts) > 0 {
			h.Metrics.Publish(ctx, "batch handled", name, counts)
		}
	}
}

func count(results []result, provider, metric string) int {
	n := 0
	for _, r := range results {
		if r.provider == provider && r.metric == metric {
			n++
		}
	}
	return n
}
