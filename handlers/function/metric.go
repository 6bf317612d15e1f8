package function

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
)

// Metrics publishes counts by writing them: a line in embedded metric format
// costs no API call (Amazon CloudWatch User Guide, "Embedded metric format
// specification"). The line is a log line as well, the one that an ordinary
// invocation writes.
type Metrics struct {
	log         *slog.Logger
	environment string
	now         func() time.Time
}

// NewMetrics writes to w, under the dimension Environment. The level of the
// function's logger does not apply to it.
func NewMetrics(w io.Writer, environment string, now func() time.Time) *Metrics {
	return &Metrics{log: NewLogger(w, "INFO"), environment: environment, now: now}
}

// Count is how often something happened.
type Count struct {
	Metric string // one of contract's Metric names
	Value  int
}

// Publish writes one line with all counts, for {Environment} and for
// {Environment, Provider}. attrs are searchable properties of that line, not
// dimensions: a dimension would make every value of theirs a metric of its own.
func (m *Metrics) Publish(ctx context.Context, message, provider string, counts []Count, attrs ...slog.Attr) {
	definitions := make([]metricDefinition, len(counts))
	values := make([]slog.Attr, 0, len(counts)+len(attrs)+3)
	for i, c := range counts {
		definitions[i] = metricDefinition{Name: c.Metric, Unit: "Count"}
		values = append(values, slog.Int(c.Metric, c.Value))
	}
	values = append(values,
		slog.String(contract.EnvironmentDimension, m.environment),
		slog.String(contract.ProviderDimension, provider),
		slog.Any("_aws", metadata{
			Timestamp: m.now().UnixMilli(),
			CloudWatchMetrics: []directive{{
				Namespace: contract.MetricNamespace,
				Dimensions: [][]string{
					{contract.EnvironmentDimension},
					{contract.EnvironmentDimension, contract.ProviderDimension},
				},
				Metrics: definitions,
			}},
		}))
	m.log.LogAttrs(ctx, slog.LevelInfo, message, append(values, attrs...)...)
}

// The "_aws" member of the specification.
type metadata struct {
	Timestamp         int64
	CloudWatchMetrics []directive
}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []metricDefinition
}

type metricDefinition struct {
	Name string
	Unit string
}
