package paypal_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/test/allocation"
)

// normalised is the event of a body that must be one.
func normalised(t *testing.T, body string) event.Event {
	t.Helper()
	e, err := paypal.New(nil).Event([]byte(body), provider.Origin{})
	require.NoError(t, err)
	return e
}

func TestDescriptor(t *testing.T) {
	assert.Equal(t, contract.PayPal(), paypal.New(nil).Descriptor())
}

// TestEventRefuses: what no event can be without; package envelope has the
// details.
func TestEventRefuses(t *testing.T) {
	withID := func(id string) string { return fmt.Sprintf(`{"id":%s,"event_type":"A.B"}`, id) }

	for _, tt := range []struct {
		why, body string
		want      provider.Reason
	}{
		{"empty", "", provider.EnvelopeUnreadable},
		{"an IPN, PayPal's older kind of message", "txn_id=61E67681CH3238416&payment_status=Completed", provider.EnvelopeUnreadable},
		{"cut off", `{"id":"WH-1","event_type":"A.B"`, provider.EnvelopeUnreadable},
		{"a raw NUL", "{\"id\":\"WH-1\",\"event_type\":\"A\x00B\"}", provider.EnvelopeUnreadable},
		{"a list", `[{"id":"WH-1","event_type":"A.B"}]`, provider.EnvelopeUnreadable},
		{"deeper than encoding/json goes", `{"id":"WH-1","event_type":"A.B","resource":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`, provider.EnvelopeUnreadable},
		{"no type", `{"id":"WH-1"}`, provider.EnvelopeUnreadable},
		{"another provider's type", `{"id":"WH-1","type":"A.B"}`, provider.EnvelopeUnreadable},
		{"two ids", `{"id":"WH-1","event_type":"A.B","id":"WH-2"}`, provider.EnvelopeUnreadable},
		{"two types", `{"id":"WH-1","event_type":"A.B","event_type":"PAYMENT.CAPTURE.COMPLETED"}`, provider.EnvelopeUnreadable},
		{"two times", `{"id":"WH-1","event_type":"A.B","create_time":"a","create_time":"b"}`, provider.EnvelopeUnreadable},

		{"no id", `{"event_type":"A.B"}`, provider.EventIDInvalid},
		{"id empty", withID(`""`), provider.EventIDInvalid},
		{"id of 5 KB", withID(`"` + strings.Repeat("x", 5<<10) + `"`), provider.EventIDInvalid},
		{"id with another provider's prefix", withID(`"stripe:WH-1"`), provider.EventIDInvalid},
		{"id with the separator of the day index", withID(`"WH#1"`), provider.EventIDInvalid},
		{"id that leaves its S3 prefix", withID(`"../stripe/WH-1"`), provider.EventIDInvalid},
		{"id with a control character", withID(`"WH\u0000"`), provider.EventIDInvalid},
		{"id of invalid UTF-8", withID("\"WH-\xff\""), provider.EventIDInvalid},
	} {
		t.Run(tt.why, func(t *testing.T) {
			e, err := paypal.New(nil).Event([]byte(tt.body), provider.Origin{})
			assert.Empty(t, e)
			assert.ErrorIs(t, err, tt.want)
			assert.NotContains(t, err.Error(), "WH", "an error repeats nothing of the body")
		})
	}
}

// TestEventIsLenient: what is missing or of a wrong type stays empty and takes
// nothing else with it.
func TestEventIsLenient(t *testing.T) {
	bare := event.Event{
		Schema: event.Schema, ID: "paypal:WH-1", Provider: "paypal",
		Type: "PAYMENT.CAPTURE.COMPLETED", Category: event.PaymentSucceeded,
	}
	for _, members := range []string{
		``,
		`,"resource":null`,
		`,"resource":"text"`,
		`,"resource":[]`,
		`,"create_time":null,"resource_type":7,"resource_version":{},"resource":{"id":[],"status":1,"amount":"x","links":{},"purchase_units":"x","payee":[]}`,
		`,"create_time":"2018-19-12T00:00:00Z","resource":{"links":[null,7,{"href":1}],"disputed_transactions":{},"supplementary_data":{"related_ids":[]},"batch_header":9}`,
		`,"resource":{"id":"` + strings.Repeat("x", 256) + `","status":"\u0085","custom_id":"\u0000","payee":{"merchant_id":"` + strings.Repeat("x", 256) + `"}}`,
	} {
		body := `{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED"` + members + `}`
		assert.Equal(t, bare, normalised(t, body), body)
	}
}

