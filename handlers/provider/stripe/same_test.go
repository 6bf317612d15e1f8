package stripe_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/provider/stripe"
)

func TestSameEvent(t *testing.T) {
	const base = `{"id":"evt_1","api_version":"2026-03-25.dahlia","pending_webhooks":2,"data":{"object":{"amount":500,"pending_webhooks":1}}}`
	deep := strings.Repeat("[", 20000) + strings.Repeat("]", 20000)

	for _, tt := range []struct {
		why  string
		a, b string
		want bool
	}{
		{"byte for byte", base, base, true},
		{"byte for byte, whatever it is", "no JSON", "no JSON", true},
		{"another count of endpoints still to be told", base, strings.Replace(base, `:2,`, `:1,`, 1), true},
		{"none left to be told", base, strings.Replace(base, `"pending_webhooks":2,`, ``, 1), true},
		{"key order and white space", base, `{ "data":{"object":{"pending_webhooks":1,"amount":500}}, "api_version":"2026-03-25.dahlia","id":"evt_1"}`, true},
		{"rendered for an endpoint of another API version", base, `{"id":"evt_1","api_version":"2016-07-06","data":{"object":{"amount":"five"}}}`, true},
		{"escapes are not content", `{"id":"evt_1"}`, `{"id":"evt\u005f1"}`, true},

		{"another amount", base, strings.Replace(base, `500`, `501`, 1), false},
		{"pending_webhooks counts below the top", base, strings.Replace(base, `:1}`, `:3}`, 1), false},
		{"a member more", base, strings.Replace(base, `{"id"`, `{"account":"acct_1","id"`, 1), false},
		{"no API version is not another one", base, strings.Replace(base, `"2026-03-25.dahlia"`, `null`, 1), false},
		{"nor is one of a wrong type", base, strings.Replace(base, `"2026-03-25.dahlia"`, `7`, 1), false},
		{"numbers that a float64 cannot tell apart", `{"amount":9007199254740993}`, `{"amount":9007199254740992}`, false},
		{"one of them cut off", base, base[:len(base)-1], false},
		{"one of them with something behind it", base, base + `{}`, false},
		{"one of them not an object", base, `[` + base + `]`, false},
		{"null is no object", "null", " null", false},
		{"neither JSON", "no JSON", "neither", false},
		{"deeper than encoding/json goes", `{"a":` + deep + `}`, `{ "a":` + deep + `}`, false},
	} {
		t.Run(tt.why, func(t *testing.T) {
			s := stripe.New()
			assert.Equal(t, tt.want, s.SameEvent([]byte(tt.a), []byte(tt.b)))
			assert.Equal(t, tt.want, s.SameEvent([]byte(tt.b), []byte(tt.a)), "the other way round")
		})
	}
}
