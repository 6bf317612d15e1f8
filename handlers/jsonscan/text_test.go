package jsonscan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/jsonscan"
)

func TestText(t *testing.T) {
	for _, row := range []struct {
		why, value, want string
		plain            bool
	}{
		{"base64, as most bodies are", `"eyJpZCI6IjEifQ=="`, "eyJpZCI6IjEifQ==", true},
		{"empty", `""`, "", true},
		{"a text with escapes", `"{\"id\":\"\u00e9\\n\"}"`, `{"id":"é\n"}`, false},
		{"an escaped slash", `"\/a"`, "/a", false},
		{"beyond ASCII: encoding/json looks whether it is UTF-8", `"é"`, "é", false},
		{"what is not UTF-8 is replaced, as by encoding/json", "\"a\xff\"", "a\ufffd", false},
		{"null", `null`, "", false},
		{"a number", `7`, "", false},
		{"an object", `{}`, "", false},
		{"nothing", ``, "", false},
	} {
		t.Run(row.why, func(t *testing.T) {
			text, plain := jsonscan.Plain([]byte(row.value))
			assert.Equal(t, row.plain, plain)
			if plain {
				assert.Equal(t, row.want, string(text))
			}
			assert.Equal(t, row.want, jsonscan.Text([]byte(row.value)))
		})
	}
}

// TestEndOfTextIsFoundAnywhere: eight bytes are looked at at once, and what ends
// a text, or makes it another one than it looks, may be any of them.
func TestEndOfTextIsFoundAnywhere(t *testing.T) {
	for length := range 20 {
		for _, special := range []string{`\"`, `\\`, `\n`, "é", "\x7f", "\x80", "\x1f", "\x00", " ", "!", "#", "[", "]"} {
			for at := range length {
				text := strings.Repeat("a", at) + special + strings.Repeat("a", length-at)
				quoted := []byte(`"` + text + `"`)
				var want string
				err := json.Unmarshal(quoted, &want)

				require.Equal(t, err == nil, accepts(quoted), "%q", quoted)
				if err == nil {
					require.Equal(t, want, jsonscan.Text(quoted), "%q", quoted)
				}
			}
		}
	}
}