// TestLargeBodiesAllocateLittle: what is signed may hold two million elements.
func TestLargeBodiesAllocateLittle(t *testing.T) {
	for _, list := range [][2]string{
		{`"links":[`, `]`},
		{`"disputed_transactions":[`, `]`},
		{`"purchase_units":[`, `]`},
		{`"purchase_units":[{"payments":{"captures":[`, `]}}]`},
	} {
		for _, element := range []string{`7`, `{}`, `[]`} {
			body := allocation.Body(`{"id":"WH-1","event_type":"A.B","resource":{`+list[0], element, list[1]+`}}`)
			allocation.Require(t, body, allocation.Skipped, func() { normalised(t, string(body)) })
		}
	}
}

func TestEventTimestamp(t *testing.T) {
	for created, want := range map[string]int64{
		`"2026-04-01T00:00:00Z"`:      1775001600000,
		`"2026-04-01T00:00:00.123Z"`:  1775001600123,
		`"2026-03-31T17:00:00-07:00"`: 1775001600000,
		`"2018-19-12T22:20:32.000Z"`:  0, // the simulator's
		`"1969-12-31T23:59:59Z"`:      0,
		`1775001600`:                  0,
		`""`:                          0,
		`null`:                        0,
	} {
		e := normalised(t, `{"id":"WH-1","event_type":"A.B","create_time":`+created+`}`)
		assert.Equal(t, want, e.Timestamp, created)
	}
}

// TestLivemodeIsTheEntrys: no body of PayPal's says it.
func TestLivemodeIsTheEntrys(t *testing.T) {
	for _, live := range []*bool{new(true), new(false)} {
		e, err := paypal.New(nil).Event([]byte(`{"id":"WH-1","event_type":"A.B","livemode":"yes"}`), provider.Origin{Livemode: live})
		require.NoError(t, err)
		assert.Equal(t, live, e.Livemode)
	}
}

