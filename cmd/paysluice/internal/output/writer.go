package output

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// writer writes rows in one format.
type writer[T any] interface {
	row(T) error
	end() error
}

func newWriter[T any](w *bufio.Writer, f Format, columns []Column[T]) writer[T] {
	switch f {
	case JSON:
		return &jsonWriter[T]{w: w}
	case NDJSON:
		return ndjsonWriter[T]{w}
	case CSV:
		return &csvWriter[T]{w: csv.NewWriter(w), columns: columns}
	}
	return &tableWriter[T]{w: w, columns: narrow(columns), measured: measured}
}

// narrow returns the columns of a table.
func narrow[T any](columns []Column[T]) []Column[T] {
	return slices.DeleteFunc(slices.Clone(columns), func(c Column[T]) bool { return c.Wide })
}

type jsonWriter[T any] struct {
	w    *bufio.Writer
	rows int
}

func (j *jsonWriter[T]) row(row T) error {
	text, err := json.MarshalIndent(row, "  ", "  ")
	if err != nil {
		return err
	}
	separator := ",\n  "
	if j.rows == 0 {
		separator = "[\n  "
	}
	j.rows++
	_, err = j.w.WriteString(separator + string(printableJSON(text)))
	return err
}

func (j *jsonWriter[T]) end() error {
	end := "\n]\n"
	if j.rows == 0 {
		end = "[]\n"
	}
	_, err := j.w.WriteString(end)
	return err
}

// ndjsonWriter flushes each line, for followers of a stream.
type ndjsonWriter[T any] struct{ w *bufio.Writer }

func (n ndjsonWriter[T]) row(row T) error {
	text, err := json.Marshal(row)
	if err != nil {
		return err
	}
	_, err = n.w.Write(append(printableJSON(text), '\n'))
	return cmp.Or(err, n.w.Flush())
}

func (ndjsonWriter[T]) end() error { return nil }

type csvWriter[T any] struct {
	w       *csv.Writer
	columns []Column[T]
	started bool
	follow  *bufio.Writer // flushed after each row, if it is not nil
}

func (c *csvWriter[T]) row(row T) error {
	err := cmp.Or(c.start(), c.w.Write(texts(c.columns, func(col Column[T]) string { return cell(col.Text(row)) })))
	if c.follow != nil {
		c.w.Flush()
		err = cmp.Or(err, c.follow.Flush())
	}
	return err
}

// cell returns a text as a cell that no spreadsheet runs as a formula: an apostrophe makes
// such a text a text (OWASP, "CSV Injection"). Webhooks can hold formulas.
func cell(text string) string {
	if first, _ := utf8.DecodeRuneInString(text); strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) && !isNumber(text) {
		return "'" + Printable(text)
	}
	return Printable(text)
}

// isNumber reports whether a text is a number in digits.
func isNumber(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil && strings.Trim(text, "+-.0123456789") == ""
}

// start writes the heading once.
func (c *csvWriter[T]) start() error {
	if c.started {
		return nil
	}
	c.started = true
	return c.w.Write(texts(c.columns, func(col Column[T]) string { return col.Name }))
}

func (c *csvWriter[T]) end() error {
	err := c.start()
	c.w.Flush()
	return cmp.Or(err, c.w.Error())
}

// measured is the number of rows whose texts set the widths of a table's columns.
// Later rows stream with the same widths.
const measured = 100

type tableWriter[T any] struct {
	w       *bufio.Writer
	columns []Column[T]
	pending [][]string
	// measured is the number of rows before the first line is written.
	measured int
	widths   []int // set with the first lines
}

func (t *tableWriter[T]) row(row T) error {
	t.pending = append(t.pending, texts(t.columns, func(col Column[T]) string {
		if col.Short != nil {
			return Printable(col.Short(row))
		}
		return Printable(col.Text(row))
	}))
	if len(t.pending) < t.measured && t.widths == nil {
		return nil
	}
	return t.end()
}

// end writes the pending rows, after the heading if they are the first.
func (t *tableWriter[T]) end() error {
	if t.widths == nil && len(t.pending) > 0 {
		if headings := texts(t.columns, func(col Column[T]) string { return heading(col.Name) }); strings.Join(headings, "") != "" {
			t.pending = slices.Insert(t.pending, 0, headings)
		}
		for _, c := range t.columns {
			t.widths = append(t.widths, c.Width)
		}
		for _, cells := range t.pending {
			for i, cell := range cells {
				t.widths[i] = max(t.widths[i], utf8.RuneCountInString(cell))
			}
		}
	}
	for _, cells := range t.pending {
		fmt.Fprintln(t.w, t.line(cells)) // the buffer keeps its first error
	}
	t.pending = nil
	return t.w.Flush()
}

func (t *tableWriter[T]) line(cells []string) string {
	padded := make([]string, len(cells))
	for i, cell := range cells {
		width := t.widths[i]
		if !t.columns[i].Right {
			width = -width
		}
		padded[i] = fmt.Sprintf("%*s", width, cell)
	}
	return strings.TrimRight(strings.Join(padded, "  "), " ")
}

// heading returns a field's name in capitals: "EVENT ID" for eventId.
func heading(name string) string {
	var words strings.Builder
	for i, c := range name {
		if i > 0 && 'A' <= c && c <= 'Z' && name[i-1] >= 'a' {
			words.WriteByte(' ')
		}
		words.WriteRune(c)
	}
	return strings.ToUpper(words.String())
}

func texts[T any](columns []Column[T], text func(Column[T]) string) []string {
	all := make([]string, len(columns))
	for i, c := range columns {
		all[i] = text(c)
	}
	return all
}
