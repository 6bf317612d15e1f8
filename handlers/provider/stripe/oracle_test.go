package stripe_test

import (
	"fmt"
	"go/build"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v85/webhook"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
)

// request is a webhook for both verifiers.
type request struct {
	body    []byte
	header  string
	secrets []string
}

// ours and theirs report whether a verifier accepts the request now.
func (r request) ours(t *testing.T) bool {
	senders := make([]string, len(r.secrets))
	for i, secret := range r.secrets {
		senders[i] = sender("main", secret).Entry
	}
	v, err := stripe.New().Verifier([]byte(`{"endpoints":[` + strings.Join(senders, ",") + `]}`))
	require.NoError(t, err)
	_, err = v.Verify(t.Context(), signed(r.header), r.body, time.Now())
	if err != nil {
		assert.Equal(t, provider.Rejected, provider.ReasonOf(err).Class(), "%v", err)
	}
	return err == nil
}

// theirs asks stripe-go, which takes one secret a call.
func (r request) theirs() bool {
	return slices.ContainsFunc(r.secrets, func(secret string) bool {
		return webhook.ValidatePayloadWithTolerance(r.body, r.header, secret, webhook.DefaultTolerance) == nil
	})
}

// difference returns why the two must not agree on a request, or "" if they must.
func (r request) difference() string {
	var times int
	for element := range strings.SplitSeq(r.header, ",") {
		scheme, value, _ := strings.Cut(element, "=")
		if strings.Trim(element, " \t") != element {
			return "we trim spaces around elements, stripe-go reads them as part of the scheme"
		}
		if strings.Contains(value, "=") {
			return "stripe-go refuses a header for a second = in a scheme that it ignores"
		}
		if scheme == "t" {
			times++
			if strings.HasPrefix(value, "+") || len(value) > 1 && strings.HasPrefix(value, "0") {
				return "stripe-go checks a respelled t, not the one that was sent"
			}
			if at, err := strconv.ParseInt(value, 10, 64); err == nil && time.Until(time.Unix(at, 0)) > webhook.DefaultTolerance {
				return "stripe-go checks the age one-sidedly: a stamp of tomorrow passes"
			}
		}
	}
	if times > 1 {
		return "stripe-go takes the last of several t"
	}
	return ""
}

// TestAgreesWithStripeGo compares both verifiers over random requests, half of
// them with one byte of body, header or secret changed. The clock is synctest's,
// because stripe-go calls time.Since.
func TestAgreesWithStripeGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 2))
		var accepted, rejected, different int
		for n := range 6000 {
			r := randomRequest(random)
			ours, theirs := r.ours(t), r.theirs()
			switch {
			case r.difference() != "":
				different++
			case ours:
				accepted++
			default:
				rejected++
			}
			if r.difference() == "" {
				require.Equal(t, theirs, ours, "request %d of this seed", n)
			}
		}
		assert.Greater(t, accepted, 1000)
		assert.Greater(t, rejected, 1000)
		assert.Less(t, different, 1500, "too few requests are compared")
	})
}

// TestDiffersFromStripeGo has an example of every difference.
func TestDiffersFromStripeGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const secret = "whsec_test"
		body := []byte(`{}`)
		now := sign(body, secret, time.Now())
		stamp := fmt.Sprintf("t=%d", time.Now().Unix())

		for _, tt := range []struct {
			header string
			ours   bool
			says   string
		}{
			{strings.Replace(now, ",", ", ", 1), true, "spaces"},
			{now + ",v2=QUI=", true, "second ="},
			{sign(body, secret, time.Now().Add(24*time.Hour)), false, "one-sidedly"},
			{strings.Replace(now, "t=", "t=0", 1), false, "respelled"},
			{strings.Replace(now, "t=", "t=+", 1), false, "respelled"},
			{stamp + "," + now, false, "several t"},
		} {
			r := request{body: body, header: tt.header, secrets: []string{secret}}
			assert.Equal(t, tt.ours, r.ours(t), tt.says)
			assert.Equal(t, !tt.ours, r.theirs(), tt.says)
			assert.Contains(t, r.difference(), tt.says)
		}
	})
}

