package stripe_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
	"github.com/paysluice/paysluice/test/header"
)

// vector is one case of testdata/signatures.json; each names its source.
type vector struct {
	ID        string            `json:"id"`
	Expect    string            `json:"expect"`
	Secrets   []string          `json:"secrets"`
	Headers   map[string]string `json:"headers"`
	Now       int64             `json:"now_unix"`
	Tolerance int               `json:"tolerance_s"`
	Body      string            `json:"body_base64"`
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
	for i, secret := range v.Secrets {
		entries[i] = entry{fmt.Sprintf("entry %d", i+1), secret}
	}
	header := header.Of(v.Headers)
	return newVerifier(t, entries...).Verify(t.Context(), header, body, time.Unix(v.Now, 0))
}

func TestVectors(t *testing.T) {
	for _, v := range readVectors(t) {
		t.Run(v.ID, func(t *testing.T) {
			require.Equal(t, 300, v.Tolerance, "the one window that this package has")
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
	body := []byte("{\"id\":\"evt_1\"}\n")
	old, fresh := entry{"main", "whsec_old"}, entry{"main", "whsec_new"}
	connect := entry{"connect", "whsec_connect"}
	sign := func(secret string) string { return stripe.Sign(body, secret, epoch) }
	both := sign("whsec_old") + ",v1=" + sign("whsec_new")[len("t=1775001600,v1="):]

	for _, tt := range []struct {
		why     string
		entries []entry
		header  string
		body    []byte
		want    string // the label; "" for a mismatch
	}{
		{"the one secret", []entry{old}, sign("whsec_old"), body, "main"},
		{"the entry that matches names the endpoint", []entry{old, connect}, sign("whsec_connect"), body, "connect"},
		{"rotation: both secrets here, the old one there", []entry{fresh, old}, sign("whsec_old"), body, "main"},
		{"rotation: both secrets there, only the new one here", []entry{fresh}, both, body, "main"},
		{"an empty body can be signed", []entry{old}, stripe.Sign(nil, "whsec_old", epoch), nil, "main"},
		{"any bytes can be signed", []entry{old}, stripe.Sign([]byte("\x00\xff"), "whsec_old", epoch), []byte("\x00\xff"), "main"},

		{"a retired secret", []entry{fresh}, sign("whsec_old"), body, ""},
		{"the secret without its prefix is another key", []entry{{"main", "old"}}, sign("whsec_old"), body, ""},
		{"an empty body under another body's signature", []entry{old}, sign("whsec_old"), nil, ""},
		{"a body re-encoded on its way", []entry{old}, sign("whsec_old"), []byte(`{"id":"evt_1"}`), ""},
		{"another time than the signed one", []entry{old}, "t=1775001601," + sign("whsec_old")[len("t=1775001600,"):], body, ""},
	} {
		t.Run(tt.why, func(t *testing.T) {
			origin, err := newVerifier(t, tt.entries...).Verify(t.Context(), signed(tt.header), tt.body, epoch)
			if tt.want == "" {
				assert.ErrorIs(t, err, provider.SignatureMismatch)
				assert.NotContains(t, err.Error(), "whsec")
				assert.Empty(t, origin)
				return
			}
			assert.NoError(t, err)
			assert.Equal(t, provider.Origin{Endpoint: tt.want}, origin, "livemode is for the body to say")
		})
	}
}

// TestVerifyChecksHeadersFirst: gate 2 alone is sufficient, also for a request
// whose signature is right.
func TestVerifyChecksHeadersFirst(t *testing.T) {
	body := []byte(`{}`)
	v := newVerifier(t, entry{"main", "whsec_test"})
	h := signed(stripe.Sign(body, "whsec_test", epoch))

	_, err := v.Verify(t.Context(), h, body, epoch.Add(301*time.Second))
	assert.ErrorIs(t, err, provider.TimestampStale)
	_, err = v.Verify(t.Context(), h, body, epoch.Add(-301*time.Second))
	assert.ErrorIs(t, err, provider.TimestampFuture)
	_, err = v.Verify(t.Context(), provider.Header{}, body, epoch)
	assert.ErrorIs(t, err, provider.HeaderMissing)
}
