package query_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/contract"
)

// cloud answers the calls of a Monitor. fail names the call that fails.
type cloud struct {
	fail     string
	alarms   []cwtypes.MetricAlarm
	waiting  string
	age      []float64
	lines    map[string][]string // of the log groups
	kind     string              // type of the resource that is not an alarm
	archived []failure.Failure
	partial  []cwtypes.StatusCode // of a result's pages, the last one for good
}

func (c *cloud) Find(context.Context, string) ([]failure.Failure, error) {
	return c.archived, c.called("Find")
}

func (c *cloud) called(name string) error {
	if c.fail == name {
		return errDown
	}
	return nil
}

func (c *cloud) GetMetricData(_ context.Context, in *cloudwatch.GetMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error) {
	out := &cloudwatch.GetMetricDataOutput{}
	for _, q := range in.MetricDataQueries {
		metric := q.MetricStat.Metric
		result := cwtypes.MetricDataResult{Id: q.Id, StatusCode: cwtypes.StatusCodeComplete}
		switch {
		case *metric.MetricName == "ApproximateAgeOfOldestMessage":
			result.Values = c.age
		case *metric.MetricName == "Stored" && *metric.Dimensions[1].Value == "stripe" && *metric.Dimensions[0].Value == "prod":
			result.Timestamps, result.Values = []time.Time{now, now.Add(-time.Minute)}, []float64{2, 3}
		case *metric.MetricName == "StripeUnaccepted-prod" && len(metric.Dimensions) == 0:
			result.Timestamps, result.Values = []time.Time{now}, []float64{4}
		}
		if len(c.partial) > 0 && (*metric.MetricName == "Accepted" || *metric.MetricName == "ApproximateAgeOfOldestMessage") {
			result.StatusCode = c.partial[0]
		}
		out.MetricDataResults = append(out.MetricDataResults, result)
	}
	if len(c.partial) > 1 {
		c.partial, out.NextToken = c.partial[1:], new("next")
	}
	return out, c.called("GetMetricData")
}

func (c *cloud) DescribeAlarms(_ context.Context, in *cloudwatch.DescribeAlarmsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error) {
	out := &cloudwatch.DescribeAlarmsOutput{}
	for _, a := range c.alarms {
		for _, name := range in.AlarmNames {
			if name == *a.AlarmName {
				out.MetricAlarms = append(out.MetricAlarms, a)
			}
		}
	}
	return out, c.called("DescribeAlarms")
}

func (c *cloud) FilterLogEvents(_ context.Context, in *cloudwatchlogs.FilterLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	out := &cloudwatchlogs.FilterLogEventsOutput{}
	for i, line := range c.lines[*in.LogGroupName] {
		at := now.Add(-time.Duration(i) * time.Minute).UnixMilli()
		out.Events = append(out.Events, logstypes.FilteredLogEvent{Message: &line, Timestamp: &at})
	}
	return out, c.called("FilterLogEvents")
}

func (c *cloud) GetQueueAttributes(_ context.Context, in *sqs.GetQueueAttributesInput, _ ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	err := c.called("GetQueueAttributes")
	if strings.HasSuffix(*in.QueueUrl, "dlq-prod") {
		err = c.called("GetQueueAttributes of the second queue")
	}
	return &sqs.GetQueueAttributesOutput{Attributes: map[string]string{
		"ApproximateNumberOfMessages": c.waiting, "ApproximateNumberOfMessagesNotVisible": "0", "ApproximateNumberOfMessagesDelayed": "0",
	}}, err
}

func (c *cloud) ListStackResources(context.Context, *cloudformation.ListStackResourcesInput, ...func(*cloudformation.Options)) (*cloudformation.ListStackResourcesOutput, error) {
	out := &cloudformation.ListStackResourcesOutput{StackResourceSummaries: []cftypes.StackResourceSummary{
		{ResourceType: new(cmp.Or(c.kind, "AWS::SQS::Queue")), PhysicalResourceId: new("webhook-queue-prod")},
	}}
	for _, a := range c.alarms {
		out.StackResourceSummaries = append(out.StackResourceSummaries, cftypes.StackResourceSummary{ResourceType: new("AWS::CloudWatch::Alarm"), PhysicalResourceId: a.AlarmName})
	}
	return out, c.called("ListStackResources")
}

func alarm(name string, state cwtypes.StateValue) cwtypes.MetricAlarm {
	return cwtypes.MetricAlarm{AlarmName: &name, StateValue: state, StateUpdatedTimestamp: &now, AlarmDescription: new("Means: It is bad. Do: Mend it."), ActionsEnabled: new(true)}
}

