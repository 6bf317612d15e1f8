package flow_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

func TestSecretThatWasFilledOnlyAfterTheFirstWebhook(t *testing.T) {
	assert.Equal(t, http.StatusServiceUnavailable, unconfigured, "the provider sends it again")

	deliver(t, early, http.StatusOK)

	requireRow(t, earlyID)
}

func TestSignedWebhookIsStored(t *testing.T) {
	w, id := newWebhook()

	answer := deliver(t, w, http.StatusOK)

	assert.JSONEq(t, `{"received":true,"eventId":"`+id+`"}`, answer)
	row := requireRow(t, id)
	assert.Equal(t, w.body, string(row.Payload), "byte for byte")
	assert.Equal(t, int64(1_780_000_000_000), row.Timestamp)
	assert.Equal(t, event.PaymentSucceeded, row.Category)
	assert.Equal(t, event.Money{Amount: "1.00", Currency: "EUR"}, row.Money)
	assert.Equal(t, "flow", row.Endpoint)
}

// Bytes that are no UTF-8 text survive API Gateway only through
// BinaryMediaTypes.
func TestRawBytesSurvive(t *testing.T) {
	w, id := newWebhook()
	w.body = strings.Replace(w.body, `"livemode"`, "\"odd\":\"\xff\xfe\u2028<&>\",\"livemode\"", 1)

	deliver(t, w, http.StatusOK)

	assert.Equal(t, w.body, string(requireRow(t, id).Payload))
}

func TestSecondDeliveryIsOneRow(t *testing.T) {
	w, id := newWebhook()
	again := w
	again.body = strings.Replace(w.body, `"pending_webhooks":1`, `"pending_webhooks":0`, 1)
	again.at = w.at.Add(time.Second)

	deliver(t, w, http.StatusOK)
	requireRow(t, id)
	deliver(t, w, http.StatusOK)
	deliver(t, again, http.StatusOK)

	requireQueueEmpty(t)
	assert.Equal(t, w.body, string(requireRow(t, id).Payload), "the first body stays")
	require.NoError(t, drain(t.Context()))
	for _, d := range deadLetters {
		assert.NotContains(t, d.body, id, "a duplicate is no conflict")
	}
}

func TestOtherContentUnderTheSameKeyIsKept(t *testing.T) {
	w, id := newWebhook()
	other := w
	other.body = strings.ReplaceAll(w.body, "100", "999")

	deliver(t, w, http.StatusOK)
	requireRow(t, id)
	deliver(t, other, http.StatusOK)

	d := requireDeadLetter(t, func(d deadLetter) bool { return strings.Contains(d.body, id) })
	assert.Equal(t, contract.ReasonConflict, d.failureReason)
	e, err := event.Decode(d.body)
	require.NoError(t, err)
	assert.Equal(t, other.body, string(e.Payload))
	assert.Equal(t, w.body, string(requireRow(t, id).Payload))
}

func TestSignedBodyThatIsNoEventIsQuarantined(t *testing.T) {
	w, id := newWebhook()
	w.body = "marked, signed, no JSON: " + id + "\x00\xff"

	deliver(t, w, http.StatusOK)

	hash := event.HashPayload([]byte(w.body))
	d := requireDeadLetter(t, func(d deadLetter) bool { return strings.Contains(d.body, hash) })
	assert.Equal(t, "envelope_unreadable", d.failureReason)
	var kept event.Event
	require.NoError(t, json.Unmarshal([]byte(d.body), &kept))
	assert.Equal(t, w.body, string(kept.Payload))
}

func TestTurnedAway(t *testing.T) {
	for _, row := range []struct {
		why     string
		arrange func(*webhook)
		header  func(http.Header)
	}{
		{"signed with another secret", func(w *webhook) { w.secret = "whsec_marked_forged" }, nil},
		{"signed too long ago", func(w *webhook) { w.at = w.at.Add(-10 * time.Minute) }, nil},
		{"signed for the future", func(w *webhook) { w.at = w.at.Add(10 * time.Minute) }, nil},
		{"without the header", nil, func(h http.Header) { h.Del("Stripe-Signature") }},
		{"with an empty header", nil, func(h http.Header) { h.Set("Stripe-Signature", "") }},
		{"with the header twice", nil, func(h http.Header) { h.Add("Stripe-Signature", h.Get("Stripe-Signature")) }},
		{"with a fake scheme only", nil, func(h http.Header) {
			h.Set("Stripe-Signature", strings.Replace(h.Get("Stripe-Signature"), "v1=", "v0=", 1))
		}},
		{"with the signature of another body", nil, func(h http.Header) {
			other, _ := newWebhook()
			h.Set("Stripe-Signature", other.header().Get("Stripe-Signature"))
		}},
	} {
		t.Run(row.why, func(t *testing.T) {
			w, id := newWebhook()
			if row.arrange != nil {
				row.arrange(&w)
			}
			header := w.header()
			if row.header != nil {
				row.header(header)
			}

			status, answer, err := stack.Post(t.Context(), contract.Stripe(), header, []byte(w.body))

			require.NoError(t, err)
			assert.Equal(t, http.StatusUnauthorized, status)
			assert.NotContains(t, string(answer), "signature", "the answer does not say why")
			mine, err := rows(t.Context(), id)
			require.NoError(t, err)
			assert.Empty(t, mine)
		})
	}
}

func TestPoisonIsReceivedThreeTimesAndEndsInTheDeadLetterQueue(t *testing.T) {
	good, id := newWebhook()
	_, poison := newWebhook()
	_, err := queueClient().SendMessage(t.Context(), &sqs.SendMessageInput{
		QueueUrl: new(stack.Outputs["QueueUrl"]), MessageBody: &poison,
	})
	require.NoError(t, err)
	deliver(t, good, http.StatusOK)

	requireRow(t, id)
	d := requireDeadLetter(t, func(d deadLetter) bool { return d.body == poison })
	assert.Empty(t, d.failureReason, "SQS redrove it")
	assert.Equal(t, "4", d.receives, "three by the consumer, one by this test")
}

func TestRotation(t *testing.T) {
	t.Cleanup(func() { assert.NoError(t, putSecret(context.WithoutCancel(t.Context()), signingSecret)) })
	next, nextID := newWebhook()
	next.secret = signingSecret + "_next"

	require.NoError(t, putSecret(t.Context(), signingSecret, next.secret))

	require.Eventually(t, func() bool {
		status, _, err := next.send(t.Context())
		return err == nil && status == http.StatusOK
	}, 30*time.Second, time.Second, "a newer secret is looked for when nothing matches, every 10 s")
	requireRow(t, nextID)
	old, oldID := newWebhook()
	deliver(t, old, http.StatusOK)
	requireRow(t, oldID)
}
