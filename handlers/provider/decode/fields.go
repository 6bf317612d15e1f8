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

// Text is a text that a merchant chooses. A value that is neither text nor null
// becomes one that does not fit, so that Fields records it.
type Text string

// UnmarshalJSONFrom implements json.UnmarshalerFrom. It accepts any value.
func (t *Text) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if kind := d.PeekKind(); kind == '"' || kind == 'n' {
		return Next(d, (*string)(t))
	}
	*t = "\x00"
	return d.SkipValue()
}

// Fields checks values of a body that become fields of an event. It records the
// name of each field whose value it leaves out.
type Fields struct{ omitted map[string]bool }

// Text returns the first value that fits, or "". A value does not fit if it has
// more than MaxText characters or a control character: an index would reject it,
// and merchants choose some ids themselves.
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

// Related returns the ids that are not empty and fit, or nil if there are none.
func (f *Fields) Related(ids map[string]string) map[string]string {
	var related map[string]string
	for name, id := range ids {
		if id = f.Text("related."+name, id); id == "" {
			continue
		}
		if related == nil {
			related = make(map[string]string)
		}
		related[name] = id
	}
	return related
}

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
