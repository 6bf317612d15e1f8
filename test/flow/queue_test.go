package flow_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
)

// shortenVisibility makes a failed record come back within seconds. The
// template says 300 s, which only the running queues are relieved of.
func shortenVisibility(ctx context.Context) error {
	for _, output := range []string{"QueueUrl", "DeadLetterQueueUrl"} {
		if _, err := queueClient().SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{
			QueueUrl:   new(stack.Outputs[output]),
			Attributes: map[string]string{"VisibilityTimeout": "1"},
		}); err != nil {
			return err
		}
	}
	return nil
}

func queueClient() *sqs.Client { return sqs.NewFromConfig(stack.Config()) }

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

// requireEmpty waits until a function is done with all of its queue. output is
// the stack's output with the queue's URL.
func requireEmpty(t *testing.T, output string) {
	t.Helper()
	require.Eventually(t, func() bool {
		depth, err := stack.Depth(t.Context(), output)
		return err == nil && depth == 0
	}, time.Minute, 200*time.Millisecond, "%s does not empty", output)
}
