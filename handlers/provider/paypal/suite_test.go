package paypal_test

import (
	"hash/crc32"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
)

const (
	capture = "27M47624FP291604U" // of most fixtures
	sale    = "80021663DE681814L" // of the fixtures of API v1
)

func suite() providertest.Suite {
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	return providertest.Suite{
		Provider:      newProvider(serving(map[string][]byte{certURL: bundle(leaf)})),
		Descriptor:    contract.PayPal(),
		List:          "webhooks",
		Senders:       []providertest.Sender{sender(leaf, "a", "HUSHA"), sender(leaf, "b", "HUSHB")},
		Now:           epoch,
		Past:          30 * 24 * time.Hour,
		Future:        5 * time.Minute,
		SameSignature: func(a, b []byte) bool { return crc32.ChecksumIEEE(a) == crc32.ChecksumIEEE(b) },
		HeaderValues:  headerValues(),
		Documents:     documents(),
		ID:            "id",
		Type:          "event_type",
		Created:       "create_time",
		Object:        func(_, members string) string { return resource(members) },
		Bare:          event.Event{Type: "PAYMENT.CAPTURE.COMPLETED", Category: event.PaymentSucceeded},
		Lenient:       lenient(),
		Omitted:       omitted(),
		Bodies:        bodies(),
		Times: append(providertest.Unreadable(`"1969-12-31T23:59:59Z"`, `1775001600`, `""`, `null`), []providertest.Time{
			{Source: spec + "notifications_webhooks_v1.json", Value: `"2026-04-01T00:00:00Z"`, Want: 1775001600000},
			{Source: "paypal/PayPal-Java-SDK, ValidateCertTest.java", Value: `"2026-04-01T00:00:00.123Z"`, Want: 1775001600123},
			{Source: "RFC 3339, section 5.6", Value: `"2026-03-31T17:00:00-07:00"`, Want: 1775001600000},
			{Source: "developer.paypal.com/api/rest/webhooks/simulator", Value: `"2018-19-12T22:20:32.000Z"`, Want: 0},
		}...),
		Fixtures: fixtures(),
		Payments: payments(),
		Routes:   []string{"PAYMENT.CAPTURE.COMPLETED", "PAYMENT.SALE.COMPLETED"},
		Money:    money(),
		Same: []providertest.Same{
			{Why: "links of another host", Source: spec + "notifications_webhooks_v1.json", A: `"links":[{"href":"https://api.paypal.com/x"}]`, B: `"links":[{"href":"https://api-m.paypal.com/x","encType":"application/json"}]`, Want: true},
			{Why: "no links", Source: spec + "notifications_webhooks_v1.json", A: `"links":[]`, B: ``, Want: true},
			{Why: "a time of sending", Source: "public copies of the simulator's samples; no schema has it", A: `"zts":1494957670`, B: ``, Want: true},
			{Why: "its deliveries", Source: "an answer of PayPal's API in a public shop's code; no schema has both", A: ``, B: `"status":"SUCCESS","transmissions":[{"http_status":200}]`, Want: true},
			{Why: "links below the top", Source: providertest.Own, A: `"resource":{"links":[{"rel":"self"}]}`, B: `"resource":{"links":[]}`},
			{Why: "another state", Source: providertest.Own, A: `"resource":{"status":"COMPLETED"}`, B: `"resource":{"status":"REFUNDED"}`},
			{Why: "another version of the resource", Source: providertest.Own, A: `"resource_version":"2.0"`, B: `"resource_version":"1.0"`},
		},
		Large: large(),
	}
}

// spec begins the source of a row that a file of PayPal's specifications documents.
const spec = "paypal/paypal-rest-api-specifications, openapi/"

func TestSuite(t *testing.T) { suite().Run(t) }

// FuzzVerifier: no accepted document accepts the simulator.
func FuzzVerifier(f *testing.F) {
	f.Add([]byte(with("extraRootsPem", quote(string(authority.Root.PEM())))))
	f.Add([]byte(`{"webhooks":[{"label":"a","webhookId":"WEBHOOK_ID","environment":"live"}]}`))
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	simulator := providertest.Sign(sender(leaf, "a", "WEBHOOK_ID").Signer, nil, epoch)
	suite().FuzzVerifier(f, func(t *testing.T, _ []byte, v provider.Verifier) {
		_, err := v.Verify(t.Context(), providertest.Header(simulator), nil, epoch)
		assert.Error(t, err)
	})
}

func FuzzVerify(f *testing.F)    { suite().FuzzVerify(f) }
func FuzzEvent(f *testing.F)     { suite().FuzzEvent(f) }
func FuzzSameEvent(f *testing.F) { suite().FuzzSameEvent(f) }

func sender(leaf paypaltest.Issued, label, webhookID string) providertest.Sender {
	s := signer(leaf)
	s.WebhookID = webhookID
	return providertest.Sender{
		Entry:  `{"label":"` + label + `","webhookId":"` + webhookID + `","environment":"live"}`,
		Secret: webhookID,
		Origin: provider.Origin{Endpoint: label, Livemode: new(true)},
		Signer: s,
	}
}

func resource(members string) string { return `"resource":{` + members + `}` }

