package function

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
)

// Metrics publishes counts as log lines in embedded metric format, which need no
// API call (Amazon CloudWatch User Guide, "Embedded metric format
// specification").
type Metrics struct {
	log         *slog.Logger
	environment string
	now         func() time.Time
}

// NewMetrics returns Metrics that writes to w. environment is the value of the
// dimension Environment. The function's log level does not apply.
func NewMetrics(w io.Writer, environment string, now func() time.Time) *Metrics {
	return &Metrics{log: NewLogger(w, contract.LogLevelInfo), environment: environment, now: now}
}

// Count is the value of one metric.
type Count struct {
	Metric string // one of contract's Metric names
	Value  int
}

// Publish writes one line with all counts, under {Environment} and under
// {Environment, Provider}. attrs are properties of the line and not dimensions:
// each value of a dimension would be billed as a metric.
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

// metadata is the "_aws" member of the specification.
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
