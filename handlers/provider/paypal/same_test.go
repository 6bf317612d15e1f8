package paypal_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/provider/paypal"
)

func TestSameEvent(t *testing.T) {
	const base = `{"id":"WH-1","resource_version":"2.0","resource":{"status":"COMPLETED","links":[{"rel":"self"}]},"links":[{"rel":"self","href":"https://api.paypal.com/x"}]}`
	replaced := func(old, with string) string { return strings.Replace(base, old, with, 1) }

	for _, tt := range []struct {
		why  string
		a, b string
		want bool
	}{
		{"byte for byte", base, base, true},
		{"byte for byte, whatever it is", "no JSON", "no JSON", true},
		{"the notification's links for another host", base, replaced(`api.paypal.com`, `api-m.paypal.com`), true},
		{"with encType", base, replaced(`"href"`, `"encType":"application/json","href"`), true},
		{"without links", base, replaced(`,"links":[{"rel":"self","href":"https://api.paypal.com/x"}]`, ``), true},
		{"a time of sending", base, replaced(`{"id"`, `{"zts":1494957670,"id"`), true},
		{"key order and white space", base, `{ "resource":{"links":[{"rel":"self"}],"status":"COMPLETED"}, "resource_version":"2.0","id":"WH-1"}`, true},

		{"another state", base, replaced(`COMPLETED`, `REFUNDED`), false},
		{"links count below the top", base, replaced(`[{"rel":"self"}]}`, `[]}`), false},
		{"another version of the resource", base, replaced(`2.0`, `1.0`), false},
		{"a member more", base, replaced(`{"id"`, `{"summary":"","id"`), false},
		{"numbers that a float64 cannot tell apart", `{"n":9007199254740993}`, `{"n":9007199254740992}`, false},
		{"one of them cut off", base, base[:len(base)-1], false},
		{"one of them not an object", base, `[` + base + `]`, false},
		{"neither JSON", "no JSON", "neither", false},
	} {
		t.Run(tt.why, func(t *testing.T) {
			p := paypal.New(nil)
			assert.Equal(t, tt.want, p.SameEvent([]byte(tt.a), []byte(tt.b)))
			assert.Equal(t, tt.want, p.SameEvent([]byte(tt.b), []byte(tt.a)), "the other way round")
		})
	}
}
