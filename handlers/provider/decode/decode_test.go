package decode_test

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// sample is read out of bodies.
type sample struct {
	Name   string         `json:"name"`
	Amount jsontext.Value `json:"amount"`
	Inner  struct {
		ID string `json:"id"`
	} `json:"inner"`
}

func TestUnmarshalKeepsTheGoodAmongTheBad(t *testing.T) {
	for _, text := range []string{
		`{"name":"n","amount":5,"inner":{"id":"i"}}`,
		`{"other":7,"name":"n","inner":{"id":"i","more":[]},"amount":5}`,
	} {
		var s sample
		require.NoError(t, decode.Unmarshal([]byte(text), &s))
		assert.Equal(t, "n i 5", s.Name+" "+s.Inner.ID+" "+string(s.Amount), text)
	}

	var s sample
	require.NoError(t, decode.Unmarshal([]byte(`{"inner":{"id":{}},"name":1e999,"amount":5}`), &s))
	assert.Equal(t, sample{Amount: jsontext.Value("5")}, s)

	for _, text := range []string{``, `{`, `{"name":"n"}{}`, `{"inner":` + strings.Repeat("[", 20000)} {
		assert.Error(t, decode.Unmarshal([]byte(text), &s), "not JSON is more than a wrong type")
	}
}

func TestObject(t *testing.T) {
	assert.Equal(t,
		map[string]any{"a": decode.Number("9007199254740993"), "b": []any{"x", nil, true}, "c": map[string]any{}},
		decode.Object([]byte(`{"a":9007199254740993,"b":["x",null,true],"c":{}}`+"\n")))
	assert.Equal(t, map[string]any{}, decode.Object([]byte(` {} `)))

	for _, body := range []string{``, `null`, `[]`, `"a"`, `7`, `{`, `{}{}`, `{} x`, `{"a":01}`} {
		assert.Nil(t, decode.Object([]byte(body)), body)
	}
}

func TestSame(t *testing.T) {
	for _, tt := range []struct {
		why, a, b string
		want      bool
	}{
		{"equal bytes", "no JSON", "no JSON", true},
		{"another order", `{"a":1,"b":2}`, ` {"b":2,"a":1}`, true},
		{"volatile members", `{"a":1,"n":2,"m":3}`, `{"a":1,"n":4}`, true},
		{"volatile names below the top", `{"a":{"n":2}}`, `{"a":{"n":3}}`, false},
		{"another value", `{"a":1}`, `{"a":2}`, false},
		{"another spelling of a number", `{"a":1}`, `{"a":1.0}`, false},
		{"one is no object", `{"a":1}`, `[{"a":1}]`, false},
	} {
		t.Run(tt.why, func(t *testing.T) {
			assert.Equal(t, tt.want, decode.Same([]byte(tt.a), []byte(tt.b), "n", "m"))
			assert.Equal(t, tt.want, decode.Same([]byte(tt.b), []byte(tt.a), "n", "m"), "the other way round")
		})
	}
}
