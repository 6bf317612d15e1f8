package output_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
)

type row struct {
	EventID string  `json:"eventId"`
	Amount  float64 `json:"amount"`
}

func columns() []output.Column[row] {
	return []output.Column[row]{
		{Name: "eventId", Text: func(r row) string { return r.EventID }, Short: func(r row) string { return strings.TrimPrefix(r.EventID, "x:") }},
		{Name: "amount", Text: func(r row) string { return fmt.Sprint(r.Amount) }, Right: true},
		{Name: "always", Text: func(row) string { return "wide" }, Wide: true},
	}
}

func TestWrite(t *testing.T) {
	two := []row{{"x:a,b", 1.5}, {"x:<\x1b>", 100}}
	for _, test := range []struct {
		format output.Format
		rows   []row
		want   string
	}{
		{output.Table, two, "EVENT ID  AMOUNT\na,b          1.5\n<\\x1b>       100\n"},
		{output.Table, nil, ""},
		{output.JSON, two, "[\n  {\n    \"eventId\": \"x:a,b\",\n    \"amount\": 1.5\n  },\n  {\n    \"eventId\": \"x:\\u003c\\u001b\\u003e\",\n    \"amount\": 100\n  }\n]\n"},
		{output.JSON, nil, "[]\n"},
		{output.NDJSON, two[:1], "{\"eventId\":\"x:a,b\",\"amount\":1.5}\n"},
		{output.NDJSON, nil, ""},
		{output.CSV, two, "eventId,amount,always\n\"x:a,b\",1.5,wide\nx:<\\x1b>,100,wide\n"},
		{output.CSV, nil, "eventId,amount,always\n"},
	} {
		var text bytes.Buffer
		n, err := output.Write(&text, test.format, columns(), output.All(test.rows))
		require.NoError(t, err)
		assert.Equal(t, len(test.rows), n)
		assert.Equal(t, test.want, text.String(), test.format)
	}
}

// A spreadsheet runs no cell of CSV as a formula.
func TestFormulas(t *testing.T) {
	for text, want := range map[string]string{
		"=HYPERLINK(1)": "'=HYPERLINK(1)", "+1+1": "'+1+1", "-2+3": "'-2+3", "@SUM(1)": "'@SUM(1)", "＝1+1": "'＝1+1",
		"\t=1": `'\t=1`, "\r=1": `'\r=1`, "-Inf": "'-Inf", "-0x1p-2": "'-0x1p-2",
		"-5.00": "-5.00", "+3": "+3", "1=1": "1=1", "a": "a",
	} {
		var out bytes.Buffer
		_, err := output.Write(&out, output.CSV, columns()[:1], output.All([]row{{EventID: text}}))
		require.NoError(t, err)
		assert.Equal(t, "eventId\n"+want+"\n", out.String())
	}
}

// A long table streams with the widths of its first rows.
func TestLongTableStreams(t *testing.T) {
	reader, writer := io.Pipe()
	go func() {
		_, err := output.Write(writer, output.Table, columns(), func(yield func(row, error) bool) {
			for range 100 {
				yield(row{"short", 1}, nil)
			}
			_, _ = io.WriteString(writer, "between\n")
			yield(row{"longer than the column", 1}, nil)
		})
		writer.CloseWithError(err)
	}()
	text, err := io.ReadAll(reader)
	require.NoError(t, err)
	lines := strings.Split(string(text), "\n")
	assert.Equal(t, []string{"between", "longer than the column       1", ""}, lines[101:])
}

func TestWriteFails(t *testing.T) {
	down := errors.New("down")
	failing := func(n int) iter.Seq2[row, error] {
		return func(yield func(row, error) bool) {
			for range n {
				if !yield(row{EventID: "a"}, nil) {
					return
				}
			}
			yield(row{}, down)
		}
	}
	for _, f := range output.Formats() {
		var text bytes.Buffer
		n, err := output.Write(&text, f, columns(), failing(1))
		assert.ErrorIs(t, err, down)
		assert.Equal(t, 1, n)
		assert.Contains(t, text.String(), "a", "rows before the failure are shown")

		_, err = output.Write(full{}, f, columns(), failing(10_000))
		assert.ErrorIs(t, err, errFull, "%s", f)
	}
}