// TestSignIsStripeGos: Signer makes the headers that stripe-go makes.
func TestSignIsStripeGos(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		body, secret := randomBytes(random, 2000), randomSecret(random)
		theirs := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: secret, Timestamp: epoch()})
		assert.True(t, theirs.Header == sign(body, secret, epoch()), "the two headers differ")
	}
}

// randomRequest returns a request that stripe-go signed with one or two secrets,
// of which we have one, up to a minute outside the window. Every other one is then
// changed in one byte.
func randomRequest(random *rand.Rand) request {
	secrets := []string{randomSecret(random), randomSecret(random)}
	age := time.Duration(random.IntN(2*360)-360) * time.Second
	if random.IntN(4) > 0 {
		age = time.Duration(random.IntN(300)) * time.Second
	}
	r := request{body: randomBytes(random, 300), secrets: secrets[:1+random.IntN(2)]}
	for i, secret := range secrets {
		payload := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{
			Payload: r.body, Secret: secret, Timestamp: time.Now().Add(-age),
		})
		if _, v1, _ := strings.Cut(payload.Header, ","); i == 0 {
			r.header = payload.Header
		} else if random.IntN(2) == 0 {
			r.header += "," + v1
		}
	}
	if random.IntN(2) == 0 {
		r.header += ",v0=" + strings.Repeat("0", 64)
	}
	if random.IntN(2) == 0 {
		mutate(random, &r)
	}
	return r
}

// mutate changes one byte of the body, the header or the first secret. Secrets
// stay printable: the secret document is JSON.
func mutate(random *rand.Rand, r *request) {
	switch part := random.IntN(3); {
	case part == 0 && len(r.body) > 0:
		r.body[random.IntN(len(r.body))] ^= byte(1 + random.IntN(255))
	case part == 1:
		secret := []byte(r.secrets[0])
		secret[random.IntN(len(secret))] ^= 1
		r.secrets[0] = string(secret)
	default:
		header := []byte(r.header)
		at := random.IntN(len(header))
		if random.IntN(2) == 0 {
			header[at] = ",=tv01 \t\x00+-9af"[random.IntN(14)]
		} else {
			header[at] ^= byte(1 + random.IntN(255))
		}
		r.header = string(header)
	}
}

func randomBytes(random *rand.Rand, most int) []byte {
	b := make([]byte, random.IntN(most))
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

func randomSecret(random *rand.Rand) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+/"
	secret := []byte("whsec_")
	for range 1 + random.IntN(80) {
		secret = append(secret, letters[random.IntN(len(letters))])
	}
	return string(secret)
}

// TestEventTypesAreStripeGos: the list of event types is as new as the stripe-go
// that this module is tested with.
func TestEventTypesAreStripeGos(t *testing.T) {
	dir, err := os.Getwd()
	require.NoError(t, err)
	pkg, err := build.Import("github.com/stripe/stripe-go/v85", dir, build.FindOnly)
	require.NoError(t, err)
	listed := map[string]bool{}
	for _, row := range providertest.EventTypes(t) {
		listed[row.Type] = true
	}
	for _, declared := range []struct {
		file, pattern string
		least         int
	}{
		{"event.go", `EventType = "([^"]+)"`, 250},
		{"v2_events.go", `handling an event with type "([^"]+)"`, 20},
	} {
		source, err := os.ReadFile(filepath.Join(pkg.Dir, declared.file))
		require.NoError(t, err)
		types := regexp.MustCompile(declared.pattern).FindAllSubmatch(source, -1)
		assert.GreaterOrEqual(t, len(types), declared.least, "%s no longer has the types", declared.file)
		for _, typ := range types {
			assert.True(t, listed[string(typ[1])], "%s is not in %s", typ[1], providertest.EventTypesFile)
		}
	}
}
