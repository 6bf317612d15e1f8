package jsonscan

import (
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"unicode/utf8"
)

// Text is the string that a value is, as encoding/json reads it; "" when it is
// none. The value is one that was accepted, or is empty.
func Text(value []byte) string {
	if plain, ok := Plain(value); ok {
		return string(plain) // as nearly all are
	}
	var s string
	_ = json.Unmarshal(value, &s) // leaves s empty when it fails
	return s
}

// Plain is what stands in a string's quotes, when that stands for itself: it has
// no escape, and is of ASCII. The value is as for Text.
func Plain(value []byte) (text []byte, ok bool) {
	end := len(value) - 1
	if end < 1 || value[0] != '"' {
		return nil, false
	}
	text = value[1:end]
	return text, isPlain(text)
}

// Constants for eight bytes at once.
const (
	word     = 8
	ones     = 0x0101010101010101
	tops     = 0x80 * ones
	quotes   = '"' * ones
	slashes  = '\\' * ones
	controls = ' ' * ones // what is below
)

// plainLength is the number of bytes before a quote, a backslash or a control
// character. It looks at eight at once, most of an event being one long string:
// x - ones has a top bit where a byte of x was 0, x - controls where it was below
// a space, and &^ x leaves out those that had one before; only what is above such
// a byte may be marked for nothing (Anderson, "Bit Twiddling Hacks", "Determine
// if a word has a zero byte").
func plainLength(text []byte) int {
	n := 0
	for ; len(text)-n >= word; n += word {
		x := binary.LittleEndian.Uint64(text[n:])
		q, b := x^quotes, x^slashes
		if found := ((x-controls)&^x | (q-ones)&^q | (b-ones)&^b) & tops; found != 0 {
			return n + bits.TrailingZeros64(found)/word
		}
	}
	for ; n < len(text); n++ {
		if c := text[n]; c == '"' || c == '\\' || c < ' ' {
			return n
		}
	}
	return n
}

func isPlain(text []byte) bool {
	for ; len(text) >= word; text = text[word:] {
		x := binary.LittleEndian.Uint64(text)
		if b := x ^ slashes; (x|(b-ones)&^b)&tops != 0 {
			return false
		}
	}
	for _, c := range text {
		if c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
