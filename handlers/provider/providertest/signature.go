package providertest

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
)

// testHeaders checks which headers must be there, and how often. Both gates must
// agree.
func (s Suite) testHeaders(t *testing.T) {
	body := []byte(`{}`)
	sender := s.Senders[0]
	genuine := Sign(sender.Signer, body, s.Now)
	check := func(why string, want provider.Reason, h provider.Header) {
		_, err := s.verifier(t, sender).Verify(t.Context(), h, body, s.Now)
		for _, err := range []error{err, s.Provider.CheckHeaders(h, s.Now)} {
			if want == "" {
				assert.NoError(t, err, why)
				continue
			}
			assert.ErrorIs(t, err, want, why)
			assert.Equal(t, provider.Rejected, provider.ReasonOf(err).Class(), why)
			assert.NotContains(t, err.Error(), sender.Secret)
		}
	}
	check("as sent", "", Header(genuine))
	check("no headers at all", provider.HeaderMissing, provider.Header{})
	for _, spell := range []func(string) string{strings.ToLower, strings.ToUpper} {
		respelled := map[string]string{"accept": "*/*"}
		for name, value := range genuine {
			respelled[spell(name)] = value
		}
		check("names match in any case", "", Header(respelled))
	}
	for _, name := range s.Descriptor.SignatureHeaders {
		with := func(values ...string) provider.Header {
			h := make(map[string][]string)
			for other, value := range genuine {
				h[other] = []string{value}
			}
			h[name] = values
			return MultiHeader(h)
		}
		value := genuine[name]
		require.NotEmpty(t, value, "a signature header is signed or part of the signature")
		check(name+" missing", provider.HeaderMissing, with())
		check(name+" empty", provider.HeaderMissing, with(""))
		check(name+" twice, although both would pass", provider.HeaderRepeated, with(value, value))
		check(name+" and an empty second one", provider.HeaderRepeated, with(value, ""))
		check(name+" thousands of times", provider.HeaderRepeated, with(slices.Repeat([]string{value}, 5000)...))
		other := spellDifferently(name)
		twice := maps.Clone(genuine)
		twice[other] = value
		check(name+" in two spellings", provider.HeaderRepeated, Header(twice))
	}
}

// spellDifferently returns a name with the case of its letters swapped.
func spellDifferently(name string) string {
	if upper := strings.ToUpper(name); upper != name {
		return upper
	}
	return strings.ToLower(name)
}

// testHeaderValues checks values of single headers.
func (s Suite) testHeaderValues(t *testing.T) {
	genuine := Sign(s.Senders[0].Signer, []byte(`{}`), s.Now)
	for _, row := range s.HeaderValues {
		name := row.Header
		if name == "" {
			name = s.Descriptor.SignatureHeaders[0]
		}
		t.Run(name+" "+row.Why, func(t *testing.T) {
			h := maps.Clone(genuine)
			h[name] = row.Value
			err := s.Provider.CheckHeaders(Header(h), s.Now)
			if row.Want == "" {
				assert.NoError(t, err)
				return
			}
			assert.ErrorIs(t, err, row.Want)
			assert.ErrorContains(t, err, name)
			assert.Less(t, len(err.Error()), 300, "an error repeats no value")
			assert.NotContains(t, err.Error(), "secret")
		})
	}
}

// testWindow checks the age of a signed time.
func (s Suite) testWindow(t *testing.T) {
	for _, row := range []struct {
		why  string
		age  time.Duration
		want provider.Reason
	}{
		{"now", 0, ""},
		{"as old as it may be", s.Past, ""},
		{"a moment older", s.Past + 1, provider.TimestampStale},
		{"replayed years later", s.Past + 3*365*24*time.Hour, provider.TimestampStale},
		{"our clock is behind", -s.Future, ""},
		{"further ahead than any clock is wrong", -s.Future - 1, provider.TimestampFuture},
		{"for tomorrow", -s.Future - 24*time.Hour, provider.TimestampFuture},
	} {
		t.Run(row.why, func(t *testing.T) {
			body := []byte(`{}`)
			h := Header(Sign(s.Senders[0].Signer, body, s.Now))
			_, err := s.verifier(t, s.Senders[0]).Verify(t.Context(), h, body, s.Now.Add(row.age))
			for _, err := range []error{err, s.Provider.CheckHeaders(h, s.Now.Add(row.age))} {
				if row.want == "" || s.Past == 0 {
					assert.NoError(t, err)
				} else {
					assert.ErrorIs(t, err, row.want)
				}
			}
		})
	}
}

