package cfn

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Printed templates keep all values, and printing is idempotent.
func FuzzLayout(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[1.0, 1e400, -0, 12345678901234567890]`, `[[[[]]], {}, null, true, "\u0000\u001f\u2028\"\\<&>"]`,
		`{"": {"": ""}}`, `{"Z": 1, "Type": 2, "A": 3}`, `"` + strings.Repeat("long ", 30) + `"`,
		`[[[[["` + strings.Repeat(`one", "`, 30) + `"]]]]]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := parse(raw)
		if err != nil || !utf8.Valid(raw) {
			return
		}
		doc := map[string]any{resources: map[string]any{"A": v}}

		out := layout(doc)

		again, err := parse(out)
		require.NoError(t, err)
		assert.Equal(t, doc, again)
		assert.Equal(t, string(out), string(layout(again.(map[string]any))))
	})
}

// A value that fits is on one line, up to the width. A line that cannot be broken
// can be longer.
func TestLayoutWidth(t *testing.T) {
	list := func(n int) map[string]any {
		return map[string]any{outputs: map[string]any{"A": []any{"a", strings.Repeat("b", n)}}}
	}
	const around = len(`  "A": ["a", ""]`)

	fits := string(layout(list(width - around - len(","))))
	assert.Contains(t, fits, `  "A": ["a", "b`)
	broken := string(layout(list(width - around)))
	assert.Contains(t, broken, "  \"A\": [\n   \"a\",\n   \"b")

	for line := range strings.Lines(fits + broken) {
		assert.LessOrEqual(t, len(strings.TrimSuffix(line, "\n")), width)
	}
	assert.Contains(t, string(layout(list(2*width))), strings.Repeat("b", 2*width))
}
