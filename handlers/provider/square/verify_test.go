package square_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/square"
	"github.com/paysluice/paysluice/test/header"
)

// vector is one case of testdata/signatures.json; each names its source.
type vector struct {
	ID      string            `json:"id"`
	Expect  string            `json:"expect"`
	Secrets []string          `json:"secrets"`
	URL     string            `json:"notification_url"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body_base64"`
}

func readVectors(t testing.TB) []vector {
	t.Helper()
	var file struct{ Vectors []vector }
	require.NoError(t, json.Unmarshal(readFile(t, "testdata/signatures.json"), &file))
	require.NotEmpty(t, file.Vectors)
	return file.Vectors
}

func (v vector) verify(t testing.TB) (provider.Origin, error) {
	t.Helper()
	body, err := base64.StdEncoding.DecodeString(v.Body)
	require.NoError(t, err)
	entries := make([]entry, len(v.Secrets))
	for i, key := range v.Secrets {
		entries[i] = entry{Label: fmt.Sprintf("entry %d", i+1), Key: key, URL: v.URL, Environment: "sandbox"}
	}
	return newVerifier(t, entries...).Verify(t.Context(), header.Of(v.Headers), body, epoch)
}

func TestVectors(t *testing.T) {
	for _, v := range readVectors(t) {
		t.Run(v.ID, func(t *testing.T) {
			origin, err := v.verify(t)
			switch v.Expect {
			case "valid":
				assert.NoError(t, err)
				assert.NotEmpty(t, origin.Endpoint)
			case "invalid":
				assert.Equal(t, provider.Rejected, provider.ReasonOf(err).Class(), "%v", err)
				assert.Empty(t, origin)
			default:
				t.Fatalf("unknown expectation %q", v.Expect)
			}
		})
	}
}

func TestVerify(t *testing.T) {
	body := []byte("{\"event_id\":\"1\"}\n")
	old := entry{Label: "main", Key: "key_old", Environment: "live", URL: url}
	fresh := entry{Label: "main", Key: "key_new", Environment: "live", URL: url}
	sandbox := entry{Label: "sandbox", Key: "key_sandbox", Environment: "sandbox", URL: url}
	own := entry{Label: "own", Key: "key_own", Environment: "live"}
	slash := entry{Label: "slash", Key: "key_old", Environment: "sandbox", URL: url + "/"}
	none := []byte(nil)

	for _, tt := range []struct {
		why     string
		entries []entry
		header  string
		body    []byte
		want    provider.Origin // empty for a mismatch
	}{
		{"the one key", []entry{old}, square.Sign(body, "key_old", url), body, provider.Origin{Endpoint: "main", Livemode: new(true)}},
		{"the entry that matches names endpoint and environment", []entry{old, sandbox}, square.Sign(body, "key_sandbox", url), body, provider.Origin{Endpoint: "sandbox", Livemode: new(false)}},
		{"rotation: both keys here, the old one there", []entry{fresh, old}, square.Sign(body, "key_old", url), body, provider.Origin{Endpoint: "main", Livemode: new(true)}},
		{"rotation: both keys here, the new one there", []entry{old, fresh}, square.Sign(body, "key_new", url), body, provider.Origin{Endpoint: "main", Livemode: new(true)}},
		{"no URL in the entry: the stack's own", []entry{old, own}, square.Sign(body, "key_own", endpointURL), body, provider.Origin{Endpoint: "own", Livemode: new(true)}},
		{"one key, two URLs: the URL decides", []entry{old, slash}, square.Sign(body, "key_old", url+"/"), body, provider.Origin{Endpoint: "slash", Livemode: new(false)}},
		{"any bytes can be signed", []entry{old}, square.Sign([]byte("\x00\xff"), "key_old", url), []byte("\x00\xff"), provider.Origin{Endpoint: "main", Livemode: new(true)}},

		{"a retired key", []entry{fresh}, square.Sign(body, "key_old", url), body, provider.Origin{}},
		{"another URL than the configured one", []entry{old}, square.Sign(body, "key_old", url+"/"), body, provider.Origin{}},
		{"the stack's own URL where the entry names another", []entry{old}, square.Sign(body, "key_old", endpointURL), body, provider.Origin{}},
		{"key of one entry, URL of another", []entry{old, own}, square.Sign(body, "key_own", url), body, provider.Origin{}},
		{"a body re-encoded on its way", []entry{old}, square.Sign(body, "key_old", url), []byte(`{"event_id":"1"}`), provider.Origin{}},
		{"an empty body under another body's signature, which square-go-sdk accepts", []entry{old}, square.Sign(body, "key_old", url), none, provider.Origin{}},
		{"an empty body under its own", []entry{old}, square.Sign(none, "key_old", url), none, provider.Origin{}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			origin, err := newVerifier(t, tt.entries...).Verify(t.Context(), signed(tt.header), tt.body, epoch)
			assert.Equal(t, tt.want, origin)
			if tt.want.Endpoint != "" {
				assert.NoError(t, err)
				return
			}
			assert.ErrorIs(t, err, provider.SignatureMismatch)
			assert.NotContains(t, err.Error(), "key_")
		})
	}
}

