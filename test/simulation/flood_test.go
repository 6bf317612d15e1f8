package simulation_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/queue"
	"github.com/paysluice/paysluice/handlers/aws/secret"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/processor"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/test/emulator/senders"
	"github.com/paysluice/paysluice/test/simulation/memory"
)

// In the flood tests an attacker has captured genuine deliveries of Square, which
// signs no time, and sends them as fast as the stage's throttle allows.
const (
	floodEnvironments = 50 // of a processor, at 1,000 requests a second
	pollers           = 50 // batches of ten that the consumer has in flight
	floodURL          = "https://hooks.example.com/square"
)

// flooded is a queue with the processors of Square and Stripe.
type flooded struct {
	sqs *memory.SQS
	url string
}

func newFlooded(t *testing.T) *flooded {
	f := &flooded{sqs: memory.NewSQS(time.Now, memory.Disorder{})}
	out, err := f.sqs.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: new("webhook-queue")})
	require.NoError(t, err)
	f.url = *out.QueueUrl
	return f
}

// processors returns environments of a sender's processor and a function that
// signs a body for them.
func (f *flooded) processors(t *testing.T, s senders.Sender, n int) (environments []*processor.Handler, sign func(body []byte) function.Request) {
	p, err := all.Verifying(floodURL, "", nil).ByName(s.Provider.Name)
	require.NoError(t, err)
	key := s.NewSecret()
	document, err := json.Marshal(s.Document(key))
	require.NoError(t, err)
	for range n {
		sender := queue.NewSender(f.sqs, f.url, time.Second)
		environments = append(environments, &processor.Handler{
			Provider:    p,
			Secrets:     secret.New(func(context.Context) ([]byte, error) { return document, nil }, p.Verifier, time.Now, func(context.Context, error) {}),
			Events:      sender,
			DeadLetters: sender,
			Log:         function.NewLogger(io.Discard, "INFO"),
			Metrics:     function.NewMetrics(io.Discard, "flood", time.Now),
			Now:         time.Now,
		})
	}
	return environments, func(body []byte) function.Request {
		return function.Request{Header: providertest.MultiHeader(s.Header(body, key, time.Now())), Body: body}
	}
}

// handle sends a request and requires that it is answered 200.
func handle(t *testing.T, p *processor.Handler, r function.Request) {
	t.Helper()
	response, err := p.Handle(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
}

// receive takes one batch as the consumer does.
func (f *flooded) receive(t *testing.T) (bodies []string) {
	t.Helper()
	out, err := f.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &f.url, MaxNumberOfMessages: contract.BatchSize})
	require.NoError(t, err)
	for _, m := range out.Messages {
		bodies = append(bodies, *m.Body)
	}
	return bodies
}

// TestOneOldDeliveryIsSentOnceByEachEnvironment: after half a minute of a flood
// the queue has one message for each environment, not 30,000.
func TestOneOldDeliveryIsSentOnceByEachEnvironment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, square := newFlooded(t), senders.Square(floodURL)
		environments, sign := f.processors(t, square, floodEnvironments)
		old := sign(square.Body(square.NewID(), 1, time.Now().Add(-71*time.Hour).UnixMilli()))
		for i := range 30_000 {
			handle(t, environments[i%floodEnvironments], old)
			time.Sleep(time.Millisecond)
		}
		assert.Equal(t, floodEnvironments, f.sqs.Len(f.url), "broken promise: one delivery is sent again and again")
	})
}

// TestFloodOfOldDeliveriesDelaysNoNewEvent: the attacker has so many deliveries
// that no memory helps. The consumer is busy with them when Stripe sends.
func TestFloodOfOldDeliveriesDelaysNoNewEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, square, stripe := newFlooded(t), senders.Square(floodURL), senders.Stripe()
		environments, sign := f.processors(t, square, floodEnvironments)
		for i := range 9_000 {
			body := square.Body(square.NewID(), 1, time.Now().Add(-2*time.Hour).UnixMilli())
			handle(t, environments[i%floodEnvironments], sign(body))
		}
		for range pollers {
			require.Len(t, f.receive(t), contract.BatchSize)
		}
		genuine, sign := f.processors(t, stripe, 1)
		const sent = 20
		for i := range sent {
			handle(t, genuine[0], sign(stripe.Body(fmt.Sprint("evt_", i), 1, time.Now().UnixMilli())))
		}

		var received int
		for range sent / contract.BatchSize { // the next two of fifty batches
			for _, body := range f.receive(t) {
				received += strings.Count(body, `"provider":"stripe"`)
			}
		}
		assert.Equal(t, sent, received, "broken promise: new events wait for a flood")
		assert.Len(t, f.receive(t), contract.BatchSize, "late events are delivered when nothing else waits")
	})
}

// TestDeliveriesPastTheAgeBoundAreRejected: what is older than Square retries
// costs no message.
func TestDeliveriesPastTheAgeBoundAreRejected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, square := newFlooded(t), senders.Square(floodURL)
		environments, sign := f.processors(t, square, 1)
		response, err := environments[0].Handle(t.Context(), sign(square.Body(square.NewID(), 1, time.Now().Add(-73*time.Hour).UnixMilli())))
		require.NoError(t, err)
		assert.Equal(t, http.StatusUnauthorized, response.StatusCode)
		assert.Zero(t, f.sqs.Len(f.url))
	})
}
