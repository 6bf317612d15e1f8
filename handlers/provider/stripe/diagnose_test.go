package stripe_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
)

func newVerifier(t testing.TB, document string) provider.Verifier {
	t.Helper()
	v, err := stripe.New().Verifier([]byte(document))
	require.NoError(t, err)
	return v
}

// TestDiagnose: each request was crafted for one cause.
func TestDiagnose(t *testing.T) {
	const secret, content = "whsec_aHVzaGh1c2g=", `{"id":"evt_1"}`
	v := newVerifier(t, `{"endpoints":[{"label":"spare","secret":"whsec_spare"},{"label":"main","secret":"`+secret+`"}]}`)
	var rows []providertest.Crafted
	add := func(why string, cause provider.Cause, header provider.Header, finding string) *providertest.Crafted {
		rows = append(rows, providertest.Crafted{Why: why, Cause: cause, Header: header, Finding: finding, Verifier: v, Body: []byte(content), Now: epoch()})
		return &rows[len(rows)-1]
	}
	send := func(body, key string) provider.Header { return signed(sign([]byte(body), key, epoch())) }
	right := sign([]byte(content), secret, epoch())
	stamp, sumHex, _ := strings.Cut(right, ",v1=")
	sum, _ := hex.DecodeString(sumHex)

	for _, a := range providertest.Alterations() {
		add(a.Why, a.Cause, send(a.Signed, secret), "").Body = []byte(a.Arrived)
	}
	other := newVerifier(t, `{"endpoints":[{"label":"test","secret":"whsec_test","environment":"sandbox"},{"label":"old","secret":"whsec_old"}]}`)
	for _, key := range []string{"test", "old"} {
		for _, name := range []string{"the previous version of the secret", "the stack shop-test", "the file other.json"} {
			add(key+" of "+name, provider.OtherKey, send(content, "whsec_"+key), fmt.Sprintf("%q of %s", key, name)).
				Others = []provider.Other{{Name: name, Verifier: other}}
		}
	}
	for _, form := range []string{secret + "\n", secret + "\r\n", secret + " ", " " + secret, `"` + secret + `"`, secret[6:], "hushhush"} {
		add(fmt.Sprintf("%q", form), provider.KeyForm, send(content, form), `the entry "main"`)
	}
	for document, key := range map[string]string{"hush": "whsec_hush", `\"hush\"`: "hush", "hu sh": "hush", "68757368": "hush"} {
		add(document, provider.KeyForm, send(content, key), "").Verifier = newVerifier(t, `{"endpoints":[{"label":"main","secret":"`+document+`"}]}`)
	}
	for age, finding := range map[time.Duration]string{
		301 * time.Second: "301 s (5m1s) before", 80 * time.Minute: "before", 72 * time.Hour: "before",
		-301 * time.Second: "301 s (5m1s) after", -24 * time.Hour: "after", -time.Hour: "3600 s (1h0m0s) after",
	} {
		add(age.String(), provider.Clock, signed(right), finding).Now = epoch().Add(age)
	}
	for _, shift := range []int64{1, -1, 120, -300, 3600, -5 * 3600, 330 * 60} {
		add(fmt.Sprint(shift), provider.SignedTime, signed(fmt.Sprintf("t=%d,v1=%s", epoch().Unix()-shift, sumHex)), fmt.Sprintf("%+d s from the header's t", shift)).
			Now = epoch().Add(-time.Duration(shift) * time.Second)
	}
	add("the time of the clock", provider.SignedTime, signed(fmt.Sprintf("t=%d,v1=%s", epoch().Unix()-10_000, sumHex)), "of the clock")
	for name, values := range map[string][]string{
		"twice the same": {right, right}, "the first": {right, "t=1,v1=00"}, "the second": {"t=1,v1=" + sumHex, right},
		"joined by a proxy": {right + ", " + right}, "the third": {"", "x", right},
	} {
		add(name, provider.RepeatedHeader, providertest.MultiHeader(map[string][]string{"Stripe-Signature": values}), "times, and number")
	}
	for _, header := range []string{",v0=" + sumHex, ",v0=00,v0=" + sumHex, ",v2=1,v0=" + sumHex, ", v0=" + sumHex, ",v0=" + sumHex + ",x=1"} {
		add(header[:6], provider.Scheme, signed(stamp+header), "as v0")
	}
	for _, text := range []string{
		base64.StdEncoding.EncodeToString(sum), base64.URLEncoding.EncodeToString(sum), base64.RawURLEncoding.EncodeToString(sum),
		base64.RawStdEncoding.EncodeToString(sum), base64.StdEncoding.EncodeToString(sum) + ",v1=x",
	} {
		add(text[38:], provider.SignatureEncoding, signed(stamp+",v1="+text), "")
	}

	likely := func(cause provider.Cause, header, finding, document, body string) {
		r := add(finding, cause, signed(header), finding)
		r.How, r.Body = provider.Likely, []byte(body)
		if document != "" {
			r.Verifier = newVerifier(t, document)
		}
	}
	likely(provider.Scheme, stamp+",v0=00", "a v0 signature and no v1", "", content)
	likely(provider.MissingHeader, "", "missing", "", content)
	likely(provider.MalformedHeader, "t=1", "cannot be read", "", content)
	likely(provider.Clock, "t=1,v1="+strings.Repeat("0", 64), "outside the accepted range", "", content)
	likely(provider.BodyEncoding, right, "is empty", "", "")
	likely(provider.OtherEnvironment, right, `environment "sandbox"`, modes(`"environment":"live"`), `{"livemode":false}`)
	likely(provider.OtherEnvironment, right, `environment "live"`, modes(`"environment":"sandbox"`), `{"livemode":true}`)
	for secret, kind := range map[string]string{"sk_live_hush": "a secret API key", "rk_hush": "a restricted", "pk_hush": "a publishable", "we_hush": "the id of"} {
		likely(provider.KeyForm, right, kind, document("main", secret), content)
	}
	for _, body := range []string{content, `{"livemode":true}`} {
		r := add("forged", provider.NoCause, signed(right), "none of the known causes")
		r.How, r.Body, r.Verifier = provider.Unknown, []byte(body), newVerifier(t, modes(`"environment":"live"`))
	}
	providertest.Diagnoses(t, rows, secret[6:], "hush", "whsec_spare", "whsec_old", "whsec_test", sumHex)
}

