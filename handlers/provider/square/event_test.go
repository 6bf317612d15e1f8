package square_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/square"
	"github.com/paysluice/paysluice/test/allocation"
)

// normalised is the event of a body that must be one.
func normalised(t *testing.T, body string) event.Event {
	t.Helper()
	e, err := square.New("").Event([]byte(body), provider.Origin{})
	require.NoError(t, err)
	return e
}

func TestEventRefuses(t *testing.T) {
	withID := func(id string) string { return fmt.Sprintf(`{"event_id":%s,"type":"payment.updated"}`, id) }

	for _, tt := range []struct {
		why  string
		body string
		want provider.Reason
	}{
		{"not JSON", "event_id=evt&type=payment.updated", provider.EnvelopeUnreadable},
		{"cut off", `{"event_id":"evt","type":"payment.updated"`, provider.EnvelopeUnreadable},
		{"a raw NUL", "{\"event_id\":\"evt\",\"type\":\"payment\x00updated\"}", provider.EnvelopeUnreadable},
		{"a list", `[{"event_id":"evt","type":"payment.updated"}]`, provider.EnvelopeUnreadable},
		{"deeper than encoding/json goes", `{"event_id":"evt","type":"payment.updated","data":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`, provider.EnvelopeUnreadable},
		{"deeper than encoding/json goes, in the object", `{"event_id":"evt","type":"payment.updated","data":{"type":"payment","object":{"payment":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}}}`, provider.EnvelopeUnreadable},
		{"no type", `{"event_id":"evt"}`, provider.EnvelopeUnreadable},
		{"an event of the v1 API", `{"merchant_id":"evt","event_type":"PAYMENT_UPDATED","entity_id":"evt"}`, provider.EnvelopeUnreadable},
		{"type beyond ASCII", `{"event_id":"evt","type":"pâyment"}`, provider.EnvelopeUnreadable},
		{"two ids", `{"event_id":"evt","type":"payment.updated","event_id":"evt2"}`, provider.EnvelopeUnreadable},
		{"two types", `{"event_id":"evt","type":"payment.updated","TYPE":"refund.updated"}`, provider.EnvelopeUnreadable},
		{"two times", `{"event_id":"evt","type":"payment.updated","created_at":"","created_at":""}`, provider.EnvelopeUnreadable},

		{"no id", `{"type":"payment.updated"}`, provider.EventIDInvalid},
		{"Stripe's name of the id", `{"id":"evt","type":"payment.updated"}`, provider.EventIDInvalid},
		{"id a number beyond float64", withID(`1e999`), provider.EventIDInvalid},
		{"id empty", withID(`""`), provider.EventIDInvalid},
		{"id of 5 KB", withID(`"` + strings.Repeat("x", 5<<10) + `"`), provider.EventIDInvalid},
		{"id with another provider's prefix", withID(`"stripe:evt"`), provider.EventIDInvalid},
		{"id with the separator of the day index", withID(`"evt#1"`), provider.EventIDInvalid},
		{"id that leaves its S3 prefix", withID(`"../paypal/evt"`), provider.EventIDInvalid},
		{"id that is the parent folder", withID(`".."`), provider.EventIDInvalid},
		{"id with a folder", withID(`"evt/1"`), provider.EventIDInvalid},
		{"id with a control character", withID(`"evt\u0007"`), provider.EventIDInvalid},
		{"id with NUL", withID(`"evt\u0000"`), provider.EventIDInvalid},
		{"id of invalid UTF-8", withID("\"evt_\xff\""), provider.EventIDInvalid},
	} {
		t.Run(tt.why, func(t *testing.T) {
			e, err := square.New("").Event([]byte(tt.body), provider.Origin{})
			assert.Empty(t, e)
			assert.ErrorIs(t, err, tt.want)
			assert.Equal(t, provider.Quarantined, provider.ReasonOf(err).Class())
			assert.NotContains(t, err.Error(), "evt", "an error repeats nothing of the body")
		})
	}
}

