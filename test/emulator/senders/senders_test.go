package senders_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

const url = "https://abc.execute-api.us-east-1.amazonaws.com/live/square"

// The providers must accept the senders' webhooks.
func TestWebhooksVerifyAndMeanTheSame(t *testing.T) {
	now := time.Now()
	authority := paypaltest.NewAuthority(now)
	hosts := paypaltest.NewHosts(authority)
	defer hosts.Close()
	leafOnly := func(context.Context, string) ([]byte, error) {
		return authority.Issue(paypaltest.LiveName, now).PEM(), nil
	}
	set := all.All(all.Settings{FetchCertificate: leafOnly, Certificates: &paypaltest.Store{}, EndpointURL: url})

	for _, s := range []senders.Sender{senders.Stripe(), senders.PayPal(authority, hosts), senders.Square(url)} {
		t.Run(s.Provider.Name, func(t *testing.T) {
			p, err := set.ByName(s.Provider.Name)
			require.NoError(t, err)
			secret, id := s.NewSecret(), s.NewID()
			document := s.Document(s.NewSecret(), secret).(map[string]any)
			if s.Provider.Name == "paypal" {
				document["extraRootsPem"] = string(authority.Intermediate.PEM()) + string(authority.Root.PEM())
			}
			text, err := json.Marshal(document)
			require.NoError(t, err)
			v, err := p.Verifier(text)
			require.NoError(t, err)
			body := s.Body(id, 1250, senders.Created)
			signed := providertest.MultiHeader(s.Header(body, secret, now))

			origin, err := v.Verify(t.Context(), signed, body, now)
			require.NoError(t, err)
			e, err := p.Event(body, origin)

			require.NoError(t, err)
			assert.Equal(t, s.EventID(id), e.ID)
			assert.Equal(t, int64(senders.Created), e.Timestamp)
			assert.Equal(t, event.PaymentSucceeded, e.Category)
			assert.Equal(t, event.Money{Amount: "12.50", Currency: "USD"}, e.Money)
			assert.Equal(t, "pi_1", e.PaymentID)
			assert.Equal(t, "test", e.Endpoint)
			later, err := p.Event(s.Body(id, 1250, senders.Created+60_000), origin)
			require.NoError(t, err)
			assert.Equal(t, int64(senders.Created+60_000), later.Timestamp)
			again, err := p.Event(s.Redelivered(body), origin)
			require.NoError(t, err)
			assert.True(t, p.SameEvent(e, again))
			other, err := p.Event(s.Body(id, 9900, senders.Created), origin)
			require.NoError(t, err)
			assert.False(t, p.SameEvent(e, other))
			_, err = v.Verify(t.Context(), signed, s.Body(id, 9900, senders.Created), now)
			assert.ErrorIs(t, err, provider.SignatureMismatch)
			if s.Stale > 0 {
				stale := providertest.MultiHeader(s.Header(body, secret, now.Add(-s.Stale)))
				assert.ErrorIs(t, p.CheckHeaders(stale, now), provider.TimestampStale)
			}
		})
	}
}
