package square_test

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
	"github.com/paysluice/paysluice/handlers/provider/square"
)

// TestDiagnose: each request was crafted for one cause.
func TestDiagnose(t *testing.T) {
	const key, content = "key_hush", `{"event_id":"1"}`
	slash := entry{Label: "slash", Key: "key_slash", Environment: "live", URL: "https://hooks.example.com/square/"}
	v := newVerifier(t,
		entry{Label: "main", Key: key, Environment: "live"}, entry{Label: "shop", Key: "key_shop", Environment: "live", URL: url}, slash)
	other, err := square.New(endpointURL, "").Verifier(document(t, entry{Label: "old", Key: "key_old", Environment: "live"}))
	require.NoError(t, err)
	right := sign([]byte(content), key, endpointURL)

	var rows []providertest.Crafted
	add := func(r providertest.Crafted) {
		if r.Verifier == nil {
			r.Verifier = v
		}
		if r.Body == nil {
			r.Body = []byte(content)
		}
		if r.Now.IsZero() {
			r.Now = epoch()
		}
		rows = append(rows, r)
	}
	for _, a := range providertest.Alterations() {
		add(providertest.Crafted{Why: a.Why, Cause: a.Cause, Body: []byte(a.Arrived), Header: signed(sign([]byte(a.Signed), key, endpointURL))})
	}
	for _, row := range []struct {
		why, key, url, finding string
		host, known            string
	}{
		{"a slash at its end", "key_shop", url + "/", "signature is right for https://hooks.example.com/square/. The entry \"shop\" has https://hooks.example.com/square: Square has a slash at its end", "", ""},
		{"no slash at its end", "key_slash", url, "Square has no slash at its end", "", ""},
		{"http", "key_shop", "http://hooks.example.com/square", "Square has another scheme", "", ""},
		{"the stack's path on the entry's host", "key_shop", "https://hooks.example.com/live/square", "Square has another path", "", ""},
		{"another stack's URL", key, "https://other.example.com/a/b", "Square has another host and path", "", "https://other.example.com/a/b"},
		{"a query", key, endpointURL + "?token=hush", "Square has another query", "", endpointURL + "?token=hush"},
		{"a domain of its own before the stack's URL", key, "https://pay.example.com/square", "Square has another host and path", "pay.example.com", ""},
		{"the host of the request", "key_shop", "https://pay.example.com/square", "Square has another host or port", "pay.example.com", ""},
		{"a port", "key_shop", "https://hooks.example.com:443/square", "Square has another host or port", "", ""},
		{"a port of http", "key_shop", "http://hooks.example.com:80/square", "Square has another host or port", "", "http://hooks.example.com/square"},
		{"no path", "key_shop", "https://hooks.example.com", "Square has another path", "", ""},
		{"white space", "key_shop", url + " ", "Square has white space at its end", "", ""},
		{"the body alone", key, "", "the body alone", "", ""},
	} {
		h := signed(sign([]byte(content), row.key, row.url))
		if row.host != "" {
			h = h.With("Host", row.host)
		}
		r := providertest.Crafted{Why: row.why, Cause: provider.OtherURL, Finding: row.finding, Header: h}
		if row.known != "" {
			r.URLs = []string{row.known}
		}
		add(r)
	}
	for _, to := range []string{endpointURL, slash.URL} {
		add(providertest.Crafted{Why: "key of one entry, URL of another " + to, Cause: provider.OtherKey, Header: signed(sign([]byte(content), "key_shop", to)),
			Verifier: newVerifier(t, entry{Label: "shop", Key: "key_shop", Environment: "live", URL: "https://a.example.com/x"}, entry{Label: "main", Key: key, Environment: "live", URL: to}),
			Finding:  `the key of the entry "shop" with the URL of the entry "main"`})
	}
	for _, to := range []string{endpointURL, url, slash.URL} {
		add(providertest.Crafted{Why: "retired key for " + to, Cause: provider.OtherKey, Header: signed(sign([]byte(content), "key_old", to)),
			Others: []provider.Other{{Name: "the previous version of the secret", Verifier: other}}, Finding: `"old" of the previous version`})
	}
	for _, form := range []string{key + "\n", key + "\r\n", key + " ", " " + key, `"` + key + `"`} {
		add(providertest.Crafted{Why: fmt.Sprintf("%q", form), Cause: provider.KeyForm, Header: signed(sign([]byte(content), form, endpointURL))})
	}
	sum, _ := base64.StdEncoding.DecodeString(right)
	for _, value := range []string{
		hex.EncodeToString(sum), strings.ToUpper(hex.EncodeToString(sum)), strings.TrimRight(right, "="), " " + right + " ",
		base64.RawURLEncoding.EncodeToString(sum),
	} {
		add(providertest.Crafted{Why: value[:3], Cause: provider.SignatureEncoding, Header: signed(value)})
	}
	domain, err := square.New(endpointURL, apiURL).Verifier(document(t, entry{Label: "main", Key: key, Environment: "live"}))
	require.NoError(t, err)
	for cause, signature := range map[provider.Cause]string{
		provider.OtherURL: sign([]byte(content), key, apiURL+"/"), provider.BodyEnd: sign([]byte(content+"\n"), key, apiURL), provider.KeyForm: sign([]byte(content), key+"\n", apiURL),
	} {
		add(providertest.Crafted{Why: "beside a domain, for the API's URL", Cause: cause, Verifier: domain, Header: signed(signature)})
	}
	wrong := sign([]byte("x"), key, endpointURL)
	for _, values := range [][]string{{right, right}, {wrong, right}, {right, wrong}, {"x", right, ""}, {wrong + ", " + right}} {
		add(providertest.Crafted{Why: fmt.Sprint(len(values)), Cause: provider.RepeatedHeader, Header: providertest.MultiHeader(map[string][]string{signatureHeader: values})})
	}
	dated := []byte(`{"event_id":"1","created_at":"2026-04-01T00:00:00Z"}`)
	for age, finding := range map[time.Duration]string{
		72*time.Hour + time.Second: "259201 s (72h0m1s) before", 100 * time.Hour: "360000 s", 9000 * time.Hour: "before",
		-6 * time.Minute: "360 s (6m0s) after", -24 * time.Hour: "86400 s (24h0m0s) after",
	} {
		add(providertest.Crafted{Why: age.String(), Cause: provider.Clock, Body: dated, Now: epoch().Add(age), Finding: finding,
			Header: signed(sign(dated, key, endpointURL))})
	}
	for _, row := range []struct {
		why   string
		cause provider.Cause
		how   provider.Certainty
		body  string
		h     provider.Header
	}{
		{"forged", provider.NoCause, provider.Unknown, content, signed(wrong)},
		{"no body", provider.BodyEncoding, provider.Likely, "", signed(right)},
		{"cut off", provider.BodyEncoding, provider.Likely, `{"event_id":`, signed(right)},
		{"no header", provider.MissingHeader, provider.Likely, content, provider.Header{}},
		{"the older header only", provider.MissingHeader, provider.Likely, content, providertest.Header(map[string]string{"x-square-signature": "x"})},
		{"twice, both wrong", provider.RepeatedHeader, provider.Likely, content, providertest.MultiHeader(map[string][]string{signatureHeader: {wrong, wrong}})},
		{"unreadable", provider.MalformedHeader, provider.Likely, content, signed("?")},
	} {
		add(providertest.Crafted{Why: row.why, Cause: row.cause, How: row.how, Body: []byte(row.body), Header: row.h})
	}
	providertest.Diagnoses(t, rows, "hush", "key_s", "key_old", "token", right, wrong)
}

