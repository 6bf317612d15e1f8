package flow_test

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

func TestSecretStoredAfterTheFirstWebhook(t *testing.T) {
	eachAccount(t, func(t *testing.T, a *account) {
		assert.Equal(t, http.StatusServiceUnavailable, a.unconfigured, "so that the provider retries")

		again := a.early
		again.at = time.Now()
		deliver(t, again, http.StatusOK)

		requireRow(t, again.eventID())
	})
}

func TestSignedWebhookIsStored(t *testing.T) {
	eachAccount(t, func(t *testing.T, a *account) {
		w := a.newWebhook()

		answer := deliver(t, w, http.StatusOK)

		assert.JSONEq(t, `{"received":true,"eventId":"`+w.eventID()+`"}`, answer)
		row := requireRow(t, w.eventID())
		assert.Equal(t, w.body, row.Payload, "byte for byte")
		assert.Equal(t, int64(senders.Created), row.Timestamp)
		assert.Equal(t, event.PaymentSucceeded, row.Category)
		assert.Equal(t, event.Money{Amount: "1.00", Currency: "USD"}, row.Money)
		assert.Equal(t, "test", row.Endpoint)
	})
}

// API Gateway passes on bytes that are not UTF-8 only with BinaryMediaTypes.
func TestRawBytesSurvive(t *testing.T) {
	eachAccount(t, func(t *testing.T, a *account) {
		w := a.newWebhook()
		w.body = bytes.Replace(w.body, []byte("{"), []byte("{\"odd\":\"\xff\xfe\u2028<&>\","), 1)

		deliver(t, w, http.StatusOK)

		assert.Equal(t, w.body, requireRow(t, w.eventID()).Payload)
	})
}

// A body that does not fit into a message is stored in the bucket.
func TestLargeBody(t *testing.T) {
	eachAccount(t, func(t *testing.T, a *account) {
		w := a.newWebhook().padded(1 << 20)

		deliver(t, w, http.StatusOK)

		row := requireRow(t, w.eventID())
		assert.Empty(t, row.Payload)
		assert.Equal(t, payloadKey(w, time.UnixMilli(row.ReceivedAt)), row.PayloadRef)
		payload, err := payloads().Payload(t.Context(), row)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(w.body, payload))
	})
}

func TestSecondDeliveryIsOneRow(t *testing.T) {
	eachAccount(t, func(t *testing.T, a *account) {
		w := a.newWebhook()
		again := w
		again.body = a.Redelivered(w.body)
		again.at = w.at.Add(time.Second)

		deliver(t, w, http.StatusOK)
		requireRow(t, w.eventID())
		deliver(t, w, http.StatusOK)
		deliver(t, again, http.StatusOK)

		requireEmpty(t, "QueueUrl")
		assert.Equal(t, w.body, requireRow(t, w.eventID()).Payload, "the first body is kept")
		requireEmpty(t, "DeadLetterQueueUrl")
		_, err := findArchived(t.Context(), a.Provider.Name+"/", func(m event.Archived) bool {
			return m.Event != nil && m.Event.ID == w.eventID()
		})
		require.ErrorIs(t, err, errNotArchived, "a duplicate is not a conflict")
	})
}

func TestOtherContentUnderTheSameKeyIsKept(t *testing.T) {
	eachAccount(t, func(t *testing.T, a *account) {
		w := a.newWebhook()
		other := w
		other.body = a.Body(w.id, 999, senders.Created)

		deliver(t, w, http.StatusOK)
		requireRow(t, w.eventID())
		deliver(t, other, http.StatusOK)

		m := requireArchived(t, a.Provider.Name+"/", ofBody(other.body))
		assert.Equal(t, contract.ReasonConflict, m.FailureReason)
		assert.Equal(t, other.body, m.Event.Payload)
		stored := requireRow(t, w.eventID())
		assert.Equal(t, w.body, stored.Payload)

		// An operator decides for the other content.
		deleteRow(t, stored)
		assert.Equal(t, "[]\n", replay(t, m.key, "-conflicts"), "nothing is missing")
		assert.Equal(t, other.body, requireRow(t, w.eventID()).Payload)
	})
}

// PayPal signs a CRC-32 of the body. Whoever has one genuine transmission can make
// other bodies with its checksum.
func TestForgedBodyWithAGenuineSignature(t *testing.T) {
	a := guarded(t)
	w := a.newWebhook()
	header := w.header()
	post := func(body []byte) {
		status, answer, err := stack.Post(t.Context(), a.Provider, header, body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status, "the signature fits: %s", answer)
	}
	post(w.body)
	requireRow(t, w.eventID())

	newID := a.NewID()
	for why, body := range map[string][]byte{
		"a new event":                       a.Body(newID, 999, senders.Created),
		"the same event, created elsewhere": a.Body(w.id, 999, senders.Created+60_000),
	} {
		forged := paypaltest.Forge(bytes.Replace(body, []byte(senders.Mark), []byte(senders.Mark+paypaltest.Forgeable), 1), w.body)
		post(forged)
		m := requireArchived(t, a.Provider.Name+"/", ofBody(forged))
		assert.Equal(t, contract.ReasonSignatureReused, m.FailureReason, why)
		assert.Equal(t, forged, m.Event.Payload, why)
	}
	mine, err := rows(t.Context(), a.EventID(newID))
	require.NoError(t, err)
	assert.Empty(t, mine)
	assert.Equal(t, w.body, requireRow(t, w.eventID()).Payload)
}

