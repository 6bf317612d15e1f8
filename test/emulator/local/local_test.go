package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// The requests that the demo shows must be rejected for the reason that it prints.
func TestAttemptsMatchTheirDescription(t *testing.T) {
	s := senders.Stripe()
	a := account{s, s.NewSecret()}
	document, err := json.Marshal(s.Document(a.secret))
	require.NoError(t, err)
	verifier, err := stripe.New().Verifier(document)
	require.NoError(t, err)
	want := map[string]error{
		"accepted": nil, "duplicate": nil,
		"forged": provider.SignatureMismatch, "stale": provider.TimestampStale, "unsigned": provider.HeaderMissing,
	}
	now := time.Now()

	all := a.attempts(s.NewID(), now)

	require.Len(t, all, len(want))
	for _, attempt := range all {
		_, err := verifier.Verify(t.Context(), providertest.MultiHeader(attempt.header), attempt.body, now)
		assert.ErrorIs(t, err, want[attempt.name], attempt.name)
	}
}