// TestNoMutationIsWronglyProven also ends the search at each hypothesis.
func TestNoMutationIsWronglyProven(t *testing.T) {
	v := newVerifier(t, entry{Label: "main", Key: "key_hush", Environment: "live"}, entry{Label: "named", Key: "key_2", Environment: "live", URL: url})
	to := endpointURL
	swap := func(cause provider.Cause, change func(string) string) providertest.Mutation {
		return providertest.Mutation{Cause: cause, Before: func(*rand.Rand, *providertest.Request) { to = change(to) }}
	}
	providertest.Mutate(t, append(providertest.Mutations(signatureHeader),
		swap(provider.OtherURL, func(u string) string { return u + "/" }),
		swap(provider.OtherURL, func(u string) string { return strings.Replace(u, "https", "http", 1) }),
		swap("", func(u string) string { return u + "x" }),
	), providertest.Effort, epoch(), v, func() providertest.Request {
		to = endpointURL
		return providertest.Request{Body: []byte(`{"event_id":"1","data":{"id":"x y"}}`), Key: "key_hush"}
	}, func(q *providertest.Request) {
		q.Header = map[string][]string{signatureHeader: {sign(q.Body, q.Key, to)}}
	})

	r := providertest.Crafted{Verifier: v, Header: signed(sign([]byte(`{}`), "key_hush", "https://unknown.example.com")), Body: []byte(`{"a":"b"}`), Now: epoch(),
		Others: []provider.Other{{Name: "another", Verifier: v}}}
	for effort := 0; effort < 400_000; effort += 500 {
		assert.Equal(t, provider.Unknown, providertest.Diagnose(t, r, effort).Certainty)
	}
}