func TestPaymentAndRelatedIDs(t *testing.T) {
	link := func(rel, path string) string {
		return `"links":[{"rel":"self","href":"https://api.paypal.com/x"},{"rel":"` + rel + `","href":"https://api.paypal.com` + path + `"}]`
	}
	for _, tt := range []struct {
		why      string
		typ      string
		resource string
		payment  string
		related  map[string]string
	}{
		{"a capture is the payment, its authorization up", "PAYMENT.CAPTURE.COMPLETED", `"id":"C","links":[{"rel":"up","href":"https://api.paypal.com/v2/payments/authorizations/A"}]`, "C", map[string]string{"authorization": "A"}},
		{"a capture without authorization has its order up", "PAYMENT.CAPTURE.PENDING", `"id":"C",` + link("up", "/v2/checkout/orders/O"), "C", map[string]string{"order": "O"}},
		{"a sale is the payment", "PAYMENT.SALE.DENIED", `"id":"S","parent_payment":"PAY-1","billing_agreement_id":"I-1"`, "S", map[string]string{"parent_payment": "PAY-1", "subscription": "I-1"}},
		{"a refund is not", "PAYMENT.CAPTURE.REFUNDED", `"id":"R"`, "", nil},
		{"a refund of v2 has the capture up", "PAYMENT.CAPTURE.REFUNDED", `"id":"R",` + link("up", "/v2/payments/captures/C"), "C", nil},
		{"a link up that goes further", "PAYMENT.CAPTURE.REFUNDED", `"id":"R",` + link("up", "/v2/payments/captures/C/refund"), "", nil},
		{"a link up with a query", "PAYMENT.CAPTURE.REFUNDED", `"id":"R",` + link("up", "/v2/payments/captures/C?x"), "", nil},
		{"a link elsewhere", "PAYMENT.CAPTURE.REFUNDED", `"id":"R",` + link("next", "/v2/payments/captures/C"), "", nil},
		{"a refund that names its capture", "PAYMENT.REFUND.FAILED", `"id":"R","supplementary_data":{"related_ids":{"capture_id":"C"}}`, "C", nil},
		{"a v1 refund of a capture", "PAYMENT.CAPTURE.REFUNDED", `"id":"R","capture_id":"C"`, "C", nil},
		{"by its link alone", "PAYMENT.CAPTURE.REFUNDED", `"id":"R",` + link("capture", "/v1/payments/capture/C"), "C", nil},
		{"a v1 refund of a sale", "PAYMENT.SALE.REFUNDED", `"id":"R","sale_id":"S"`, "S", nil},
		{"by its link alone", "PAYMENT.SALE.REFUNDED", `"id":"R",` + link("sale", "/v1/payments/sale/S"), "S", nil},
		{"a v1 refund that names none (PayPal-Python-SDK issue 91)", "PAYMENT.SALE.REFUNDED", `"id":"R"`, "", nil},
		{"a reversal whose resource is a refund", "PAYMENT.CAPTURE.REVERSED", `"id":"R",` + link("up", "/v2/payments/captures/C"), "C", nil},
		{"a reversal of unknown kind that names none", "PAYMENT.SALE.REVERSED", `"id":"R"`, "", nil},
		{"a dispute", "CUSTOMER.DISPUTE.UPDATED", `"dispute_id":"PP-1","disputed_transactions":[{"seller_transaction_id":"C","invoice_number":"17"},{"seller_transaction_id":"D"}]`, "C", map[string]string{"invoice": "17"}},
		{"a referenced payout", "PAYMENT.REFERENCED-PAYOUT-ITEM.FAILED", `"item_id":"I","reference_id":"C","reference_type":"TRANSACTION_ID"`, "C", nil},
		{"of something else", "PAYMENT.REFERENCED-PAYOUT-ITEM.FAILED", `"item_id":"I","reference_id":"X","reference_type":"OTHERS"`, "", nil},
		{"an order's first capture", "CHECKOUT.ORDER.COMPLETED", `"id":"O","purchase_units":[{},{"payments":{"captures":[{"id":"C"},{"id":"D"}]}}]`, "C", nil},
		{"an approval that was reversed", "CHECKOUT.PAYMENT-APPROVAL.REVERSED", `"order_id":"O"`, "", map[string]string{"order": "O"}},
		{"a subscription", "BILLING.SUBSCRIPTION.CREATED", `"id":"I-1","plan_id":"P-1","custom":"x","subscriber":{"payer_id":"B"}`, "", map[string]string{"plan": "P-1", "custom": "x", "customer": "B"}},
		{"an authorization has no payment yet", "PAYMENT.AUTHORIZATION.VOIDED", `"id":"A","invoice_number":"17"`, "", map[string]string{"invoice": "17"}},
	} {
		t.Run(tt.typ+" "+tt.why, func(t *testing.T) {
			e := normalised(t, `{"id":"WH-1","event_type":"`+tt.typ+`","resource":{`+tt.resource+`}}`)
			assert.Equal(t, tt.payment, e.PaymentID)
			assert.Equal(t, tt.related, e.Related)
		})
	}
	t.Run("a reversal whose resource is the sale", func(t *testing.T) {
		for kind, want := range map[string]string{"sale": "S", "capture": "S", "refund": ""} {
			e := normalised(t, `{"id":"WH-1","event_type":"PAYMENT.SALE.REVERSED","resource_type":"`+kind+`","resource":{"id":"S"}}`)
			assert.Equal(t, want, e.PaymentID, kind)
		}
	})
}

func TestObjectAndAccount(t *testing.T) {
	for _, tt := range []struct{ resource, id, status, account string }{
		{`"batch_header":{"payout_batch_id":"B","batch_status":"SUCCESS"}`, "B", "SUCCESS", ""},
		{`"item_id":"I","processing_state":{"status":"FAILED"}`, "I", "FAILED", ""},
		{`"invoice":{"id":"INV2-1","status":"SENT"}`, "INV2-1", "SENT", ""},
		{`"merchant_id":"M"`, "M", "", "M"},
		{`"id":"C","payee":{"merchant_id":"M"}`, "C", "", "M"},
		{`"dispute_id":"D","disputed_transactions":[{"seller":{"merchant_id":"M"}}]`, "D", "", "M"},
		{`"id":"O","purchase_units":[{"payee":{"merchant_id":"M"}}]`, "O", "", "M"},
	} {
		e := normalised(t, `{"id":"WH-1","event_type":"A.B","resource":{`+tt.resource+`}}`)
		assert.Equal(t, [3]string{tt.id, tt.status, tt.account}, [3]string{e.ObjectID, e.ObjectStatus, e.Account}, tt.resource)
	}
}
