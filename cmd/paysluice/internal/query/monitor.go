package query

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
)

// Metrics is the subset of the CloudWatch API that a Monitor calls.
type Metrics interface {
	GetMetricData(context.Context, *cloudwatch.GetMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error)
	DescribeAlarms(context.Context, *cloudwatch.DescribeAlarmsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error)
}

// Logs is the subset of the CloudWatch Logs API that a Monitor calls.
type Logs interface {
	FilterLogEvents(context.Context, *cloudwatchlogs.FilterLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error)
}

// Queues is the subset of the SQS API that a Monitor calls.
type Queues interface {
	GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
}

// Resources is the subset of the CloudFormation API that a Monitor calls.
type Resources interface {
	ListStackResources(context.Context, *cloudformation.ListStackResourcesInput, ...func(*cloudformation.Options)) (*cloudformation.ListStackResourcesOutput, error)
}

// Archive is the subset of failure.Archive that a Monitor calls.
type Archive interface {
	Find(ctx context.Context, eventID string) ([]failure.Failure, error)
}

// Monitor reads how a stack is doing: counts, queues and alarms.
type Monitor struct {
	Metrics   Metrics
	Logs      Logs
	Queues    Queues
	Resources Resources
	Archive   Archive
	Stack     *stack.Stack
	Now       func() time.Time
}

// NewMonitor returns the monitor of a stack.
func NewMonitor(s *stack.Stack, now func() time.Time) *Monitor {
	return &Monitor{
		Metrics:   cloudwatch.NewFromConfig(s.AWS.Config),
		Logs:      cloudwatchlogs.NewFromConfig(s.AWS.Config),
		Queues:    sqs.NewFromConfig(s.AWS.Config),
		Resources: cloudformation.NewFromConfig(s.AWS.Config),
		Archive:   Failures(s),
		Stack:     s,
		Now:       now,
	}
}

// Alarm is an alarm of the stack.
type Alarm struct {
	Name  string    `json:"name"`
	State string    `json:"state"` // OK, ALARM or INSUFFICIENT_DATA
	Since time.Time `json:"since"`
	Means string    `json:"means"`
	Do    string    `json:"do"`
	// Actions are the ARNs of the topics that it notifies.
	Actions []string `json:"actions"`
	Enabled bool     `json:"enabled"` // whether its actions are
	// Pages reports whether the alarm wakes somebody. Others are tickets.
	Pages bool `json:"pages"`
}

// pagePrefix begins the names of alarms that page.
const pagePrefix = "page-"

// alarmsPerCall is the largest number of names in one DescribeAlarms call
// (CloudWatch API Reference).
const alarmsPerCall = 100

// Alarms returns all alarms of the stack, firing ones first, then by name.
func (m *Monitor) Alarms(ctx context.Context) ([]Alarm, error) {
	names, err := m.Physical(ctx, "AWS::CloudWatch::Alarm")
	if err != nil {
		return nil, err
	}
	alarms := []Alarm{}
	for chunk := range slices.Chunk(names, alarmsPerCall) {
		out, err := m.Metrics.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: chunk, MaxRecords: new(int32(alarmsPerCall))})
		if err != nil {
			return nil, err
		}
		for _, a := range out.MetricAlarms {
			alarms = append(alarms, newAlarm(a))
		}
	}
	slices.SortFunc(alarms, func(a, b Alarm) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), strings.Compare(a.Name, b.Name))
	})
	return alarms, nil
}

// rank orders firing alarms before others.
func (a Alarm) rank() int {
	if a.Firing() {
		return 0
	}
	return 1
}

// Firing reports whether the alarm's condition holds.
func (a Alarm) Firing() bool { return a.State == string(cwtypes.StateValueAlarm) }

// Unevaluated says why alarms that do not fire tell nothing, "" if they do.
func Unevaluated(s *stack.Stack, alarms []Alarm) string {
	insufficient := func(a Alarm) bool { return a.State == string(cwtypes.StateValueInsufficientData) }
	switch {
	case s.AWS.Endpoint != "":
		return "An emulator evaluates no alarm."
	case len(alarms) > 0 && !slices.ContainsFunc(alarms, func(a Alarm) bool { return !insufficient(a) }):
		return "CloudWatch has evaluated no alarm yet: a new stack takes some minutes."
	}
	return ""
}

func newAlarm(a cwtypes.MetricAlarm) Alarm {
	means, do, _ := strings.Cut(strings.TrimPrefix(aws.ToString(a.AlarmDescription), "Means: "), " Do: ")
	return Alarm{
		Name: aws.ToString(a.AlarmName), State: string(a.StateValue), Since: aws.ToTime(a.StateUpdatedTimestamp).UTC(),
		Means: means, Do: do, Actions: append([]string{}, a.AlarmActions...), Enabled: aws.ToBool(a.ActionsEnabled),
		Pages: strings.HasPrefix(aws.ToString(a.AlarmName), pagePrefix),
	}
}

// Physical returns the names of the stack's resources of a CloudFormation type.
func (m *Monitor) Physical(ctx context.Context, kind string) ([]string, error) {
	var names []string
	for pages := cloudformation.NewListStackResourcesPaginator(m.Resources, &cloudformation.ListStackResourcesInput{StackName: &m.Stack.Name}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range page.StackResourceSummaries {
			if aws.ToString(r.ResourceType) == kind {
				names = append(names, aws.ToString(r.PhysicalResourceId))
			}
		}
	}
	return names, nil
}

// Key returns the id of the stack's KMS key, "" if it has none.
func (m *Monitor) Key(ctx context.Context) (string, error) {
	ids, err := m.Physical(ctx, "AWS::KMS::Key")
	return strings.Join(ids, ","), err
}