func TestSignedBodyThatIsNoEventIsQuarantined(t *testing.T) {
	eachAccount(t, func(t *testing.T, a *account) {
		w := a.newWebhook()
		w.body = []byte(senders.Mark + ", signed, not JSON: " + w.id + "\x00\xff")

		deliver(t, w, http.StatusOK)

		m := requireArchived(t, a.Provider.Name+"/", ofBody(w.body))
		assert.Equal(t, "envelope_unreadable", m.FailureReason)
		assert.Equal(t, w.body, m.Event.Payload)
	})
}

func TestEventsMayComeOutOfOrder(t *testing.T) {
	eachAccount(t, func(t *testing.T, a *account) {
		aMinuteLater := senders.Created + 60_000
		later, earlier := a.newWebhook(), a.newWebhook()
		later.body = a.Body(later.id, 100, aMinuteLater)

		deliver(t, later, http.StatusOK)
		requireRow(t, later.eventID())
		deliver(t, earlier, http.StatusOK)

		assert.Equal(t, int64(senders.Created), requireRow(t, earlier.eventID()).Timestamp)
		assert.Equal(t, int64(aMinuteLater), requireRow(t, later.eventID()).Timestamp)
	})
}

func TestRejectedWebhooks(t *testing.T) {
	eachAccount(t, func(t *testing.T, a *account) {
		var refused []webhook
		for why, arrange := range map[string]func(*webhook, http.Header) http.Header{
			"signed with another secret": func(w *webhook, _ http.Header) http.Header {
				w.secret = a.NewSecret()
				return w.header()
			},
			"signed too long ago": func(w *webhook, _ http.Header) http.Header {
				w.at = w.at.Add(-a.Stale)
				if a.Stale == 0 { // the provider signs no time
					w.secret = a.NewSecret()
				}
				return w.header()
			},
			"without the header": func(_ *webhook, h http.Header) http.Header {
				h.Del(a.SignatureHeader)
				return h
			},
			"with an empty header": func(_ *webhook, h http.Header) http.Header {
				h.Set(a.SignatureHeader, "")
				return h
			},
			"with the header twice (the emulator joins them)": func(_ *webhook, h http.Header) http.Header {
				h.Add(a.SignatureHeader, h.Get(a.SignatureHeader))
				return h
			},
			"with the signature of another body": func(*webhook, http.Header) http.Header {
				return a.newWebhook().header()
			},
		} {
			t.Run(why, func(t *testing.T) {
				w := a.newWebhook().padded(200 << 10)
				header := arrange(&w, w.header())

				status, answer, err := stack.Post(t.Context(), a.Provider, header, w.body)

				require.NoError(t, err)
				assert.Equal(t, http.StatusUnauthorized, status)
				assert.NotContains(t, strings.ToLower(string(answer)), "signature", "the response does not say why")
				refused = append(refused, w)
			})
		}
		requireEmpty(t, "QueueUrl")
		requireEmpty(t, "DeadLetterQueueUrl")
		for _, w := range refused {
			mine, err := rows(t.Context(), w.eventID())
			require.NoError(t, err)
			assert.Empty(t, mine)
			_, err = findArchived(t.Context(), a.Provider.Name+"/", ofBody(w.body))
			require.ErrorIs(t, err, errNotArchived)
			_, err = payloads().Payload(t.Context(), event.Event{PayloadRef: payloadKey(w, time.Now())})
			require.Error(t, err, "a large body is stored only after verification")
		}
	})
}

// An entry of Stripe's secret names its environment; PayPal's and Square's always do,
// and their bodies tell no mode.
func TestEventOfTheOtherMode(t *testing.T) {
	skipShort(t)
	a := accounts[0]
	t.Cleanup(func() { assert.NoError(t, a.putSecrets(context.WithoutCancel(t.Context()), a.secret)) })
	w := a.newWebhook() // livemode is false
	w.secret = a.NewSecret()
	document := a.Document(a.secret, w.secret).(map[string]any)
	document["endpoints"].([]map[string]string)[1]["environment"] = "live"
	require.NoError(t, stack.PutSecret(t.Context(), a.Provider, document))

	require.Eventually(t, func() bool {
		status, _, err := w.send(t.Context())
		return err == nil && status == http.StatusOK
	}, waitTime, 500*time.Millisecond, "a mismatch reads the secret again, at most every 10 s")

	m := requireArchived(t, a.Provider.Name+"/", ofBody(w.body))
	assert.Equal(t, contract.ReasonOtherMode, m.FailureReason)
	found, err := rows(t.Context(), w.eventID())
	require.NoError(t, err)
	assert.Empty(t, found)
}

func TestRotation(t *testing.T) {
	eachAccount(t, func(t *testing.T, a *account) {
		t.Cleanup(func() { assert.NoError(t, a.putSecrets(context.WithoutCancel(t.Context()), a.secret)) })
		next := a.newWebhook()
		next.secret = a.NewSecret()

		require.NoError(t, a.putSecrets(t.Context(), a.secret, next.secret))

		require.Eventually(t, func() bool {
			status, _, err := next.send(t.Context())
			return err == nil && status == http.StatusOK
		}, waitTime, 500*time.Millisecond, "a mismatch reads the secret again, at most every 10 s")
		requireRow(t, next.eventID())
		old := a.newWebhook()
		deliver(t, old, http.StatusOK)
		requireRow(t, old.eventID())
	})
}