var errFull = errors.New("disk full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestObject(t *testing.T) {
	for format, want := range map[output.Format]string{
		output.Table:  "eventId  a\namount   1\n",
		output.JSON:   "{\n  \"eventId\": \"<a>\",\n  \"amount\": 1\n}\n",
		output.NDJSON: "{\"eventId\":\"<a>\",\"amount\":1}\n",
		output.CSV:    "field,value\neventId,a\namount,1\n",
	} {
		var text bytes.Buffer
		require.NoError(t, output.Object(&text, format, row{"<a>", 1}, [][2]string{{"eventId", "a"}, {"amount", "1"}}))
		assert.Equal(t, want, text.String(), format)
	}
}

// Several objects are one document.
func TestObjects(t *testing.T) {
	for format, want := range map[output.Format]string{
		output.Table:  "eventId  a\n\neventId  b\n",
		output.JSON:   "[\n  {\n    \"eventId\": \"a\",\n    \"amount\": 1\n  },\n  {\n    \"eventId\": \"b\",\n    \"amount\": 2\n  }\n]\n",
		output.NDJSON: "{\"eventId\":\"a\",\"amount\":1}\n{\"eventId\":\"b\",\"amount\":2}\n",
		output.CSV:    "field,value\neventId,a\neventId,b\n",
	} {
		var text bytes.Buffer
		fields := [][][2]string{{{"eventId", "a"}}, {{"eventId", "b"}}}
		require.NoError(t, output.Objects(&text, format, []row{{"a", 1}, {"b", 2}}, fields))
		assert.Equal(t, want, text.String(), format)
		assert.Error(t, output.Objects(full{}, format, []row{{"a", 1}}, fields[:1]))
	}
}

func TestFormatIsAFlag(t *testing.T) {
	var f output.Format
	require.NoError(t, f.Set("csv"))
	assert.Equal(t, "csv", f.String())
	assert.Equal(t, "format", f.Type())
	assert.ErrorIs(t, f.Set("xml"), output.ErrFormat)
}

func TestAllStops(t *testing.T) {
	for v := range output.All([]int{1, 2}) {
		assert.Equal(t, 1, v)
		break
	}
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		`stripe/a "b" \c`: `stripe/a "b" \c`,
		"é 订":             "é 订",
		"\x1b[2K\r\n":     `\x1b[2K\r\n`,
		"\u202e\u009b":    `\u202e\u009b`,
		"\xff\x00":        `\xff\x00`,
		"":                "",
	} {
		assert.Equal(t, want, output.Printable(text))
	}
}

// JSON controls no terminal and hides no text either.
func TestPrintableJSON(t *testing.T) {
	hostile := row{EventID: "a\x1b\u009b2J\u202e\U000e0041\x7f é 订"}
	for _, f := range []output.Format{output.JSON, output.NDJSON} {
		var rows, object bytes.Buffer
		_, err := output.Write(&rows, f, columns(), output.All([]row{hostile}))
		require.NoError(t, err)
		require.NoError(t, output.Object(&object, f, hostile, nil))
		for _, text := range []string{rows.String(), object.String()} {
			assert.Contains(t, text, `"a\u001b\u009b2J\u202e\udb40\udc41\u007f é 订"`, f)
		}
		var got row
		require.NoError(t, json.Unmarshal(object.Bytes(), &got))
		assert.Equal(t, hostile, got)
		assert.ErrorContains(t, output.Object(io.Discard, f, func() {}, nil), "unsupported type")
		_, err = output.Write(io.Discard, f, nil, output.All([]func(){nil}))
		assert.ErrorContains(t, err, "unsupported type")
	}
}

// Each row is shown before the next one arrives.
func TestFollow(t *testing.T) {
	columns := columns()
	columns[0].Width = 8
	for format, want := range map[output.Format][]string{
		output.Table:  {"EVENT ID  AMOUNT\na              1\n", "b              2\n"},
		output.JSON:   {"{\"eventId\":\"x:a\",\"amount\":1}\n", "{\"eventId\":\"x:b\",\"amount\":2}\n"},
		output.NDJSON: {"{\"eventId\":\"x:a\",\"amount\":1}\n", "{\"eventId\":\"x:b\",\"amount\":2}\n"},
		output.CSV:    {"eventId,amount,always\nx:a,1,wide\n", "x:b,2,wide\n"},
	} {
		var text bytes.Buffer
		n, err := output.Follow(&text, format, columns, func(yield func(row, error) bool) {
			yield(row{"x:a", 1}, nil)
			assert.Equal(t, want[0], text.String(), format)
			text.Reset()
			yield(row{"x:b", 2}, nil)
			assert.Equal(t, want[1], text.String(), format)
		})
		require.NoError(t, err)
		assert.Equal(t, 2, n)
	}
}
