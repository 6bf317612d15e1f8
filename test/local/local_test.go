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
)

func TestDeliveriesOfOneEvent(t *testing.T) {
	first := delivery{eventID: "evt_1", created: time.Unix(1_780_000_000, 0), pending: 2}
	again := first
	again.pending = 1

	require.True(t, json.Valid(first.body()), "every placeholder is filled")
	assert.NotEqual(t, first.body(), again.body(), "or the duplicate would be an easy one")
	assert.True(t, stripe.New().SameEvent(first.body(), again.body()))
	again.eventID = "evt_2"
	assert.False(t, stripe.New().SameEvent(first.body(), again.body()))
}

// The demo's refusals must be refused for the reason that it gives.
func TestAttemptsAreWhatTheySay(t *testing.T) {
	now := time.Now()
	secret := newSecret()
	document, err := json.Marshal(secretDocument{Endpoints: []endpoint{{"demo", secret}}})
	require.NoError(t, err)
	verifier, err := stripe.New().Verifier(document)
	require.NoError(t, err)
	want := map[string]error{
		"accepted": nil, "duplicate": nil,
		"forged": provider.SignatureMismatch, "stale": provider.TimestampStale, "unsigned": provider.HeaderMissing,
	}

	all := attempts(delivery{eventID: "evt_1", created: now, pending: 2}, secret)

	require.Len(t, all, len(want))
	for _, a := range all {
		_, err := verifier.Verify(t.Context(), provider.NewHeader(a.header, nil), a.body, now)
		assert.ErrorIs(t, err, want[a.name], a.name)
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
		{"quick", 1500 * time.Millisecond, nil, "deploying … 1.5 s\n"},
		{"slow: it keeps saying so", 25 * time.Second, nil, "deploying … 10 s … 20 s … 25.0 s\n"},
		{"the reason is main's to print", 0, boom, "deploying … failed\n"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			err := step(&out, "deploying", func() error {
				time.Sleep(row.took)
				return row.err
			})
			assert.ErrorIs(t, err, row.err, row.why)
			assert.Equal(t, row.want, out.String(), row.why)
		})
	}
}
