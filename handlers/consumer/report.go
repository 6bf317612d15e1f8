package consumer

import (
	"context"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/function"
)

// reportCounts writes one line for each provider in the batch.
func (h *Handler) reportCounts(ctx context.Context, results []function.Result[outcome]) {
	metrics := []string{contract.MetricStored, contract.MetricDuplicates, contract.MetricConflicts}
	for _, p := range h.Providers {
		name := p.Descriptor().Name
		var counts []function.Count
		for _, metric := range metrics {
			if n := count(results, outcome{name, metric}); n > 0 {
				counts = append(counts, function.Count{Metric: metric, Value: n})
			}
		}
		if len(counts) > 0 {
			h.Metrics.Publish(ctx, "batch handled", name, counts)
		}
	}
}

func count(results []function.Result[outcome], o outcome) int {
	n := 0
	for _, r := range results {
		if r.Value == o {
			n++
		}
	}
	return n
}
