package console

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
)

func TestBodyIsBounded(t *testing.T) {
	w := &world{bodies: map[string][]byte{}}
	s := listen(t, w)
	const depth = 9_900
	deep := `{"deep":` + strings.Repeat("[", depth) + "0" + strings.Repeat(",0", 30_000) + strings.Repeat("]", depth) + "}"
	for _, row := range []struct {
		why, text, form string
		starts, becomes string
		cut             bool
	}{
		{"82 KB whose indented lines would have 600 MB", deep, "pretty", "{\n  \"deep\": [\n    [\n      [", "pretty", true},
		{"the same as it was sent", deep, "raw", deep, "raw", false},
		{"a long text", `{"a":"` + strings.Repeat("x", maxShown) + `"}`, "raw", `{"a":"xxx`, "raw", true},
		{"a long text in one line", `{"a":"` + strings.Repeat("x", maxShown) + `"}`, "pretty", "{\n  \"a\": \"xxx", "pretty", true},
		{"no half character at the end", "x" + strings.Repeat("€", maxShown/3) + "€", "raw", "x€€€", "raw", true},
		{"values are as they were sent", `{"a":[1.50,1e400,"\u00e9\ud800\/",{},[]],"a":null}`, "pretty", "{\n  \"a\": [\n    1.50,\n    1e400,\n    \"\\u00e9\\ud800\\/\",\n    {},\n    []\n  ],\n  \"a\": null\n}", "pretty", false},
		{"bytes of no character", strings.Repeat("\x80", maxShown+1), "raw", `\x80\x80`, "raw", true},
		{"no JSON at its end", `{"a":1}}`, "pretty", `{"a":1}}`, "raw", false},
		{"a number, and no JSON", `{"a":1,x}`, "pretty", `{"a":1,x}`, "raw", false},
		{"no text", "", "pretty", "", "pretty", false},
	} {
		w.bodies["stripe:1"] = []byte(row.text)
		b := s.readBody(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/event", nil), event.Event{ID: "stripe:1"}, row.form)
		assert.True(t, strings.HasPrefix(b.Text, row.starts), "%s: %.80q", row.why, b.Text)
		assert.Equal(t, row.becomes, b.Form, row.why)
		assert.Equal(t, row.cut, b.Cut, row.why)
		assert.LessOrEqual(t, len(b.Text), 4*maxShown, row.why+": an escape has four bytes")
		assert.Equal(t, strings.Contains(row.starts, `\x`), strings.Contains(b.Text, `\x`), row.why)
	}
	// What is whole reads as encoding/json writes it.
	var want bytes.Buffer
	sample := []byte(`{"a":[1,{"b":"c"},[]],"d":{"e":true}}`)
	require.NoError(t, json.Indent(&want, sample, "", "  "))
	var out beginning
	assert.ErrorIs(t, out.indent(sample), io.EOF)
	assert.Equal(t, want.String(), string(out))
	// The memory follows what is shown, not what the lines would have.
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_ = new(beginning).indent([]byte(deep))
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16*maxShown))
}
