package square_test

import (
	"crypto/sha256"
	"hash"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/handlers/provider/square"
)

// TestVerifyURL: the configured URL is part of the signature.
func TestVerifyURL(t *testing.T) {
	body := []byte(`{"event_id":"1"}`)
	named := entry{Label: "named", Key: "key", Environment: "live", URL: url}
	slash := entry{Label: "slash", Key: "key", Environment: "sandbox", URL: url + "/"}
	own := entry{Label: "own", Key: "key_own", Environment: "live"}
	for _, tt := range []struct {
		why     string
		entries []entry
		key, to string
		want    string // "" for a mismatch
	}{
		{"the stack's own URL for an entry without one", []entry{named, own}, "key_own", endpointURL, "own"},
		{"one key, two URLs", []entry{named, slash}, "key", url + "/", "slash"},
		{"another URL than the configured one", []entry{named}, "key", url + "/", ""},
		{"the stack's own URL where the entry names another", []entry{named}, "key", endpointURL, ""},
		{"key of one entry, URL of another", []entry{named, own}, "key_own", url, ""},
	} {
		t.Run(tt.why, func(t *testing.T) {
			origin, err := newVerifier(t, tt.entries...).Verify(t.Context(), signed(sign(body, tt.key, tt.to)), body, epoch())
			assert.Equal(t, tt.want, origin.Endpoint)
			if tt.want == "" {
				assert.ErrorIs(t, err, provider.SignatureMismatch)
			} else {
				assert.NoError(t, err)
			}
		})
	}

	_, err := square.New("", "").Verifier(document(t, named, own))
	assert.ErrorIs(t, err, provider.SecretMalformed, "a tool that does not know the stack's URL")
	assert.ErrorContains(t, err, `entry 2 of "subscriptions": "notificationUrl" is missing`)
}

// TestVerifyAfterADomain: a stack's update changes its URL at once. Square signs the
// API's own URL until somebody changes the subscription, and that URL still leads here.
func TestVerifyAfterADomain(t *testing.T) {
	body := []byte(`{"event_id":"1","created_at":"2026-04-01T00:00:00Z"}`)
	first := entry{Label: "first", Key: "key_1", Environment: "live"}
	second := entry{Label: "second", Key: "key_2", Environment: "sandbox", MaxAge: 24}
	named := entry{Label: "named", Key: "key_3", Environment: "live", URL: url}
	const domain = "https://pay.example.com/square"
	v, err := square.New(domain, apiURL).Verifier(document(t, first, second, named))
	require.NoError(t, err)
	for _, tt := range []struct {
		why     string
		key, to string
		age     time.Duration
		want    error
		origin  provider.Origin
		hashes  int // of the body
	}{
		{"Square has the API's URL", "key_1", apiURL, 0, nil, provider.Origin{Endpoint: "first", Livemode: new(true)}, 4},
		{"with the label and the environment of its entry", "key_2", apiURL, 0, nil, provider.Origin{Endpoint: "second", Livemode: new(false)}, 5},
		{"and its bound", "key_2", apiURL, 25 * time.Hour, provider.TimestampStale, provider.Origin{}, 5},
		{"Square has the domain: no signature of the API's URL is made", "key_2", domain, 0, nil, provider.Origin{Endpoint: "second", Livemode: new(false)}, 2},
		{"an entry with a URL of its own has no other", "key_3", apiURL, 0, provider.SignatureMismatch, provider.Origin{}, 5},
		{"another path of the API", "key_1", apiURL + "/", 0, provider.SignatureMismatch, provider.Origin{}, 5},
	} {
		t.Run(tt.why, func(t *testing.T) {
			made := 0
			counting := square.WithHash(v, func() hash.Hash { made++; return sha256.New() })
			origin, err := counting.Verify(t.Context(), signed(sign(body, tt.key, tt.to)), body, epoch().Add(tt.age))
			assert.ErrorIs(t, err, tt.want)
			assert.Equal(t, tt.origin, origin)
			assert.Equal(t, 2*tt.hashes, made, "an HMAC has an inner and an outer hash")
			if tt.want == provider.SignatureMismatch {
				assert.ErrorContains(t, err, "none of 3 keys")
			}
		})
	}
}

