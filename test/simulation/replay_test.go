package simulation_test

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// replay sends the archived events back to the queue, by the rule of paysluice
// replay: what can be stored, and is no conflict.
func (w *world) replay() {
	for _, m := range w.archived() {
		body := string(m.Message)
		if _, err := event.Decode(body); err != nil || m.FailureReason == contract.ReasonConflict {
			continue
		}
		w.seen["replayed"]++
		if _, err := w.sqs.SendMessage(context.Background(), &sqs.SendMessageInput{QueueUrl: &w.queueURL, MessageBody: &body}); err != nil {
			w.breaks("what was archived can be sent again: %v", err)
		}
	}
}
