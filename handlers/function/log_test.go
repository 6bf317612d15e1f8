package function_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/function"
)

func invocation(t *testing.T) context.Context {
	return lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "req-1"})
}

// line returns the members of the only line in out.
func line(t *testing.T, out *bytes.Buffer) map[string]any {
	t.Helper()
	require.Equal(t, 1, bytes.Count(out.Bytes(), []byte("\n")), "one line: %s", out)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &fields))
	return fields
}

func TestLoggerWritesLambdaJSONWithRequestID(t *testing.T) {
	var out bytes.Buffer
	log := function.NewLogger(&out, "INFO").With("provider", "stripe").WithGroup("detail")

	log.ErrorContext(invocation(t), "queue refused", "eventId", "stripe:evt_1")

	fields := line(t, &out)
	assert.Equal(t, "ERROR", fields["level"])
	assert.Equal(t, "queue refused", fields["message"], "Lambda's own key, not slog's msg")
	assert.Contains(t, fields, "timestamp")
	assert.Equal(t, "stripe", fields["provider"])
	assert.Equal(t, map[string]any{"eventId": "stripe:evt_1", "requestId": "req-1"}, fields["detail"])
}

func TestLoggerOutsideAnInvocation(t *testing.T) {
	var out bytes.Buffer
	function.NewLogger(&out, "INFO").Error("cannot start")
	assert.NotContains(t, line(t, &out), "requestId")
}

func TestLogLevels(t *testing.T) {
	for level, debug := range map[string]bool{"DEBUG": true, "INFO": false, "": false} {
		log := function.NewLogger(&bytes.Buffer{}, level)
		assert.Equal(t, debug, log.Enabled(t.Context(), slog.LevelDebug), level)
		assert.True(t, log.Enabled(t.Context(), slog.LevelInfo), level)
	}
}

func TestPublishWritesEmbeddedMetricFormat(t *testing.T) {
	var out bytes.Buffer
	now := time.UnixMilli(1_780_000_000_123)
	metrics := function.NewMetrics(&out, "prod", func() time.Time { return now })

	metrics.PublishTimed(invocation(t), "batch done", "stripe",
		[]function.Count{{Metric: contract.MetricStored, Value: 9}, {Metric: contract.MetricDuplicates, Value: 1}},
		[]function.Latency{{Metric: contract.MetricStoreLatency}, {Metric: contract.MetricPublishLatency, Millis: []int64{3, 4}}},
		slog.String("reason", "none"))

	fields := line(t, &out)
	out.Reset()
	metrics.Publish(t.Context(), "batch done", "stripe", []function.Count{{Metric: contract.MetricStored, Value: 2}})
	assert.EqualValues(t, 2, line(t, &out)["Stored"])
	out.Reset()
	metrics.PublishAt(t.Context(), now.Add(-time.Second), "batch done", "stripe", []function.Count{{Metric: contract.MetricStored, Value: 2}})
	assert.Contains(t, out.String(), `"Timestamp":1779999999123`)
	assert.EqualValues(t, 9, fields["Stored"])
	assert.EqualValues(t, 1, fields["Duplicates"])
	assert.Equal(t, "prod", fields["Environment"])
	assert.Equal(t, "stripe", fields["Provider"])
	assert.Equal(t, []any{3., 4.}, fields["PublishLatency"])
	assert.NotContains(t, fields, "StoreLatency", "CloudWatch drops a line with an empty metric")
	assert.Equal(t, "none", fields["reason"])
	assert.Equal(t, "req-1", fields["requestId"])

	aws, err := json.Marshal(fields["_aws"])
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"Timestamp": 1780000000123,
		"CloudWatchMetrics": [{
			"Namespace": "Paysluice",
			"Dimensions": [["Environment"], ["Environment", "Provider"]],
			"Metrics": [{"Name": "Stored", "Unit": "Count"}, {"Name": "Duplicates", "Unit": "Count"}, {"Name": "PublishLatency", "Unit": "Milliseconds"}]
		}]
	}`, string(aws))
}
