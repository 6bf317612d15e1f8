package providertest

import (
	"cmp"
	"encoding/base64"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
)

// Effort is more than any diagnosis of a test needs.
const Effort = 64 << 20

// A Crafted request is rejected for a known cause.
type Crafted struct {
	Why      string
	Cause    provider.Cause
	How      provider.Certainty // Proven by default
	Finding  string             // what the finding contains
	Verifier provider.Verifier
	Header   provider.Header
	Body     []byte
	Now      time.Time
	Others   []provider.Other
	URLs     []string
}

// Diagnose returns the diagnosis of a request that must be rejected.
func Diagnose(t testing.TB, r Crafted, effort int) provider.Diagnosis {
	t.Helper()
	_, err := r.Verifier.Verify(t.Context(), r.Header, r.Body, r.Now)
	require.Error(t, err)
	return r.Verifier.(provider.Diagnoser).Diagnose(t.Context(), provider.Case{
		Header: r.Header, Body: r.Body, Now: r.Now, Err: err, Others: r.Others, URLs: r.URLs, Effort: effort, Fetch: true,
	})
}

// Diagnoses checks the diagnosis of each request, that there are at least five
// for each proven cause, and that none repeats a secret.
func Diagnoses(t *testing.T, requests []Crafted, secrets ...string) {
	proven := map[provider.Cause]int{}
	for _, r := range requests {
		how := cmp.Or(r.How, provider.Proven)
		if how == provider.Proven {
			proven[r.Cause]++
		}
		t.Run(string(r.Cause)+" "+r.Why, func(t *testing.T) {
			d := Diagnose(t, r, Effort)
			assert.Equal(t, provider.NewDiagnosis(r.Cause, how, d.Finding), d)
			assert.Contains(t, d.Finding, r.Finding)
			for _, secret := range secrets {
				assert.NotContains(t, d.String()+d.Remedy, secret)
			}
		})
	}
	for cause, n := range proven {
		assert.GreaterOrEqual(t, n, 5, cause)
	}
}

// An Alteration is a body as it was signed and as it arrived.
type Alteration struct {
	Why             string
	Cause           provider.Cause
	Signed, Arrived string
}

// Alterations returns what editors, proxies and JSON libraries do to a body.
func Alterations() []Alteration {
	const compact, indented = `{"a":"x/y","b":[1,2.50]}`, "{\n  \"a\": \"x/y\",\n  \"b\": [\n    1,\n    2.50\n  ]\n}"
	end, encoding := provider.BodyEnd, provider.BodyEncoding
	return []Alteration{
		{"an editor adds a line break", end, compact, compact + "\n"},
		{"a shell removes the line break", end, compact + "\n", compact},
		{"Windows adds a line break", end, compact, compact + "\r\n"},
		{"the line break of Windows is removed", end, compact + "\r\n", compact},
		{"line breaks become those of Windows", end, indented, string(replaceLF(indented))},
		{"line breaks of Windows become LF", end, string(replaceLF(indented)), indented},
		{"white space before the body", end, compact, " \n" + compact},
		{"a space at its end is removed", end, compact + " ", compact},
		{"an editor adds a byte order mark", end, compact, "\xef\xbb\xbf" + compact},

		{"JSON.parse and JSON.stringify", encoding, indented, compact},
		{"a pretty printer", encoding, compact, indented},
		{"Python's json.dumps", encoding, compact, `{"a": "x/y", "b": [1, 2.50]}`},
		{"compact instead of Python's", encoding, `{"a": "x/y", "b": [1, 2.50]}`, compact},
		{"PHP escapes slashes", encoding, compact, `{"a":"x\/y","b":[1,2.50]}`},
		{"slashes lose PHP's escapes", encoding, `{"a":"x\/y","b":[1,2.50]}`, compact},
		{"ASCII only", encoding, `{"a":"é😀"}`, `{"a":"\u00e9\ud83d\ude00"}`},
		{"UTF-8 instead of ASCII only", encoding, `{"a":"\u00e9\ud83d\ude00\\u00e9"}`, `{"a":"é😀\\u00e9"}`},
		{"Go escapes HTML", encoding, `{"a":"<&>"}`, `{"a":"\u003c\u0026\u003e"}`},
		{"HTML loses Go's escapes", encoding, `{"a":"\u003c\u0026\u003e"}`, `{"a":"<&>"}`},
		{"PHP's empty array", encoding, `{"a":{},"b":1}`, `{"a":[],"b":1}`},
		{"both white space and escapes", encoding, "{\n  \"a\": \"é\"\n}", `{"a":"\u00e9"}`},
		{"the body as a JSON string", encoding, `{"a":"b"}`, `"{\"a\":\"b\"}"`},
		{"API Gateway's base64", encoding, compact, base64.StdEncoding.EncodeToString([]byte(compact))},
		{"UTF-8 read as Latin-1", encoding, `{"a":"é"}`, `{"a":"Ã©"}`},
	}
}

