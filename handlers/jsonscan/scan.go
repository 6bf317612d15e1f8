// Package jsonscan walks through JSON text and leaves it where it is: of a long
// text of which little is read, encoding/json makes two passes and a value of
// everything (docs/performance.md, "What was done").
package jsonscan

// maxDepth is how deep encoding/json lets arrays and objects nest.
const maxDepth = 10000

// Scanner walks through JSON text (RFC 8259) and accepts what encoding/json
// accepts. Methods that say whether what stands at its position is as it should
// be leave the position behind it when it is. Make it with New.
type Scanner struct {
	text  []byte
	pos   int
	depth int
}

// New stands at the beginning of text.
func New(text []byte) Scanner { return Scanner{text: text} }

// Pos is how many bytes are behind.
func (s *Scanner) Pos() int { return s.pos }

// From is what has been passed since the position was start.
func (s *Scanner) From(start int) []byte { return s.text[start:s.pos] }

// AtEnd reports whether nothing but white space is left.
func (s *Scanner) AtEnd() bool {
	s.SkipSpace()
	return s.pos == len(s.text)
}

// Next is the byte ahead, 0 at the end of the text.
func (s *Scanner) Next() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

// skip moves behind c.
func (s *Scanner) skip(c byte) bool {
	if s.Next() != c || s.pos >= len(s.text) {
		return false
	}
	s.pos++
	return true
}

// SkipSpace moves to what is not white space.
func (s *Scanner) SkipSpace() {
	for i, c := range s.text[s.pos:] {
		if c > ' ' || c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			s.pos += i
			return
		}
	}
	s.pos = len(s.text)
}

// SkipValue moves behind any value.
func (s *Scanner) SkipValue() bool {
	switch s.Next() {
	case '{':
		return s.Object(func([]byte) bool { return s.SkipValue() })
	case '[':
		return s.Array(s.SkipValue)
	}
	return s.skipScalar()
}

// Value moves behind any value, and is that value as it stands.
func (s *Scanner) Value() (value []byte, ok bool) {
	start := s.pos
	if !s.SkipValue() {
		return nil, false
	}
	return s.From(start), true
}

// Object moves behind an object, and calls member in front of the value of each
// of its members, to move behind it. The name is in its quotes.
func (s *Scanner) Object(member func(name []byte) bool) bool {
	return s.each('{', '}', func() bool {
		start := s.pos
		if !s.skipString() {
			return false
		}
		name := s.From(start)
		s.SkipSpace()
		if !s.skip(':') {
			return false
		}
		s.SkipSpace()
		return member(name)
	})
}

// Array moves behind an array, and calls element in front of each of its
// elements, to move behind it.
func (s *Scanner) Array(element func() bool) bool { return s.each('[', ']', element) }

// each is what objects and arrays have in common.
func (s *Scanner) each(open, close byte, element func() bool) bool {
	if s.depth++; s.depth > maxDepth || !s.skip(open) {
		return false
	}
	s.SkipSpace()
	for first := true; !s.skip(close); first = false {
		if !first {
			if !s.skip(',') {
				return false
			}
			s.SkipSpace()
		}
		if !element() {
			return false
		}
		s.SkipSpace()
	}
	s.depth--
	return true
}
