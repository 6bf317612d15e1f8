package flow_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
)

// signingSecret is made for this run; TestNothingSecretIsLogged looks for it.
var signingSecret = "whsec_marked_" + rand.Text()

// webhook is one delivery by Stripe.
type webhook struct {
	body   string
	secret string
	at     time.Time
}

// newWebhook is a good delivery of a new event.
func newWebhook() (w webhook, id string) {
	id = "evt_" + rand.Text()
	return webhook{body: eventBody(id, 100), secret: signingSecret, at: time.Now()}, event.NewID("stripe", id)
}

// eventBody is an event that differs with its amount.
func eventBody(id string, amount int) string {
	return fmt.Sprintf(`{"id":%q,"object":"event","api_version":"2026-01-28","created":1780000000,"livemode":false,`+
		`"pending_webhooks":1,"type":"payment_intent.succeeded","data":{"object":{"id":"pi_marked","object":"payment_intent",`+
		`"amount":%d,"amount_received":%d,"currency":"eur","status":"succeeded"}}}`, id, amount, amount)
}

func (w webhook) header() http.Header {
	h := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	h.Set(contract.Stripe().IdentityHeaders[0], stripe.Sign([]byte(w.body), w.secret, w.at))
	return h
}

// send posts the webhook.
func (w webhook) send(ctx context.Context) (status int, answer string, err error) {
	code, body, err := stack.Post(ctx, contract.Stripe(), w.header(), []byte(w.body))
	return code, string(body), err
}

// deliver posts a webhook that must be answered with status.
func deliver(t *testing.T, w webhook, status int) (answer string) {
	t.Helper()
	got, answer, err := w.send(t.Context())
	require.NoError(t, err)
	require.Equal(t, status, got, "answered %s", answer)
	return answer
}

// putSecret makes the given signing secrets live.
func putSecret(ctx context.Context, secrets ...string) error {
	type entry struct {
		Label  string `json:"label"`
		Secret string `json:"secret"`
	}
	document := struct {
		Endpoints []entry `json:"endpoints"`
	}{}
	for _, secret := range secrets {
		document.Endpoints = append(document.Endpoints, entry{Label: "flow", Secret: secret})
	}
	return stack.PutSecret(ctx, contract.Stripe(), document)
}
