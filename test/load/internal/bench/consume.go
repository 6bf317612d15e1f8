package bench

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/load/internal/awsstub"
	"github.com/paysluice/paysluice/test/load/internal/functions"
)

// queue keeps messages until they are consumed.
type queue struct {
	mu       sync.Mutex
	messages []awsstub.Message
}

func (q *queue) take(m awsstub.Message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.messages = append(q.messages, m)
}

// consume hands all messages to the consumer in full batches, at equal
// distances that make rate messages a second. The first batches start its
// environments and are not measured.
func (r *loadRun) consume(ctx context.Context, messages []awsstub.Message, rate float64) error {
	batches := slices.Collect(slices.Chunk(messages, contract.BatchSize))
	r.batches = len(batches)
	warm := min(r.warm.consumer, len(batches)/2)
	for _, batch := range batches[:warm] {
		r.consumer.warm(batchEvent(batch, time.Now()), []string{allTaken}, nil)
		if err := pause(ctx, stagger); err != nil {
			return err
		}
	}
	if err := r.consumer.mark(); err != nil {
		return err
	}
	begin, apart := time.Now(), time.Duration(contract.BatchSize/rate*float64(time.Second))
	for i, batch := range batches[warm:] {
		due := begin.Add(time.Duration(i) * apart)
		if err := pause(ctx, time.Until(due)); err != nil {
			return err
		}
		r.consumer.invoke(batchEvent(batch, due), due, true, []string{allTaken}, nil)
	}
	return nil
}

// batchEvent is an events.SQSEvent as Lambda writes it.
func batchEvent(batch []awsstub.Message, now time.Time) []byte {
	var b bytes.Buffer
	b.Grow(len(batch) * 8 << 10)
	at := strconv.FormatInt(now.UnixMilli(), 10)
	sender := contract.ProcessorName(contract.Stripe()) + "-" + functions.Suffix
	receipt := strings.Repeat("AQEBload", 48) // about as long as SQS's
	for i, m := range batch {
		b.WriteString(map[bool]string{true: `{"Records":[`, false: ","}[i == 0])
		sum := md5.Sum(m.Body)
		b.WriteString(`{"messageId":"` + m.ID + `","receiptHandle":"` + receipt + `","body":"`)
		b.Write(m.Body)
		b.WriteString(`","attributes":{"ApproximateReceiveCount":"1","SentTimestamp":"` + at +
			`","SenderId":"AROALOADLOADLOADLOAD:` + sender + `","ApproximateFirstReceiveTimestamp":"` + at +
			`"},"messageAttributes":{},"md5OfBody":"` + hex.EncodeToString(sum[:]) +
			`","eventSource":"aws:sqs","eventSourceARN":"` + functions.QueueARN + `","awsRegion":"us-east-1"}`)
	}
	b.WriteString("]}")
	return b.Bytes()
}
