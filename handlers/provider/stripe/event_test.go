package stripe_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
	"github.com/paysluice/paysluice/test/allocation"
)

// normalised is the event of a body that must be one.
func normalised(t *testing.T, body string) event.Event {
	t.Helper()
	e, err := stripe.New().Event([]byte(body), provider.Origin{})
	require.NoError(t, err)
	return e
}

func TestEventRefuses(t *testing.T) {
	withID := func(id string) string { return fmt.Sprintf(`{"id":%s,"type":"charge.updated"}`, id) }

	for _, tt := range []struct {
		why  string
		body string
		want provider.Reason
	}{
		{"empty", "", provider.EnvelopeUnreadable},
		{"not JSON", "id=evt_1&type=charge.updated", provider.EnvelopeUnreadable},
		{"cut off", `{"id":"evt_1","type":"charge.updated"`, provider.EnvelopeUnreadable},
		{"something behind it", `{"id":"evt_1","type":"charge.updated"}{}`, provider.EnvelopeUnreadable},
		{"a byte order mark is not JSON", "\ufeff" + `{"id":"evt_1","type":"charge.updated"}`, provider.EnvelopeUnreadable},
		{"a raw NUL", "{\"id\":\"evt_1\",\"type\":\"charge\x00updated\"}", provider.EnvelopeUnreadable},
		{"null", "null", provider.EnvelopeUnreadable},
		{"a list", `[{"id":"evt_1","type":"charge.updated"}]`, provider.EnvelopeUnreadable},
		{"a text", `"evt_1"`, provider.EnvelopeUnreadable},
		{"deeper than encoding/json goes", `{"id":"evt_1","type":"charge.updated","data":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`, provider.EnvelopeUnreadable},
		{"deeper than encoding/json goes, and cut off", strings.Repeat(`{"data":`, 1<<16), provider.EnvelopeUnreadable},
		{"nothing in it", `{}`, provider.EnvelopeUnreadable},
		{"no type", `{"id":"evt_1"}`, provider.EnvelopeUnreadable},
		{"empty type", `{"id":"evt_1","type":""}`, provider.EnvelopeUnreadable},
		{"type of a wrong type", `{"id":"evt_1","type":["charge.updated"]}`, provider.EnvelopeUnreadable},
		{"type with a control character", `{"id":"evt_1","type":"charge\nupdated"}`, provider.EnvelopeUnreadable},
		{"type beyond ASCII", `{"id":"evt_1","type":"chärge"}`, provider.EnvelopeUnreadable},
		{"type too long", `{"id":"evt_1","type":"` + strings.Repeat("x", 256) + `"}`, provider.EnvelopeUnreadable},
		{"two ids", `{"id":"evt_1","type":"charge.updated","id":"evt_2"}`, provider.EnvelopeUnreadable},
		{"two ids, one spelling of which encoding/json takes for the other", `{"id":"evt_1","type":"charge.updated","ID":"evt_2"}`, provider.EnvelopeUnreadable},
		{"two types", `{"id":"evt_1","type":"charge.updated","type":"payment_intent.succeeded"}`, provider.EnvelopeUnreadable},
		{"two times", `{"id":"evt_1","type":"charge.updated","created":1,"created":2}`, provider.EnvelopeUnreadable},

		{"no id", `{"type":"charge.updated"}`, provider.EventIDInvalid},
		{"id null", withID(`null`), provider.EventIDInvalid},
		{"id a number", withID(`7`), provider.EventIDInvalid},
		{"id empty", withID(`""`), provider.EventIDInvalid},
		{"id of 5 KB", withID(`"` + strings.Repeat("x", 5<<10) + `"`), provider.EventIDInvalid},
		{"id one too long", withID(`"` + strings.Repeat("x", 256) + `"`), provider.EventIDInvalid},
		{"id with another provider's prefix", withID(`"square:evt_1"`), provider.EventIDInvalid},
		{"id with the separator of the day index", withID(`"evt#1"`), provider.EventIDInvalid},
		{"id that leaves its S3 prefix", withID(`"../paypal/evt_1"`), provider.EventIDInvalid},
		{"id that is the parent folder", withID(`".."`), provider.EventIDInvalid},
		{"id with a folder", withID(`"evt/1"`), provider.EventIDInvalid},
		{"id with a space", withID(`"evt 1"`), provider.EventIDInvalid},
		{"id with NUL", withID(`"evt\u0000"`), provider.EventIDInvalid},
		{"id beyond ASCII", withID(`"evt_é"`), provider.EventIDInvalid},
		{"id of invalid UTF-8", withID("\"evt_\xff\""), provider.EventIDInvalid},
	} {
		t.Run(tt.why, func(t *testing.T) {
			e, err := stripe.New().Event([]byte(tt.body), provider.Origin{})
			assert.Empty(t, e)
			assert.ErrorIs(t, err, tt.want)
			assert.Equal(t, provider.Quarantined, provider.ReasonOf(err).Class())
			assert.NotContains(t, err.Error(), "evt", "an error repeats nothing of the body")
		})
	}
}

