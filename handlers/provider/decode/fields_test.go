package decode_test

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

func TestFieldsText(t *testing.T) {
	longest := strings.Repeat("😀", decode.MaxText)
	for _, row := range []struct {
		why    string
		values []string
		want   string
		says   bool
	}{
		{"nothing", []string{"", ""}, "", false},
		{"a merchant's own name of a plan", []string{"Gold / jährlich"}, "Gold / jährlich", false},
		{"127 characters of three bytes, as PayPal allows", []string{strings.Repeat("订", 127)}, strings.Repeat("订", 127), false},
		{"256 characters of four bytes", []string{longest}, longest, false},
		{"one more", []string{longest + "x"}, "", true},
		{"a control character", []string{"a\n"}, "", true},
		{"a control character beyond ASCII", []string{"\u0085"}, "", true},
		{"the first that there is", []string{"", "b", "c"}, "b", false},
		{"the first that fits", []string{"a\x00", "b"}, "b", true},
	} {
		var f decode.Fields
		assert.Equal(t, row.want, f.Text("objectId", row.values...), row.why)
		assert.Equal(t, row.says, len(f.Omitted()) == 1, row.why)
	}
}

func TestFieldsOmitted(t *testing.T) {
	var f decode.Fields
	assert.Empty(t, f.Omitted())
	f.Relate("invoice", "")
	assert.Nil(t, f.Related(), "an event without related ids has no such field")
	f.Relate("order", "", "o_1", "o_2")
	f.Relate("customer", "c\x00")
	assert.Equal(t, map[string]string{"order": "o_1"}, f.Related())
	assert.Zero(t, f.Timestamp(member(t, `"soon"`), 0))
	assert.Equal(t, []string{"related.customer", "timestamp"}, f.Omitted(), "sorted")

	for amount, says := range map[string]bool{
		``: false, `null`: false, `0`: false, `"0.00"`: false, `""`: false, `-0`: false,
		`1`: true, `"5,000.00"`: true, `12.5`: true, `-500`: true, `{}`: true, `true`: true,
	} {
		var f decode.Fields
		f.Money(event.Money{}, jsontext.Value(amount))
		assert.Equal(t, says, len(f.Omitted()) == 1, amount)
		f = decode.Fields{}
		assert.Equal(t, event.Money{Amount: "1"}, f.Money(event.Money{Amount: "1"}, jsontext.Value(amount)))
		assert.Empty(t, f.Omitted(), amount)
	}
}
