package cfn

import (
	"bytes"
	"encoding/json"
	"hash/crc32"
	"strings"
)

// An intrinsic travels through goformation's string fields as a token: a
// checksum and the intrinsic's JSON, every character of it after a NUL. A whole
// token is replaced by its intrinsic when the template is printed. Any piece of
// one still holds a NUL, and a changed one fails its checksum, so that a token
// glued to text, cut, or upper-cased is found wherever it went.
const (
	mark           = "\x00"
	checksumDigits = 8
)

// token returns the string that stands for v. A v that has no JSON becomes a
// token of the error's text, which the check of the template reports.
func token(v any) string {
	t, err := tree(v)
	if err != nil {
		return problem(err.Error())
	}
	return encode(line(t))
}

// problem returns a token that makes the check report text: functions that
// return a string have no other way to say what is wrong.
func problem(text string) string { return encode(line(text)) }

// encode returns the token for body, a JSON text. The digits of the checksum are
// control characters too: none is left when readable takes those out.
func encode(body string) string {
	var b strings.Builder
	sum := crc32.ChecksumIEEE([]byte(body))
	for i := range checksumDigits {
		b.WriteString(mark)
		b.WriteByte(byte(sum>>(4*i)&0xf) + 1)
	}
	for _, r := range body {
		b.WriteString(mark)
		b.WriteRune(r)
	}
	return b.String()
}

// decode returns what a whole, unchanged token stands for.
func decode(s string) (v any, ok bool) {
	body := strings.ReplaceAll(s, mark, "")
	if len(body) < checksumDigits || encode(body[checksumDigits:]) != s {
		return nil, false
	}
	v, err := parse([]byte(body[checksumDigits:]))
	return v, err == nil
}

// broken reports whether s, which is no whole token, holds a piece of one, or
// one that was escaped: by encoding/json into a text, by %q, or for a URL.
func broken(s string) bool {
	for _, sign := range []string{mark, `\u0000{`, `\x00{`, "%00%7B"} {
		if strings.Contains(s, sign) {
			return true
		}
	}
	return false
}

// readable returns s, which holds a broken token, as a message can show it.
func readable(s string) string {
	dropControls := func(r rune) rune {
		if r < ' ' {
			return -1
		}
		return r
	}
	return strings.Map(dropControls, s)
}

// Marshal returns v as JSON on one line, with intrinsics in the place of tokens
// and without any check: for a hash of what a resource says.
func Marshal(v any) ([]byte, error) {
	t, err := tree(v)
	return []byte(line(t)), err
}

// tree converts v to what its JSON holds: map[string]any, []any, string,
// json.Number, bool or nil, with every whole token replaced by its intrinsic.
func tree(v any) (any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	t, err := parse(raw)
	return expand(t), err
}

// parse keeps numbers as they are written: through float64, integers above 2^53
// would change.
func parse(raw []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

func expand(v any) any {
	switch v := v.(type) {
	case string:
		if t, ok := decode(v); ok {
			if intrinsic, ok := t.(map[string]any); ok {
				return intrinsic
			}
		}
	case []any:
		for i := range v {
			v[i] = expand(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = expand(v[k])
		}
	}
	return v
}
