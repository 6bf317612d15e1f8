package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
	"github.com/paysluice/paysluice/test/emulator/senders"
	"github.com/paysluice/paysluice/test/header"
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
		_, err := verifier.Verify(t.Context(), header.Multi(attempt.header), attempt.body, now)
		assert.ErrorIs(t, err, want[attempt.name], attempt.name)
	}
}

func TestStep(t *testing.T) {
	boom := errors.New("boom")
	for _, row := range []struct {
		why  string
		took time.Duration
		err  error
		want string
	}{
		{"quick", 1500 * time.Millisecond, nil, "Deploying … 1.5 s\n"},
		{"slow: the line grows", 25 * time.Second, nil, "Deploying … 10 s … 20 s … 25.0 s\n"},
		{"failed: main prints the error", 0, boom, "Deploying … failed\n"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			err := local{out: &out}.step("Deploying", func() error {
				time.Sleep(row.took)
				return row.err
			})
			assert.ErrorIs(t, err, row.err, row.why)
			assert.Equal(t, row.want, out.String(), row.why)
		})
	}
}
