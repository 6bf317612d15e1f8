package simulation_test

import (
	"encoding/json"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/queue"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/consumer"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/test/emulator/senders"
	"github.com/paysluice/paysluice/test/simulation/memory"
)

// TestAttackRefusals sends signed webhooks, and messages of a compromised processor, that
// the stack must archive with their reason and not store.
func TestAttackRefusals(t *testing.T) {
	const days = 30
	stripe := senders.Stripe()
	for _, tt := range []struct {
		why    string
		days   int                           // EventRetentionDays
		age    time.Duration                 // of the event, when it is received
		change func(document map[string]any) // of the secret
		sender string                        // role id of the processor that sent the message
		reason string                        // failureReason, "" for a stored event
	}{
		{why: "an event like any other", sender: "AROASTRIPE", days: days},
		{why: "a test event signed with a live secret", sender: "AROASTRIPE", reason: contract.ReasonOtherMode, change: func(d map[string]any) {
			d["endpoints"].([]map[string]string)[0]["environment"] = "live"
		}},
		{why: "the processor of PayPal speaks for Stripe", sender: "AROAPAYPAL", reason: contract.ReasonSender},
		{why: "a delivery that the table may have deleted", sender: "AROASTRIPE", days: days, age: days * 24 * time.Hour, reason: contract.ReasonExpired},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newServices(t)
				w.sqs = memory.NewSQS(time.Now, memory.Disorder{})
				w.createServices(t)
				queues := flooded{sqs: w.sqs, url: w.queueURL}
				processors, sign := queues.processors(t, withSecret(stripe, tt.change), 1)
				p := processors[0]
				p.RetentionDays, p.DeadLetters = tt.days, queue.NewSender(w.sqs, w.deadLetterURL, time.Second)
				handle(t, p, sign(stripe.Body("evt_1", 1, time.Now().Add(-tt.age).UnixMilli())))

				c := &consumer.Handler{
					Providers: all.All(all.Settings{}), Table: table.NewTable(w.dynamodb, tableName), Now: time.Now, Concurrency: 1,
					DeadLetters: queue.NewSender(w.sqs, w.deadLetterURL, time.Second),
					Senders:     function.ParseSenders("stripe=AROASTRIPE,paypal=AROAPAYPAL"),
					Log:         function.NewLogger(io.Discard, "INFO"), Metrics: function.NewMetrics(io.Discard, "refusals", time.Now),
				}
				for _, m := range w.receive(t, w.queueURL) {
					m.Attributes = map[string]string{function.SenderAttribute: tt.sender + ":session"}
					response, err := c.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{m}})
					require.NoError(t, err)
					require.Empty(t, response.BatchItemFailures)
				}
				rows, err := w.dynamodb.Scan(t.Context(), &dynamodb.ScanInput{TableName: new(tableName)})
				require.NoError(t, err)
				dead := w.receive(t, w.deadLetterURL)
				if tt.reason == "" {
					assert.Len(t, rows.Items, 1)
					assert.Empty(t, dead)
					return
				}
				require.Empty(t, rows.Items, "broken promise: it is stored")
				require.Len(t, dead, 1, "broken promise: it is kept nowhere")
				assert.Equal(t, tt.reason, *dead[0].MessageAttributes[contract.FailureReasonAttribute].StringValue)
				var e event.Event
				require.NoError(t, json.Unmarshal([]byte(dead[0].Body), &e))
				assert.Equal(t, "stripe:evt_1", e.ID)
			})
		})
	}
}

// withSecret returns a sender that changes the document of its secret.
func withSecret(s senders.Sender, change func(map[string]any)) senders.Sender {
	document := s.Document
	s.Document = func(secrets ...string) any {
		d := document(secrets...).(map[string]any)
		if change != nil {
			change(d)
		}
		return d
	}
	return s
}

// receive returns up to BatchSize messages of a queue as records of the consumer.
func (w *world) receive(t *testing.T, url string) (records []events.SQSMessage) {
	t.Helper()
	out, err := w.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: contract.BatchSize, MessageAttributeNames: []string{"All"},
	})
	require.NoError(t, err)
	for _, m := range out.Messages {
		records = append(records, record(m))
	}
	return records
}
