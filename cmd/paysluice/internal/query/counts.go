package query

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"golang.org/x/sync/errgroup"

	"github.com/paysluice/paysluice/handlers/contract"
)

// Count is the value of a metric of package contract for one provider in one period.
type Count struct {
	Provider string    `json:"provider"`
	Metric   string    `json:"metric"`
	Start    time.Time `json:"start"` // of the period
	Value    int       `json:"value"`
}

// ErrCounts reports that CloudWatch did not return all counts.
var ErrCounts = errors.New("CloudWatch did not return all counts")

// CountedMetrics returns the metrics that status shows.
func CountedMetrics() []string {
	return []string{contract.MetricAccepted, contract.MetricRejected, contract.MetricStored, contract.MetricDuplicates, contract.MetricArchived}
}

// loggedMetrics returns the metrics that functions log. Those that CountedMetrics lacks
// tell why a request was not accepted.
func loggedMetrics() []string {
	return append(CountedMetrics(), contract.MetricQuarantined, contract.MetricNotConfigured, contract.MetricSecretUnavailable, contract.MetricUndecided)
}

// Counts returns the counts of loggedMetrics and MetricUnaccepted of all providers between two
// times, ordered by time, then provider and metric. Periods without a count are left out. They
// come from CloudWatch's metrics, or on an emulator, which keeps no metrics, from the lines of
// the functions' logs that CloudWatch makes metrics of.
func (m *Monitor) Counts(ctx context.Context, since, until time.Time, period time.Duration) ([]Count, error) {
	read := m.countMetrics
	if m.Stack.AWS.Endpoint != "" {
		read = m.countLogs
	}
	counts, err := read(ctx, since.UTC().Truncate(period), until.UTC(), period)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(counts, func(a, b Count) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Metric, b.Metric))
	})
	return counts, nil
}

// countMetrics reads CloudWatch's metrics. One call takes 500 queries. A result that is
// not complete continues on the next page (CloudWatch API Reference, MetricDataResult).
func (m *Monitor) countMetrics(ctx context.Context, since, until time.Time, period time.Duration) ([]Count, error) {
	queries := map[string]Count{}
	in := &cloudwatch.GetMetricDataInput{StartTime: &since, EndTime: &until}
	add := func(c Count, name string, dimensions ...cwtypes.Dimension) {
		id := fmt.Sprintf("q%d", len(queries))
		queries[id] = c
		in.MetricDataQueries = append(in.MetricDataQueries, cwtypes.MetricDataQuery{Id: &id, MetricStat: &cwtypes.MetricStat{
			Metric: &cwtypes.Metric{Namespace: new(contract.MetricNamespace), MetricName: &name, Dimensions: dimensions},
			Period: new(int32(period / time.Second)), Stat: new("Sum"),
		}})
	}
	for _, p := range contract.Providers() {
		for _, metric := range loggedMetrics() {
			add(Count{Provider: p.Name, Metric: metric}, metric,
				cwtypes.Dimension{Name: new(contract.EnvironmentDimension), Value: new(m.Stack.Suffix())},
				cwtypes.Dimension{Name: new(contract.ProviderDimension), Value: new(p.Name)})
		}
		add(Count{Provider: p.Name, Metric: contract.MetricUnaccepted}, m.Stack.FunctionName(p.Title+contract.MetricUnaccepted))
	}
	var counts []Count
	complete := map[string]bool{}
	for pages := cloudwatch.NewGetMetricDataPaginator(m.Metrics, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, result := range page.MetricDataResults {
			complete[aws.ToString(result.Id)] = result.StatusCode == cwtypes.StatusCodeComplete
			for i, at := range result.Timestamps {
				c := queries[aws.ToString(result.Id)]
				c.Start, c.Value = at.UTC(), int(result.Values[i])
				counts = append(counts, c)
			}
		}
	}
	for id, c := range queries {
		if !complete[id] {
			return nil, fmt.Errorf("%w, such as %s of %s: try again", ErrCounts, c.Metric, c.Provider)
		}
	}
	return counts, nil
}

// countLogs sums the metric lines of the functions' logs.
func (m *Monitor) countLogs(ctx context.Context, since, until time.Time, period time.Duration) ([]Count, error) {
	functions := []string{contract.AuthorizerName, contract.ConsumerName, contract.ArchiverName}
	for _, p := range contract.Providers() {
		functions = append(functions, contract.ProcessorName(p))
	}
	found := make([]map[Count]int, len(functions))
	all, ctx := errgroup.WithContext(ctx)
	for i, function := range functions {
		all.Go(func() (err error) {
			found[i], err = m.countLog(ctx, m.Stack.LogGroup(function), since, until, period)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	sums := map[Count]int{}
	for _, counts := range found {
		for key, value := range counts {
			sums[key] += value
		}
	}
	var counts []Count
	for key, value := range sums {
		key.Value = value
		counts = append(counts, key)
	}
	return counts, nil
}

// countLog sums the metric lines of one log group.
func (m *Monitor) countLog(ctx context.Context, group string, since, until time.Time, period time.Duration) (map[Count]int, error) {
	sums := map[Count]int{}
	in := &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &group, StartTime: new(since.UnixMilli()), EndTime: new(until.UnixMilli()), FilterPattern: new(`"_aws"`),
	}
	for pages := cloudwatchlogs.NewFilterLogEventsPaginator(m.Logs, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, line := range page.Events {
			addLine(sums, aws.ToString(line.Message), time.UnixMilli(aws.ToInt64(line.Timestamp)).UTC().Truncate(period))
		}
	}
	return sums, nil
}

// addLine adds the counts of a line in embedded metric format.
func addLine(sums map[Count]int, line string, start time.Time) {
	var members map[string]any
	if json.Unmarshal([]byte(line), &members) != nil || members["_aws"] == nil {
		return
	}
	provider, _ := members[contract.ProviderDimension].(string)
	add := func(metric string, value any) {
		if n, ok := value.(float64); ok {
			sums[Count{Provider: provider, Metric: metric, Start: start}] += int(n)
		}
	}
	for _, metric := range loggedMetrics() {
		add(metric, members[metric])
	}
	if members[contract.ReasonProperty] != contract.ReasonHeaderMissing {
		for _, metric := range []string{contract.MetricRejected, contract.MetricUndecided, contract.MetricNotConfigured} {
			add(contract.MetricUnaccepted, members[metric])
		}
	}
}
