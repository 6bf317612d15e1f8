package envelope

// maxDepth is how deep encoding/json lets arrays and objects nest.
const maxDepth = 10000

// scanner walks through JSON text (RFC 8259) and accepts what encoding/json
// accepts. Methods that say whether what stands at pos is as it should be leave
// pos behind it when it is.
type scanner struct {
	text  []byte
	pos   int
	depth int
}

// next is the byte at pos, 0 at the end of the text.
func (s *scanner) next() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

// skip moves behind c.
func (s *scanner) skip(c byte) bool {
	if s.next() != c || s.pos >= len(s.text) {
		return false
	}
	s.pos++
	return true
}

func (s *scanner) skipSpace() {
	for i, c := range s.text[s.pos:] {
		if c > ' ' || c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			s.pos += i
			return
		}
	}
	s.pos = len(s.text)
}

// skipScalar moves behind a string, a number, true, false or null.
func (s *scanner) skipScalar() bool {
	switch c := s.next(); c {
	case '"':
		return s.skipString()
	case 't':
		return s.skipWord("true")
	case 'f':
		return s.skipWord("false")
	case 'n':
		return s.skipWord("null")
	default:
		return s.skipNumber()
	}
}

func (s *scanner) skipWord(word string) bool {
	end := s.pos + len(word)
	if end > len(s.text) || string(s.text[s.pos:end]) != word {
		return false
	}
	s.pos = end
	return true
}

func (s *scanner) skipString() bool {
	if !s.skip('"') {
		return false
	}
	for {
		s.pos += plainLength(s.text[s.pos:])
		switch s.next() {
		case '"':
			s.pos++
			return true
		case '\\':
			if !s.skipEscape() {
				return false
			}
		default: // a control character, or the end of the text
			return false
		}
	}
}

// plainLength is the number of bytes before a quote, a backslash or a control
// character.
func plainLength(text []byte) int {
	for i, c := range text {
		if c == '"' || c == '\\' || c < ' ' {
			return i
		}
	}
	return len(text)
}

func (s *scanner) skipEscape() bool {
	s.pos++ // the backslash
	switch s.next() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos++
		return true
	case 'u':
		s.pos++
		for range 4 {
			if !isHex(s.next()) {
				return false
			}
			s.pos++
		}
		return true
	}
	return false
}

func (s *scanner) skipNumber() bool {
	s.skip('-')
	if !s.skip('0') && !s.skipDigits() {
		return false
	}
	if s.skip('.') && !s.skipDigits() {
		return false
	}
	if s.skip('e') || s.skip('E') {
		if !s.skip('+') {
			s.skip('-')
		}
		return s.skipDigits()
	}
	return true
}

func (s *scanner) skipDigits() bool {
	start := s.pos
	for isDigit(s.next()) {
		s.pos++
	}
	return s.pos > start
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

// each moves behind an object or an array, whose brackets are open and close,
// and calls element in front of each of its elements, to move behind it.
func (s *scanner) each(open, close byte, element func() bool) bool {
	if s.depth++; s.depth > maxDepth || !s.skip(open) {
		return false
	}
	s.skipSpace()
	for first := true; !s.skip(close); first = false {
		if !first {
			if !s.skip(',') {
				return false
			}
			s.skipSpace()
		}
		if !element() {
			return false
		}
		s.skipSpace()
	}
	s.depth--
	return true
}

// skipName moves behind the name of a member and the colon, and returns the
// name in its quotes.
func (s *scanner) skipName() (name []byte, ok bool) {
	start := s.pos
	if !s.skipString() {
		return nil, false
	}
	name = s.text[start:s.pos]
	s.skipSpace()
	if !s.skip(':') {
		return nil, false
	}
	s.skipSpace()
	return name, true
}

// skipValue moves behind any value.
func (s *scanner) skipValue() bool {
	switch s.next() {
	case '{':
		return s.each('{', '}', func() bool {
			_, ok := s.skipName()
			return ok && s.skipValue()
		})
	case '[':
		return s.each('[', ']', s.skipValue)
	}
	return s.skipScalar()
}
