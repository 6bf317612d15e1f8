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

// Latency has the values of one metric in milliseconds, at most MaxValues.
type Latency struct {
	Metric string // one of contract's Latency names
	Millis []int64
}

// MaxValues is the maximum number of values of one metric in a line (Amazon CloudWatch User
// Guide, "Embedded metric format specification").
const MaxValues = 100

// Publish writes one line with all counts, under {Environment} and under
// {Environment, Provider}. attrs are properties of the line and not dimensions:
// each value of a dimension would be billed as a metric.
func (m *Metrics) Publish(ctx context.Context, message, provider string, counts []Count, attrs ...slog.Attr) {
	m.PublishTimed(ctx, message, provider, counts, nil, attrs...)
}

// PublishAt does the same as Publish with counts of an earlier time.
func (m *Metrics) PublishAt(ctx context.Context, at time.Time, message, provider string, counts []Count) {
	m.publish(ctx, at, message, provider, counts, nil, nil)
}

// PublishTimed does the same as Publish with latencies. One without values is left out.
func (m *Metrics) PublishTimed(
	ctx context.Context, message, provider string, counts []Count, latencies []Latency, attrs ...slog.Attr,
) {
	m.publish(ctx, m.now(), message, provider, counts, latencies, attrs)
}

func (m *Metrics) publish(
	ctx context.Context, at time.Time, message, provider string, counts []Count, latencies []Latency, attrs []slog.Attr,
) {
	definitions := make([]metricDefinition, 0, len(counts)+len(latencies))
	values := make([]slog.Attr, 0, cap(definitions)+len(attrs)+3)
	for _, c := range counts {
		definitions = append(definitions, metricDefinition{Name: c.Metric, Unit: "Count"})
		values = append(values, slog.Int(c.Metric, c.Value))
	}
	for _, l := range latencies {
		if len(l.Millis) > 0 {
			definitions = append(definitions, metricDefinition{Name: l.Metric, Unit: "Milliseconds"})
			values = append(values, slog.Any(l.Metric, l.Millis))
		}
	}
	values = append(values,
		slog.String(contract.EnvironmentDimension, m.environment),
		slog.String(contract.ProviderDimension, provider),
		slog.Any("_aws", metadata{
			Timestamp: at.UnixMilli(),
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
