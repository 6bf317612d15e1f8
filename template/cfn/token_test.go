package cfn

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A token decodes to its value, and no other string decodes.
func FuzzToken(f *testing.F) {
	for _, seed := range []string{
		"", "Queue", "AWS::Region", `"quoted\`, "\x00", "\x1f\x7f", "é\u2028<&>", "\xff",
		Ref("X"), Ref("X")[1:], encode("{"), encode(`"text"`), "\x001234567",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, ok := decode(text); ok {
			require.Equal(t, mark, text[:1], "a token begins with the mark")
		}
		if !utf8.ValidString(text) {
			return // encoding/json replaces what is not UTF-8
		}
		token := problem(text)
		v, ok := decode(token)
		require.True(t, ok)
		assert.Equal(t, text, v)

		for _, broken := range []string{token[1:], token[:len(token)-1], token + "x", "x" + token, token + token} {
			_, ok := decode(broken)
			assert.False(t, ok, "%q", broken)
			assert.Contains(t, broken, mark)
		}
	})
}

// A string with a token's form and checksum, but without JSON, is not a token.
func TestForgedToken(t *testing.T) {
	_, ok := decode(encode("{"))
	assert.False(t, ok)
}