// TestNoMutationIsWronglyProven also ends the search at each hypothesis.
func TestNoMutationIsWronglyProven(t *testing.T) {
	v := newVerifier(t, `{"endpoints":[{"label":"a","secret":"whsec_hush"},{"label":"b","secret":"whsec_spare"}]}`)
	providertest.Mutate(t, append(providertest.Mutations("Stripe-Signature"), providertest.Mutation{
		Cause: provider.SignedTime, After: func(r *rand.Rand, q *providertest.Request) {
			if _, rest, ok := strings.Cut(q.Header["Stripe-Signature"][0], ","); ok {
				q.Header["Stripe-Signature"][0] = fmt.Sprintf("t=%d,%s", epoch().Unix()+1+r.Int64N(299), rest)
			}
		},
	}), providertest.Effort, epoch(), v, func() providertest.Request {
		return providertest.Request{Body: []byte(`{"id":"evt_1","data":"x y"}`), Key: "whsec_hush"}
	}, func(q *providertest.Request) {
		q.Header = map[string][]string{"Stripe-Signature": {sign(q.Body, q.Key, epoch())}}
	})

	r := providertest.Crafted{Verifier: v, Header: signed(sign([]byte(`{}`), "x", epoch())), Body: []byte(`{"a":"b"}`), Now: epoch(),
		Others: []provider.Other{{Name: "another", Verifier: v}}}
	for effort := 0; effort < 1_200_000; effort += 1500 {
		assert.Equal(t, provider.Unknown, providertest.Diagnose(t, r, effort).Certainty)
	}
}
