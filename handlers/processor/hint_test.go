package processor_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider"
)

// TestMismatchHasAHint: the log has it, the response never.
func TestMismatchHasAHint(t *testing.T) {
	sent := func(t *testing.T, prepare func(*fixture), requests ...function.Request) []string {
		f := newFixture()
		prepare(f)
		clock := now
		h := f.newHandler(func() time.Time { return clock })
		for _, r := range requests {
			response, err := h.Handle(t.Context(), r)
			require.NoError(t, err)
			assert.Equal(t, 401, response.StatusCode)
			assert.Equal(t, `{"received":false}`, response.Body)
			assert.Len(t, response.Headers, 1)
			clock = clock.Add(600 * time.Millisecond)
		}
		return strings.Split(strings.TrimSpace(f.log.String()), "\n")
	}
	none := func(*fixture) {}
	// altered is signed with one body and sent with another.
	altered := func(secret, signedBody, sentBody string) function.Request {
		r := signed(signedBody, secret)
		r.Body, r.IsBase64Encoded = []byte(sentBody), false
		return r
	}
	ended := altered(oldSecret, body, body+"\n")
	const hint = `"hint":"body_end (proven): The signature is right for the body without the white space at its end."`

	lines := sent(t, none, ended, ended, ended)
	assert.Contains(t, lines[0], hint)
	assert.NotContains(t, lines[1], `"hint"`, "0.6 s later: at most one a second")
	assert.Contains(t, lines[2], hint, "1.2 s later")
	assert.NotContains(t, strings.Join(lines, ""), "marked", "no secret and nothing of the payload")
	assert.Contains(t, sent(t, func(f *fixture) { f.secrets.newer = newSecret }, altered(newSecret, body, body+"\n"))[0], hint, "by the newest secret")

	stale := ended
	stale.Header = stale.Header.With("Stripe-Signature", "t=1,v1="+strings.Repeat("0", 64))
	large := padded(17 << 10)
	for why, r := range map[string]function.Request{
		"a large body": altered(oldSecret, large, large+"\n"), "no cause is known": signed(body, "whsec_forged"), "another reason": stale,
	} {
		assert.NotContains(t, sent(t, none, r)[0], `"hint"`, why)
	}
	assert.NotContains(t, sent(t, func(f *fixture) { f.secrets.plain = true }, ended)[0], `"hint"`, "a provider without diagnoses")
}

// plainVerifier is a verifier without diagnoses.
type plainVerifier struct{ provider.Verifier }
