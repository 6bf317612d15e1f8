package console

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/paysluice/paysluice/handlers/event"
)

// maxShown bounds how much of a body a page shows, in bytes. A download has all of it.
const maxShown = 256 << 10

// body is a body on the page.
type body struct {
	Form    string // pretty or raw
	Text    string
	Size    int
	Cut     bool // whether Text is only the beginning
	JSON    bool
	Problem *problem
}

// readBody reads the body of an event for its page.
func (s *Server) readBody(r *http.Request, e event.Event, form string) *body {
	text, err := s.Store.Payload(r.Context(), e)
	if err != nil {
		return &body{Problem: newProblem(err)}
	}
	s.log("the body of %s was shown: %s", e.ID, formatBytes(len(text)))
	b := &body{Form: form, Size: len(text)}
	var shown beginning
	err = shown.indent(text)
	if b.JSON = errors.Is(err, io.EOF) || errors.Is(err, errCut); !b.JSON || form == "raw" {
		b.Form, shown = "raw", nil
		err = shown.add(text)
	}
	b.Cut = errors.Is(err, errCut)
	// Here line feeds and tabs mean themselves. Others would be normalised by HTML.
	b.Text = string(visible(shown))
	return b
}

// errCut says that a text is longer than a page shows.
var errCut = errors.New("only the beginning is shown")

// beginning is at most maxShown bytes of a text.
type beginning []byte

// add appends as much as fits. The error is errCut if that is not all. Then the text ends
// with a whole character.
func (b *beginning) add(text []byte) error {
	if room := maxShown - len(*b); len(text) > room {
		for i := room; i > max(0, room-utf8.UTFMax); i-- {
			if utf8.RuneStart(text[i]) {
				room = i
				break
			}
		}
		*b = append(*b, text[:room]...)
		return errCut
	}
	*b = append(*b, text...)
	return nil
}

// indent appends JSON with each member on a line of its own, and each value as it was sent.
// The error is io.EOF at the end of the text. It ends early where no more fits: the lines of
// deep arrays would have gigabytes, and jsontext.Encoder keeps them until an array has a value.
func (b *beginning) indent(text []byte) error {
	decoder := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for {
		depth := decoder.StackDepth()
		in, length := decoder.StackIndex(depth)
		kind := decoder.PeekKind()
		value := []byte{byte(kind)}
		var err error
		switch kind {
		case '{', '}', '[', ']':
			_, err = decoder.ReadToken()
		default:
			value, err = decoder.ReadValue()
		}
		if err == nil {
			err = b.add(append(between(kind, depth, in, length), value...))
		}
		if err != nil {
			return err
		}
	}
}

// between returns what separates a value or the end of an object or array from the one before:
// in is '{' or '[' and has had length names and values.
func between(kind jsontext.Kind, depth int, in jsontext.Kind, length int64) []byte {
	line := func(depth int) []byte { return append([]byte("\n"), bytes.Repeat([]byte("  "), depth)...) }
	switch ends := kind == '}' || kind == ']'; {
	case depth == 0 && length == 0, ends && length == 0:
		return nil
	case ends:
		return line(depth - 1)
	case in == '{' && length%2 == 1:
		return []byte(": ")
	case length > 0 && depth > 0:
		return append([]byte(","), line(depth)...)
	}
	return line(depth)
}