func newMonitor(c *cloud) *query.Monitor {
	return &query.Monitor{Metrics: c, Logs: c, Queues: c, Resources: c, Archive: c, Now: func() time.Time { return now }, Stack: &stack.Stack{
		Name: "s", CreatedAt: now, Parameters: map[string]string{"EnvironmentSuffix": "prod"}, Outputs: map[string]string{
			"TableName": "t", "QueueUrl": "https://sqs/1/webhook-queue-prod", "DeadLetterQueueUrl": "https://sqs/1/webhook-dlq-prod",
		},
	}}
}

func TestAlarmsFiringFirst(t *testing.T) {
	c := &cloud{}
	for n := range 120 { // more than one call takes
		c.alarms = append(c.alarms, alarm(fmt.Sprintf("ticket-%03d-prod", n), cwtypes.StateValueOk))
	}
	c.alarms = append(c.alarms, alarm("page-intake-prod", cwtypes.StateValueAlarm), alarm("ticket-z-prod", cwtypes.StateValueAlarm))
	alarms, err := newMonitor(c).Alarms(t.Context())
	require.NoError(t, err)
	require.Len(t, alarms, 122)
	assert.Equal(t, query.Alarm{Name: "page-intake-prod", State: "ALARM", Since: now, Means: "It is bad.", Do: "Mend it.", Actions: []string{}, Enabled: true, Pages: true}, alarms[0])
	assert.Equal(t, "ticket-z-prod", alarms[1].Name)
	assert.Equal(t, "ticket-000-prod", alarms[2].Name)
}

func TestCountsAreTheSameFromMetricsAndFromLogs(t *testing.T) {
	want := []query.Count{
		{Provider: "stripe", Metric: "Stored", Start: now.Add(-time.Minute), Value: 3},
		{Provider: "stripe", Metric: "Stored", Start: now, Value: 2},
		{Provider: "stripe", Metric: "Unaccepted", Start: now, Value: 4},
	}
	line := func(stored int) string { return fmt.Sprintf(`{"_aws":{},"Provider":"stripe","Stored":%d}`, stored) }
	c := &cloud{lines: map[string][]string{
		"/aws/lambda/event-consumer-prod":   {line(2), line(1)},
		"/aws/lambda/stripe-processor-prod": {"START", line(2), `{"Stored":9}`},
		// The metric filter of Unaccepted leaves out requests without a signature header.
		"/aws/lambda/webhook-authorizer-prod": {`{"_aws":{},"Provider":"stripe","Rejected":4,"reason":"timestamp_malformed"}`, `{"_aws":{},"Provider":"stripe","Rejected":9,"reason":"header_missing"}`},
	}}
	m := newMonitor(c)
	metrics, err := m.Counts(t.Context(), now.Add(-time.Hour), now, time.Minute)
	require.NoError(t, err)
	assert.Equal(t, want, metrics)
	m.Stack.AWS.Endpoint = "http://127.0.0.1:1"
	logs, err := m.Counts(t.Context(), now.Add(-time.Hour), now, time.Minute)
	require.NoError(t, err)
	assert.Equal(t, want, slices.DeleteFunc(logs, func(c query.Count) bool { return c.Metric == "Rejected" }))
}

// A count that CloudWatch did not return is not 0.
func TestCountsThatAreNotComplete(t *testing.T) {
	for _, row := range []struct {
		why   string
		pages []cwtypes.StatusCode
		known bool
	}{
		{"the next page completes it", []cwtypes.StatusCode{cwtypes.StatusCodePartialData, cwtypes.StatusCodeComplete}, true},
		{"there is no next page", []cwtypes.StatusCode{cwtypes.StatusCodePartialData}, false},
		{"CloudWatch failed", []cwtypes.StatusCode{cwtypes.StatusCodeInternalError}, false},
	} {
		c := &cloud{partial: row.pages, waiting: "1", age: []float64{65}}
		_, err := newMonitor(c).Counts(t.Context(), now.Add(-time.Hour), now, time.Minute)
		assert.Equal(t, !row.known, errors.Is(err, query.ErrCounts), row.why)
		states, err := newMonitor(c).QueueStates(t.Context())
		require.NoError(t, err, row.why)
		assert.Equal(t, row.known, states.Queue.OldestSeconds != nil, row.why)
	}
}