// testVerify checks signatures against secrets with one and more entries.
func (s Suite) testVerify(t *testing.T) {
	a, b := s.Senders[0], s.Senders[1]
	body := []byte("{\"id\":\"evt_1\"}\n")
	for _, row := range []struct {
		why     string
		secret  []Sender
		sender  Sender
		signed  []byte
		body    []byte
		matches bool
	}{
		{"the only entry", []Sender{a}, a, body, body, true},
		{"the matching entry names the endpoint", []Sender{a, b}, b, body, body, true},
		{"rotation: the old entry still signs", []Sender{b, a}, a, body, body, true},
		{"an entry twice", []Sender{a, a}, a, body, body, true},
		{"any bytes", []Sender{a}, a, []byte("\x00\xff"), []byte("\x00\xff"), true},
		{"an empty body", []Sender{a}, a, nil, nil, !s.RejectsEmptyBody},

		{"a retired entry", []Sender{b}, a, body, body, false},
		{"a body that was encoded again", []Sender{a}, a, body, []byte(`{"id":"evt_1"}`), false},
		{"one byte more", []Sender{a}, a, body, append(slices.Clone(body), '\n'), false},
		{"an empty body with another body's signature", []Sender{a}, a, body, nil, false},
		{"another body with the empty body's signature", []Sender{a}, a, nil, body, false},
	} {
		t.Run(row.why, func(t *testing.T) {
			origin, err := s.verifier(t, row.secret...).Verify(t.Context(), Header(Sign(row.sender.Signer, row.signed, s.Now)), row.body, s.Now)
			if row.matches {
				require.NoError(t, err)
				origin.SignedSHA256 = "" // depends on the body
				assert.Equal(t, row.sender.Origin, origin)
				return
			}
			assert.ErrorIs(t, err, provider.SignatureMismatch)
			assert.NotContains(t, err.Error(), a.Secret)
			assert.Empty(t, origin)
		})
	}
}

// testMutations changes one byte of the body or of a header of a signed request.
func (s Suite) testMutations(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	sender := s.Senders[0]
	v := s.verifier(t, sender)
	change := func(text string) string {
		b := []byte(text)
		b[random.IntN(len(b))] ^= byte(1 + random.IntN(255))
		return string(b)
	}
	for n := range 200 {
		body := make([]byte, 1+random.IntN(500))
		for i := range body {
			body[i] = byte(random.Uint32())
		}
		h := Sign(sender.Signer, body, s.Now)
		origin, err := v.Verify(t.Context(), Header(h), body, s.Now)
		require.NoError(t, err)
		origin.SignedSHA256 = "" // depends on the body
		require.Equal(t, sender.Origin, origin)

		if names := s.Descriptor.SignatureHeaders; n%2 == 0 && len(names) > 0 {
			name := names[random.IntN(len(names))]
			h[name] = change(h[name])
			if strings.EqualFold(h[name], Sign(sender.Signer, body, s.Now)[name]) {
				continue // hex in capitals is the same signature
			}
		} else {
			body = []byte(change(string(body)))
		}
		_, err = v.Verify(t.Context(), Header(h), body, s.Now)
		require.Error(t, err, "mutation %d", n)
		require.Contains(t, []provider.Class{provider.Rejected, provider.Unavailable}, provider.ReasonOf(err).Class(), "mutation %d: %v", n, err)
	}
}

