package decode_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

const example = `{"list":[{"label":"…","key":"…"}]}`

type entry struct {
	Label string `json:"label"`
	Key   string `json:"key"`
}

func (e entry) problems() []string {
	return []string{decode.CheckLabel(e.Label), decode.CheckText("key", e.Key)}
}

// parse reads a document the way that providers do.
func parse(text string) ([]entry, error) {
	var content struct {
		List []entry `json:"list"`
	}
	if err := decode.Secret([]byte(text), example, &content); err != nil {
		return nil, err
	}
	return content.List, decode.CheckEntries("list", content.List, entry.problems)
}

func TestParses(t *testing.T) {
	for _, tt := range []struct {
		why, text string
		want      []entry
	}{
		{"one entry", `{"list":[{"label":"main","key":"a"}]}`, []entry{{"main", "a"}}},
		{"several", `{"list":[{"label":"main","key":"a"},{"label":"main","key":"b"}]}`, []entry{{"main", "a"}, {"main", "b"}}},
		{"32 entries", `{"list":[` + strings.Repeat(`{"label":"main","key":"a"},`, 31) + `{"label":"main","key":"a"}]}`, slices.Repeat([]entry{{"main", "a"}}, 32)},
		{"members of a later version", `{"version":2,"list":[{"label":"main","key":"a","note":1}]}`, []entry{{"main", "a"}}},
		{"a final newline, as an editor leaves it", "{\"list\":[{\"label\":\"main\",\"key\":\"a\"}]}\n", []entry{{"main", "a"}}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			got, err := parse(tt.text)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestRefuses(t *testing.T) {
	for _, tt := range []struct {
		why, text string
		want      provider.Reason
		says      []string
	}{
		{"never filled", "", provider.SecretEmpty, []string{"put " + example}},
		{"blank", " \r\n\t", provider.SecretEmpty, nil},
		{"the bare secret", "hush", provider.SecretMalformed, []string{"not JSON in UTF-8"}},
		{"cut off", `{"list":[{"label":"hush`, provider.SecretMalformed, []string{"not JSON in UTF-8"}},
		{"two documents", `{"list":[]} {"list":"hush"}`, provider.SecretMalformed, []string{"not JSON in UTF-8"}},
		{"not UTF-8: no signature would ever match", "{\"list\":[{\"label\":\"main\",\"key\":\"hush\xff\"}]}", provider.SecretMalformed, []string{"not JSON in UTF-8"}},
		{"null", "null", provider.SecretMalformed, []string{`no list "list" with at least one entry`}},
		{"no entries", `{"list":[]}`, provider.SecretMalformed, []string{`no list "list" with at least one entry`}},
		{"33 entries", `{"list":[` + strings.Repeat(`{"label":"main","key":"hush"},`, 32) + `{"label":"main","key":"hush"}]}`, provider.SecretMalformed, []string{`its list "list" has 33 entries; at most 32 are allowed`}},
		{"the list as an object", `{"list":{"main":"hush"}}`, provider.SecretMalformed, []string{`no list "list" with at least one entry`}},
		{
			"every wrong entry is named at once",
			`{"list":[{"label":"ok","key":"hush"},{"key":"hush"},null]}`,
			provider.SecretMalformed,
			[]string{`entry 2 of "list": "label" is missing`, `entry 3 of "list": "label" is missing`, `entry 3 of "list": "key" is missing`},
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			_, err := parse(tt.text)
			assert.ErrorIs(t, err, tt.want)
			for _, part := range tt.says {
				assert.ErrorContains(t, err, part)
			}
			assert.NotContains(t, err.Error(), "hush", "an error repeats nothing of the document")
			assert.NotContains(t, err.Error(), "entry 1", "nothing is wrong with it")
		})
	}
}

func TestChecks(t *testing.T) {
	for _, tt := range []struct{ why, got, want string }{
		{"a label may have spaces and punctuation", decode.CheckLabel("Connect (EU) #2"), ""},
		{"the longest label", decode.CheckLabel(strings.Repeat("x", 64)), ""},
		{"no label", decode.CheckLabel(""), `"label" is missing, empty or not a string`},
		{"too long to log", decode.CheckLabel(strings.Repeat("x", 65)), `"label" is longer than 64 bytes`},
		{"a line break would split a log line", decode.CheckLabel("a\nb"), `"label" has a character that is not printable ASCII`},
		{"beyond ASCII", decode.CheckLabel("Köln"), `"label" has a character that is not printable ASCII`},

		{"a key is any text", decode.CheckText("key", "a b"), ""},
		{"no key: it would sign for everybody", decode.CheckText("key", ""), `"key" is missing, empty or not a string`},
		{"pasted with its line break", decode.CheckText("key", "hush\n"), `"key" has white space around it`},

		{"live", decode.CheckEnvironment("live"), ""},
		{"sandbox", decode.CheckEnvironment("sandbox"), ""},
		{"no environment", decode.CheckEnvironment(""), `"environment" is neither "live" nor "sandbox"`},
		{"Square's own word", decode.CheckEnvironment("production"), `"environment" is neither "live" nor "sandbox"`},
	} {
		assert.Equal(t, tt.want, tt.got, tt.why)
	}
}

// FuzzRead: any document is either entries without a problem or refused with a
// reason.
func FuzzRead(f *testing.F) {
	f.Add(`{"list":[{"label":"main","key":"a"},{"label":"main","key":"b"}]}`)
	f.Add(`{"list":[{"label":"","key":7}],"list":[null]}`)
	f.Add("\ufeff{}")
	f.Add(" ")
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := parse(text)
		if err != nil {
			assert.Equal(t, provider.Unavailable, provider.ReasonOf(err).Class(), "%v", err)
			return
		}
		assert.NotEmpty(t, entries)
		for _, e := range entries {
			assert.Equal(t, []string{"", ""}, e.problems())
		}
	})
}