func TestEventIDs(t *testing.T) {
	for _, id := range []string{"e", "evt_1", "evt_test_65R9Ijk8dKEYZcXeRWn16R", "a.b-C_9", strings.Repeat("x", 255)} {
		e := normalised(t, fmt.Sprintf(`{"id":%q,"type":"charge.updated"}`, id))
		assert.Equal(t, "stripe:"+id, e.ID)
	}
}

// TestLargeBodiesAllocateLittle: a signed body may hold many members of a wrong
// type, also under one name.
func TestLargeBodiesAllocateLittle(t *testing.T) {
	for member, most := range map[string]int{
		`"charge":7`:             allocation.Skipped,
		`"charge":[]`:            allocation.Skipped,
		`"metadata":{"a":[{}]}`:  allocation.Skipped,
		`"payment":[7,7,7,7]`:    allocation.WrongType,
		`"id":7`:                 allocation.WrongType,
		`"parent":["a",{},null]`: allocation.WrongType,
	} {
		body := allocation.Body(`{"id":"evt_1","type":"t","data":{"object":{`, member, `}}}`)
		allocation.Require(t, body, most, func() { normalised(t, string(body)) })
	}
}

// TestEventIsLenient: what is missing or of a wrong type stays empty and takes
// nothing else with it.
func TestEventIsLenient(t *testing.T) {
	bare := event.Event{
		Schema: event.Schema, ID: "stripe:evt_1", Provider: "stripe",
		Type: "charge.updated", Category: event.PaymentUpdated,
	}
	for _, members := range []string{
		``,
		`,"data":null`,
		`,"data":"text"`,
		`,"data":{}`,
		`,"data":{"object":[]}`,
		`,"created":null,"livemode":null,"account":null,"api_version":null,"data":{"object":null}`,
		`,"object":7,"created":{},"livemode":"yes","account":[],"api_version":1.5,"context":{},"snapshot_event":false,"related_object":3`,
		`,"livemode":0,"data":{"object":{"id":1,"object":{},"status":[],"captured":"x","currency":7,"amount":{},"payment_intent":[1],"charge":1e999,"customer":{"id":{}},"payment":"x","parent":{"subscription_details":[]}}}`,
		`,"account":"` + strings.Repeat("x", 256) + `","data":{"object":{"id":"\u0000","status":"\u0085","customer":"` + strings.Repeat("x", 256) + `"}}`,
	} {
		body := `{"id":"evt_1","type":"charge.updated"` + members + `}`
		assert.Equal(t, bare, normalised(t, body), body)
	}

	t.Run("the good among the bad", func(t *testing.T) {
		e := normalised(t, `{"livemode":"yes","id":"evt_1","account":7,"type":"refund.updated","created":1775001600,
			"data":{"previous_attributes":[],"object":{"status":{},"id":"re_1","object":"refund","reason":1e999,
			"amount":500,"charge":"ch_1","currency":"usd","payment_intent":{"object":"payment_intent","id":"pi_1"}}},
			"api_version":"2026-03-25.dahlia"}`)
		assert.Equal(t, int64(1775001600000), e.Timestamp)
		assert.Equal(t, "re_1", e.ObjectID)
		assert.Equal(t, "pi_1", e.PaymentID)
		assert.Equal(t, event.Money{Amount: "5.00", Currency: "USD"}, e.Money)
		assert.Equal(t, "2026-03-25.dahlia", e.APIVersion)
	})
	t.Run("invalid UTF-8 outside the id", func(t *testing.T) {
		e := normalised(t, "{\"id\":\"evt_1\",\"type\":\"charge.updated\",\"data\":{\"object\":{\"id\":\"ch_\xff\"}}}")
		assert.Equal(t, "ch_\ufffd", e.ObjectID)
	})
	t.Run("the customer's own id of a plan", func(t *testing.T) {
		e := normalised(t, `{"id":"evt_1","type":"plan.created","data":{"object":{"id":"Gold / jährlich","object":"plan"}}}`)
		assert.Equal(t, "Gold / jährlich", e.ObjectID)
	})
	t.Run("white space before the object", func(t *testing.T) {
		assert.Equal(t, "stripe:evt_1", normalised(t, "\r\n\t {\"id\":\"evt_1\",\"type\":\"ping\"}").ID)
	})
}