// TestEventIsLenient: what is missing or of a wrong type stays empty and takes
// nothing else with it.
func TestEventIsLenient(t *testing.T) {
	bare := event.Event{
		Schema: event.Schema, ID: "square:1", Provider: "square",
		Type: "payment.updated", Category: event.PaymentUpdated,
	}
	long := strings.Repeat("x", 256)
	for _, members := range []string{
		``,
		`,"data":null`,
		`,"data":"text"`,
		`,"data":{}`,
		`,"data":{"object":[]}`,
		`,"data":{"object":{"payment":{"id":"p","status":"COMPLETED"}}}`, // which of its members is the object?
		`,"merchant_id":7,"location_id":[],"created_at":{},"data":{"type":{},"id":1,"object":{"payment":"p"}}`,
		`,"created_at":"2026-19-12T00:00:00Z","merchant_id":null,"data":{"type":null,"id":null,"object":null}`,
		`,"merchant_id":"` + long + `","location_id":"a\u0000b","data":{"type":"` + long + `","id":"\u0085"}`,
	} {
		body := `{"event_id":"1","type":"payment.updated"` + members + `}`
		assert.Equal(t, bare, normalised(t, body), body)
	}

	t.Run("an object full of wrong types", func(t *testing.T) {
		want := bare
		want.ObjectType = "payment"
		assert.Equal(t, want, normalised(t, `{"event_id":"1","type":"payment.updated","data":{"type":"payment","object":{"payment":{
			"id":1,"dispute_id":{},"status":[],"state":1e999,"total_money":"x","amount_money":{"amount":{},"currency":7,"currency_code":[]},
			"payment_id":false,"payment_ids":{},"disputed_payment":"p","order_id":1,"customer_id":{},"subscription_id":[],"location_id":2,
			"primary_recipient":{"customer_id":3}}}}}`))
	})
	t.Run("the good among the bad", func(t *testing.T) {
		e := normalised(t, `{"location_id":7,"event_id":"1","type":"refund.updated","created_at":"2026-04-01T02:00:00.063999+02:00",
			"data":{"object":{"refund":{"status":"COMPLETED","reason":{},"order_id":9,"amount_money":{"currency":"USD","amount":500},"id":"r",
			"payment_id":"p","processing_fee":1e999}},"type":"refund"},"merchant_id":"m"}`)
		assert.Equal(t, int64(1775001600063), e.Timestamp)
		assert.Equal(t, "r", e.ObjectID)
		assert.Equal(t, "p", e.PaymentID)
		assert.Equal(t, "m", e.Account)
		assert.Nil(t, e.Related)
		assert.Equal(t, event.Money{Amount: "5.00", Currency: "USD"}, e.Money)
	})
	t.Run("invalid UTF-8 outside the id", func(t *testing.T) {
		e := normalised(t, "{\"event_id\":\"1\",\"type\":\"payment.updated\",\"data\":{\"id\":\"p\xff\"}}")
		assert.Equal(t, "p\ufffd", e.ObjectID)
	})
	t.Run("white space before the object", func(t *testing.T) {
		assert.Equal(t, "square:1", normalised(t, "\r\n\t {\"event_id\":\"1\",\"type\":\"ping\"}").ID)
	})
}

func TestEventTakesTheEnvironmentOfTheEntry(t *testing.T) {
	for _, livemode := range []*bool{nil, new(true), new(false)} {
		e, err := square.New("").Event([]byte(`{"event_id":"1","type":"ping","livemode":true,"environment":"Production"}`), provider.Origin{Livemode: livemode})
		require.NoError(t, err)
		assert.Equal(t, livemode, e.Livemode)
	}
}

// TestLargeBodiesAllocateLittle: what is signed may hold two million elements.
func TestLargeBodiesAllocateLittle(t *testing.T) {
	const sixteen = `{"a":{},"b":{},"c":{},"d":{},"e":{},"f":{},"g":{},"h":{},"i":{},"j":{},"k":{},"l":{},"m":{},"n":{},"o":{},"p":{}}`
	for _, tt := range []struct{ head, element, tail string }{
		{`"data":{"type":"checkout","object":{"checkout":{"payment_ids":[`, `7`, `]}}}`},
		{`"data":{"type":"checkout","object":{"checkout":{"payment_ids":[`, `""`, `]}}}`},
		{`"data":{"type":"checkout","object":{`, `"a":{}`, `}}`}, // members beside the object
		{`"d\u0061ta":{"\u006fbject":{`, `"a":{}`, `}}`},
		{`"data":{`, `"object":` + sixteen, `}`},
		{`"data":{`, `"\u006fbject":{}`, `}`},
		{`"data":{`, `"\u0061":1`, `}`}, // members that nobody reads
	} {
		body := allocation.Body(`{"event_id":"1","type":"t",`+tt.head, tt.element, tt.tail+`}`)
		allocation.Require(t, body, allocation.Skipped, func() { normalised(t, string(body)) })
	}
}