func replaceLF(s string) []byte {
	var b []byte
	for i := range len(s) {
		if s[i] == '\n' {
			b = append(b, '\r')
		}
		b = append(b, s[i])
	}
	return b
}

// Request is a genuine request that Mutate changes.
type Request struct {
	Header map[string][]string
	Body   []byte
	// Key is the signing key of the request. Sign signs it with another one.
	Key string
}

// A Mutation changes a request. Cause is "" for a change that no hypothesis can
// undo.
type Mutation struct {
	Cause provider.Cause
	// Before changes what is signed or the key, After the signed request.
	Before, After func(*rand.Rand, *Request)
}

// Mutations returns those that fit every provider.
func Mutations(header string) []Mutation {
	return append([]Mutation{
		{After: func(r *rand.Rand, q *Request) { changeLetter(r, q.Body) }},
		{After: func(r *rand.Rand, q *Request) { q.Body = q.Body[:r.IntN(max(1, len(q.Body)-1))] }},
		{Before: func(r *rand.Rand, q *Request) { key := []byte(q.Key); changeLetter(r, key); q.Key = string(key) }},
		{After: func(r *rand.Rand, q *Request) {
			value := []byte(q.Header[header][0])
			for range 3 {
				changeLetter(r, value[len(value)/2:])
			}
			q.Header[header] = []string{string(value)}
		}},
		{Cause: provider.RepeatedHeader, After: func(r *rand.Rand, q *Request) { q.Header[header] = append(q.Header[header], "x=y") }},
	}, alterations()...)
}

func alterations() []Mutation {
	ending := func(end string) Mutation {
		return Mutation{Cause: provider.BodyEnd, After: func(_ *rand.Rand, q *Request) { q.Body = append(q.Body, end...) }}
	}
	return []Mutation{ending("\n"), ending("\r\n"), ending(" "), {
		Cause: provider.BodyEncoding,
		After: func(_ *rand.Rand, q *Request) { q.Body = []byte(base64.StdEncoding.EncodeToString(q.Body)) },
	}}
}

// changeLetter replaces one letter or digit of b by another.
func changeLetter(r *rand.Rand, b []byte) {
	const letters = "abcdefghijkmnopqrstuvwxyzACDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	for range 100 * len(b) {
		i, c := r.IntN(len(b)), letters[r.IntN(len(letters))]
		old := b[i]
		if old != c && ('a' <= old && old <= 'z' || 'A' <= old && old <= 'Z' || '0' <= old && old <= '9') {
			b[i] = c
			return
		}
	}
}

// Mutate makes 1,000 rejected requests with one to three random mutations each.
// A proven cause must be one of those, and all of them must be undone by it.
func Mutate(t *testing.T, mutations []Mutation, effort int, now time.Time, v provider.Verifier, genuine func() Request, sign func(*Request)) {
	random := rand.New(rand.NewPCG(1, 2))
	proven := 0
	for rejected := 0; rejected < 1000; {
		q := genuine()
		var applied []Mutation
		for range 1 + random.IntN(3) {
			applied = append(applied, mutations[random.IntN(len(mutations))])
		}
		causes := map[provider.Cause]bool{}
		for _, m := range applied {
			causes[m.Cause] = true
			if m.Before != nil {
				m.Before(random, &q)
			}
		}
		sign(&q)
		for _, m := range applied {
			if m.After != nil {
				m.After(random, &q)
			}
		}
		h := MultiHeader(q.Header)
		if _, err := v.Verify(t.Context(), h, q.Body, now); err == nil {
			continue // two mutations undid each other
		}
		rejected++
		d := Diagnose(t, Crafted{Verifier: v, Header: h, Body: q.Body, Now: now}, effort)
		if d.Certainty == provider.Proven {
			proven++
			require.False(t, causes[""], "%v is wrong: the request cannot be repaired (%v)", d, maps.Keys(causes))
			require.True(t, causes[d.Cause], "%v is wrong: %v", d, causes)
		} else if len(applied) == 1 {
			require.True(t, causes[""], "%v: one known cause is proven, %v", d, causes)
		}
	}
	require.Greater(t, proven, 100)
}