func TestEventTimestamp(t *testing.T) {
	for created, want := range map[string]int64{
		`1775001600`:                         1775001600000,
		`0`:                                  0,
		`253402300799`:                       253402300799000, // the end of the year 9999
		`253402300800`:                       0,
		`-1`:                                 0,
		`1775001600.5`:                       0, // not a form that Stripe documents
		`99999999999999999999`:               0,
		`1e400`:                              0,
		`"2026-04-01T00:00:00Z"`:             1775001600000,
		`"2026-04-01T00:00:00.063Z"`:         1775001600063,
		`"2026-04-01T02:00:00.063999+02:00"`: 1775001600063,
		`"1969-12-31T23:59:59Z"`:             0,
		`"2026-04-01"`:                       0,
		`"2026-13-01T00:00:00Z"`:             0,
		`"1775001600"`:                       0,
		`null`:                               0,
		`true`:                               0,
	} {
		e := normalised(t, `{"id":"evt_1","type":"charge.updated","created":`+created+`}`)
		assert.Equal(t, want, e.Timestamp, created)
	}
}

func TestEventLivemode(t *testing.T) {
	for text, want := range map[string]*bool{"true": new(true), "false": new(false), "null": nil, `"true"`: nil, "1": nil} {
		e, err := stripe.New().Event([]byte(`{"id":"evt_1","type":"ping","livemode":`+text+`}`), provider.Origin{Livemode: new(true)})
		require.NoError(t, err)
		assert.Equal(t, want, e.Livemode, "the body alone says it: %s", text)
	}
}

func TestPaymentAndRelatedIDs(t *testing.T) {
	for _, tt := range []struct {
		why     string
		object  string
		payment string
		related map[string]string
	}{
		{"a payment intent is the payment", `"object":"payment_intent","id":"pi_1","latest_charge":"ch_1"`, "pi_1", map[string]string{"charge": "ch_1"}},
		{"a charge belongs to its payment intent", `"object":"charge","id":"ch_1","payment_intent":"pi_1"`, "pi_1", map[string]string{"payment_intent": "pi_1"}},
		{"a charge without one is the payment", `"object":"charge","id":"ch_1","payment_intent":null,"order":"or_1"`, "ch_1", map[string]string{"order": "or_1"}},
		{"expanded references", `"object":"refund","id":"re_1","payment_intent":{"id":"pi_1"},"charge":{"id":"ch_1","amount":1}`, "pi_1", map[string]string{"payment_intent": "pi_1", "charge": "ch_1"}},
		{"a refund of a charge alone", `"object":"refund","id":"re_1","charge":"ch_1"`, "ch_1", map[string]string{"charge": "ch_1"}},
		{"an invoice before 2025-03-31.basil", `"object":"invoice","id":"in_1","payment_intent":"pi_1","customer":"cus_1","subscription":"sub_1"`, "pi_1", map[string]string{"payment_intent": "pi_1", "customer": "cus_1", "subscription": "sub_1"}},
		{"an invoice since", `"object":"invoice","id":"in_1","customer":"cus_1","parent":{"type":"subscription_details","subscription_details":{"subscription":"sub_1"}}`, "", map[string]string{"customer": "cus_1", "subscription": "sub_1"}},
		{"an invoice payment", `"object":"invoice_payment","id":"inpay_1","invoice":"in_1","payment":{"type":"charge","charge":"ch_1"}`, "ch_1", map[string]string{"charge": "ch_1", "invoice": "in_1"}},
		{"a customer has no payment", `"object":"customer","id":"cus_1"`, "", nil},
	} {
		t.Run(tt.why, func(t *testing.T) {
			e := normalised(t, `{"id":"evt_1","object":"event","type":"charge.updated","data":{"object":{`+tt.object+`}}}`)
			assert.Equal(t, tt.payment, e.PaymentID)
			assert.Equal(t, tt.related, e.Related)
		})
	}
}

func TestThinEventWithoutItsParts(t *testing.T) {
	for _, tt := range []struct {
		why     string
		members string
		want    event.Event
	}{
		{"related_object may be absent", ``, event.Event{}},
		{"or null, like context", `,"related_object":null,"context":null,"snapshot_event":null`, event.Event{}},
		{"a charge may belong to a payment intent or not", `,"related_object":{"id":"ch_1","type":"charge"}`, event.Event{ObjectType: "charge", ObjectID: "ch_1"}},
		{"what a snapshot event has is not read", `,"account":"acct_1","data":{"object":{"id":"pi_1","object":"payment_intent","amount_received":1,"currency":"usd"}}`, event.Event{}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			want := tt.want
			want.Schema, want.ID, want.Provider, want.Thin = event.Schema, "stripe:evt_1", "stripe", true
			want.Type, want.Category = "v1.payment_intent.succeeded", event.PaymentSucceeded
			got := normalised(t, `{"id":"evt_1","object":"v2.core.event","type":"v1.payment_intent.succeeded"`+tt.members+`}`)
			assert.Equal(t, want, got)
		})
	}
}