// TestEventTimestamp: Square sends RFC 3339 with 0 to 9 digits of a second.
func TestEventTimestamp(t *testing.T) {
	for created, want := range map[string]int64{
		`"2026-04-01T00:00:00Z"`:           1775001600000,
		`"2026-04-01T00:00:00.1Z"`:         1775001600100,
		`"2026-04-01T00:00:00.037339943Z"`: 1775001600037,
		`"2026-03-31T17:00:00-07:00"`:      1775001600000,
		`"2026-04-01 00:00:00 +0000 UTC"`:  0,
		`1775001600`:                       0, // not a form that Square documents
		`null`:                             0,
	} {
		e := normalised(t, `{"event_id":"1","type":"payment.updated","created_at":`+created+`}`)
		assert.Equal(t, want, e.Timestamp, created)
	}
}

func TestObjectPaymentAndRelatedIDs(t *testing.T) {
	for _, tt := range []struct {
		why     string
		data    string
		object  string
		payment string
		related map[string]string
	}{
		{"a payment is the payment", `"type":"payment","id":"p","object":{"payment":{"id":"p","order_id":"o","customer_id":"c","location_id":"l"}}`, "p", "p", map[string]string{"order": "o", "customer": "c", "location": "l"}},
		{"also when it did not come", `"type":"payment","id":"p"`, "p", "p", nil},
		{"a refund belongs to one", `"type":"refund","id":"r","object":{"refund":{"id":"r","payment_id":"p","order_id":"o"}}`, "r", "p", map[string]string{"order": "o"}},
		{"an unlinked refund to none", `"type":"refund","id":"r","object":{"refund":{"id":"r","unlinked":true}}`, "r", "", nil},
		{"a dispute belongs to one", `"type":"dispute","id":"d","object":{"dispute":{"id":"d","disputed_payment":{"payment_id":"p"}}}`, "d", "p", nil},
		{"a dispute under the deprecated name of its id", `"type":"dispute","id":"x","object":{"dispute":{"dispute_id":"d"}}`, "d", "", nil},
		{"a terminal's checkout with one payment", `"type":"checkout","id":"k","object":{"checkout":{"id":"k","payment_ids":["p"]}}`, "k", "p", nil},
		{"a terminal's checkout with two", `"type":"checkout","id":"k","object":{"checkout":{"id":"k","payment_ids":["p","q"]}}`, "k", "", nil},
		{"an invoice", `"type":"invoice","id":"i","object":{"invoice":{"id":"i","order_id":"o","subscription_id":"s","primary_recipient":{"customer_id":"c"}}}`, "i", "", map[string]string{"order": "o", "subscription": "s", "customer": "c"}},
		{"a subscription", `"type":"subscription","id":"s","object":{"subscription":{"id":"s","customer_id":"c"}}`, "s", "", map[string]string{"customer": "c"}},
		{"an order has its id in order_id", `"type":"order_updated","id":"o","object":{"order_updated":{"order_id":"o"}}`, "o", "", map[string]string{"order": "o"}},
		{"a booking's data.id has its version behind it", `"type":"booking","id":"b:3","object":{"booking":{"id":"b"}}`, "b", "", nil},
		{"a custom attribute stands in the object itself", `"type":"custom_attribute","id":"sq0idp-1","object":{"key":"k","value":{}}`, "sq0idp-1", "", nil},
	} {
		t.Run(tt.why, func(t *testing.T) {
			e := normalised(t, `{"event_id":"1","type":"payment.updated","data":{`+tt.data+`}}`)
			assert.Equal(t, tt.object, e.ObjectID)
			assert.Equal(t, tt.payment, e.PaymentID)
			assert.Equal(t, tt.related, e.Related)
		})
	}

	e := normalised(t, `{"event_id":"1","type":"location.updated","location_id":"l","data":{"type":"Location","id":"l"}}`)
	assert.Equal(t, map[string]string{"location": "l"}, e.Related, "the envelope's location where the object has none")
}
