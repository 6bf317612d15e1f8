package publisher

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/function"
)

// unknownProvider is the provider of events with an id of no provider.
const unknownProvider = "unknown"

// report writes the metrics of a batch, at least one line for each provider. Lines name
// their events for paysluice trace: a name in a line costs a fifth of a line of its own.
func (h *Handler) report(ctx context.Context, b Batch, results []result) {
	published := map[string][]int{} // positions
	unpublished := map[string]int{}
	for i, r := range results {
		switch {
		case r.published != nil:
			provider := providerOf(r.published.ID)
			published[provider] = append(published[provider], i)
		case r.unpublished != nil:
			unpublished[providerOf(r.unpublished.EventID)]++
		}
	}
	for _, provider := range slices.Sorted(maps.Keys(published)) {
		for positions := range slices.Chunk(published[provider], function.MaxValues) {
			h.reportPublished(ctx, b, results, provider, positions)
		}
	}
	for _, provider := range slices.Sorted(maps.Keys(unpublished)) {
		h.Metrics.Publish(ctx, "events not published", provider,
			[]function.Count{{Metric: contract.MetricUnpublished, Value: unpublished[provider]}})
	}
}

// reportPublished writes the line of some events of one provider. Events that an operator
// sends again have no latencies, because they would hide the latencies of new ones.
func (h *Handler) reportPublished(ctx context.Context, b Batch, results []result, provider string, positions []int) {
	ids := make([]string, len(positions))
	latencies := []function.Latency{
		{Metric: contract.MetricReceiveLatency}, {Metric: contract.MetricStoreLatency},
		{Metric: contract.MetricPublishLatency}, {Metric: contract.MetricEndToEndLatency},
	}
	for i, position := range positions {
		e, at := results[position].published, results[position].at.UnixMilli()
		ids[i] = e.Data.ID
		stored := b.Records[position].Change.storedAt()
		if b.Replay != "" || stored.IsZero() {
			continue
		}
		created, received := e.Data.Timestamp, e.Data.ReceivedAt
		add := func(latency int, millis int64) {
			// The clocks of provider and stack differ, and the time of storing is rounded down.
			latencies[latency].Millis = append(latencies[latency].Millis, max(0, millis))
		}
		if created > 0 {
			add(0, received-created)
			add(3, at-created)
		}
		add(1, stored.UnixMilli()-received)
		add(2, at-stored.UnixMilli())
	}
	attrs := []slog.Attr{slog.Any("eventIds", ids)}
	if b.Replay != "" {
		attrs = append(attrs, slog.String(contract.ReplayAttribute, b.Replay))
	}
	h.Metrics.PublishTimed(ctx, "events published", provider,
		[]function.Count{{Metric: contract.MetricPublished, Value: len(positions)}}, latencies, attrs...)
}

// providerOf returns the provider of an event id. Values of a dimension are billed, so ids of
// no provider share one.
func providerOf(eventID string) string {
	name, _, _ := strings.Cut(eventID, ":")
	for _, p := range contract.Providers() {
		if p.Name == name {
			return name
		}
	}
	return unknownProvider
}
