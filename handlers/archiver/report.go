package archiver

import (
	"context"
	"log/slog"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
)

// kind is what archived messages are counted by.
type kind struct{ provider, reason string }

// kindOf takes both from where they are bounded and printable, whatever the
// message says.
func kindOf(m event.Archived) kind {
	return kind{provider: m.Provider(), reason: m.Metadata()["failure-reason"]}
}

// report says which event was not stored, why, and where it is now.
func (h *Handler) report(ctx context.Context, m event.Archived, url string) {
	k := kindOf(m)
	attrs := []slog.Attr{
		slog.String("provider", k.provider),
		slog.String("reason", k.reason),
		slog.String("archivedTo", url),
		slog.String("messageId", m.MessageID),
		slog.Int("receiveCount", m.ReceiveCount),
		slog.Int64("sentAt", m.SentAt),
		slog.Int64("firstReceivedAt", m.FirstReceivedAt),
		slog.String("queue", m.Queue),
	}
	if e := m.Event; e != nil {
		attrs = append(attrs,
			slog.String("eventId", e.ID),
			slog.Int64("eventTimestamp", e.Timestamp),
			slog.String("type", e.Type),
			slog.String("apiRequestId", e.RequestID),
			slog.String("payloadSha256", e.PayloadSHA256))
	}
	h.Log.LogAttrs(ctx, slog.LevelError, "dead letter archived", attrs...)
}

// reportCounts writes one line for each kind in the batch: whoever watches the
// metric wants to tell an outage from a conflict.
func (h *Handler) reportCounts(ctx context.Context, results []function.Result[kind]) {
	var kinds []kind // in the order of the batch
	counts := map[kind]int{}
	for _, r := range results {
		if r.Err != nil {
			continue
		}
		if counts[r.Value] == 0 {
			kinds = append(kinds, r.Value)
		}
		counts[r.Value]++
	}
	for _, k := range kinds {
		h.Metrics.Publish(ctx, "dead letters archived", k.provider,
			[]function.Count{{Metric: contract.MetricArchived, Value: counts[k]}},
			slog.String("reason", k.reason))
	}
}
