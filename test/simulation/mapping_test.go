package simulation_test

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// mapping leads the messages of a queue to a function, as Lambda does.
type mapping struct {
	url     string
	start   func() *process
	timeout time.Duration // of the function
	size    int           // of a batch, at most
	most    int           // processes at the same time

	processes []*process
	lookAgain time.Time // the queue was empty
}

// poll hands messages to a function.
func (w *world) poll(m *mapping) {
	out, err := w.sqs.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{
		QueueUrl:                    &m.url,
		MaxNumberOfMessages:         int32(1 + w.rng.IntN(m.size)),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		MessageAttributeNames:       []string{"All"},
	})
	if err != nil {
		w.breaks("a queue can be received from: %v", err)
		return
	}
	if len(out.Messages) == 0 {
		m.lookAgain = time.Now().Add(time.Second)
		return
	}
	for _, batch := range withoutTwins(out.Messages) {
		p := w.warm(&m.processes, m.start)
		w.note(p.name, "receives", strconv.Itoa(len(batch)))
		p.work(batch, m.timeout)
	}
}

// withoutTwins splits messages so that no batch has two of one request, which
// happens when a send was repeated: their calls could not be told apart, and
// with them two runs of one seed. Lambda is free to make such batches.
func withoutTwins(messages []types.Message) [][]types.Message {
	var batches [][]types.Message
	for _, m := range messages {
		id := requestIDOf(*m.Body)
		fits := slices.IndexFunc(batches, func(batch []types.Message) bool {
			return !slices.ContainsFunc(batch, func(other types.Message) bool {
				return id != "" && requestIDOf(*other.Body) == id
			})
		})
		if fits < 0 {
			batches = append(batches, []types.Message{m})
			continue
		}
		batches[fits] = append(batches[fits], m)
	}
	return batches
}

// excuse notes that a fault was injected into a call, so that the record which
// it is about may fail: by its webhook's request, or by its own id.
func (p *process) excuse(subject string) {
	if p.excused != nil {
		p.excused[subject] = true
	}
}

// worked does what Lambda does with the answer to a batch: it deletes what
// was not reported as failed (Lambda Developer Guide, "Handling errors for an
// SQS event source in Lambda"). What is left comes again after the visibility
// timeout.
func (w *world) worked(in *mapping, p *process) {
	failed, whole := w.failedOf(p)
	for _, m := range p.batch {
		id := *m.MessageId
		done := !whole && !slices.Contains(failed, id)
		if in.url == w.queueURL {
			w.count(id, done)
		}
		switch {
		case !done:
			w.note(p.name, "failed", id)
			if !p.dead && !p.excused[requestIDOf(*m.Body)] && !p.excused[id] && !in.refuses(w, *m.Body) {
				w.breaks("a record fails only by itself: %s failed message %s, with which nothing was wrong", p.name, id)
			}
		case w.happens(w.faults.deleteLost):
			w.note(p.name, "does not delete", id)
		default:
			w.note(p.name, "deletes", id)
			_, err := w.sqs.DeleteMessage(context.Background(), &sqs.DeleteMessageInput{
				QueueUrl: &in.url, ReceiptHandle: m.ReceiptHandle,
			})
			if err != nil {
				w.breaks("a message that was received can be deleted: %v", err)
			}
		}
	}
}

// count notes a receive by the consumer.
func (w *world) count(messageID string, done bool) {
	if done {
		w.stored[messageID] = true
	} else {
		w.failures[messageID]++
	}
}

// refuses reports whether a message must fail: poison, at the consumer.
func (m *mapping) refuses(w *world, body string) bool {
	return m.url == w.queueURL && w.poison[body]
}

// failedOf is the answer as Lambda reads it. A batch fails as a whole when the
// function fails or names an item that was not in it.
func (w *world) failedOf(p *process) (failed []string, whole bool) {
	if p.failure != nil {
		w.breaks("a function never fails as a whole: %v", p.failure)
	}
	if w.happens(w.faults.batchLost) {
		w.kill(p)
	}
	if p.dead || p.failure != nil {
		return nil, true
	}
	if p.result.BatchItemFailures == nil {
		w.breaks("a function always answers with a list")
	}
	for _, item := range p.result.BatchItemFailures {
		if !slices.ContainsFunc(p.batch, func(m types.Message) bool { return *m.MessageId == item.ItemIdentifier }) {
			w.breaks("a function names messages of its batch only: %q is none", item.ItemIdentifier)
			return nil, true
		}
		failed = append(failed, item.ItemIdentifier)
	}
	return failed, false
}