func large() []providertest.Large {
	var rows []providertest.Large
	for _, list := range [][2]string{
		{`"links":[`, `]`},
		{`"disputed_transactions":[`, `]`},
		{`"purchase_units":[`, `]`},
		{`"purchase_units":[{"payments":{"captures":[`, `]}}]`},
	} {
		for _, element := range []string{`7`, `{}`, `[]`} {
			rows = append(rows, providertest.Large{Head: `"resource":{` + list[0], Element: element, Tail: list[1] + `}`, Most: providertest.Skipped})
		}
	}
	return rows
}

func bodies() []providertest.Body {
	link := func(rel, path string) string {
		return `"links":[{"rel":"self","href":"https://api.paypal.com/x"},{"rel":"` + rel + `","href":"https://api.paypal.com` + path + `"}]`
	}
	return []providertest.Body{
		{Why: "a capture is the payment, its authorization up", Source: spec + "payments_payment_v2.json", Type: "PAYMENT.CAPTURE.COMPLETED", Members: resource(`"id":"C","links":[{"rel":"up","href":"https://api.paypal.com/v2/payments/authorizations/A"}]`), Object: "C", Payment: "C", Related: map[string]string{"authorization": "A"}},
		{Why: "a capture without authorization has its order up", Source: spec + "payments_payment_v2.json", Type: "PAYMENT.CAPTURE.PENDING", Members: resource(`"id":"C",` + link("up", "/v2/checkout/orders/O")), Object: "C", Payment: "C", Related: map[string]string{"order": "O"}},
		{Why: "127 characters of three bytes each", Source: spec + "payments_payment_v2.json", Type: "PAYMENT.CAPTURE.PENDING", Members: resource(`"id":"C","custom_id":"` + strings.Repeat("订", 127) + `"`), Object: "C", Payment: "C", Related: map[string]string{"custom": strings.Repeat("订", 127)}},
		{Why: "a sale is the payment", Source: spec + "payments_payment_v1.json", Type: "PAYMENT.SALE.DENIED", Members: resource(`"id":"S","parent_payment":"PAY-1","billing_agreement_id":"I-1"`), Object: "S", Payment: "S", Related: map[string]string{"parent_payment": "PAY-1", "subscription": "I-1"}},
		{Why: "a refund is not", Source: spec + "payments_payment_v2.json", Type: "PAYMENT.CAPTURE.REFUNDED", Members: resource(`"id":"R"`), Object: "R"},
		{Why: "a refund of v2 has the capture up", Source: spec + "payments_payment_v2.json", Type: "PAYMENT.CAPTURE.REFUNDED", Members: resource(`"id":"R",` + link("up", "/v2/payments/captures/C")), Object: "R", Payment: "C"},
		{Why: "a link up that goes further", Source: providertest.Own, Type: "PAYMENT.CAPTURE.REFUNDED", Members: resource(`"id":"R",` + link("up", "/v2/payments/captures/C/refund")), Object: "R"},
		{Why: "a link up with a query", Source: providertest.Own, Type: "PAYMENT.CAPTURE.REFUNDED", Members: resource(`"id":"R",` + link("up", "/v2/payments/captures/C?x")), Object: "R"},
		{Why: "a link elsewhere", Source: providertest.Own, Type: "PAYMENT.CAPTURE.REFUNDED", Members: resource(`"id":"R",` + link("next", "/v2/payments/captures/C")), Object: "R"},
		{Why: "a refund that names its capture", Source: spec + "payments_payment_v2.json", Type: "PAYMENT.REFUND.FAILED", Members: resource(`"id":"R","supplementary_data":{"related_ids":{"capture_id":"C"}}`), Object: "R", Payment: "C"},
		{Why: "a v1 refund of a capture", Source: spec + "payments_payment_v1.json", Type: "PAYMENT.CAPTURE.REFUNDED", Members: resource(`"id":"R","capture_id":"C"`), Object: "R", Payment: "C"},
		{Why: "by its link alone", Source: spec + "payments_payment_v1.json", Type: "PAYMENT.CAPTURE.REFUNDED", Members: resource(`"id":"R",` + link("capture", "/v1/payments/capture/C")), Object: "R", Payment: "C"},
		{Why: "a v1 refund of a sale", Source: spec + "payments_payment_v1.json", Type: "PAYMENT.SALE.REFUNDED", Members: resource(`"id":"R","sale_id":"S"`), Object: "R", Payment: "S"},
		{Why: "by its link alone", Source: spec + "payments_payment_v1.json", Type: "PAYMENT.SALE.REFUNDED", Members: resource(`"id":"R",` + link("sale", "/v1/payments/sale/S")), Object: "R", Payment: "S"},
		{Why: "a v1 refund that names none (PayPal-Python-SDK issue 91)", Source: "paypal/PayPal-Python-SDK, issue 91", Type: "PAYMENT.SALE.REFUNDED", Members: resource(`"id":"R"`), Object: "R"},
		{Why: "a reversal whose resource is a refund", Source: spec + "payments_payment_v2.json", Type: "PAYMENT.CAPTURE.REVERSED", Members: resource(`"id":"R",` + link("up", "/v2/payments/captures/C")), Object: "R", Payment: "C"},
		{Why: "a reversal of unknown kind that names none", Source: providertest.Own, Type: "PAYMENT.SALE.REVERSED", Members: resource(`"id":"R"`), Object: "R"},
		{Why: "a dispute", Source: spec + "customer_disputes_v1.json", Type: "CUSTOMER.DISPUTE.UPDATED", Members: resource(`"dispute_id":"PP-1","disputed_transactions":[{"seller_transaction_id":"C","invoice_number":"17"},{"seller_transaction_id":"D"}]`), Object: "PP-1", Payment: "C", Related: map[string]string{"invoice": "17"}},
		{Why: "a referenced payout", Source: "developer.paypal.com/docs/api/referenced-payouts/v1", Type: "PAYMENT.REFERENCED-PAYOUT-ITEM.FAILED", Members: resource(`"item_id":"I","reference_id":"C","reference_type":"TRANSACTION_ID"`), Object: "I", Payment: "C"},
		{Why: "of something else", Source: "developer.paypal.com/docs/api/referenced-payouts/v1", Type: "PAYMENT.REFERENCED-PAYOUT-ITEM.FAILED", Members: resource(`"item_id":"I","reference_id":"X","reference_type":"OTHERS"`), Object: "I"},
		{Why: "an order's first capture", Source: spec + "checkout_orders_v2.json", Type: "CHECKOUT.ORDER.COMPLETED", Members: resource(`"id":"O","purchase_units":[{},{"payments":{"captures":[{"id":"C"},{"id":"D"}]}}]`), Object: "O", Payment: "C"},
		{Why: "an approval that was reversed", Source: "developer.paypal.com/api/rest/webhooks/event-names", Type: "CHECKOUT.PAYMENT-APPROVAL.REVERSED", Members: resource(`"order_id":"O"`), Related: map[string]string{"order": "O"}},
		{Why: "a subscription", Source: spec + "billing_subscriptions_v1.json", Type: "BILLING.SUBSCRIPTION.CREATED", Members: resource(`"id":"I-1","plan_id":"P-1","custom":"x","subscriber":{"payer_id":"B"}`), Object: "I-1", Related: map[string]string{"plan": "P-1", "custom": "x", "customer": "B"}},
		{Why: "an authorization has no payment yet", Source: spec + "payments_payment_v2.json", Type: "PAYMENT.AUTHORIZATION.VOIDED", Members: resource(`"id":"A","invoice_number":"17"`), Object: "A", Related: map[string]string{"invoice": "17"}},
		{Why: "reversal whose resource is a sale", Source: spec + "payments_payment_v1.json", Type: "PAYMENT.SALE.REVERSED", Members: `"resource_type":"sale",` + resource(`"id":"S"`), Object: "S", Payment: "S"},
		{Why: "reversal whose resource is a capture", Source: spec + "payments_payment_v1.json", Type: "PAYMENT.SALE.REVERSED", Members: `"resource_type":"capture",` + resource(`"id":"S"`), Object: "S", Payment: "S"},
		{Why: "reversal whose resource is a refund", Source: spec + "payments_payment_v1.json", Type: "PAYMENT.SALE.REVERSED", Members: `"resource_type":"refund",` + resource(`"id":"S"`), Object: "S"},
		{Source: spec + "payments_payouts_batch_v1.json", Type: "A.B", Members: resource(`"batch_header":{"payout_batch_id":"B","batch_status":"SUCCESS"}`), Object: "B", Status: "SUCCESS"},
		{Source: "developer.paypal.com/docs/api/referenced-payouts/v1", Type: "A.B", Members: resource(`"item_id":"I","processing_state":{"status":"FAILED"}`), Object: "I", Status: "FAILED"},
		{Source: spec + "invoicing_v2.json", Type: "A.B", Members: resource(`"invoice":{"id":"INV2-1","status":"SENT"}`), Object: "INV2-1", Status: "SENT"},
		{Source: "developer.paypal.com/api/rest/webhooks/event-names", Type: "A.B", Members: resource(`"merchant_id":"M"`), Object: "M", Account: "M"},
		{Source: spec + "payments_payment_v2.json", Type: "A.B", Members: resource(`"id":"C","payee":{"merchant_id":"M"}`), Object: "C", Account: "M"},
		{Source: spec + "customer_disputes_v1.json", Type: "A.B", Members: resource(`"dispute_id":"D","disputed_transactions":[{"seller":{"merchant_id":"M"}}]`), Object: "D", Account: "M"},
		{Source: spec + "checkout_orders_v2.json", Type: "A.B", Members: resource(`"id":"O","purchase_units":[{"payee":{"merchant_id":"M"}}]`), Object: "O", Account: "M"},
	}
}

