package cfn

import (
	"bytes"
	"encoding/json"
	"hash/crc32"
	"strings"
)

// A token carries an intrinsic through goformation's string fields. It consists of
// a checksum and the intrinsic's JSON, with a NUL before every character. Printing
// replaces a whole token by its intrinsic. Every part of a token contains a NUL,
// and a changed token fails its checksum, so a token that was concatenated with
// text, cut or changed is found in every string.
const (
	mark           = "\x00"
	checksumDigits = 8
)

// token returns the token for v. If v has no JSON, it returns a token of the error,
// which Template.JSON reports.
func token(v any) string {
	t, err := tree(v)
	if err != nil {
		return problem(err.Error())
	}
	return encode(line(t))
}

// problem returns a token that makes Template.JSON report text. Functions that
// return a string cannot return an error.
func problem(text string) string { return encode(line(text)) }

// encode returns the token for body, a JSON text. The checksum's digits are control
// characters, which readable removes.
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

// decode returns the value of a whole, unchanged token.
func decode(s string) (v any, ok bool) {
	body := strings.ReplaceAll(s, mark, "")
	if len(body) < checksumDigits || encode(body[checksumDigits:]) != s {
		return nil, false
	}
	v, err := parse([]byte(body[checksumDigits:]))
	return v, err == nil
}

// broken reports whether s, which is not a whole token, contains a part of one, or
// a token that was escaped by encoding/json, by %q or for a URL.
func broken(s string) bool {
	for _, sign := range []string{mark, `\u0000{`, `\x00{`, "%00%7B"} {
		if strings.Contains(s, sign) {
			return true
		}
	}
	return false
}

// readable returns s without the control characters of a broken token.
func readable(s string) string {
	dropControls := func(r rune) rune {
		if r < ' ' {
			return -1
		}
		return r
	}
	return strings.Map(dropControls, s)
}

// tree converts v to map[string]any, []any, string, json.Number, bool or nil, with
// tokens replaced by intrinsics.
func tree(v any) (any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	t, err := parse(raw)
	return expand(t), err
}

// parse keeps numbers as text. A float64 would change integers above 2^53.
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