func TestBalance(t *testing.T) {
	count := func(provider, metric string, n int, ago time.Duration) query.Count {
		return query.Count{Provider: provider, Metric: metric, Start: now.Add(-ago), Value: n}
	}
	balance := func(counts ...query.Count) query.Balance {
		return query.NewBalance(counts, now.Add(-time.Hour), now, time.Minute)
	}
	assert.Equal(t, query.Balance{Accepted: 130, Due: 110, Stored: 41, Duplicates: 5, Archived: 4, Late: 60, Recovering: true, Unclear: true}, balance(
		count("stripe", "Accepted", 100, time.Hour), count("stripe", "Stored", 31, time.Hour),
		count("stripe", "Accepted", 20, query.LateAfter), // may not be counted as stored yet
		count("stripe", "Duplicates", 5, time.Hour), count("stripe", "Archived", 4, time.Hour), count("stripe", "Rejected", 7, time.Minute),
		count("square", "Accepted", 10, time.Hour), count("square", "Stored", 10, time.Hour), count("square", "Accepted", 9, 2*time.Hour),
	))
	assert.Equal(t, 1, balance(count("stripe", "Accepted", 1, time.Hour), count("square", "Stored", 5, time.Hour)).Late,
		"one provider's events do not hide another's")
	b := balance(count("stripe", "Accepted", 60, time.Hour/2), count("stripe", "Stored", 1, 11*time.Minute),
		count("square", "Accepted", 3, 20*time.Minute))
	assert.Equal(t, []any{62, false}, []any{b.Late, b.Recovering}, "an outage of one provider's events does not explain that another's are lost")
	assert.Equal(t, query.Balance{Accepted: 1}, query.NewBalance([]query.Count{count("stripe", "Accepted", 1, 0)}, now.Add(-time.Minute), now, time.Minute), "a short window")

	stripe := func(metric string, n int, ago time.Duration) query.Count { return count("stripe", metric, n, ago) }
	// traffic has the same counts in each minute of a time.
	traffic := func(accepted, stored, from, to int) (counts []query.Count) {
		for ago := from; ago >= to; ago-- {
			at := time.Duration(ago) * time.Minute
			counts = append(counts, stripe("Accepted", accepted, at), stripe("Stored", stored, at))
		}
		return counts
	}
	steady := func(stored int, more ...query.Count) []query.Count {
		return append(traffic(100, stored, 60, 0), more...)
	}
	// next is traffic with all events stored in the minute after the one that accepts them.
	next := func(n, from, to int) []query.Count {
		return append(traffic(n, 0, from, to), traffic(0, n, from-1, max(to-1, 0))...)
	}
	outage := stripe("Stored", 9_000, 59*time.Minute)
	latest := query.LateAfter + time.Minute // the newest period with events that can be missing
	for _, row := range []struct {
		why                 string
		counts              []query.Count
		late                int
		recovering, unclear bool
	}{
		{"no event", nil, 0, false, false},
		{"steady traffic", steady(100), 0, false, false},
		{"5 % of steady traffic are lost: newer stored events hide a minute", steady(95), 51*5 - 100, false, true},
		{"1 % of steady traffic is lost", steady(99), 0, false, true},
		{"one in each minute, and one is lost", append(traffic(1, 1, 60, 0), stripe("Accepted", 1, time.Hour/2)), 0, false, true},
		{"lost, and the stored ones are counted before the accepted ones", append(traffic(100, 100, 60, 2), append(traffic(0, 100, 1, 0), stripe("Accepted", 150, time.Hour/2))...), 0, false, true},
		{"some are lost, then as many are replayed", steady(100, stripe("Accepted", 300, 40*time.Minute), stripe("Stored", 300, time.Hour/2)), 0, false, true},
		{"stored after a visibility timeout, and not counted yet", []query.Count{stripe("Accepted", 1, query.LateAfter)}, 0, false, true},
		{"stored after a visibility timeout, and counted", []query.Count{stripe("Accepted", 1, latest), stripe("Stored", 1, query.CountLag)}, 0, false, true},

		{"an outage", append(traffic(10, 10, 60, 30), traffic(10, 0, 29, 0)...), 190, true, true},
		{"a long drain", append(traffic(10, 10, 60, 30), append(traffic(10, 0, 29, 9), traffic(10, 30, 8, 4)...)...), 100, true, true},
		{"a backlog that is drained", steady(100, stripe("Accepted", 900, time.Hour/2), stripe("Stored", 900, 2*time.Minute)), 0, false, true},
		{"a backlog that is drained up to one", []query.Count{stripe("Accepted", 900, time.Hour/2), stripe("Stored", 899, 2*time.Minute)}, 1, false, true},
		{"a backlog of before, then most are lost", []query.Count{outage, stripe("Accepted", 100, time.Hour/2), stripe("Stored", 40, time.Hour/2)}, 60, false, true},
		{"a backlog of before, and none is lost", steady(100, outage), 0, false, true},
		{"a backlog of before that accepted repeats do not hide", []query.Count{stripe("Accepted", 300, 59*time.Minute), stripe("Duplicates", 300, 59*time.Minute), stripe("Stored", 301, 58*time.Minute)}, 0, false, true},
		{"what is lost before the backlog is stored is not counted", []query.Count{stripe("Accepted", 100, 58*time.Minute), stripe("Stored", 9_040, time.Hour/2)}, 0, false, true},
		{"a backlog that ends in the first minute", steady(100, stripe("Stored", 9_000, time.Hour)), 0, false, false},
		{"events of just before the first minute", append(next(100, 59, 0), stripe("Stored", 100, time.Hour)), 0, false, true},

		{"a tenth is stored in the next minute", append(traffic(100, 90, 20, 20), traffic(100, 100, 19, 0)...), 0, false, false},
		{"all are stored in the next minute", next(10, 60, 0), 0, false, true},
		{"the same, and it ends", next(10, 20, 7), 0, false, false},
		{"a few repeats", steady(100, stripe("Duplicates", 3, time.Hour/2)), 0, false, false},
		{"counted as stored in a minute and as accepted in the next", append(traffic(0, 10, 60, 0), traffic(10, 0, 59, 0)...), 0, false, false},
		{"CloudWatch counts the accepted ones late", append(traffic(100, 100, 60, 5), traffic(0, 100, 4, 0)...), 0, false, false},
		{"CloudWatch counts the stored ones late", append(traffic(100, 100, 60, 5), traffic(100, 0, 4, 0)...), 0, false, false},
	} {
		b := balance(row.counts...)
		assert.Equal(t, []any{row.late, row.recovering, row.unclear}, []any{b.Late, b.Recovering, b.Unclear}, row.why)
	}
}

