package flow_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// account is a provider that sends to the stack, and their shared secret.
type account struct {
	senders.Sender
	secret string

	// early is a webhook that was sent before the stack had the secret.
	// unconfigured is its status.
	early        webhook
	unconfigured int
}

// open sends a first webhook, then stores the account's secret and waits until
// the stack accepts webhooks.
func open(ctx context.Context, s senders.Sender) (a *account, err error) {
	a = &account{Sender: s, secret: s.NewSecret()}
	a.early = a.newWebhook()
	if a.unconfigured, _, err = a.early.send(ctx); err != nil {
		return nil, err
	}
	if err := a.putSecrets(ctx, a.secret); err != nil {
		return nil, err
	}
	// A processor remembers a missing secret for two seconds.
	return a, emulator.Await(ctx, func(ctx context.Context) error {
		status, answer, err := a.newWebhook().send(ctx)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("%s gets %d %s", a.Provider.Title, status, answer)
		}
		return err
	})
}

func (a *account) putSecrets(ctx context.Context, secrets ...string) error {
	return stack.PutSecret(ctx, a.Provider, a.Document(secrets...))
}

// eachAccount runs a test for every provider, two at a time.
func eachAccount(t *testing.T, test func(t *testing.T, a *account)) {
	for _, a := range accounts {
		t.Run(a.Provider.Name, func(t *testing.T) {
			t.Parallel()
			test(t, a)
		})
	}
}

// webhook is one delivery of an event.
type webhook struct {
	*account
	id     string // the provider's own
	body   []byte
	secret string
	at     time.Time
}

// newWebhook returns a valid delivery of a new event.
func (a *account) newWebhook() webhook {
	id := a.NewID()
	return webhook{account: a, id: id, body: a.Body(id, 100, senders.Created), secret: a.secret, at: time.Now()}
}

// padded returns the webhook with size spaces added to its body.
func (w webhook) padded(size int) webhook {
	w.body = bytes.Replace(w.body, []byte("{"), append([]byte("{"), bytes.Repeat([]byte(" "), size)...), 1)
	return w
}

// eventID returns the event's key in the table.
func (w webhook) eventID() string { return w.EventID(w.id) }

// header returns the headers that the provider sends with the webhook.
func (w webhook) header() http.Header {
	h := w.Header(w.body, w.secret, w.at)
	signatures.add(h.Get(w.SignatureHeader))
	return h
}

// send posts the webhook.
func (w webhook) send(ctx context.Context) (status int, answer string, err error) {
	status, body, err := stack.Post(ctx, w.Provider, w.header(), w.body)
	return status, string(body), err
}

// deliver posts a webhook and requires a status.
func deliver(t *testing.T, w webhook, status int) (answer string) {
	t.Helper()
	got, answer, err := w.send(t.Context())
	require.NoError(t, err)
	require.Equal(t, status, got, "the response is %s", answer)
	return answer
}

// signatures are all signatures that were sent, for checkLogs.
var signatures collection

type collection struct {
	mu    sync.Mutex
	items []string
}

func (c *collection) add(item string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.items = append(c.items, item)
}