// TestVerifyChecksHeadersFirst: gate 2 alone is sufficient.
func TestVerifyChecksHeadersFirst(t *testing.T) {
	v := newVerifier(t, entry{Label: "main", Key: "key", Environment: "live"})
	_, err := v.Verify(t.Context(), provider.Header{}, []byte(`{}`), epoch)
	assert.ErrorIs(t, err, provider.HeaderMissing)
	_, err = v.Verify(t.Context(), signed("key"), []byte(`{}`), epoch)
	assert.ErrorIs(t, err, provider.HeaderMalformed)
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
		{"no bound: years later", 0, created, 3 * 365 * 24 * time.Hour, nil},
		{"no bound: for next year", 0, created, -365 * 24 * time.Hour, nil},
		{"at once", 24, created, 0, nil},
		{"the last retry", 24, created, 24 * time.Hour, nil},
		{"a moment later", 24, created, 24*time.Hour + time.Millisecond, provider.TimestampStale},
		{"within a wider bound", 72, created, 71 * time.Hour, nil},
		{"replayed a year later", 72, created, 365 * 24 * time.Hour, provider.TimestampStale},
		{"our clock is behind", 24, created, -5 * time.Minute, nil},
		{"further than any clock is wrong", 24, created, -5*time.Minute - time.Millisecond, provider.TimestampFuture},

		// What has no date is for Event to judge: it is new or it is not.
		{"no created_at", 24, `{"event_id":"1"}`, 365 * 24 * time.Hour, nil},
		{"one that is no date", 24, `{"created_at":"2026-19-12T00:00:00Z"}`, 365 * 24 * time.Hour, nil},
		{"one of a wrong type", 24, `{"created_at":{}}`, 365 * 24 * time.Hour, nil},
		{"not JSON", 24, `created_at=2026`, 365 * 24 * time.Hour, nil},
	} {
		t.Run(tt.why, func(t *testing.T) {
			v := newVerifier(t,
				entry{Label: "other", Key: "other", Environment: "sandbox", URL: url, MaxAge: 24},
				entry{Label: "main", Key: "key", Environment: "live", URL: url, MaxAge: tt.maxAge})
			header := signed(square.Sign([]byte(tt.body), "key", url))

			origin, err := v.Verify(t.Context(), header, []byte(tt.body), epoch.Add(tt.age))
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

// TestVerifyTriesEveryBound: of entries with one key and one URL, as while a
// bound is changed, the widest decides.
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
			origin, err := newVerifier(t, tt.entries...).Verify(t.Context(), signed(square.Sign(body, "key", url)), body, epoch.Add(tt.age*time.Hour))
			assert.Equal(t, tt.want, origin.Endpoint)
			if tt.want == "" {
				assert.ErrorIs(t, err, provider.TimestampStale)
			} else {
				assert.NoError(t, err)
			}
		})
	}
}

// TestVerifyTellsNoAgeToStrangers: only what is signed is too old.
func TestVerifyTellsNoAgeToStrangers(t *testing.T) {
	body := []byte(`{"created_at":"2020-01-01T00:00:00Z"}`)
	v := newVerifier(t, entry{Label: "main", Key: "key", Environment: "live", MaxAge: 24})
	_, err := v.Verify(t.Context(), signed(square.Sign(body, "guess", endpointURL)), body, epoch)
	assert.ErrorIs(t, err, provider.SignatureMismatch)
}
