package envelope_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/envelope"
)

// sample is read out of bodies.
type sample struct {
	Name   string          `json:"name"`
	Amount json.RawMessage `json:"amount"`
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
		require.NoError(t, envelope.Unmarshal([]byte(text), &s))
		assert.Equal(t, "n i 5", s.Name+" "+s.Inner.ID+" "+string(s.Amount), text)
	}

	var s sample
	require.NoError(t, envelope.Unmarshal([]byte(`{"inner":{"id":{}},"name":1e999,"amount":5}`), &s))
	assert.Equal(t, sample{Amount: json.RawMessage("5")}, s)

	for _, text := range []string{``, `{`, `{"name":"n"}{}`, `{"inner":` + strings.Repeat("[", 20000)} {
		assert.Error(t, envelope.Unmarshal([]byte(text), &s), "not JSON is more than a wrong type")
	}
}

func TestRead(t *testing.T) {
	var s sample
	require.NoError(t, envelope.Read([]byte("\r\n\t {\"name\":\"n\",\"inner\":7} \n"), &s))
	assert.Equal(t, sample{Name: "n"}, s)

	deep := strings.Repeat("[", 20000) + strings.Repeat("]", 20000)
	for _, tt := range []struct{ why, body string }{
		{"empty", ""},
		{"blank", " \n"},
		{"not JSON", "name=n"},
		{"cut off", `{"name":"n"`},
		{"two of them", `{}{}`},
		{"a byte order mark is not JSON", "\ufeff{}"},
		{"a raw NUL", "{\"name\":\"\x00\"}"},
		{"white space that is none in JSON", "\v{}"},
		{"deeper than encoding/json goes", `{"inner":` + deep + `}`},
		{"null", "null"},
		{"a list", `[{"name":"n"}]`},
		{"a text", `"name"`},
		{"a number", `7`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			err := envelope.Read([]byte(tt.body), new(sample))
			assert.ErrorIs(t, err, provider.EnvelopeUnreadable)
			assert.NotContains(t, err.Error(), "name", "an error repeats nothing of the body")
		})
	}
}

func TestObject(t *testing.T) {
	assert.Equal(t,
		map[string]any{"a": json.Number("9007199254740993"), "b": []any{"x", nil, true}, "c": map[string]any{}},
		envelope.Object([]byte(`{"a":9007199254740993,"b":["x",null,true],"c":{}}`+"\n")))
	assert.Equal(t, map[string]any{}, envelope.Object([]byte(` {} `)))

	for _, body := range []string{``, `null`, `[]`, `"a"`, `7`, `{`, `{}{}`, `{} x`, `{"a":01}`} {
		assert.Nil(t, envelope.Object([]byte(body)), body)
	}
}

// FuzzRead: a body that is read is an object for comparison too, and the other
// way round.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"name":"n","amount":5,"inner":{"id":"i"}}`))
	f.Add([]byte(`{"name":7,"inner":[],"name":"\ud800"}`))
	f.Add([]byte("\ufeff{\"amount\":1e999}"))
	f.Add([]byte(`[null]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var s sample
		err := envelope.Read(body, &s)
		if err != nil {
			assert.ErrorIs(t, err, provider.EnvelopeUnreadable)
		}
		assert.Equal(t, err == nil, envelope.Object(body) != nil)
		assert.Equal(t, err == nil, json.Valid(body) && bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")))
	})
}
