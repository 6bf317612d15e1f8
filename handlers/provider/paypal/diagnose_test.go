package paypal_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
)

// played serves a live and a sandbox certificate, each also on the wrong host.
func played() paypal.Provider {
	live, sandbox := bundle(authority.Issue(paypaltest.LiveName, epoch)), bundle(authority.Issue(paypaltest.SandboxName, epoch))
	return newProvider(serving(map[string][]byte{
		certURL: live, sandboxCerts + "CERT": sandbox, liveCerts + "SANDBOX": sandbox, sandboxCerts + "LIVE": live,
	}))
}

// TestDiagnose: each request was crafted for one cause.
func TestDiagnose(t *testing.T) {
	const content, otherID = `{"id":"WH-1"}`, "0000000000000000B"
	p := played()
	test := entry{"test", "0000000000000000A", "sandbox"}
	v := newVerifier(t, p, nil, test, shop)
	live := signer(authority.Issue(paypaltest.LiveName, epoch))
	id := func(webhookID string, s paypal.Signer) paypal.Signer {
		s.WebhookID = webhookID
		return s
	}
	var rows []providertest.Crafted
	add := func(why string, cause provider.Cause, header provider.Header, finding string) *providertest.Crafted {
		rows = append(rows, providertest.Crafted{Why: why, Cause: cause, Header: header, Finding: finding, Verifier: v, Body: []byte(content), Now: epoch})
		return &rows[len(rows)-1]
	}
	right := signed(live, []byte(content), epoch)
	one := func(name string) string {
		value, err := right.Value(name)
		require.NoError(t, err)
		return value
	}
	sum, err := base64.StdEncoding.DecodeString(one(signatureHeader))
	require.NoError(t, err)

	for _, a := range providertest.Alterations() {
		add(a.Why, a.Cause, signed(live, []byte(a.Signed), epoch), "").Body = []byte(a.Arrived)
	}
	other := newVerifier(t, p, nil, entry{"old", otherID, "live"})
	for i, name := range []string{"the previous version of the secret", "another app", "the stack shop-test", "a file", "the other environment"} {
		header := signed(id(otherID, live), []byte(content), epoch)
		add(name, provider.OtherKey, header, `the entry "old" of `+name).Others = []provider.Other{{Name: name, Verifier: other}}
		body := fmt.Appendf(nil, `{"id":"WH-%d"}`, i)
		sent := epoch.Add(-time.Duration(i) * time.Hour)
		add(fmt.Sprint(i), provider.Simulator, signed(id("WEBHOOK_ID", live), body, sent), "webhook simulator").Body = body
		add(fmt.Sprint("sandbox ", i), provider.OtherEnvironment, signed(at(sandboxCerts+"CERT", live), body, sent), `PayPal's sandbox environment's for the webhook id of the entry "shop", which says live`).Body = body
		add(fmt.Sprint("live ", i), provider.OtherEnvironment, signed(id(test.WebhookID, live), body, sent), `live environment's for the webhook id of the entry "test"`).Body = body
		add(fmt.Sprint("sandbox certificate ", i), provider.Certificate, signed(at(liveCerts+"SANDBOX", live), body, sent), "another environment").Body = body
		add(fmt.Sprint("live certificate ", i), provider.Certificate, signed(at(sandboxCerts+"LIVE", id(test.WebhookID, live)), body, sent), "its URL, which is of sandbox").Body = body
	}
	for age, finding := range map[time.Duration]string{
		30*24*time.Hour + time.Second: "2592001 s (720h0m1s) before", 31 * 24 * time.Hour: "before", 40 * 24 * time.Hour: "before",
		-6 * time.Minute: "360 s (6m0s) after", -24 * time.Hour: "after",
	} {
		add(age.String(), provider.Clock, right, finding).Now = epoch.Add(age)
	}
	for _, shift := range []int64{1, -1, 299, 3600, -5 * 3600} {
		header := right.With(timeHeader, epoch.Add(-time.Duration(shift)*time.Second).UTC().Format(time.RFC3339))
		add(fmt.Sprint(shift), provider.SignedTime, header, fmt.Sprintf("%+d s from the header's", shift))
	}
	for _, form := range []string{"2006-01-02T15:04:05.000Z", "2006-01-02T15:04:05+00:00"} {
		add(form, provider.SignedTime, right.With(timeHeader, epoch.UTC().Format(form)), "in the form ")
	}
	for _, name := range []string{idHeader, timeHeader, signatureHeader, certURLHeader, algorithmHeader, versionHeader} {
		values := map[string][]string{}
		for _, n := range []string{idHeader, timeHeader, signatureHeader, certURLHeader, algorithmHeader} {
			values[n] = []string{one(n)}
		}
		values[name] = []string{one(name), "AAAA"}
		add(name, provider.RepeatedHeader, providertest.MultiHeader(values), name+" occurs more than once")
	}
	add("joined by a proxy", provider.RepeatedHeader, right.With(signatureHeader, "AAAA, "+one(signatureHeader)), signatureHeader)
	for name, text := range map[string]string{
		"hex": hex.EncodeToString(sum), "URL": base64.URLEncoding.EncodeToString(sum), "URL without padding": base64.RawURLEncoding.EncodeToString(sum),
		"without padding": base64.RawStdEncoding.EncodeToString(sum), "one = is missing": one(signatureHeader)[:len(one(signatureHeader))-1],
	} {
		add(name, provider.SignatureEncoding, right.With(signatureHeader, text), "another encoding")
	}

	forged := signed(live, []byte("x"), epoch)
	for _, row := range []struct {
		why   string
		cause provider.Cause
		how   provider.Certainty
		h     provider.Header
	}{
		{"forged", provider.NoCause, provider.Unknown, forged},
		{"no certificate there", provider.Certificate, provider.Likely, signed(at(liveCerts+"NONE", live), []byte(content), epoch)},
		{"another host", provider.Certificate, provider.Likely, signed(at("https://api.example.com/x", live), []byte(content), epoch)},
		{"another algorithm", provider.SignatureEncoding, provider.Likely, right.With(algorithmHeader, "SHA1withRSA")},
		{"unreadable signature", provider.MalformedHeader, provider.Likely, right.With(signatureHeader, "?")},
		{"no signature", provider.MissingHeader, provider.Likely, right.With(signatureHeader, "")},
		{"unreadable signature and id", provider.MalformedHeader, provider.Likely, right.With(signatureHeader, hex.EncodeToString(sum)).With(idHeader, "|")},
	} {
		add(row.why, row.cause, row.h, "").How = row.how
	}
	r := add("no entry for the sandbox", provider.OtherEnvironment, signed(at(sandboxCerts+"CERT", id(otherID, live)), []byte(content), epoch), "the secret has no entry for it")
	r.How, r.Verifier = provider.Likely, newVerifier(t, p, nil, shop)
	unreachable := (&memoryHost{failure: fmt.Errorf("%w: down", provider.CertUnreachable)}).fetch
	r = add("no certificate can be fetched", provider.NoCause, right, "could not be checked")
	r.How, r.Verifier = provider.Unknown, newVerifier(t, newProvider(unreachable), nil, shop)
	providertest.Diagnoses(t, rows, webhookID, otherID, test.WebhookID, one(signatureHeader))
}