func lenient() []providertest.Lenient {
	long := strings.Repeat("x", 257)
	return []providertest.Lenient{
		{Source: providertest.Absent, Members: `"resource":null`},
		{Source: providertest.Absent, Members: `"resource":"text"`},
		{Source: providertest.Absent, Members: `"resource":[]`},
		{Source: providertest.OtherType, Members: `"create_time":null,"resource_type":7,"resource_version":{},"resource":{"id":[],"status":1,"amount":"x","links":{},"purchase_units":"x","payee":[]}`},
		{Source: providertest.OtherType, Members: `"create_time":"2018-19-12T00:00:00Z","resource":{"links":[null,7,{"href":1}],"disputed_transactions":{},"supplementary_data":{"related_ids":[]},"batch_header":9}`},
		{Source: providertest.Unfit, Members: `"resource":{"id":"` + long + `","custom_id":"\u0000","payee":{"merchant_id":"` + long + `"}}`},
	}
}

func omitted() []providertest.Omitted {
	const refunded, capture = "PAYMENT.CAPTURE.REFUNDED", `"id":"R","links":[{"rel":"up","href":"https://api.paypal.com/v2/payments/captures/C"}]`
	return []providertest.Omitted{
		{Why: "nothing", Source: providertest.Absent, Members: resource(`"custom_id":null,"invoice_number":"","links":null,"payer":null`)},
		{Why: "127 characters of any script", Source: spec + "payments_payment_v2.json", Members: resource(`"custom_id":"` + strings.Repeat("订", 127) + `"`)},
		{Why: "too long or with control characters", Source: providertest.Unfit, Members: `"create_time":"2018-19-12T00:00:00Z",` + resource(`"status":"\u0085","custom_id":"a\u0000","invoice_id":"`+strings.Repeat("x", 257)+`"`), Want: []string{"objectStatus", "related.custom", "related.invoice", "timestamp"}},

		{Why: "of the envelope", Source: providertest.OtherType, Members: `"resource_type":7,"resource_version":{},"create_time":1`, Want: []string{"apiVersion", "objectType", "timestamp"}},
		{Why: "merchants' references", Source: spec + "payments_payment_v2.json", Members: resource(`"custom_id":17,"invoice_id":{}`), Want: []string{"related.custom", "related.invoice"}},
		{Why: "a dispute's", Source: spec + "customer_disputes_v1.json", Members: resource(`"disputed_transactions":[{"seller_transaction_id":7,"invoice_number":17,"seller":[]}]`), Want: []string{"account", "paymentId", "related.invoice"}},
		{Why: "of the resource", Source: providertest.OtherType, Members: resource(`"id":7,"status":true,"payer":"x","plan_id":{},"payout_batch_id":1,"transaction_id":[],"parent_payment":0,"billing_agreement_id":1,"payee":{"merchant_id":7}`), Want: []string{
			"account", "objectId", "objectStatus", "related.customer", "related.parent_payment", "related.payout_batch", "related.plan", "related.subscription", "related.transaction",
		}},
		{Why: "v1 has state in place of status", Source: spec + "payments_payment_v1.json", Members: resource(`"state":7`), Want: []string{"objectStatus"}},
		{Why: "a capture is its own payment", Source: spec + "payments_payment_v2.json", Type: "PAYMENT.CAPTURE.COMPLETED", Members: resource(`"id":7`), Want: []string{"objectId", "paymentId"}},
		{Why: "a refund that names its capture by a link", Source: spec + "payments_payment_v2.json", Type: refunded, Members: resource(capture)},
		{Why: "and by an id of a wrong type", Source: spec + "payments_payment_v2.json", Type: refunded, Members: resource(capture + `,"capture_id":7`), Want: []string{"paymentId"}},
		{Why: "a link may be any that is missing", Source: spec + "payments_payment_v2.json", Type: refunded, Members: resource(`"id":"R","links":[{"rel":"up","href":7}]`), Want: []string{"paymentId", "related.authorization", "related.order"}},
		{Why: "but not with another relation", Source: spec + "payments_payment_v2.json", Type: refunded, Members: resource(`"id":"R","links":[{"rel":"self","href":7}]`)},
		{Why: "nor where another link is it", Source: spec + "payments_payment_v2.json", Members: resource(`"links":[7,{"rel":"up","href":"https://api.paypal.com/v2/checkout/orders/O"},{"rel":"up","href":"https://api.paypal.com/v2/payments/authorizations/A"}]`)},
		{Why: "a reversal of a resource that may be a sale", Source: spec + "payments_payment_v1.json", Type: "PAYMENT.SALE.REVERSED", Members: `"resource_type":7,` + resource(`"id":"S"`), Want: []string{"objectType", "paymentId"}},
		{Why: "a referenced payout that may name a capture", Source: "developer.paypal.com/docs/api/referenced-payouts/v1", Members: resource(`"item_id":"I","reference_type":7,"reference_id":"C"`), Want: []string{"paymentId"}},
		{Why: "an order's payee and capture", Source: spec + "checkout_orders_v2.json", Members: resource(`"purchase_units":[{"payee":7,"payments":"x"}]`), Want: []string{"account", "paymentId"}},
		{Why: "a payout's amount", Source: spec + "payments_payouts_batch_v1.json", Type: "PAYMENT.PAYOUTS-ITEM.SUCCEEDED", Members: resource(`"payout_item":7`), Want: []string{"amount"}},
		{Why: "no resource at all", Source: providertest.OtherType, Type: "PAYMENT.SALE.REFUNDED", Members: `"resource":7`, Want: []string{
			"account", "amount", "objectId", "objectStatus", "paymentId", "related.authorization", "related.custom", "related.customer", "related.invoice",
			"related.order", "related.parent_payment", "related.payout_batch", "related.plan", "related.subscription", "related.transaction",
		}},
	}
}

