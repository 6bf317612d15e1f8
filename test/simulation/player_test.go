package simulation_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// player is the provider of a run. Traffic draws Stripe's webhooks in all detail; those of
// the others have the shapes of package senders.
type player struct {
	provider.Provider
	name   string
	sender *senders.Sender // nil for Stripe
	// extraRoots are PayPal's authority.
	extraRoots string
}

// newPlayer returns the player of a provider. Its certificates are valid now.
func newPlayer(t *testing.T, p contract.Provider) player {
	t.Helper()
	played := player{name: p.Name}
	settings := all.Settings{EndpointURL: floodURL}
	switch p.Name {
	case contract.PayPal().Name:
		issued := senders.IssuePayPal(paypaltest.NewAuthority(time.Now()), nil)
		settings.FetchCertificate = func(context.Context, string) ([]byte, error) { return issued.Certificate, nil }
		played.sender, played.extraRoots = new(senders.PayPalWith(issued)), string(issued.Intermediate)+string(issued.Root)
	case contract.Square().Name:
		played.sender = new(senders.Square(floodURL))
	}
	var err error
	played.Provider, err = all.All(settings).ByName(p.Name)
	require.NoError(t, err)
	return played
}

// document returns the secret's document.
func (p player) document(secrets ...string) string {
	document := p.sender.Document(secrets...).(map[string]any)
	if p.extraRoots != "" {
		document["extraRootsPem"] = p.extraRoots
	}
	text, _ := json.Marshal(document) // texts only
	return string(text)
}

// header signs with the newest secret.
func (p player) header(body []byte, at time.Time, secrets []string) http.Header {
	return p.sender.Header(body, secrets[len(secrets)-1], at)
}

// listed returns a webhook's body as the provider's API renders the event.
func (p player) listed(rng *rand.Rand, body string) string {
	switch p.name {
	case contract.PayPal().Name: // with members that a webhook lacks, as some public copies have them
		return strings.Replace(body, `"links":[]`, `"status":"FAILURE","transmissions":[],"links":[{"rel":"self"}]`, 1)
	case contract.Square().Name: // the sample of SearchEvents has no zone
		return strings.Replace(body, `Z","data"`, `.000042","data"`, 1)
	}
	for _, pending := range []string{"1", "2", "3"} {
		body = strings.Replace(body, `"pending_webhooks":`+pending, `"pending_webhooks":0`, 1)
	}
	if rng.IntN(4) == 0 {
		body = strings.Replace(body, "2026-03-25.dahlia", "2019-12-03", 1)
	}
	return body
}

// plain sends an event of another provider than Stripe, sometimes again.
func (s *sender) plain(base shape) {
	c := s.add(newContent(base))
	text := string(s.w.plays.sender.Body(c.id, base.serial, c.created*1000))
	body := []byte(strings.Replace(text, senders.Mark, senders.Mark+strings.Repeat(" ", base.padding), 1))
	s.send("event", c, body, 0)
	for s.w.rng.IntN(8) == 0 {
		s.send("event again", c, body, time.Duration(s.w.rng.Int64N(int64(20*time.Minute))))
	}
}
