package jsonscan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/jsonscan"
)

// accepts reports whether text is one value.
func accepts(text []byte) bool {
	s := jsonscan.New(text)
	s.SkipSpace()
	return s.SkipValue() && s.AtEnd()
}

// texts are near the edges of what is JSON.
func texts() []string {
	return []string{
		`{}`, `[]`, `{"a":1}`, ` { "a" : [ 1 , 2 ] } `, `{"a":1,}`, `{"a"}`, `{"a":}`, `{a:1}`, `{"a":1 "b":2}`, `[1,]`, `[,1]`, `[1 2]`,
		`"a"`, `"`, `"a`, `"\`, `"\"`, `"\u12`, `"\u00e9"`, `"\x"`, "\"\x01\"", "\"a\nb\"", "\"\xff\"", `"1234567"`, `"12345678"`, `"1234567\"89"`, "\"1234567\x1f\"",
		`0`, `-0`, `01`, `1.`, `1.5`, `.5`, `1e`, `1e+`, `1e-7`, `1E9`, `-`, `+1`, `1e999`,
		`true`, `tru`, `false`, `null`, `nul`, `nulls`, ``, ` `, `{} {}`, "\u00a0{}", `]`, `}`,
	}
}

func TestAcceptsWhatEncodingJSONAccepts(t *testing.T) {
	for _, text := range texts() {
		assert.Equal(t, json.Valid([]byte(text)), accepts([]byte(text)), "%q", text)
	}
}

func TestDepthIsThatOfEncodingJSON(t *testing.T) {
	for _, row := range []struct {
		why   string
		depth int
		ok    bool
	}{
		{"the deepest", 10000, true},
		{"one deeper: a stack of any size could be asked for", 10001, false},
	} {
		for _, nested := range []string{
			strings.Repeat("[", row.depth) + strings.Repeat("]", row.depth),
			strings.Repeat(`{"a":`, row.depth) + "1" + strings.Repeat("}", row.depth),
		} {
			assert.Equal(t, row.ok, accepts([]byte(nested)), row.why)
			assert.Equal(t, row.ok, json.Valid([]byte(nested)), row.why)
		}
	}
}

func TestObjectAndArray(t *testing.T) {
	s := jsonscan.New([]byte(` {"a":1, "b" : [ "x",{} ],"a":null}`))
	var seen []string
	s.SkipSpace()
	require.True(t, s.Object(func(name []byte) bool {
		if s.Next() == '[' {
			return s.Array(func() bool {
				value, ok := s.Value()
				seen = append(seen, string(name)+" has "+string(value))
				return ok
			})
		}
		value, ok := s.Value()
		seen = append(seen, string(name)+" is "+string(value))
		return ok
	}))
	assert.Equal(t, []string{`"a" is 1`, `"b" has "x"`, `"b" has {}`, `"a" is null`}, seen, "in order, the same name twice")
	assert.True(t, s.AtEnd())
	assert.Zero(t, s.Next())
	assert.Equal(t, 35, s.Pos())
}

func TestValueOfWhatIsNone(t *testing.T) {
	s := jsonscan.New([]byte(`[1,`))
	value, ok := s.Value()
	assert.False(t, ok)
	assert.Nil(t, value)
}

// FuzzScan: a text is accepted when encoding/json accepts it, and a string is
// what encoding/json makes of it.
func FuzzScan(f *testing.F) {
	for _, text := range texts() {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		valid := json.Valid(text)
		require.Equal(t, valid, accepts(text))
		if valid {
			var want string
			_ = json.Unmarshal(text, &want)
			s := jsonscan.New(text)
			s.SkipSpace()
			value, ok := s.Value()
			require.True(t, ok)
			assert.Equal(t, want, jsonscan.Text(value))
		}
	})
}
