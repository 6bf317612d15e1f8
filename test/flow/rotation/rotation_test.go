// Package rotation shows that rotating a secret loses no webhook and that a
// removed secret is rejected within five minutes.
package rotation

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/secret"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/processor"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

const url = "https://abc.execute-api.us-east-1.amazonaws.com/live/square"

// environments is the number of warm processors, each with its own cache.
const environments = 3

// queue accepts every message.
type queue struct{}

func (queue) Send(context.Context, string, string) error { return nil }

func (queue) SendInGroup(context.Context, string, string) error { return nil }

// vault plays Secrets Manager with one secret.
type vault struct{ document []byte }

func (v *vault) put(t *testing.T, document any) {
	t.Helper()
	text, err := json.Marshal(document)
	require.NoError(t, err)
	v.document = text
}

func (v *vault) read(context.Context) ([]byte, error) { return slices.Clone(v.document), nil }

// warm returns processors that share only the vault.
func warm(p provider.Provider, v *vault) []*processor.Handler {
	var all []*processor.Handler
	for range environments {
		all = append(all, &processor.Handler{
			Provider:    p,
			Secrets:     secret.New(v.read, p.Verifier, time.Now, func(context.Context, error) {}),
			Events:      queue{},
			DeadLetters: queue{},
			Log:         function.NewLogger(io.Discard, "INFO"),
			Metrics:     function.NewMetrics(io.Discard, "test", time.Now),
			Now:         time.Now,
		})
	}
	return all
}

// deliver sends a webhook that is signed now and returns the status.
func deliver(t *testing.T, h *processor.Handler, s senders.Sender, signedWith string) int {
	t.Helper()
	body := s.Body(s.NewID(), 100, time.Now().UnixMilli())
	answer, err := h.Handle(t.Context(), function.Request{
		Header:          providertest.MultiHeader(s.Header(body, signedWith, time.Now())),
		Body:            []byte(base64.StdEncoding.EncodeToString(body)),
		IsBase64Encoded: true,
	})
	require.NoError(t, err)
	return answer.StatusCode
}

func TestRotationLosesNothingWhileRequestsKeepFlowing(t *testing.T) {
	for _, name := range []string{"stripe", "paypal", "square"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, p := play(t, name)
				v := &vault{}
				before, after := s.NewSecret(), s.NewSecret()
				v.put(t, s.Document(before))
				all := warm(p, v)

				// flow sends a webhook per second to the environments in turn.
				flow := func(seconds int, signedWith string, check func(second, status int)) {
					for second := range seconds {
						check(second, deliver(t, all[second%environments], s, signedWith))
						time.Sleep(time.Second)
					}
				}
				accepted := func(second, status int) {
					require.Equal(t, http.StatusOK, status, "second %d", second)
				}

				flow(600, before, accepted)
				v.put(t, s.Document(before, after))
				flow(15, before, accepted)
				flow(600, after, accepted)
				v.put(t, s.Document(after))
				flow(600, after, accepted)

				v.put(t, s.Document(s.NewSecret()))
				flow(600, after, func(second, status int) {
					if second >= 300 {
						assert.Equal(t, http.StatusUnauthorized, status, "removed %d s ago", second)
					}
				})
			})
		})
	}
}

// play returns the provider and a sender that plays it.
func play(t *testing.T, name string) (senders.Sender, provider.Provider) {
	t.Helper()
	authority := paypaltest.NewAuthority(time.Now())
	settings := all.Settings{
		EndpointURL:  url,
		Certificates: &paypaltest.Store{},
		FetchCertificate: func(context.Context, string) ([]byte, error) {
			return authority.Issue(paypaltest.LiveName, time.Now()).PEM(), nil
		},
	}
	p, err := all.All(settings).ByName(name)
	require.NoError(t, err)
	switch name {
	case "stripe":
		return senders.Stripe(), p
	case "square":
		return senders.Square(url), p
	}
	s := senders.PayPal(authority, nil)
	document := s.Document
	s.Document = func(secrets ...string) any {
		d := document(secrets...).(map[string]any)
		d["extraRootsPem"] = string(authority.Intermediate.PEM()) + string(authority.Root.PEM())
		return d
	}
	return s, p
}
