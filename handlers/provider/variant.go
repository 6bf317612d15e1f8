package provider

import (
	"bytes"
	"encoding/base64"
	"iter"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Variant is a body that something between the provider and the verifier may
// have turned into the one that arrived.
type Variant struct {
	Cause Cause
	// As completes "the signature is right for the body …".
	As   string
	Body []byte
}

// Variants returns other forms of a body: white space around it first, then
// other JSON encodings of the same content, then other encodings of the bytes.
func Variants(body []byte) iter.Seq[Variant] {
	return func(yield func(Variant) bool) {
		for v := range allVariants(body) {
			if !bytes.Equal(v.Body, body) && !yield(v) {
				return
			}
		}
	}
}

func allVariants(body []byte) iter.Seq[Variant] {
	return func(yield func(Variant) bool) {
		for _, variants := range []iter.Seq[Variant]{ends(body), encodings(body), wrappings(body)} {
			for v := range variants {
				if !yield(v) {
					return
				}
			}
		}
	}
}

// byteOrderMark is written by some editors at the beginning of UTF-8.
const byteOrderMark = "\xef\xbb\xbf"

// ends returns the body with other white space around it and other line breaks.
func ends(body []byte) iter.Seq[Variant] {
	trimmed := bytes.TrimRight(body, " \t\r\n")
	unix := bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n"))
	with := func(parts ...string) []byte {
		var b []byte
		for _, part := range parts {
			b = append(b, part...)
		}
		return b
	}
	return each(
		Variant{BodyEnd, "without the white space at its end", trimmed},
		Variant{BodyEnd, "without the white space around it", bytes.TrimSpace(body)},
		Variant{BodyEnd, "with a line break (LF) at its end", with(string(trimmed), "\n")},
		Variant{BodyEnd, "with a line break (CR LF) at its end", with(string(trimmed), "\r\n")},
		Variant{BodyEnd, "with a space at its end", with(string(trimmed), " ")},
		Variant{BodyEnd, "without the byte order mark at its beginning", bytes.TrimPrefix(body, []byte(byteOrderMark))},
		Variant{BodyEnd, "with line breaks LF instead of CR LF", unix},
		Variant{BodyEnd, "with line breaks CR LF instead of LF", bytes.ReplaceAll(unix, []byte("\n"), []byte("\r\n"))},
	)
}

func each(variants ...Variant) iter.Seq[Variant] {
	return func(yield func(Variant) bool) {
		for _, v := range variants {
			if !yield(v) {
				return
			}
		}
	}
}

// lenient returns options under which the body is only laid out anew: its
// strings, numbers and members stay as they are.
func lenient() json.Options {
	return json.JoinOptions(
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true), jsontext.PreserveRawStrings(true))
}

// A rewriting changes a body as a JSON library does that writes it again.
type rewriting struct {
	as    string // "" for none
	apply func([]byte) []byte
}

// layouts are the white space of common JSON writers.
func layouts() []rewriting {
	indented := func(indent string) func([]byte) []byte {
		return func(b []byte) []byte { return formatted(b, jsontext.WithIndent(indent)) }
	}
	return []rewriting{
		{"", bytes.Clone},
		{"as compact JSON", func(b []byte) []byte { return formatted(b, jsontext.SpaceAfterColon(false)) }},
		{"as JSON indented by 2 spaces", indented("  ")},
		{"as JSON with a space after each comma and colon", func(b []byte) []byte {
			return formatted(b, jsontext.SpaceAfterColon(true), jsontext.SpaceAfterComma(true))
		}},
		{"as JSON indented by 4 spaces", indented("    ")},
		{"as JSON indented by tabs", indented("\t")},
	}
}

func formatted(body []byte, options ...json.Options) []byte {
	v := jsontext.Value(bytes.Clone(body))
	_ = v.Format(append([]json.Options{lenient()}, options...)...) // encodings found it valid
	return v
}

