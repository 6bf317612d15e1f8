package square_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/provider/square"
)

func TestSameEvent(t *testing.T) {
	const base = `{"event_id":"1","type":"payment.updated","data":{"object":{"payment":{"amount":500}}}}`
	deep := strings.Repeat("[", 20000) + strings.Repeat("]", 20000)

	for _, tt := range []struct {
		why  string
		a, b string
		want bool
	}{
		{"byte for byte", base, base, true},
		{"byte for byte, whatever it is", "no JSON", "no JSON", true},
		{"key order and white space", base, `{ "data":{"object":{"payment":{"amount":500}}},"event_id":"1", "type":"payment.updated"}`, true},
		{"escapes are not content", `{"event_id":"a1"}`, `{"event_id":"a\u0031"}`, true},

		{"another amount", base, strings.Replace(base, `500`, `501`, 1), false},
		{"a member more", base, strings.Replace(base, `{"event_id"`, `{"merchant_id":"m","event_id"`, 1), false},
		{"numbers that a float64 cannot tell apart", `{"amount":9007199254740993}`, `{"amount":9007199254740992}`, false},
		{"one of them cut off", base, base[:len(base)-1], false},
		{"one of them with something behind it", base, base + `{}`, false},
		{"one of them not an object", base, `[` + base + `]`, false},
		{"null is no object", "null", " null", false},
		{"neither JSON", "no JSON", "neither", false},
		{"deeper than encoding/json goes", `{"a":` + deep + `}`, `{ "a":` + deep + `}`, false},
	} {
		t.Run(tt.why, func(t *testing.T) {
			s := square.New("")
			assert.Equal(t, tt.want, s.SameEvent([]byte(tt.a), []byte(tt.b)))
			assert.Equal(t, tt.want, s.SameEvent([]byte(tt.b), []byte(tt.a)), "the other way round")
		})
	}
}
