package decode

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/paysluice/paysluice/handlers/event"
)

// MaxText bounds each text of an event, in characters. PayPal's references have up
// to 256 characters of any script (invoice_number in checkout_orders_v1.json), of
// at most 4 bytes each: an index key takes 2,048 bytes.
const MaxText = 256

// Fields checks values of a body that become fields of an event. It records the
// name of each field whose value it leaves out.
type Fields struct {
	omitted map[string]bool
	related map[string]string
}

// Text returns the first value that fits, or "". A value does not fit if it has
// more than MaxText characters or a control character: an index would reject it,
// and merchants choose some ids themselves. Nor does one of a wrong type.
func (f *Fields) Text(field string, values ...string) string {
	for _, value := range values {
		switch {
		case value == "":
		case utf8.RuneCountInString(value) <= MaxText && !strings.ContainsFunc(value, unicode.IsControl):
			return value
		default:
			f.Omit(field)
		}
	}
	return ""
}

// Relate adds an id that the object refers to: the first one that fits.
func (f *Fields) Relate(kind string, ids ...string) {
	id := f.Text("related."+kind, ids...)
	if id == "" {
		return
	}
	if f.related == nil {
		f.related = make(map[string]string)
	}
	f.related[kind] = id
}

// Related returns the added ids by kind, or nil if there are none.
func (f *Fields) Related() map[string]string { return f.related }

// Timestamp returns the time that was read from a member. A member with a value
// that is not such a time is recorded.
func (f *Fields) Timestamp(m Member, millis int64) int64 {
	if millis == 0 && !isNothing(m.value) {
		f.Omit("timestamp")
	}
	return millis
}

// Money returns the money that was read from an amount. An amount is recorded if
// it is neither zero nor missing and no money could be read.
func (f *Fields) Money(money event.Money, amount jsontext.Value) event.Money {
	if money == (event.Money{}) && !isNothing(amount) {
		f.Omit("amount")
	}
	return money
}

// Omitted returns the names of all recorded fields, sorted.
func (f *Fields) Omitted() []string { return slices.Sorted(maps.Keys(f.omitted)) }

// Omit records a field.
func (f *Fields) Omit(field string) {
	if f.omitted == nil {
		f.omitted = make(map[string]bool)
	}
	f.omitted[field] = true
}

// isNothing reports whether a value is missing, null, an empty string or a zero.
func isNothing(value jsontext.Value) bool {
	text := strings.Trim(string(value), `"`)
	return text == "" || text == "null" || strings.Contains(text, "0") && strings.Trim(text, "-0.") == ""
}