// fixtures are whole bodies, made from the schemas of
// github.com/paypal/paypal-rest-api-specifications and from public copies of the
// simulator's samples; none was received from PayPal. They have every category
// that moves money, and its neighbours that do not.
func fixtures() []providertest.Fixture {
	usd := func(amount string) event.Money { return event.Money{Amount: amount, Currency: "USD"} }
	eur := func(amount string) event.Money { return event.Money{Amount: amount, Currency: "EUR"} }
	return []providertest.Fixture{
		{File: "PAYMENT.AUTHORIZATION.CREATED", Source: spec + "payments_payment_v2.json", Why: "held, not taken; there is no capture yet", Category: event.PaymentAuthorized, Status: "CREATED"},
		{File: "PAYMENT.CAPTURE.PENDING", Source: spec + "payments_payment_v2.json", Why: "on its way", Category: event.PaymentPending, Status: "PENDING", Payment: capture},
		{
			File: "PAYMENT.CAPTURE.COMPLETED", Source: spec + "payments_payment_v2.json", Why: "gross, fee included; its link up is the authorization", Category: event.PaymentSucceeded, Status: "COMPLETED", Payment: capture, Money: usd("30.00"),
			Event: &event.Event{
				ID:         "paypal:WH-58D329510W468432D-8HN650336L201001X",
				Timestamp:  1775001600123,
				Type:       "PAYMENT.CAPTURE.COMPLETED",
				ObjectType: "capture",
				ObjectID:   capture,
				Related: map[string]string{
					"order": "5O190127TN364715T", "authorization": "7W5147081L658180V",
					"invoice": "INV-2026-17", "custom": "cart/17",
				},
				Account:    "7KNGBPH2U58GQ",
				APIVersion: "2.0",
				Livemode:   new(false),
			},
		},
		{File: "PAYMENT.CAPTURE.DENIED", Source: spec + "payments_payment_v2.json", Why: "nothing moved", Category: event.PaymentFailed, Status: "DECLINED", Payment: capture},
		{File: "PAYMENT.CAPTURE.REVERSED", Source: spec + "payments_payment_v2.json", Why: "the resource is a refund, its link up the capture", Category: event.PaymentReversed, Status: "COMPLETED", Payment: capture, Money: usd("30.00")},
		{File: "PAYMENT.SALE.COMPLETED", Source: spec + "payments_payment_v1.json", Why: "v1: of a subscription", Category: event.PaymentSucceeded, Status: "completed", Payment: sale, Money: eur("20.00")},
		{File: "PAYMENT.SALE.REVERSED", Source: spec + "payments_payment_v1.json", Why: "v1: negative", Category: event.PaymentReversed, Status: "completed", Payment: sale, Money: eur("20.00")},
		{
			File: "simulator", Source: "developer.paypal.com/api/rest/webhooks/simulator", Why: "its date is none", Category: event.PaymentSucceeded, Status: "COMPLETED", Payment: capture, Money: usd("30.00"), Omitted: []string{"timestamp"},
			Event: &event.Event{
				ID:         "paypal:WH-58D329510W468432D-8HN650336L201029X",
				Timestamp:  0, // 2018-19-12T22:20:32.000Z
				Type:       "PAYMENT.CAPTURE.COMPLETED",
				ObjectType: "capture",
				ObjectID:   capture,
				Related: map[string]string{
					"order": "5O190127TN364715T", "authorization": "7W5147081L658180V",
					"invoice": "INV-2026-17", "custom": "cart/17",
				},
				Account:    "7KNGBPH2U58GQ",
				APIVersion: "2.0",
				Livemode:   new(false),
			},
		},

		{File: "PAYMENT.CAPTURE.REFUNDED", Source: spec + "payments_payment_v2.json", Why: "its own amount, not the total refunded", Category: event.RefundSucceeded, Status: "COMPLETED", Payment: capture, Money: usd("10.99")},
		{File: "PAYMENT.CAPTURE.REFUNDED-pending", Source: spec + "payments_payment_v2.json", Why: "by eCheck", Category: event.RefundCreated, Status: "PENDING", Payment: capture, Money: usd("10.99")},
		{File: "PAYMENT.CAPTURE.REFUNDED-cancelled", Source: spec + "payments_payment_v2.json", Why: "neither under way nor failed", Category: event.RefundUpdated, Status: "CANCELLED", Payment: capture, Money: usd("10.99")},
		{File: "PAYMENT.REFUND.PENDING", Source: spec + "payments_payment_v2.json", Category: event.RefundCreated, Status: "PENDING", Payment: capture, Money: usd("10.99")},
		{File: "PAYMENT.REFUND.FAILED", Source: spec + "payments_payment_v2.json", Category: event.RefundFailed, Status: "FAILED", Payment: capture, Money: usd("10.99")},
		{
			File: "PAYMENT.SALE.REFUNDED", Source: spec + "payments_payment_v1.json", Why: "v1: negative, of a sale", Category: event.RefundSucceeded, Status: "completed", Payment: sale, Money: eur("5.01"),
			Event: &event.Event{
				ID:         "paypal:WH-58D329510W468432D-8HN650336L201011X",
				Timestamp:  1775001600000,
				Type:       "PAYMENT.SALE.REFUNDED",
				ObjectType: "refund",
				ObjectID:   "1JU08902781691411",
				Related:    map[string]string{"parent_payment": "PAY-86C81811X5228590KKVNARQQ"},
				Livemode:   new(false),
			},
		},

		{
			File: "CUSTOMER.DISPUTE.CREATED", Source: spec + "customer_disputes_v1.json", Category: event.DisputeOpened, Status: "OPEN", Payment: capture, Money: usd("25.50"),
			Event: &event.Event{
				ID:         "paypal:WH-58D329510W468432D-8HN650336L201013X",
				Timestamp:  1775001600123,
				Type:       "CUSTOMER.DISPUTE.CREATED",
				ObjectType: "dispute",
				ObjectID:   "PP-D-27803",
				Related:    map[string]string{"invoice": "INV-2026-17"},
				Account:    "7KNGBPH2U58GQ",
				Livemode:   new(false),
			},
		},
		{File: "CUSTOMER.DISPUTE.UPDATED", Source: spec + "customer_disputes_v1.json", Category: event.DisputeUpdated, Status: "UNDER_REVIEW", Payment: capture, Money: usd("25.50")},
		{File: "CUSTOMER.DISPUTE.RESOLVED-won", Source: spec + "customer_disputes_v1.json", Category: event.DisputeWon, Status: "RESOLVED", Payment: capture, Money: usd("25.50")},
		{File: "CUSTOMER.DISPUTE.RESOLVED-lost", Source: spec + "customer_disputes_v1.json", Why: "the amount in dispute, not the part refunded", Category: event.DisputeLost, Status: "RESOLVED", Payment: capture, Money: usd("25.50")},
		{File: "CUSTOMER.DISPUTE.RESOLVED-withdrawn", Source: spec + "customer_disputes_v1.json", Why: "neither won nor lost", Category: event.DisputeClosed, Status: "RESOLVED", Payment: capture, Money: usd("25.50")},

		{File: "PAYMENT.PAYOUTSBATCH.PROCESSING", Source: spec + "payments_payouts_batch_v1.json", Why: "its items count", Category: event.PayoutCreated, Status: "PROCESSING"},
		{
			File: "PAYMENT.PAYOUTS-ITEM.SUCCEEDED", Source: spec + "payments_payouts_batch_v1.json", Why: "without the fee; belongs to no payment", Category: event.PayoutPaid, Status: "SUCCESS", Money: eur("9.87"),
			Event: &event.Event{
				ID:         "paypal:WH-58D329510W468432D-8HN650336L201018X",
				Timestamp:  1775001600123,
				Type:       "PAYMENT.PAYOUTS-ITEM.SUCCEEDED",
				ObjectType: "payouts_item",
				ObjectID:   "8AELMXH8UB2P8",
				Related:    map[string]string{"payout_batch": "Q8KUFNVRVQ8W4", "transaction": "0C413693MN970190K"},
				Livemode:   new(false),
			},
		},
		{File: "PAYMENT.PAYOUTS-ITEM.UNCLAIMED", Source: spec + "payments_payouts_batch_v1.json", Category: event.PayoutUpdated, Status: "UNCLAIMED", Money: eur("9.87")},
		{File: "PAYMENT.PAYOUTS-ITEM.FAILED", Source: spec + "payments_payouts_batch_v1.json", Category: event.PayoutFailed, Status: "FAILED", Money: eur("9.87")},
		{File: "PAYMENT.PAYOUTS-ITEM.RETURNED", Source: spec + "payments_payouts_batch_v1.json", Why: "nobody claimed it for thirty days", Category: event.PayoutFailed, Status: "RETURNED", Money: eur("9.87")},
		{File: "PAYMENT.PAYOUTS-ITEM.CANCELED", Source: spec + "payments_payouts_batch_v1.json", Category: event.PayoutCanceled, Status: "RETURNED", Money: eur("9.87")},
		{File: "PAYMENT.REFERENCED-PAYOUT-ITEM.COMPLETED", Source: "developer.paypal.com/docs/api/referenced-payouts/v1", Why: "of a marketplace: names the capture", Category: event.PayoutPaid, Status: "SUCCESS", Payment: capture, Money: usd("28.46")},

		{File: "CHECKOUT.ORDER.APPROVED", Source: spec + "checkout_orders_v2.json", Why: "nothing moved", Category: event.CheckoutApproved, Status: "APPROVED"},
		{
			File: "CHECKOUT.ORDER.COMPLETED", Source: spec + "checkout_orders_v2.json", Why: "its capture's own event counts", Category: event.CheckoutCompleted, Status: "COMPLETED", Payment: capture,
			Event: &event.Event{
				ID:         "paypal:WH-58D329510W468432D-8HN650336L201026X",
				Timestamp:  1775001600123,
				Type:       "CHECKOUT.ORDER.COMPLETED",
				ObjectType: "checkout-order",
				ObjectID:   "5O190127TN364715T",
				Related:    map[string]string{"customer": "ZU7HYZ5UQ9WNG"},
				Account:    "7KNGBPH2U58GQ",
				APIVersion: "2.0",
				Livemode:   new(false),
			},
		},
		{File: "INVOICING.INVOICE.PAID", Source: spec + "invoicing_v2.json", Why: "the payment's own event counts", Category: event.InvoicePaid, Status: "PAID"},
		{File: "BILLING.SUBSCRIPTION.ACTIVATED", Source: spec + "billing_subscriptions_v1.json", Category: event.SubscriptionUpdated, Status: "ACTIVE"},
		{File: "BILLING.SUBSCRIPTION.PAYMENT.FAILED", Source: spec + "billing_subscriptions_v1.json", Why: "a failed renewal moved nothing", Category: event.InvoicePaymentFailed, Status: "ACTIVE"},
	}
}

