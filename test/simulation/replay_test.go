package simulation_test

import (
	"cmp"
	"context"
	"io"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/paysluice/paysluice/cmd/paysluice/replay"
	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/aws/queue"
	"github.com/paysluice/paysluice/handlers/provider/all"
)

// replay is paysluice replay, over all that is in the bucket.
func (w *world) replay() {
	var sent outgoing
	r := replay.Replay{
		Archive:   bucket.NewArchive(w.s3, bucketName),
		Queue:     queue.NewSender(&sent, w.queueURL, replay.SendTimeout),
		Providers: all.All(all.Settings{}),
		Rate:      replay.MaxRate,
		Sent:      io.Discard,
		Skipped:   io.Discard,
	}
	done, err := r.Run(context.Background())
	if err != nil {
		w.breaks("what was archived can be sent again: %v", err)
		return
	}
	w.seen["replayed"] += done.Sent
	for _, in := range sent.inOrder() {
		if _, err := w.sqs.SendMessage(context.Background(), in); err != nil {
			w.breaks("SQS takes what was archived: %v", err)
		}
	}
}

// outgoing keeps what a replay sends side by side, in an order that could not be
// replayed, to be sent in one that can.
type outgoing struct {
	mu       sync.Mutex
	messages []*sqs.SendMessageInput
}

func (o *outgoing) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.messages = append(o.messages, in)
	return &sqs.SendMessageOutput{}, nil
}

func (o *outgoing) inOrder() []*sqs.SendMessageInput {
	return slices.SortedFunc(slices.Values(o.messages), func(a, b *sqs.SendMessageInput) int {
		return cmp.Compare(*a.MessageBody, *b.MessageBody)
	})
}