func TestReadStatus(t *testing.T) {
	c := &cloud{waiting: "7", age: []float64{65}, alarms: []cwtypes.MetricAlarm{alarm("ticket-a-prod", cwtypes.StateValueOk)}}
	var i items
	i.add(paid("stripe:1", time.Minute))
	m := newMonitor(c)
	status, err := query.ReadStatus(t.Context(), m, query.NewStore(&i, nil, m.Stack, m.Now), time.Hour)
	require.NoError(t, err)
	assert.Equal(t, "stripe:1", status.Providers[0].Last.ID)
	assert.Equal(t, map[string]int{"Stored": 5}, status.Providers[0].Counts, "without Unaccepted, which the table does not show")
	assert.Nil(t, status.Providers[1].Last)
	assert.Equal(t, query.Queue{Name: "webhook-queue-prod", Waiting: 7, OldestSeconds: new(65)}, status.Queue)
	assert.Empty(t, status.Alarms)
	assert.False(t, status.Healthy(), "a dead letter waits")

	assert.Nil(t, status.Unpublished, "the stack does not publish")
	m.Stack.Outputs["UnpublishedQueueUrl"] = "https://sqs/1/webhook-unpublished-prod"
	status, err = query.ReadStatus(t.Context(), m, query.NewStore(&i, nil, m.Stack, m.Now), time.Hour)
	require.NoError(t, err)
	assert.Equal(t, 7, status.Unpublished.Waiting)
	assert.False(t, query.Status{QueueStates: query.QueueStates{Unpublished: status.Unpublished}}.Healthy())

	c.waiting, c.alarms[0].StateValue = "0", cwtypes.StateValueAlarm
	status, err = query.ReadStatus(t.Context(), m, query.NewStore(&i, nil, m.Stack, m.Now), time.Hour)
	require.NoError(t, err)
	assert.Len(t, status.Alarms, 1)
	assert.Empty(t, status.Unevaluated)
	assert.False(t, status.Healthy())
	c.alarms[0].StateValue = cwtypes.StateValueInsufficientData
	status, err = query.ReadStatus(t.Context(), m, query.NewStore(&i, nil, m.Stack, m.Now), time.Hour)
	require.NoError(t, err)
	assert.Contains(t, status.Unevaluated, "a new stack")
	assert.True(t, query.Status{}.Healthy())
	assert.False(t, query.Status{QueueStates: query.QueueStates{DeadLetters: query.Queue{InFlight: 1}}}.Healthy(), "the archiver fails")

	i.spoil(paid("stripe:2", 0), "")
	status, err = query.ReadStatus(t.Context(), m, query.NewStore(&i, nil, m.Stack, m.Now), time.Hour)
	require.NoError(t, err)
	assert.Equal(t, "stripe:1", status.Providers[0].Last.ID)
	require.Len(t, status.Providers[0].Unreadable, 1)
	assert.Contains(t, status.Providers[0].Unreadable[0], `row of eventId "stripe:2"`)
	assert.False(t, query.Status{Providers: status.Providers}.Healthy(), "a newer row is not an event")
	resent := paid("stripe:0", time.Hour)
	resent.ReceivedAt = now.UnixMilli()
	i.add(resent)
	status, err = query.ReadStatus(t.Context(), m, query.NewStore(&i, nil, m.Stack, m.Now), time.Hour)
	require.NoError(t, err)
	assert.Equal(t, "stripe:0", status.Providers[0].Last.ID, "the one received last")
	m.Stack.AWS.Endpoint, c.waiting = "http://127.0.0.1:1", "1"
	c.lines = map[string][]string{"/aws/lambda/stripe-processor-prod": append(make([]string, 11), `{"_aws":{},"Provider":"stripe","Accepted":9}`)}
	for range 6 {
		i.spoil(paid("stripe:3", 0), "")
	}
	status, err = query.ReadStatus(t.Context(), m, query.NewStore(&i, nil, m.Stack, m.Now), time.Hour)
	require.NoError(t, err)
	assert.Len(t, status.Providers[0].Unreadable, 5)
	assert.Equal(t, 2, status.Providers[0].MoreUnreadable)
	assert.Equal(t, 7, status.Missing, "one waits in the queue, and one in the dead-letter queue")
	assert.Equal(t, 9, status.Late)
	assert.Equal(t, "An emulator evaluates no alarm.", status.Unevaluated)
	assert.False(t, query.Status{Late: 1}.Healthy())
	assert.True(t, query.Status{Unclear: true}.Healthy(), "it is no fault")
}