// payments counts each payment by its capture or sale.
func payments() []providertest.Payment {
	const events, approved = "developer.paypal.com/limited-release/commerce-platform/webhooks", `"status":"APPROVED"`
	const pending, completed = `"status":"PENDING"`, `"status":"COMPLETED"`
	return []providertest.Payment{
		{Why: "of an order, captured at once", Source: events, Counts: []string{"PAYMENT.CAPTURE.COMPLETED"}, Events: []providertest.EventType{
			{Type: "CHECKOUT.ORDER.APPROVED", Object: approved}, {Type: "PAYMENT.CAPTURE.COMPLETED", Object: completed}, {Type: "CHECKOUT.ORDER.COMPLETED", Object: completed},
		}},
		{Why: "authorized first", Source: events, Counts: []string{"PAYMENT.CAPTURE.COMPLETED"}, Events: []providertest.EventType{
			{Type: "PAYMENT.AUTHORIZATION.CREATED", Object: `"status":"CREATED"`}, {Type: "PAYMENT.CAPTURE.COMPLETED", Object: completed},
		}},
		{Why: "by a method that takes days", Source: "developer.paypal.com/payment-methods/webhooks", Counts: []string{"PAYMENT.CAPTURE.COMPLETED"}, Events: []providertest.EventType{
			{Type: "CHECKOUT.ORDER.APPROVED", Object: approved}, {Type: "PAYMENT.CAPTURE.PENDING", Object: pending}, {Type: "PAYMENT.CAPTURE.COMPLETED", Object: completed},
		}},
		{Why: "by one that fails", Source: "developer.paypal.com/payment-methods/webhooks", Events: []providertest.EventType{
			{Type: "PAYMENT.CAPTURE.PENDING", Object: pending}, {Type: "PAYMENT.CAPTURE.DENIED", Object: `"status":"DECLINED"`},
		}},
		{Why: "of a subscription", Source: "developer.paypal.com/subscriptions/webhooks", Counts: []string{"PAYMENT.SALE.COMPLETED"}, Events: []providertest.EventType{
			{Type: "BILLING.SUBSCRIPTION.ACTIVATED", Object: `"status":"ACTIVE"`}, {Type: "PAYMENT.SALE.COMPLETED", Object: `"state":"completed"`},
		}},
	}
}

