package flow_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// shortenVisibility makes a failed record come back within seconds. The
// template says 300 s, which only the running queue is relieved of.
func shortenVisibility(ctx context.Context) error {
	_, err := queueClient().SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{
		QueueUrl:   new(stack.Outputs["QueueUrl"]),
		Attributes: map[string]string{"VisibilityTimeout": "1"},
	})
	return err
}

func queueClient() *sqs.Client { return sqs.NewFromConfig(stack.Config()) }

// deadLetter is a message of webhook-dlq.
type deadLetter struct {
	body          string
	failureReason string
	receives      string
}

// deadLetters are the messages that were taken out of webhook-dlq so far.
var deadLetters []deadLetter

// findDeadLetter waits for a message in webhook-dlq.
func findDeadLetter(ctx context.Context, matches func(deadLetter) bool) (deadLetter, bool) {
	for ctx.Err() == nil {
		for _, d := range deadLetters {
			if matches(d) {
				return d, true
			}
		}
		if drain(ctx) != nil {
			break
		}
	}
	return deadLetter{}, false
}

// drain moves what is in webhook-dlq to deadLetters, and waits a little for it.
func drain(ctx context.Context) error {
	url := new(stack.Outputs["DeadLetterQueueUrl"])
	out, err := queueClient().ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:                    url,
		MaxNumberOfMessages:         10,
		WaitTimeSeconds:             1,
		MessageAttributeNames:       []string{contract.FailureReasonAttribute},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameApproximateReceiveCount},
	})
	if err != nil {
		return err
	}
	for _, m := range out.Messages {
		d := deadLetter{body: *m.Body, receives: m.Attributes["ApproximateReceiveCount"]}
		if reason, ok := m.MessageAttributes[contract.FailureReasonAttribute]; ok {
			d.failureReason = *reason.StringValue
		}
		deadLetters = append(deadLetters, d)
		if _, err := queueClient().DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: m.ReceiptHandle}); err != nil {
			return err
		}
	}
	return nil
}

// rows are the table's rows of one event.
func rows(ctx context.Context, id string) ([]event.Event, error) {
	all, err := stack.Events(ctx)
	var mine []event.Event
	for _, e := range all {
		if e.ID == id {
			mine = append(mine, e)
		}
	}
	return mine, err
}

// requireRow waits for the one row of an event.
func requireRow(t *testing.T, id string) event.Event {
	t.Helper()
	var mine []event.Event
	require.Eventually(t, func() bool {
		var err error
		mine, err = rows(t.Context(), id)
		return err == nil && len(mine) > 0
	}, 30*time.Second, 200*time.Millisecond, "no row of %s", id)
	require.Len(t, mine, 1)
	return mine[0]
}

// requireDeadLetter waits for a message of webhook-dlq.
func requireDeadLetter(t *testing.T, matches func(deadLetter) bool) deadLetter {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	d, found := findDeadLetter(ctx, matches)
	require.True(t, found, "it is not in webhook-dlq")
	return d
}

// requireQueueEmpty waits until the consumer is done with everything.
func requireQueueEmpty(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		depth, err := stack.Depth(t.Context(), "QueueUrl")
		return err == nil && depth == 0
	}, 30*time.Second, 200*time.Millisecond, "webhook-queue does not empty")
}