func TestAgeThatCloudWatchDoesNotHave(t *testing.T) {
	states, err := newMonitor(&cloud{waiting: "1"}).QueueStates(t.Context())
	require.NoError(t, err)
	assert.Nil(t, states.Queue.OldestSeconds)
}

func TestHints(t *testing.T) {
	line := func(hint string) string { return fmt.Sprintf(`{"reason":"signature_mismatch","hint":%q}`, hint) }
	c := &cloud{lines: map[string][]string{"/aws/lambda/square-processor-prod": {line("b"), "START", line("a"), line("c"), line("a")}}}
	hints, err := newMonitor(c).Hints(t.Context(), contract.Square(), now.Add(-time.Hour))
	require.NoError(t, err)
	assert.Equal(t, []query.Hint{
		{Text: "a", Count: 2, Last: now.Add(-2 * time.Minute)}, {Text: "b", Count: 1, Last: now}, {Text: "c", Count: 1, Last: now.Add(-3 * time.Minute)},
	}, hints)
}

func TestStatusFails(t *testing.T) {
	for _, call := range []string{"GetMetricData", "DescribeAlarms", "GetQueueAttributes", "GetQueueAttributes of the second queue", "ListStackResources", "FilterLogEvents", "Query"} {
		c := &cloud{fail: call, waiting: "1", alarms: []cwtypes.MetricAlarm{alarm("a", cwtypes.StateValueOk)}}
		m, i := newMonitor(c), &items{}
		if call == "FilterLogEvents" {
			m.Stack.AWS.Endpoint = "http://127.0.0.1:1"
		}
		if call == "Query" {
			i.fail = 1
		}
		_, err := query.ReadStatus(t.Context(), m, query.NewStore(i, nil, m.Stack, m.Now), time.Hour)
		assert.ErrorIs(t, err, errDown, call)
	}
	_, err := newMonitor(&cloud{fail: "GetMetricData", waiting: "1"}).QueueStates(t.Context())
	assert.ErrorIs(t, err, errDown)
	assert.NotNil(t, query.NewMonitor(&stack.Stack{}, time.Now))
}