// TestNoMutationIsWronglyProven also ends the search at each hypothesis.
func TestNoMutationIsWronglyProven(t *testing.T) {
	v := newVerifier(t, played(), nil, shop)
	live := signer(authority.Issue(paypaltest.LiveName, epoch))
	providertest.Mutate(t, append(providertest.Mutations(signatureHeader), providertest.Mutation{
		Cause: provider.SignedTime, After: func(r *rand.Rand, q *providertest.Request) {
			q.Header[timeHeader] = []string{epoch.Add(time.Duration(1+r.IntN(14)) * time.Hour / 4 * -1).UTC().Format(time.RFC3339)}
		},
	}), 5<<20, epoch, v, func() providertest.Request {
		return providertest.Request{Body: []byte(`{"id":"WH-1","data":"x y"}`), Key: webhookID}
	}, func(q *providertest.Request) {
		s := live
		s.WebhookID = q.Key
		q.Header = providertest.Multi(providertest.Sign(s, q.Body, epoch))
	})

	r := providertest.Crafted{Verifier: v, Header: signed(live, []byte("x"), epoch), Body: []byte(`{"a":"b"}`), Now: epoch,
		Others: []provider.Other{{Name: "another", Verifier: newVerifier(t, played(), nil, entry{"old", "0000000000000000B", "live"})}}}
	for tries := range 110 {
		assert.Equal(t, provider.Unknown, providertest.Diagnose(t, r, tries<<15).Certainty)
	}
}

// TestDiagnoseFetchesNothing: a hint of the processor has only the keys that Verify
// fetched, and reads at most some of the combinations of repeated headers.
func TestDiagnoseFetchesNothing(t *testing.T) {
	live := signer(authority.Issue(paypaltest.LiveName, epoch))
	host := &memoryHost{content: map[string][]byte{certURL: bundle(authority.Issue(paypaltest.LiveName, epoch))}}
	v := newVerifier(t, newProvider(host.fetch), nil, shop).(provider.Diagnoser)
	h := signed(live, []byte(`{}`), epoch)
	diagnose := func(h provider.Header) provider.Diagnosis {
		return v.Diagnose(context.Background(), provider.Case{Header: h, Body: []byte("{}\n"), Now: epoch, Err: provider.SignatureMismatch, Effort: providertest.Effort})
	}
	assert.Equal(t, provider.Unknown, diagnose(h).Certainty, "the certificate was never fetched")
	assert.Zero(t, host.total)

	_, err := v.Verify(t.Context(), h, []byte("{}\n"), epoch)
	require.True(t, errors.Is(err, provider.SignatureMismatch))
	assert.Equal(t, provider.BodyEnd, diagnose(h).Cause)
	assert.Equal(t, 1, host.total)

	many := h.With(idHeader, strings.Repeat("a,", 5000))
	assert.Equal(t, provider.Unknown, v.Diagnose(context.Background(), provider.Case{Header: many, Body: []byte("{}"), Err: errors.New("x"), Effort: 1 << 20}).Certainty)
}
