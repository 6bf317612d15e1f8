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