func TestVerifyBoundsTheAge(t *testing.T) {
	const created = `{"created_at":"2026-04-01T00:00:00.000000001Z"}`

	for _, tt := range []struct {
		why    string
		maxAge int // hours
		body   string
		age    time.Duration
		want   error
	}{
		{"no bound: the longest retry of any of Square's pages", 0, created, 72 * time.Hour, nil},
		{"no bound: a moment later", 0, created, 72*time.Hour + time.Millisecond, provider.TimestampStale},
		{"no bound: for next year", 0, created, -365 * 24 * time.Hour, provider.TimestampFuture},
		{"a bound of a year, as an operator may need it", 8760, created, 364 * 24 * time.Hour, nil},
		{"at once", 24, created, 0, nil},
		{"the last retry", 24, created, 24 * time.Hour, nil},
		{"a moment later", 24, created, 24*time.Hour + time.Millisecond, provider.TimestampStale},
		{"within a wider bound", 72, created, 71 * time.Hour, nil},
		{"replayed a year later", 72, created, 365 * 24 * time.Hour, provider.TimestampStale},
		{"our clock is behind", 24, created, -5 * time.Minute, nil},
		{"further than any clock is wrong", 24, created, -5*time.Minute - time.Millisecond, provider.TimestampFuture},

		// A body without a date passes; its event_id is accepted once.
		{"no created_at", 24, `{"event_id":"1"}`, 365 * 24 * time.Hour, nil},
		{"one that is no date", 24, `{"created_at":"2026-19-12T00:00:00Z"}`, 365 * 24 * time.Hour, nil},
		{"one of a wrong type", 24, `{"created_at":{}}`, 365 * 24 * time.Hour, nil},
		{"not JSON", 24, `created_at=2026`, 365 * 24 * time.Hour, nil},
	} {
		t.Run(tt.why, func(t *testing.T) {
			v := newVerifier(t,
				entry{Label: "other", Key: "other", Environment: "sandbox", URL: url, MaxAge: 24},
				entry{Label: "main", Key: "key", Environment: "live", URL: url, MaxAge: tt.maxAge})
			header := signed(sign([]byte(tt.body), "key", url))

			origin, err := v.Verify(t.Context(), header, []byte(tt.body), epoch().Add(tt.age))
			if tt.want == nil {
				assert.NoError(t, err)
				assert.Equal(t, "main", origin.Endpoint)
				return
			}
			assert.ErrorIs(t, err, tt.want)
			assert.Empty(t, origin)
		})
	}
}

// TestVerifyTriesEveryBound: of entries with one key and one URL, as during a
// change of the bound, the widest decides.
func TestVerifyTriesEveryBound(t *testing.T) {
	body := []byte(`{"created_at":"2026-04-01T00:00:00Z"}`)
	tight := entry{Label: "tight", Key: "key", Environment: "live", URL: url, MaxAge: 24}
	wide := entry{Label: "wide", Key: "key", Environment: "live", URL: url, MaxAge: 72}
	other := entry{Label: "other", Key: "other", Environment: "live", URL: url}

	for _, tt := range []struct {
		why     string
		entries []entry
		age     time.Duration // hours
		want    string        // "" for stale
	}{
		{"both take it: the first", []entry{tight, wide}, 1, "tight"},
		{"too old for the first", []entry{tight, wide}, 48, "wide"},
		{"the wide one first", []entry{wide, tight}, 48, "wide"},
		{"too old for both", []entry{tight, wide}, 73, ""},
		{"too old, and no other entry has its key", []entry{tight, other}, 48, ""},
	} {
		t.Run(tt.why, func(t *testing.T) {
			origin, err := newVerifier(t, tt.entries...).Verify(t.Context(), signed(sign(body, "key", url)), body, epoch().Add(tt.age*time.Hour))
			assert.Equal(t, tt.want, origin.Endpoint)
			if tt.want == "" {
				assert.ErrorIs(t, err, provider.TimestampStale)
			} else {
				assert.NoError(t, err)
			}
		})
	}
}

// TestVerifyTellsNoAgeToStrangers: only a signed body is rejected for its age.
func TestVerifyTellsNoAgeToStrangers(t *testing.T) {
	body := []byte(`{"created_at":"2020-01-01T00:00:00Z"}`)
	v := newVerifier(t, entry{Label: "main", Key: "key", Environment: "live", MaxAge: 24})
	_, err := v.Verify(t.Context(), signed(sign(body, "guess", endpointURL)), body, epoch())
	assert.ErrorIs(t, err, provider.SignatureMismatch)
}

func TestFullSecretAndTheLargestBody(t *testing.T) {
	entries := slices.Repeat([]entry{{Label: "a", Key: "key", Environment: "live"}}, providertest.MaxEntries)
	for apiURL, signatures := range map[string]int{"": 1, endpointURL: 1, apiURL: 2} {
		v, err := square.New(endpointURL, apiURL).Verifier(document(t, entries...))
		require.NoError(t, err)
		providertest.RequireEffort(t, signatures, func(newHash func() hash.Hash) provider.Verifier {
			return square.WithHash(v, newHash)
		}, func(body []byte) provider.Header { return signed(sign(body, "another", endpointURL)) }, epoch())
	}
}