// testVectors verifies what others signed.
func (s Suite) testVectors(t *testing.T) {
	for _, vector := range s.Vectors {
		t.Run(vector.Name, func(t *testing.T) {
			v, err := s.Provider.Verifier([]byte(vector.Document))
			require.NoError(t, err)
			origin, err := v.Verify(t.Context(), Header(vector.Headers), vector.Body, vector.Now)
			if vector.Valid {
				assert.NoError(t, err)
				assert.NotEmpty(t, origin.Endpoint)
				return
			}
			assert.Equal(t, provider.Rejected, provider.ReasonOf(err).Class(), "%v", err)
			assert.Empty(t, origin)
		})
	}
}

// testDocuments checks secret documents.
func (s Suite) testDocuments(t *testing.T) {
	entry := s.Senders[0].Entry
	labelled := func(label string) string {
		changed := strings.Replace(entry, `"label":"a"`, `"label":`+label, 1)
		require.NotEqual(t, entry, changed)
		return `{"` + s.List + `":[` + changed + `]}`
	}
	list := func(value string) string { return `{"` + s.List + `":` + value + `}` }
	noList := []string{`no list "` + s.List + `" with at least one entry`}
	notJSON := []string{"it is not JSON in UTF-8"}
	for _, row := range slices.Concat([]Document{
		{Why: "one entry", Document: list("[" + entry + "]")},
		{Why: "two entries with one label, as in a rotation", Document: list("[" + entry + "," + entry + "]")},
		{Why: "members of a later version", Document: `{"version":2,` + list("[" + strings.TrimSuffix(entry, "}") + `,"note":1}]`)[1:]},
		{Why: "final newline of an editor", Document: list("["+entry+"]") + "\n"},
		{Why: "longest label", Document: labelled(`"` + strings.Repeat("x", 64) + `"`)},
		{Why: "spaces and punctuation in a label", Document: labelled(`"Connect (EU) #2"`)},

		{Why: "bare secret", Document: "hush", Problems: notJSON},
		{Why: "cut off", Document: list(`[{"label":"hush`), Problems: notJSON},
		{Why: "two documents", Document: list("["+entry+"]") + `{"x":"hush"}`, Problems: notJSON},
		{Why: "not UTF-8: no signature would match", Document: labelled("\"hush\xff\""), Problems: notJSON},
		{Why: "null", Document: "null", Problems: noList},
		{Why: "quoted secret", Document: `"hush"`, Problems: noList},
		{Why: "list without its object", Document: `[{"label":"hush"}]`, Problems: noList},
		{Why: "another provider's document", Document: `{"others":[{"label":"hush"}]}`, Problems: noList},
		{Why: "no entries", Document: list("[]"), Problems: noList},
		{Why: "entries as an object", Document: list(`{"main":"hush"}`), Problems: noList},
		{Why: "no label", Document: labelled("null"), Problems: []string{`entry 1 of "` + s.List + `": "label" is missing`}},
		{Why: "label too long to log", Document: labelled(`"` + strings.Repeat("x", 65) + `"`), Problems: []string{"longer than 64 bytes"}},
		{Why: "label with a line break", Document: labelled(`"a\nb"`), Problems: []string{"printable ASCII"}},
		{Why: "second of two entries", Document: list("[" + entry + `,"hush"]`), Problems: []string{`entry 2 of "` + s.List + `": "label" is missing`}},
	}, s.Documents) {
		t.Run(row.Why, func(t *testing.T) {
			v, err := s.Provider.Verifier([]byte(row.Document))
			if row.Problems == nil {
				assert.NoError(t, err)
				assert.NotNil(t, v)
				return
			}
			assert.Nil(t, v)
			assert.ErrorIs(t, err, provider.SecretMalformed)
			for _, problem := range row.Problems {
				assert.ErrorContains(t, err, problem)
			}
			assert.NotContains(t, err.Error(), "hush", "an error repeats nothing of the document")
		})
	}
	for _, blank := range []string{"", " \r\n\t"} {
		_, err := s.Provider.Verifier([]byte(blank))
		assert.ErrorIs(t, err, provider.SecretEmpty)
		assert.ErrorContains(t, err, `put {"`+s.List+`":[`, "the error shows an example")
	}
}
