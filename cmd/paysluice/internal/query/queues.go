package query

import (
	"context"
	"path"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"
)

// Queue is the state of one of the stack's queues.
type Queue struct {
	Name     string `json:"name"`
	Waiting  int    `json:"waiting"`
	InFlight int    `json:"inFlight"`
	Delayed  int    `json:"delayed"`
	// OldestSeconds is the age of the oldest message, nil if CloudWatch does not have
	// it. CloudWatch is some minutes late.
	OldestSeconds *int `json:"oldestSeconds,omitempty"`
}

// Pending returns the number of messages that nobody has received.
func (q Queue) Pending() int { return q.Waiting + q.Delayed }

// Total returns the number of messages that are in the queue.
func (q Queue) Total() int { return q.Pending() + q.InFlight }

// QueueStates are the states of the stack's queues.
type QueueStates struct {
	Queue       Queue `json:"queue"`
	DeadLetters Queue `json:"deadLetters"`
	// Unpublished is nil if the stack does not publish events.
	Unpublished *Queue `json:"unpublished,omitempty"`
}

// QueueStates returns the states of all queues.
func (m *Monitor) QueueStates(ctx context.Context) (QueueStates, error) {
	var states QueueStates
	all, ctx := errgroup.WithContext(ctx)
	read := func(url string, to *Queue) {
		all.Go(func() (err error) {
			*to, err = m.queue(ctx, url)
			return err
		})
	}
	read(m.Stack.Outputs["QueueUrl"], &states.Queue)
	read(m.Stack.Outputs["DeadLetterQueueUrl"], &states.DeadLetters)
	if url := m.Stack.Outputs["UnpublishedQueueUrl"]; url != "" {
		states.Unpublished = &Queue{}
		read(url, states.Unpublished)
	}
	if err := all.Wait(); err != nil {
		return QueueStates{}, err
	}
	return states, nil
}

func (m *Monitor) queue(ctx context.Context, url string) (Queue, error) {
	out, err := m.Queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	}})
	if err != nil {
		return Queue{}, err
	}
	count := func(name types.QueueAttributeName) int {
		n, _ := strconv.Atoi(out.Attributes[string(name)]) // SQS sends whole numbers
		return n
	}
	q := Queue{
		Name:     path.Base(url),
		Waiting:  count(types.QueueAttributeNameApproximateNumberOfMessages),
		InFlight: count(types.QueueAttributeNameApproximateNumberOfMessagesNotVisible),
		Delayed:  count(types.QueueAttributeNameApproximateNumberOfMessagesDelayed),
	}
	if q.Total() == 0 {
		return q, nil
	}
	q.OldestSeconds, err = m.oldest(ctx, q.Name)
	return q, err
}

// oldest returns the newest value of the queue's age within ten minutes.
func (m *Monitor) oldest(ctx context.Context, queue string) (*int, error) {
	now := m.Now()
	data, err := m.Metrics.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
		StartTime: new(now.Add(-10 * time.Minute)), EndTime: &now, ScanBy: cwtypes.ScanByTimestampDescending,
		MetricDataQueries: []cwtypes.MetricDataQuery{{Id: new("age"), MetricStat: &cwtypes.MetricStat{
			Metric: &cwtypes.Metric{Namespace: new("AWS/SQS"), MetricName: new("ApproximateAgeOfOldestMessage"),
				Dimensions: []cwtypes.Dimension{{Name: new("QueueName"), Value: &queue}}},
			Period: aws.Int32(60), Stat: new("Maximum"),
		}}},
	})
	if err != nil {
		return nil, err
	}
	for _, result := range data.MetricDataResults {
		if result.StatusCode == cwtypes.StatusCodeComplete && len(result.Values) > 0 {
			return new(int(result.Values[0])), nil
		}
	}
	return nil, nil
}