// spellings are the escapes of common JSON writers, and PHP's empty array.
func spellings() []rewriting {
	return []rewriting{
		{"", func(b []byte) []byte { return b }},
		{`with \/ instead of /`, func(b []byte) []byte { return replaceAll(b, `\/`, "/", "/", `\/`) }},
		{`with / instead of \/`, func(b []byte) []byte { return replaceAll(b, `\/`, "/") }},
		{`with other characters than ASCII as \u…`, escaped},
		{`with other characters than ASCII unescaped`, func(b []byte) []byte { return unescaped(b, utf8.RuneSelf, utf8.MaxRune) }},
		{`with <, > and & as \u…`, func(b []byte) []byte {
			return replaceAll(b, "<", `\u003c`, ">", `\u003e`, "&", `\u0026`)
		}},
		{`with <, > and & unescaped`, func(b []byte) []byte { return unescaped(b, 0x26, 0x3e) }},
		{`with {} instead of []`, func(b []byte) []byte { return replaceAll(b, "[]", "{}") }},
	}
}

// replaceAll replaces each old by its new, in turn.
func replaceAll(b []byte, oldNew ...string) []byte {
	for i := 0; i < len(oldNew); i += 2 {
		b = bytes.ReplaceAll(b, []byte(oldNew[i]), []byte(oldNew[i+1]))
	}
	return b
}

// encodings returns each layout with each spelling. A body that is not JSON has
// none.
func encodings(body []byte) iter.Seq[Variant] {
	return func(yield func(Variant) bool) {
		if !jsontext.Value(body).IsValid(lenient()) {
			return
		}
		for _, layout := range layouts() {
			laidOut := layout.apply(body)
			for _, spelling := range spellings() {
				as := layout.as
				switch {
				case as == "":
					as = spelling.as
				case spelling.as != "":
					as += ", " + spelling.as
				}
				if !yield(Variant{BodyEncoding, as, spelling.apply(laidOut)}) {
					return
				}
			}
		}
	}
}

// escaped writes characters outside ASCII as \u and four hex digits.
func escaped(b []byte) []byte {
	var out []byte
	for _, r := range string(b) {
		switch {
		case r < utf8.RuneSelf:
			out = append(out, byte(r))
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = appendEscape(appendEscape(out, high), low)
		default:
			out = appendEscape(out, r)
		}
	}
	return out
}

func appendEscape(b []byte, r rune) []byte {
	const digits = "0123456789abcdef"
	return append(b, '\\', 'u', digits[r>>12], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}

// unescaped writes the escaped characters from low to high as themselves.
func unescaped(b []byte, low, high rune) []byte {
	var out []byte
	for len(b) > 0 {
		n := 1
		if b[0] == '\\' && len(b) > 1 {
			n = 2
			if r, size := readEscape(b); size > 0 && low <= r && r <= high {
				out, b = utf8.AppendRune(out, r), b[size:]
				continue
			}
		}
		out, b = append(out, b[:n]...), b[n:]
	}
	return out
}

// readEscape reads \u and four hex digits, or a surrogate pair of them. size is 0
// if b begins with something else.
func readEscape(b []byte) (r rune, size int) {
	unit := func(b []byte) (rune, bool) {
		if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
			return 0, false
		}
		n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
		return rune(n), err == nil
	}
	first, ok := unit(b)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(first) {
		return first, 6
	}
	second, _ := unit(b[6:])
	if r = utf16.DecodeRune(first, second); r == utf8.RuneError {
		return 0, 0
	}
	return r, 12
}

// wrappings returns the body without an encoding around it.
func wrappings(body []byte) iter.Seq[Variant] {
	var variants []Variant
	if text, err := jsontext.AppendUnquote(nil, bytes.TrimSpace(body)); err == nil {
		variants = append(variants, Variant{BodyEncoding, "that arrived as a JSON string", text})
	}
	if text, err := base64.StdEncoding.AppendDecode(nil, bytes.TrimSpace(body)); err == nil && len(text) > 0 {
		variants = append(variants, Variant{BodyEncoding, "that arrived in base64", text})
	}
	if text, ok := latin1(body); ok {
		variants = append(variants, Variant{BodyEncoding, "that was read as Latin-1 and written as UTF-8", text})
	}
	return each(variants...)
}

// latin1 reverses the reading of UTF-8 as Latin-1.
func latin1(body []byte) ([]byte, bool) {
	out := make([]byte, 0, len(body))
	for _, r := range string(body) {
		if r > 0xff {
			return nil, false
		}
		out = append(out, byte(r))
	}
	return out, utf8.Valid(out)
}
