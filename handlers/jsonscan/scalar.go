package jsonscan

// skipScalar moves behind a string, a number, true, false or null.
func (s *Scanner) skipScalar() bool {
	switch c := s.Next(); c {
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

func (s *Scanner) skipWord(word string) bool {
	end := s.pos + len(word)
	if end > len(s.text) || string(s.text[s.pos:end]) != word {
		return false
	}
	s.pos = end
	return true
}

func (s *Scanner) skipString() bool {
	if !s.skip('"') {
		return false
	}
	for {
		s.pos += plainLength(s.text[s.pos:])
		switch s.Next() {
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

func (s *Scanner) skipEscape() bool {
	s.pos++ // the backslash
	switch s.Next() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos++
		return true
	case 'u':
		s.pos++
		for range 4 {
			if !isHex(s.Next()) {
				return false
			}
			s.pos++
		}
		return true
	}
	return false
}

func (s *Scanner) skipNumber() bool {
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

func (s *Scanner) skipDigits() bool {
	start := s.pos
	for isDigit(s.Next()) {
		s.pos++
	}
	return s.pos > start
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }
