package square_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	sdk "github.com/square/square-go-sdk"
	"github.com/square/square-go-sdk/webhooks/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/square"
)

// request is a webhook for both verifiers. Each subscription is a key and a
// notification URL.
type request struct {
	body          []byte
	header        string
	subscriptions [][2]string
}

// ours and theirs report whether a verifier accepts the request. A changed key or
// URL may be invalid in a secret document, which also accepts nothing.
func (r request) ours(t *testing.T) bool {
	entries := make([]entry, len(r.subscriptions))
	for i, s := range r.subscriptions {
		entries[i] = entry{Label: "main", Key: s[0], URL: s[1], Environment: "live"}
	}
	v, err := square.New("", "").Verifier(document(t, entries...))
	if err != nil {
		assert.ErrorIs(t, err, provider.SecretMalformed)
		return false
	}
	if _, err = v.Verify(t.Context(), signed(r.header), r.body, epoch()); err != nil {
		assert.Equal(t, provider.Rejected, provider.ReasonOf(err).Class(), "%v", err)
	}
	return err == nil
}

// theirs asks square-go-sdk, which takes one subscription a call.
func (r request) theirs(t *testing.T) bool {
	return slices.ContainsFunc(r.subscriptions, func(s [2]string) bool {
		return client.NewClient().VerifySignature(t.Context(), &sdk.VerifySignatureRequest{
			RequestBody: string(r.body), SignatureHeader: r.header, SignatureKey: s[0], NotificationURL: s[1],
		}) == nil
	})
}

// TestAgreesWithSquareGoSDK compares both verifiers over random requests, half of
// them with one byte of body, header, key or URL changed.
func TestAgreesWithSquareGoSDK(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var accepted, rejected int
	for n := range 6000 {
		r := randomRequest(random)
		ours := r.ours(t)
		require.Equal(t, r.theirs(t), ours, "request %d of this seed", n)
		if ours {
			accepted++
		} else {
			rejected++
		}
	}
	assert.Greater(t, accepted, 2000)
	assert.Greater(t, rejected, 2000)
}

// TestDiffersFromSquareGoSDK: v1.5.0 returns before any check when the body is
// empty (webhooks/client/verify_signature.go, VerifySignature).
func TestDiffersFromSquareGoSDK(t *testing.T) {
	for why, header := range map[string]string{
		"no signature at all":         "",
		"another body's signature":    sign([]byte(`{}`), "key", url),
		"the empty body's signature":  sign(nil, "key", url),
		"something that is no base64": "?",
	} {
		r := request{header: header, subscriptions: [][2]string{{"key", url}}}
		assert.True(t, r.theirs(t), why)
		assert.False(t, r.ours(t), why)
	}
}

// randomRequest returns a request that was signed for one of up to three
// subscriptions, mostly one that we have. Every other one is then changed in one
// byte.
func randomRequest(random *rand.Rand) request {
	subscriptions := make([][2]string, 1+random.IntN(3))
	for i := range subscriptions {
		subscriptions[i] = [2]string{randomText(random, 1+random.IntN(80)), "https://" + randomText(random, 1+random.IntN(60))}
	}
	r := request{body: randomBytes(random, 1+random.IntN(300)), subscriptions: subscriptions}
	signer := subscriptions[random.IntN(len(subscriptions))]
	r.header = sign(r.body, signer[0], signer[1])
	if random.IntN(10) == 0 { // the signer is retired
		r.subscriptions = slices.DeleteFunc(slices.Clone(subscriptions), func(s [2]string) bool { return s == signer })
		r.subscriptions = append(r.subscriptions, [2]string{signer[0], url})
	}
	if random.IntN(2) == 0 {
		mutate(random, &r)
	}
	return r
}

// mutate changes one byte of the body, the header, or the key or URL of all
// subscriptions. Those two stay printable: the secret document is JSON.
func mutate(random *rand.Rand, r *request) {
	switch part := random.IntN(4); part {
	case 0:
		r.body[random.IntN(len(r.body))] ^= byte(1 + random.IntN(255))
	case 1:
		header := []byte(r.header)
		at := random.IntN(len(header))
		if random.IntN(2) == 0 {
			header[at] = "AQgw+/-_= \n"[random.IntN(11)]
		} else {
			header[at] ^= byte(1 + random.IntN(255))
		}
		r.header = string(header)
	default:
		r.subscriptions = slices.Clone(r.subscriptions)
		for i := range r.subscriptions {
			text := []byte(r.subscriptions[i][part-2])
			text[random.IntN(len(text))] ^= 1
			r.subscriptions[i][part-2] = string(text)
		}
	}
}

func randomBytes(random *rand.Rand, length int) []byte {
	b := make([]byte, length)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

func randomText(random *rand.Rand, length int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./?=&%"
	text := make([]byte, length)
	for i := range text {
		text[i] = letters[random.IntN(len(letters))]
	}
	return string(text)
}
