// Package output writes the results of commands as a table, JSON, NDJSON or CSV.
package output

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Format is a form of results.
type Format string

// All formats.
const (
	Table  Format = "table"
	JSON   Format = "json"   // one array, or one object
	NDJSON Format = "ndjson" // one object a line
	CSV    Format = "csv"    // with a heading
)

// Formats returns all formats.
func Formats() []Format { return []Format{Table, JSON, NDJSON, CSV} }

// ErrFormat reports an unknown format.
var ErrFormat = errors.New("must be table, json, ndjson or csv")

// String returns the format's name.
func (f *Format) String() string { return string(*f) }

// Set accepts the name of a format (pflag.Value).
func (f *Format) Set(name string) error {
	if !slices.Contains(Formats(), Format(name)) {
		return ErrFormat
	}
	*f = Format(name)
	return nil
}

// Type returns the name of the flag's value in help texts (pflag.Value).
func (f *Format) Type() string { return "format" }

// Column is a column of a table and of CSV.
type Column[T any] struct {
	Name string // the JSON field's name
	Text func(T) string
	// Short is the text in tables; Text is used if it is nil.
	Short func(T) string
	// Right aligns a number.
	Right bool
	// Wide leaves the column out of tables.
	Wide bool
	// Width is the least width in tables.
	Width int
}

// Write writes rows as they arrive and returns how many there were. JSON and NDJSON
// encode the row itself; table and CSV have the columns.
func Write[T any](w io.Writer, f Format, columns []Column[T], rows iter.Seq2[T, error]) (n int, err error) {
	buffered := bufio.NewWriter(w)
	return write(buffered, newWriter(buffered, f, columns), rows)
}

// Follow is Write for rows that arrive slowly: each is shown at once. JSON is NDJSON,
// and a table's columns have their Width.
func Follow[T any](w io.Writer, f Format, columns []Column[T], rows iter.Seq2[T, error]) (n int, err error) {
	buffered := bufio.NewWriter(w)
	switch f {
	case Table:
		return write(buffered, &tableWriter[T]{w: buffered, columns: narrow(columns), measured: 1}, rows)
	case CSV:
		return write(buffered, &csvWriter[T]{w: csv.NewWriter(buffered), columns: columns, follow: buffered}, rows)
	}
	return write(buffered, ndjsonWriter[T]{buffered}, rows)
}

func write[T any](buffered *bufio.Writer, to writer[T], rows iter.Seq2[T, error]) (n int, err error) {
	for row, failure := range rows {
		if failure != nil {
			err = failure
			break
		}
		if err = to.row(row); err != nil {
			break
		}
		n++
	}
	return n, cmp.Or(err, to.end(), buffered.Flush()) // a failure to write is the error of all three
}

// Object writes one value: as JSON, or as a table of the fields' names and texts.
func Object(w io.Writer, f Format, value any, fields [][2]string) error {
	switch f {
	case JSON, NDJSON:
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		if f == JSON {
			encoder.SetIndent("", "  ")
		}
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(value); err != nil {
			return err
		}
		_, err := w.Write(printableJSON(text.Bytes()))
		return err
	}
	columns := []Column[[2]string]{
		{Name: "field", Text: func(p [2]string) string { return p[0] }},
		{Name: "value", Text: func(p [2]string) string { return p[1] }},
	}
	if f == Table {
		columns[0].Name, columns[1].Name = "", ""
	}
	_, err := Write(w, f, columns, All(fields))
	return err
}

// Objects writes values as Object does, in one document: several are a JSON array, or
// follow each other below one heading.
func Objects[T any](w io.Writer, f Format, values []T, fields [][][2]string) error {
	switch {
	case f == JSON && len(values) > 1:
		_, err := Write(w, f, nil, All(values))
		return err
	case f == CSV:
		return Object(w, f, nil, slices.Concat(fields...))
	}
	for i, v := range values {
		if i > 0 && f == Table {
			fmt.Fprintln(w)
		}
		if err := Object(w, f, v, fields[i]); err != nil {
			return err
		}
	}
	return nil
}

// All returns the values of a slice as rows without an error.
func All[T any](values []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range values {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// printableJSON is Printable for JSON, which escapes only the characters below U+0020 by
// itself. The others are in strings, where their escape has the same meaning.
func printableJSON(text []byte) []byte {
	hidden := func(r rune) bool { return r != '\n' && !strconv.IsGraphic(r) }
	if bytes.IndexFunc(text, hidden) < 0 {
		return text
	}
	var escaped bytes.Buffer
	for _, r := range string(text) {
		if !hidden(r) {
			escaped.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&escaped, `\u%04x`, unit)
		}
	}
	return escaped.Bytes()
}

// Printable returns text with each character that could control a terminal or
// begin a line replaced by a Go escape. Events and keys hold what others have
// chosen.
func Printable(text string) string {
	quoted := strconv.QuoteToGraphic(text)
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(quoted[1 : len(quoted)-1])
}