func money() []providertest.Money {
	return []providertest.Money{
		{Why: "v2", Source: spec + "payments_payment_v2.json", Type: "PAYMENT.CAPTURE.COMPLETED", Object: `"amount":{"value":"12.50","currency_code":"EUR"}`, Want: event.Money{Amount: "12.50", Currency: "EUR"}},
		{Why: "v1", Source: spec + "payments_payment_v1.json", Type: "PAYMENT.SALE.COMPLETED", Object: `"amount":{"total":"12.50","currency":"EUR","details":{"subtotal":"10.00"}}`, Want: event.Money{Amount: "12.50", Currency: "EUR"}},
		{Why: "v1 under a type that v2 has too", Source: spec + "payments_payment_v1.json", Type: "PAYMENT.CAPTURE.COMPLETED", Object: `"amount":{"total":"7.47","currency":"USD"}`, Want: event.Money{Amount: "7.47", Currency: "USD"}},
		{Why: "no decimals", Source: spec + "payments_payment_v2.json", Type: "PAYMENT.CAPTURE.COMPLETED", Object: `"amount":{"value":"1200","currency_code":"JPY"}`, Want: event.Money{Amount: "1200", Currency: "JPY"}},
		{Why: "no decimals, as it was sent", Source: spec + "payments_payment_v2.json", Type: "PAYMENT.CAPTURE.COMPLETED", Object: `"amount":{"value":"1200.00","currency_code":"HUF"}`, Want: event.Money{Amount: "1200.00", Currency: "HUF"}},
		{Why: "three decimals", Source: spec + "payments_payment_v2.json", Type: "PAYMENT.CAPTURE.COMPLETED", Object: `"amount":{"value":"5.125","currency_code":"TND"}`, Want: event.Money{Amount: "5.125", Currency: "TND"}},
		{Why: "one decimal, as it was sent", Source: spec + "payments_payouts_batch_v1.json", Type: "PAYMENT.PAYOUTS-ITEM.SUCCEEDED", Object: `"payout_item":{"amount":{"value":"1.0","currency":"USD"}}`, Want: event.Money{Amount: "1.0", Currency: "USD"}},
		{Why: "no zero before the point, which the schema allows", Source: spec + "payments_payment_v2.json", Type: "PAYMENT.CAPTURE.COMPLETED", Object: `"amount":{"value":".50","currency_code":"USD"}`, Want: event.Money{Amount: "0.50", Currency: "USD"}},
		{Why: "2^53+1, which a float64 cannot hold", Source: providertest.Own, Type: "PAYMENT.CAPTURE.COMPLETED", Object: `"amount":{"value":"9007199254740993.01","currency_code":"USD"}`, Want: event.Money{Amount: "9007199254740993.01", Currency: "USD"}},
		{Why: "a v1 refund is negative", Source: spec + "payments_payment_v1.json", Type: "PAYMENT.SALE.REFUNDED", Object: `"amount":{"total":"-0.01","currency":"USD"}`, Want: event.Money{Amount: "0.01", Currency: "USD"}},
		{Why: "or not", Source: spec + "payments_payment_v1.json", Type: "PAYMENT.SALE.REFUNDED", Object: `"amount":{"total":"255.41","currency":"EUR"}`, Want: event.Money{Amount: "255.41", Currency: "EUR"}},
		{Why: "a negative one without its zero", Source: spec + "payments_payment_v2.json", Type: "PAYMENT.CAPTURE.REFUNDED", Object: `"amount":{"value":"-.50","currency_code":"USD"}`, Want: event.Money{Amount: "0.50", Currency: "USD"}},
		{Why: "a reversal", Source: spec + "payments_payment_v1.json", Type: "PAYMENT.SALE.REVERSED", Object: `"amount":{"total":"-0.49","currency":"USD"}`, Want: event.Money{Amount: "0.49", Currency: "USD"}},
		{Why: "a dispute's own", Source: spec + "customer_disputes_v1.json", Type: "CUSTOMER.DISPUTE.CREATED", Object: `"dispute_amount":{"value":"3.00","currency_code":"USD"},"amount":{"value":"9.00","currency_code":"USD"}`, Want: event.Money{Amount: "3.00", Currency: "USD"}},
		{Why: "a referenced payout's own", Source: "developer.paypal.com/docs/api/referenced-payouts/v1", Type: "PAYMENT.REFERENCED-PAYOUT-ITEM.COMPLETED", Object: `"payout_amount":{"value":"3.00","currency_code":"USD"}`, Want: event.Money{Amount: "3.00", Currency: "USD"}},
		{Why: "no amount", Source: providertest.Own, Type: "PAYMENT.CAPTURE.COMPLETED", Object: `"id":"1"`},
		{Why: "null", Source: providertest.Own, Type: "PAYMENT.CAPTURE.COMPLETED", Object: `"amount":null`},
		{Why: "a bare text", Source: providertest.Own, Type: "PAYMENT.CAPTURE.COMPLETED", Object: `"amount":"12.50"`, Omitted: true},
		{Why: "a number, which no schema has", Source: spec + "payments_payment_v2.json", Type: "PAYMENT.CAPTURE.COMPLETED", Object: `"amount":{"value":12.50,"currency_code":"EUR"}`, Omitted: true},
		{Why: "a number beyond float64", Source: providertest.Own, Type: "PAYMENT.CAPTURE.COMPLETED", Object: `"amount":{"value":1e999,"currency_code":"EUR"}`, Omitted: true},
		{Why: "zero", Source: spec + "payments_payment_v2.json", Type: "PAYMENT.CAPTURE.COMPLETED", Object: `"amount":{"value":"0.00","currency_code":"EUR"}`},
		{Why: "a payment below zero", Source: spec + "payments_payment_v2.json", Type: "PAYMENT.CAPTURE.COMPLETED", Object: `"amount":{"value":"-12.50","currency_code":"EUR"}`, Omitted: true},
		{Why: "two signs", Source: providertest.Own, Type: "PAYMENT.SALE.REFUNDED", Object: `"amount":{"total":"--12.50","currency":"EUR"}`, Omitted: true},
		{Why: "a thousands separator", Source: providertest.Own, Type: "PAYMENT.CAPTURE.COMPLETED", Object: `"amount":{"value":"5,000.00","currency_code":"EUR"}`, Omitted: true},
		{Why: "a comma", Source: providertest.Own, Type: "PAYMENT.CAPTURE.COMPLETED", Object: `"amount":{"value":"12,50","currency_code":"EUR"}`, Omitted: true},
		{Why: "a point alone", Source: providertest.Own, Type: "PAYMENT.CAPTURE.COMPLETED", Object: `"amount":{"value":".","currency_code":"EUR"}`, Omitted: true},
		{Why: "endless", Source: providertest.Own, Type: "PAYMENT.CAPTURE.COMPLETED", Object: `"amount":{"value":"` + strings.Repeat("9", 5000) + `","currency_code":"EUR"}`, Omitted: true},
		{Why: "no currency", Source: providertest.Own, Type: "PAYMENT.CAPTURE.COMPLETED", Object: `"amount":{"value":"12.50"}`, Omitted: true},
		{Why: "no ISO 4217 code", Source: spec + "payments_payment_v2.json", Type: "PAYMENT.CAPTURE.COMPLETED", Object: `"amount":{"value":"12.50","currency_code":"PYUSD"}`, Omitted: true},
		{Why: "nothing has moved yet", Source: spec + "payments_payment_v2.json", Type: "PAYMENT.CAPTURE.PENDING", Object: `"amount":{"value":"12.50","currency_code":"EUR"}`},
		{Why: "nothing will move", Source: spec + "payments_payment_v2.json", Type: "PAYMENT.CAPTURE.DENIED", Object: `"amount":{"value":"12.50","currency_code":"EUR"}`},
		{Why: "held, not taken", Source: spec + "payments_payment_v2.json", Type: "PAYMENT.AUTHORIZATION.CREATED", Object: `"amount":{"value":"12.50","currency_code":"EUR"}`},
		{Why: "a batch's items count", Source: spec + "payments_payouts_batch_v1.json", Type: "PAYMENT.PAYOUTSBATCH.SUCCESS", Object: `"batch_header":{"amount":{"value":"12.50","currency":"EUR"}}`},
		{Why: "an invoice counts through its payment", Source: spec + "invoicing_v2.json", Type: "INVOICING.INVOICE.PAID", Object: `"invoice":{"status":"PAID"},"amount":{"value":"12.50","currency_code":"EUR"}`},
		{Why: "not in the vocabulary", Source: spec + "customer_disputes_v1.json", Type: "RISK.DISPUTE.CREATED", Object: `"dispute_amount":{"value":"12.50","currency_code":"EUR"}`},
	}
}
