package flow_test

import (
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

// account is a provider that sends to the stack, and the secret they share.
type account struct {
	senders.Sender
	secret string

	// early is a webhook that was sent before the stack had the secret, and
	// unconfigured what it was answered.
	early        webhook
	unconfigured int
}

// open sends a first webhook, then makes the account's secret the live one and
// waits until it is taken.
func open(ctx context.Context, s senders.Sender) (a *account, err error) {
	a = &account{Sender: s, secret: s.NewSecret()}
	a.early = a.newWebhook()
	if a.unconfigured, _, err = a.early.send(ctx); err != nil {
		return nil, err
	}
	if err := a.putSecrets(ctx, a.secret); err != nil {
		return nil, err
	}
	// A processor remembers for two seconds that there was none.
	return a, emulator.Await(ctx, func(ctx context.Context) error {
		status, answer, err := a.newWebhook().send(ctx)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("%s is answered %d %s", a.Provider.Title, status, answer)
		}
		return err
	})
}

func (a *account) putSecrets(ctx context.Context, secrets ...string) error {
	return stack.PutSecret(ctx, a.Provider, a.Document(secrets...))
}

// eachAccount runs a test for every provider.
func eachAccount(t *testing.T, test func(t *testing.T, a *account)) {
	for _, a := range accounts {
		t.Run(a.Provider.Name, func(t *testing.T) { test(t, a) })
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

// newWebhook is a good delivery of a new event.
func (a *account) newWebhook() webhook {
	id := a.NewID()
	return webhook{account: a, id: id, body: a.Body(id, 100, senders.Created), secret: a.secret, at: time.Now()}
}

// eventID is the event's key in the table.
func (w webhook) eventID() string { return w.EventID(w.id) }

// header is how the provider sends the webhook.
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

// deliver posts a webhook that must be answered with status.
func deliver(t *testing.T, w webhook, status int) (answer string) {
	t.Helper()
	got, answer, err := w.send(t.Context())
	require.NoError(t, err)
	require.Equal(t, status, got, "answered %s", answer)
	return answer
}

// signatures are all that were sent, so that checkLogs can look for them.
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
