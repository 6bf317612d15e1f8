package stripe_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
)

const (
	intent = "pi_3TDemo0000000001" // of most fixtures
	direct = "ch_3TDemo0000000002" // a charge without a payment intent
)

func suite(t testing.TB) providertest.Suite {
	return providertest.Suite{
		Provider:       stripe.New(),
		Descriptor:     contract.Stripe(),
		List:           "endpoints",
		Senders:        []providertest.Sender{sender("a", "whsec_hush_a"), sender("b", "whsec_hush_b")},
		Now:            epoch(),
		Past:           300 * time.Second,
		Future:         300 * time.Second,
		HeaderValues:   headerValues(),
		Vectors:        vectors(t),
		ID:             "id",
		Type:           "type",
		Created:        "created",
		Object:         body,
		LivemodeInBody: true,
		Documents: []providertest.Document{
			{Why: "no prefix is needed", Document: document("main", "webhook_secret")},
			{Why: "modes", Document: modes(`"environment":"live"`)},
			{Why: "both members", Document: modes(`"environment":"sandbox","otherMode":"store"`)},
			{Why: "the default by its name", Document: modes(`"environment":"live","otherMode":"archive"`)},
			{Why: "Stripe's own word for sandbox", Document: modes(`"environment":"test"`), Problems: []string{`"environment" is neither "live" nor "sandbox"`}},
			{Why: "null must not turn the check off", Document: modes(`"environment":null`), Problems: []string{`"environment" is neither`}},
			{Why: "nor another type", Document: modes(`"environment":true`), Problems: []string{`"environment" is neither`}},
			{Why: "another word", Document: modes(`"environment":"live","otherMode":"drop"`), Problems: []string{`"otherMode" is neither "archive" nor "store"`}},
			{Why: "nothing to be other than", Document: modes(`"otherMode":"store"`), Problems: []string{`"otherMode" needs an "environment"`}},
			{Why: "empty secret: it would sign for everybody", Document: document("main", ""), Problems: []string{`entry 1 of "endpoints": "secret" is missing, empty`}},
			{Why: "numbers", Document: `{"endpoints":[{"label":1,"secret":2007}]}`, Problems: []string{`"label" is missing, empty or not a string`, `"secret" is missing, empty or not a string`}},
			{Why: "secret pasted with its line break", Document: document("main", "hush\n"), Problems: []string{"white space around it"}},
			{
				Why:      "every problem of every entry",
				Document: `{"endpoints":[{"label":"ok","secret":"hush"},{"secret":"hush"},{"label":"hush"},null]}`,
				Problems: []string{`entry 2 of "endpoints": "label" is missing`, `entry 3 of "endpoints": "secret" is missing`, `entry 4 of "endpoints": "label" is missing`, `entry 4 of "endpoints": "secret" is missing`},
			},
		},
		Bare:    event.Event{Type: "charge.updated", Category: event.PaymentUpdated},
		Lenient: lenient(),
		Omitted: omitted(),
		Bodies:  bodies(),
		Times: append(providertest.Unreadable(`253402300800`, `-1`, `1775001600.5`, `1e400`, `"1969-12-31T23:59:59Z"`, `"2026-04-01"`, `"1775001600"`, `null`, `true`), []providertest.Time{
			{Source: "docs.stripe.com/api/events/object", Value: `1775001600`, Want: 1775001600000},
			{Source: providertest.Own, Value: `253402300799`, Want: 253402300799000}, // the last second of year 9999
			{Source: "docs.stripe.com/event-destinations", Value: `"2026-04-01T00:00:00.063Z"`, Want: 1775001600063},
			{Source: "RFC 3339, section 5.6", Value: `"2026-04-01T02:00:00.063999+02:00"`, Want: 1775001600063},
		}...),
		Fixtures: fixtures(),
		Payments: payments(),
		Routes:   []string{"charge.captured", "charge.succeeded", "payment_intent.succeeded"},
		Money:    money(),
		Same:     same(),
		Large: []providertest.Large{
			{Head: `"data":{"object":{`, Element: `"charge":7`, Tail: `}}`, Most: providertest.Skipped},
			{Head: `"data":{"object":{`, Element: `"charge":[]`, Tail: `}}`, Most: providertest.Skipped},
			{Head: `"data":{"object":{`, Element: `"metadata":{"a":[{}]}`, Tail: `}}`, Most: providertest.Skipped},
			{Head: `"data":{"object":{"charges":{"data":[`, Element: `{}`, Tail: `]}}}`, Most: providertest.Skipped},
			{Head: `"data":{"object":{`, Element: `"payment":[7,7,7,7]`, Tail: `}}`, Most: providertest.WrongType},
			{Head: `"data":{"object":{`, Element: `"status":7`, Tail: `}}`, Most: providertest.WrongType},
		},
	}
}

func TestSuite(t *testing.T) { suite(t).Run(t) }

func FuzzCheckHeaders(f *testing.F) {
	suite(f).FuzzCheckHeaders(f, func(t *testing.T, _, value string) {
		assert.Contains(t, value, "v1=")
		assert.LessOrEqual(t, len(value), 16<<10)
	})
}

// FuzzVerifier: each secret of an accepted document verifies what it signs.
func FuzzVerifier(f *testing.F) {
	suite(f).FuzzVerifier(f, func(t *testing.T, document []byte, v provider.Verifier) {
		var content struct{ Endpoints []struct{ Secret string } }
		_ = json.Unmarshal(document, &content) // it reads past values of wrong types, as the provider does
		assert.NotEmpty(t, content.Endpoints)
		for _, e := range content.Endpoints {
			_, err := v.Verify(t.Context(), signed(sign(document, e.Secret, epoch())), document, epoch())
			assert.NoError(t, err)
		}
	})
}

func FuzzVerify(f *testing.F)    { suite(f).FuzzVerify(f) }
func FuzzEvent(f *testing.F)     { suite(f).FuzzEvent(f) }
func FuzzSameEvent(f *testing.F) { suite(f).FuzzSameEvent(f) }

// epoch returns a time for tests that need only one.
func epoch() time.Time { return time.Unix(1775001600, 0) }

func signed(value string) provider.Header {
	return providertest.Header(map[string]string{"Stripe-Signature": value})
}

// sign returns the header of a signed body.
func sign(body []byte, secret string, at time.Time) string {
	return providertest.Sign(stripe.Signer{Secret: secret}, body, at)["Stripe-Signature"]
}

func document(label, secret string) string {
	text, _ := json.Marshal(map[string]any{"endpoints": []any{map[string]string{"label": label, "secret": secret}}})
	return string(text)
}

// modes returns a document with more members in its entry.
func modes(members string) string {
	return `{"endpoints":[{"label":"main","secret":"hush",` + members + `}]}`
}

func TestEntryNamesItsEnvironment(t *testing.T) {
	for members, want := range map[string]provider.Origin{
		`"environment":"live"`:                           {Endpoint: "main", Livemode: new(true)},
		`"environment":"sandbox"`:                        {Endpoint: "main", Livemode: new(false)},
		`"environment":"live","otherMode":"archive"`:     {Endpoint: "main", Livemode: new(true)},
		`"otherMode":"store","environment":"sandbox"`:    {Endpoint: "main", Livemode: new(false), StoreOtherMode: true},
		`"a member of a later version":"is passed over"`: {Endpoint: "main"},
	} {
		v, err := stripe.New().Verifier([]byte(modes(members)))
		require.NoError(t, err)
		origin, err := v.Verify(t.Context(), signed(sign(nil, "hush", epoch())), nil, epoch())
		require.NoError(t, err)
		assert.Equal(t, want, origin, members)
	}
}

func sender(label, secret string) providertest.Sender {
	return providertest.Sender{
		Entry:  fmt.Sprintf(`{"label":%q,"secret":%q}`, label, secret),
		Secret: secret,
		Origin: provider.Origin{Endpoint: label},
		Signer: stripe.Signer{Secret: secret},
	}
}

// body returns the members of a snapshot event, or of a thin one for its types.
func body(typ, members string) string {
	if strings.HasPrefix(typ, "v1.") || strings.HasPrefix(typ, "v2.") {
		return `"object":"v2.core.event"`
	}
	return `"object":"event","data":{"object":{` + members + `}}`
}

// vectors reads testdata/signatures.json, where each case names its source.
func vectors(t testing.TB) []providertest.Vector {
	t.Helper()
	var file struct {
		Vectors []struct {
			ID        string            `json:"id"`
			Expect    string            `json:"expect"`
			Secrets   []string          `json:"secrets"`
			Headers   map[string]string `json:"headers"`
			Now       int64             `json:"now_unix"`
			Tolerance int               `json:"tolerance_s"`
			Body      []byte            `json:"body_base64"`
		}
	}
	content, err := os.ReadFile("testdata/signatures.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &file))
	require.NotEmpty(t, file.Vectors)
	var rows []providertest.Vector
	for _, v := range file.Vectors {
		require.Equal(t, 300, v.Tolerance, v.ID)
		require.Contains(t, []string{"valid", "invalid"}, v.Expect)
		entries := make([]string, len(v.Secrets))
		for i, secret := range v.Secrets {
			entries[i] = sender("main", secret).Entry
		}
		rows = append(rows, providertest.Vector{
			Name: v.ID, Valid: v.Expect == "valid", Document: `{"endpoints":[` + strings.Join(entries, ",") + `]}`,
			Headers: v.Headers, Body: v.Body, Now: time.Unix(v.Now, 0),
		})
	}
	return rows
}

func headerValues() []providertest.HeaderValue {
	const t = "t=1775001600,"
	v1 := "v1=" + strings.Repeat("ab", 32)
	malformed := provider.HeaderMalformed
	return []providertest.HeaderValue{
		{Why: "as Stripe sends it", Value: t + v1},
		{Why: "two signatures, after a secret was rolled", Value: t + v1 + "," + v1},
		{Why: "the fake v0 of test events, and later schemes", Value: t + v1 + ",v0=00,v2=x=y==,=", Want: ""},
		{Why: "order is not documented", Value: v1 + ",t=1775001600"},
		{Why: "spaces around elements", Value: " t=1775001600 ,\t" + v1 + " "},
		{Why: "upper-case hex", Value: t + "v1=" + strings.Repeat("AB", 32)},
		{Why: "unusable v1 beside a good one", Value: t + "v1=,v1=zz," + v1},

		{Why: "element without =", Value: t + v1 + ",v0", Want: malformed},
		{Why: "empty element", Value: t + v1 + ",", Want: malformed},
		{Why: "no t", Value: v1, Want: malformed},
		{Why: "t twice", Value: t + t + v1, Want: malformed},
		{Why: "T is another scheme", Value: "T=1775001600," + v1, Want: malformed},
		{Why: "empty t", Value: "t=," + v1, Want: malformed},
		{Why: "t with a sign", Value: "t=+1775001600," + v1, Want: malformed},
		{Why: "negative t", Value: "t=-1," + v1, Want: malformed},
		{Why: "t with a leading zero", Value: "t=01775001600," + v1, Want: malformed},
		{Why: "t with a space", Value: "t= 1775001600," + v1, Want: malformed},
		{Why: "t with a fraction", Value: "t=1775001600.0," + v1, Want: malformed},
		{Why: "t longer than any time", Value: "t=1775001600000," + v1, Want: malformed},
		{Why: "t beyond int64", Value: "t=99999999999999999999," + v1, Want: malformed},
		{Why: "no v1", Value: "t=1775001600", Want: malformed},
		{Why: "v0 alone", Value: t + "v0=" + v1[3:], Want: malformed},
		{Why: "v1 one digit short", Value: t + v1[:len(v1)-1], Want: malformed},
		{Why: "v1 not hex", Value: t + "v1=" + strings.Repeat("zz", 32), Want: malformed},
		{Why: "NUL is not a space", Value: t + "\x00" + v1, Want: malformed},
		{Why: "invalid UTF-8", Value: t + "\xff\xfe=,v1=\xff", Want: malformed},
		{Why: "commas only", Value: strings.Repeat(",", 5000), Want: malformed},
		{Why: "longer than the cap", Value: t + v1 + ",v0=" + strings.Repeat("0", 16<<10), Want: malformed},
		{Why: "first time that t can have", Value: "t=0," + v1, Want: provider.TimestampStale},
		{Why: "last time that t can have", Value: "t=999999999999," + v1, Want: provider.TimestampFuture},
	}
}

func bodies() []providertest.Body {
	of := func(members string) string { return body("", members) }
	const thin = `"object":"v2.core.event",`
	return []providertest.Body{
		{Why: "payment intent is the payment", Source: "docs.stripe.com/api/payment_intents/object", Type: "a", Members: of(`"object":"payment_intent","id":"pi_1","latest_charge":"ch_1"`), Object: "pi_1", Payment: "pi_1", Related: map[string]string{"charge": "ch_1"}},
		{Why: "charge belongs to its payment intent", Source: "docs.stripe.com/api/charges/object", Type: "a", Members: of(`"object":"charge","id":"ch_1","payment_intent":"pi_1"`), Object: "ch_1", Payment: "pi_1", Related: map[string]string{"payment_intent": "pi_1"}},
		{Why: "charge without one is the payment", Source: "docs.stripe.com/api/charges/object", Type: "a", Members: of(`"object":"charge","id":"ch_1","payment_intent":null,"order":"or_1"`), Object: "ch_1", Payment: "ch_1", Related: map[string]string{"order": "or_1"}},
		{Why: "expanded references", Source: "docs.stripe.com/api/expanding_objects", Type: "a", Members: of(`"object":"refund","id":"re_1","payment_intent":{"id":"pi_1"},"charge":{"id":"ch_1","amount":1}`), Object: "re_1", Payment: "pi_1", Related: map[string]string{"payment_intent": "pi_1", "charge": "ch_1"}},
		{Why: "refund of a charge alone", Source: "docs.stripe.com/api/refunds/object", Type: "a", Members: of(`"object":"refund","id":"re_1","charge":"ch_1"`), Object: "re_1", Payment: "ch_1", Related: map[string]string{"charge": "ch_1"}},
		{Why: "invoice before 2025-03-31.basil", Source: "docs.stripe.com/changelog/basil/2025-03-31/add-support-for-multiple-partial-payments-on-invoices", Type: "a", Members: of(`"object":"invoice","id":"in_1","payment_intent":"pi_1","customer":"cus_1","subscription":"sub_1"`), Object: "in_1", Payment: "pi_1", Related: map[string]string{"payment_intent": "pi_1", "customer": "cus_1", "subscription": "sub_1"}},
		{Why: "invoice since", Source: "docs.stripe.com/api/invoices/object", Type: "a", Members: of(`"object":"invoice","id":"in_1","customer":"cus_1","parent":{"type":"subscription_details","subscription_details":{"subscription":"sub_1"}}`), Object: "in_1", Related: map[string]string{"customer": "cus_1", "subscription": "sub_1"}},
		{Why: "invoice payment", Source: "docs.stripe.com/api/invoice-payment/object", Type: "a", Members: of(`"object":"invoice_payment","id":"inpay_1","invoice":"in_1","payment":{"type":"charge","charge":"ch_1"}`), Object: "inpay_1", Payment: "ch_1", Related: map[string]string{"charge": "ch_1", "invoice": "in_1"}},
		{Why: "payment intent before 2022-11-15", Source: "docs.stripe.com/changelog/2022-11-15/removes-charges-attribute-paymentintent", Type: "a", Members: of(`"object":"payment_intent","id":"pi_1","charges":{"object":"list","data":[{"id":"ch_1","object":"charge"}]}`), Object: "pi_1", Payment: "pi_1", Related: map[string]string{"charge": "ch_1"}},
		{Why: "customer of the Accounts v2 API", Source: "docs.stripe.com/api/invoices/object", Type: "a", Members: of(`"object":"invoice","id":"in_1","customer":null,"customer_account":"acct_2"`), Object: "in_1", Related: map[string]string{"customer": "acct_2"}},
		{Why: "Connect before 2017", Source: "docs.stripe.com/changelog/2017-05-25/events-connect-specify-originating-account", Type: "a", Members: `"user_id":"acct_1"`, Account: "acct_1"},
		{Why: "an organisation's context is a path", Source: "docs.stripe.com/context", Type: "a", Members: `"context":"org_1/acct_1"`, Account: "acct_1"},
		{Why: "or one account", Source: "docs.stripe.com/changelog/basil/2025-04-30/additional-context-organization-events", Type: "a", Members: `"context":"acct_1"`, Account: "acct_1"},
		{Why: "Connect's account counts before it", Source: "docs.stripe.com/changelog/basil/2025-04-30/additional-context-organization-events", Type: "a", Members: `"account":"acct_2","context":"acct_1"`, Account: "acct_2"},
		{Why: "customer has no payment", Source: "docs.stripe.com/api/customers/object", Type: "a", Members: of(`"object":"customer","id":"cus_1"`), Object: "cus_1"},
		{Why: "customer's own id of a plan", Source: "docs.stripe.com/api/plans/create", Type: "a", Members: of(`"object":"plan","id":"Gold / jährlich"`), Object: "Gold / jährlich"},
		{Why: "invalid UTF-8 outside the event id", Source: providertest.Own, Type: "a", Members: of("\"id\":\"ch_\xff\""), Object: "ch_\ufffd"},
		{Why: "good members among bad ones", Source: providertest.Own, Type: "a", Members: `"livemode":"yes",` + of(`"status":{},"id":"re_1","reason":1e999,"payment_intent":{"object":"payment_intent","id":"pi_1"}`) + `,"account":"acct_1"`, Object: "re_1", Payment: "pi_1", Account: "acct_1", Related: map[string]string{"payment_intent": "pi_1"}},

		{Why: "thin, without its object", Source: "docs.stripe.com/event-destinations", Type: "v1.payment_intent.succeeded", Members: thin + `"related_object":null,"context":null,"snapshot_event":null`},
		{Why: "thin: a charge may belong to a payment intent or not", Source: "docs.stripe.com/event-destinations", Type: "v1.charge.updated", Members: thin + `"related_object":{"id":"ch_1","type":"charge"}`, Object: "ch_1"},
		{Why: "thin: the last account of the context", Source: "docs.stripe.com/context", Type: "a", Members: thin + `"context":"acct_1/acct_2"`, Account: "acct_2"},
		{Why: "thin: members of snapshot events are not read", Source: "docs.stripe.com/event-destinations", Type: "v1.payment_intent.succeeded", Members: thin + `"data":{"object":{"id":"pi_1","object":"payment_intent"}}`},
	}
}

func lenient() []providertest.Lenient {
	return []providertest.Lenient{
		{Source: "docs.stripe.com/api/events/object", Members: `"created":null,"livemode":null,"account":null,"api_version":null,"data":{"object":null}`},
		{Source: providertest.Absent, Members: `"data":null`},
		{Source: providertest.Absent, Members: `"data":"text"`},
		{Source: providertest.Absent, Members: `"data":{}`},
		{Source: providertest.Absent, Members: `"data":{"object":[]}`},
		{Source: providertest.OtherType, Members: `"object":7,"created":{},"livemode":"yes","account":[],"api_version":1.5,"context":{},"snapshot_event":false,"related_object":3`},
		{Source: providertest.OtherType, Members: `"livemode":0,"data":{"object":{"id":1,"object":{},"status":[],"captured":"x","currency":7,"amount":{},"payment_intent":[1],"charge":1e999,"customer":{"id":{}},"payment":"x","parent":{"subscription_details":[]}}}`},
		{Source: providertest.Unfit, Members: `"account":"` + strings.Repeat("x", 257) + `","data":{"object":{"id":"\u0000","status":"\u0085","customer":"` + strings.Repeat("x", 257) + `"}}`},
	}
}

func omitted() []providertest.Omitted {
	const thin = `"object":"v2.core.event",`
	long := strings.Repeat("x", 257)
	of := func(members string) string { return body("", members) }
	return []providertest.Omitted{
		{Why: "nothing", Source: "docs.stripe.com/api/events/object", Members: `"created":null,"account":"","livemode":null,"data":{"object":{"id":null,"customer":null,"payment_intent":null}}`},
		{Why: "too long or with control characters", Source: providertest.Unfit, Members: `"created":1.5,"account":"a\u0000","data":{"object":{"id":"` + long + `","customer":"a\n"}}`, Want: []string{"account", "objectId", "related.customer", "timestamp"}},

		{Why: "of the envelope", Source: providertest.OtherType, Members: `"account":7,"api_version":true,"livemode":"yes","created":{}`, Want: []string{"account", "apiVersion", "livemode", "timestamp"}},
		{Why: "of the object", Source: providertest.OtherType, Members: of(`"id":1,"object":{},"status":[],"customer":{"id":{}},"order":false`), Want: []string{"objectId", "objectStatus", "objectType", "paymentId", "related.customer", "related.order"}},
		{Why: "an object that may be a refund", Source: "docs.stripe.com/api/refunds/object", Type: "refund.created", Members: of(`"id":"re_1","object":7,"amount":5,"currency":"eur","payment_intent":"pi_1"`), Want: []string{"amount", "objectType"}},
		{Why: "an object of a successful payment has its amount", Source: "docs.stripe.com/api/charges/object", Type: "charge.succeeded", Members: of(`"id":"ch_1","object":7,"captured":true,"amount":5,"currency":"eur"`), Want: []string{"objectType", "paymentId"}},
		{Why: "an envelope that may be thin", Source: "docs.stripe.com/api/v2/core/events/object", Members: `"object":7,"related_object":{"id":"pi_1","type":"payment_intent"}`, Want: []string{"thin"}},
		{Why: "a payment intent is the payment", Source: "docs.stripe.com/api/payment_intents/object", Members: of(`"object":"payment_intent","id":7`), Want: []string{"objectId", "paymentId"}},
		{Why: "without its payment intent the charge is the payment, which may be wrong", Source: "docs.stripe.com/api/charges/object", Members: of(`"object":"charge","id":"ch_1","payment_intent":7`), Want: []string{"paymentId", "related.payment_intent"}},
		{Why: "with its payment intent the charge's id is not asked for", Source: "docs.stripe.com/api/refunds/object", Members: of(`"object":"refund","id":"re_1","payment_intent":"pi_1","charge":[7]`), Want: []string{"related.charge"}},
		{Why: "a list in place of an object", Source: providertest.OtherType, Members: of(`"object":"invoice","id":"in_1","parent":[],"charges":7`), Want: []string{"paymentId", "related.charge", "related.subscription"}},
		{Why: "no object at all", Source: providertest.OtherType, Type: "charge.succeeded", Members: `"data":{"object":"text"}`, Want: []string{
			"amount", "objectId", "objectStatus", "objectType", "paymentId", "related.charge", "related.customer", "related.invoice",
			"related.order", "related.payment_intent", "related.subscription",
		}},
		{Why: "a thin event's", Source: "docs.stripe.com/api/v2/core/events/object", Members: thin + `"context":7,"snapshot_event":7,"related_object":{"id":7,"type":"charge"}`, Want: []string{"account", "objectId", "related.snapshot_event"}},
		{Why: "a thin event's payment", Source: "docs.stripe.com/api/v2/core/events/object", Members: thin + `"related_object":{"id":7,"type":"payment_intent"}`, Want: []string{"objectId", "paymentId"}},
		{Why: "a thin event's object that may be a payment", Source: "docs.stripe.com/api/v2/core/events/object", Members: thin + `"related_object":{"id":"pi_1","type":7}`, Want: []string{"objectType", "paymentId"}},
		{Why: "members of snapshot events are not a thin event's", Source: "docs.stripe.com/event-destinations", Members: thin + `"data":7`},
	}
}

// fixtures are whole bodies of the shapes that docs.stripe.com/api documents (API
// version 2026-03-25.dahlia): every category that moves money, and its neighbours
// that do not.
func fixtures() []providertest.Fixture {
	const api = "docs.stripe.com/api/"
	usd := func(amount string) event.Money { return event.Money{Amount: amount, Currency: "USD"} }
	eur := func(amount string) event.Money { return event.Money{Amount: amount, Currency: "EUR"} }
	return []providertest.Fixture{
		{File: "payment_intent.created", Source: api + "payment_intents/object", Why: "nothing has moved yet", Category: event.PaymentPending, Status: "requires_payment_method", Payment: intent},
		{File: "payment_intent.amount_capturable_updated", Source: api + "payment_intents/object", Why: "authorized only", Category: event.PaymentAuthorized, Status: "requires_capture", Payment: intent},
		{
			File: "payment_intent.succeeded", Source: api + "payment_intents/object", Why: "amount_received, not the larger amount", Category: event.PaymentSucceeded, Status: "succeeded", Payment: intent, Money: usd("15.00"),
			Event: &event.Event{
				ID: "stripe:evt_3TDemo000000000003", Timestamp: 1775001600000, Type: "payment_intent.succeeded",
				ObjectType: "payment_intent", ObjectID: intent, APIVersion: "2026-03-25.dahlia", Livemode: new(false), Account: "acct_1TDemo0000000001",
				Related: map[string]string{"charge": "ch_3TDemo0000000001", "customer": "cus_Demo000000001"},
			},
		},
		{File: "charge.succeeded-of-payment-intent", Source: api + "charges/object", Why: "its payment intent counts", Category: event.PaymentUpdated, Status: "succeeded", Payment: intent},
		{File: "charge.succeeded-direct", Source: api + "charges/object", Why: "nothing else counts", Category: event.PaymentSucceeded, Status: "succeeded", Payment: direct, Money: eur("20.00")},
		{File: "charge.succeeded-uncaptured", Source: api + "charges/object", Why: "authorized only", Category: event.PaymentAuthorized, Status: "succeeded", Payment: direct},
		{File: "charge.captured-direct", Source: api + "charges/object", Why: "amount_captured, not the larger amount", Category: event.PaymentSucceeded, Status: "succeeded", Payment: direct, Money: eur("12.00")},

		{File: "refund.created-pending", Source: api + "refunds/object", Category: event.RefundCreated, Status: "pending", Payment: intent, Money: usd("5.00")},
		{File: "refund.created-succeeded", Source: api + "refunds/object", Category: event.RefundSucceeded, Status: "succeeded", Payment: intent, Money: usd("5.00")},
		{File: "refund.updated-succeeded", Source: api + "refunds/object", Why: "of a charge without payment intent", Category: event.RefundSucceeded, Status: "succeeded", Payment: direct, Money: eur("5.00")},
		{File: "refund.failed", Source: api + "refunds/object", Category: event.RefundFailed, Status: "failed", Payment: intent, Money: usd("5.00")},
		{File: "charge.refund.updated", Source: api + "refunds/object", Why: "the object is the refund", Category: event.RefundUpdated, Status: "succeeded", Payment: intent, Money: usd("5.00")},
		{File: "charge.refunded", Source: api + "charges/object", Why: "the object is the charge: 20.00, and 13.00 refunded in all", Category: event.PaymentUpdated, Status: "succeeded", Payment: intent},

		{File: "charge.dispute.created", Source: api + "disputes/object", Category: event.DisputeOpened, Status: "needs_response", Payment: intent, Money: usd("20.00")},
		{File: "charge.dispute.updated", Source: api + "disputes/object", Category: event.DisputeUpdated, Status: "under_review", Payment: intent, Money: usd("20.00")},
		{File: "charge.dispute.funds_withdrawn", Source: api + "disputes/object", Why: "without the fee", Category: event.DisputeFundsWithdrawn, Status: "needs_response", Payment: intent, Money: usd("20.00")},
		{File: "charge.dispute.closed-won", Source: api + "disputes/object", Category: event.DisputeWon, Status: "won", Payment: intent, Money: usd("20.00")},
		{File: "charge.dispute.funds_reinstated", Source: api + "disputes/object", Why: "without the fee", Category: event.DisputeFundsReinstated, Status: "won", Payment: intent, Money: usd("20.00")},
		{File: "charge.dispute.closed-lost", Source: api + "disputes/object", Category: event.DisputeLost, Status: "lost", Payment: intent, Money: usd("20.00")},
		{File: "charge.dispute.closed-inquiry", Source: api + "disputes/object", Why: "neither won nor lost", Category: event.DisputeClosed, Status: "warning_closed", Payment: intent, Money: usd("20.00")},

		{File: "payout.created", Source: api + "payouts/object", Why: "belongs to no payment", Category: event.PayoutCreated, Status: "pending", Money: eur("1100.00")},
		{File: "payout.updated", Source: api + "payouts/object", Category: event.PayoutUpdated, Status: "in_transit", Money: eur("1100.00")},
		{File: "payout.paid", Source: api + "payouts/object", Category: event.PayoutPaid, Status: "paid", Money: eur("1100.00")},
		{File: "payout.failed", Source: api + "payouts/object", Category: event.PayoutFailed, Status: "failed", Money: eur("1100.00")},
		{File: "payout.canceled", Source: api + "payouts/object", Category: event.PayoutCanceled, Status: "canceled", Money: eur("1100.00")},

		{File: "invoice_payment.paid", Source: api + "invoice-payment/object", Why: "the payment intent in payment counts", Category: event.InvoiceUpdated, Status: "paid", Payment: intent},
		{
			File: "thin-v1.payment_intent.succeeded", Source: api + "v2/core/events/object", Why: "its snapshot twin counts", Category: event.PaymentUpdated, Payment: intent,
			Event: &event.Event{
				ID: "stripe:evt_65TDemo000000000000000000000027", Timestamp: 1775001600123, Type: "v1.payment_intent.succeeded", Thin: true,
				ObjectType: "payment_intent", ObjectID: intent, Livemode: new(true), Account: "acct_1TDemo0000000001",
				Related: map[string]string{"snapshot_event": "evt_3TDemo000000000003"},
			},
		},
		{File: "thin-v1.charge.dispute.closed", Source: api + "v2/core/events/object", Why: "won or lost is unknown", Category: event.DisputeUpdated},
		{File: "thin-v2.core.event_destination.ping", Source: api + "v2/core/events/object", Category: event.TestPing},
	}
}

// payments has one route to PaymentSucceeded for each kind of payment.
func payments() []providertest.Payment {
	const ofIntent, direct = `"captured":true,"payment_intent":"pi_1"`, `"captured":true`
	return []providertest.Payment{
		{Why: "captured at once", Source: "docs.stripe.com/payments/payment-intents/migration/charges", Counts: []string{"payment_intent.succeeded"}, Events: []providertest.EventType{
			{Type: "payment_intent.created"}, {Type: "charge.succeeded", Object: ofIntent}, {Type: "payment_intent.succeeded"}, {Type: "charge.updated", Object: ofIntent},
		}},
		{Why: "with a thin twin, before and after", Source: "docs.stripe.com/webhooks/migrate-snapshot-to-thin-events", Counts: []string{"payment_intent.succeeded"}, Events: []providertest.EventType{
			{Type: "v1.payment_intent.succeeded"}, {Type: "payment_intent.succeeded"}, {Type: "v1.payment_intent.succeeded"},
		}},
		{Why: "captured later", Source: "docs.stripe.com/payments/capture-later", Counts: []string{"payment_intent.succeeded"}, Events: []providertest.EventType{
			{Type: "payment_intent.created"}, {Type: "charge.succeeded", Object: `"captured":false,"payment_intent":"pi_1"`},
			{Type: "payment_intent.amount_capturable_updated", Object: `"status":"requires_capture"`},
			{Type: "charge.captured", Object: ofIntent}, {Type: "payment_intent.succeeded"},
		}},
		{Why: "of a subscription, bought in Checkout", Source: "docs.stripe.com/billing/subscriptions/webhooks", Counts: []string{"payment_intent.succeeded"}, Events: []providertest.EventType{
			{Type: "invoice.created"}, {Type: "charge.succeeded", Object: ofIntent}, {Type: "payment_intent.succeeded"}, {Type: "invoice.paid"},
			{Type: "invoice.payment_succeeded"}, {Type: "invoice_payment.paid"}, {Type: "checkout.session.completed", Object: `"payment_status":"paid"`},
		}},
		{Why: "by a delayed method", Source: "docs.stripe.com/checkout/fulfillment", Counts: []string{"payment_intent.succeeded"}, Events: []providertest.EventType{
			{Type: "checkout.session.completed", Object: `"payment_status":"unpaid"`}, {Type: "payment_intent.processing"}, {Type: "charge.pending", Object: ofIntent},
			{Type: "charge.succeeded", Object: ofIntent}, {Type: "payment_intent.succeeded"}, {Type: "checkout.session.async_payment_succeeded", Object: `"payment_status":"paid"`},
		}},
		{Why: "without payment intent", Source: "docs.stripe.com/api/charges/object", Counts: []string{"charge.succeeded"}, Events: []providertest.EventType{
			{Type: "charge.pending"}, {Type: "charge.succeeded", Object: direct}, {Type: "charge.updated", Object: direct}, {Type: "charge.refunded", Object: direct},
		}},
		{Why: "without payment intent, captured later", Source: "docs.stripe.com/api/charges/object", Counts: []string{"charge.captured"}, Events: []providertest.EventType{
			{Type: "charge.succeeded", Object: `"captured":false`}, {Type: "charge.captured", Object: direct},
		}},
	}
}

func money() []providertest.Money {
	rows := []providertest.Money{
		{Why: "smallest", Source: "docs.stripe.com/currencies", Type: "refund.created", Object: `"object":"refund","currency":"usd","amount":1`, Want: event.Money{Amount: "0.01", Currency: "USD"}},
		{Why: "Stripe's largest charge", Source: "docs.stripe.com/currencies", Type: "refund.created", Object: `"object":"refund","currency":"usd","amount":99999999`, Want: event.Money{Amount: "999999.99", Currency: "USD"}},
		{Why: "2^53+1, which float64 cannot hold", Source: providertest.Own, Type: "refund.created", Object: `"object":"refund","currency":"usd","amount":9007199254740993`, Want: event.Money{Amount: "90071992547409.93", Currency: "USD"}},
		{Why: "beyond int64", Source: providertest.Own, Type: "refund.created", Object: `"object":"refund","currency":"usd","amount":12345678901234567890123`, Want: event.Money{Amount: "123456789012345678901.23", Currency: "USD"}},

		{Why: "no amount", Source: providertest.Own, Type: "refund.created", Object: `"object":"refund","currency":"usd"`},
		{Why: "null", Source: providertest.Own, Type: "refund.created", Object: `"object":"refund","currency":"usd","amount":null`},
		{Why: "zero", Source: "docs.stripe.com/api/payment_intents/object", Type: "payment_intent.succeeded", Object: `"object":"payment_intent","currency":"usd","amount":5,"amount_received":0`},
		{Why: "text", Source: providertest.Own, Type: "refund.created", Object: `"object":"refund","currency":"usd","amount":"500"`, Omitted: true},
		{Why: "fraction of a minor unit", Source: "docs.stripe.com/currencies", Type: "refund.created", Object: `"object":"refund","currency":"usd","amount":500.5`, Omitted: true},
		{Why: "beyond float64", Source: providertest.Own, Type: "refund.created", Object: `"object":"refund","currency":"usd","amount":1e999`, Omitted: true},
		{Why: "no currency", Source: providertest.Own, Type: "refund.created", Object: `"object":"refund","amount":500`, Omitted: true},
		{Why: "currency that is no string", Source: providertest.Own, Type: "refund.created", Object: `"object":"refund","currency":840,"amount":500`, Omitted: true},
		{Why: "no ISO 4217 code", Source: "docs.stripe.com/currencies", Type: "payout.paid", Object: `"object":"payout","currency":"usdc","amount":500`, Omitted: true},
		{Why: "below zero: taken from the bank account", Source: "docs.stripe.com/api/payouts/object", Type: "payout.paid", Object: `"object":"payout","currency":"usd","amount":-500`, Omitted: true},
		{Why: "an invoice counts through its payment intent", Source: "docs.stripe.com/api/events/types", Type: "invoice.paid", Object: `"object":"invoice","currency":"usd","amount_paid":500,"amount":500`},
		{Why: "so does a checkout session", Source: "docs.stripe.com/api/events/types", Type: "checkout.session.completed", Object: `"object":"checkout.session","currency":"usd","amount_total":500,"payment_status":"paid"`},
		{Why: "nothing moved", Source: "docs.stripe.com/api/events/types", Type: "charge.failed", Object: `"object":"charge","currency":"usd","amount":500`},
		{Why: "not in the vocabulary", Source: "docs.stripe.com/api/events/types", Type: "transfer.created", Object: `"object":"transfer","currency":"usd","amount":500`},
		{Why: "a capture without its amount", Source: providertest.Own, Type: "charge.captured", Object: `"object":"charge","currency":"usd","amount":500`},
	}
	// Every row of docs.stripe.com/currencies that differs from two decimals, and
	// those that one would expect to.
	for _, row := range []struct{ currencies, want string }{
		{"bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf", "12340"},
		{"bhd jod kwd omr tnd", "12.340"},
		{"usd eur gbp chf brl inr", "123.40"},
		{"isk", "123.40"},     // no decimals in ISO 4217; Stripe: "to charge 5 ISK, provide 500"
		{"ugx", "123.40"},     // likewise, although it is listed among the zero-decimal ones
		{"huf twd", "123.40"}, // whole units only in payouts, counted in hundredths
		{"iqd lyd", "123.40"}, // three decimals in ISO 4217, not in Stripe's list
	} {
		for currency := range strings.FieldsSeq(row.currencies) {
			rows = append(rows, providertest.Money{
				Why: currency, Source: "docs.stripe.com/currencies", Type: "payout.paid", Object: `"object":"payout","amount":12340,"currency":"` + currency + `"`,
				Want: event.Money{Amount: row.want, Currency: strings.ToUpper(currency)},
			})
		}
	}
	return rows
}

// TestVerifyManyElements: the most elements that fit cost no more than reading
// them, and the good signature among them is found.
func TestVerifyManyElements(t *testing.T) {
	good := sign([]byte(`{}`), "whsec_test", epoch())
	bad := strings.Join(slices.Repeat([]string{"v1=" + strings.Repeat("0", 64)}, 200), ",")
	v, err := stripe.New().Verifier([]byte(document("main", "whsec_test")))
	require.NoError(t, err)
	_, err = v.Verify(t.Context(), signed(bad+","+good+strings.Repeat(",=", 1000)), []byte(`{}`), epoch())
	assert.NoError(t, err)
}

// TestVerifyRolledSecret: a header with two signatures passes with either secret,
// and a secret without its prefix is another key.
func TestVerifyRolledSecret(t *testing.T) {
	body := []byte(`{}`)
	_, second, _ := strings.Cut(sign(body, "whsec_new", epoch()), ",")
	both := signed(sign(body, "whsec_old", epoch()) + "," + second)
	for secret, want := range map[string]error{"whsec_old": nil, "whsec_new": nil, "old": provider.SignatureMismatch} {
		v, err := stripe.New().Verifier([]byte(document("main", secret)))
		require.NoError(t, err)
		_, err = v.Verify(t.Context(), both, body, epoch())
		assert.ErrorIs(t, err, want, secret)
	}
}

// same are pairs of bodies with one id and type.
func same() []providertest.Same {
	const (
		newer = `"api_version":"2026-03-25.dahlia"`
		older = `"api_version":"2016-07-06"`
		live  = `,"livemode":true,"data":{"object":{"id":"ch_1","object":"charge"}}`
		thin  = `"object":"v2.core.event","related_object":{"id":"pi_1","type":"payment_intent"}`
	)
	object := func(members string) string {
		return `,"livemode":true,"data":{"object":{"id":"ch_1","object":"charge",` + members + `}}`
	}
	return []providertest.Same{
		{Why: "another number of pending deliveries", Source: "docs.stripe.com/api/events/object", A: `"pending_webhooks":2`, B: `"pending_webhooks":1`, Want: true},
		{Why: "no pending deliveries", Source: "docs.stripe.com/api/events/object", A: `"pending_webhooks":2`, B: ``, Want: true},
		{Why: "pending deliveries below the top", Source: providertest.Own, A: `"data":{"pending_webhooks":2}`, B: `"data":{"pending_webhooks":1}`},

		// An organisation's endpoint names the account in context, a platform's in
		// account, the account's own endpoint in neither (docs.stripe.com/changelog,
		// 2025-04-30.basil; docs.stripe.com/connect/webhooks).
		{Why: "one with account", Source: "docs.stripe.com/connect/webhooks", A: newer + live, B: newer + live + `,"account":"acct_1"`, Want: true},
		{Why: "one with context", Source: "docs.stripe.com/changelog/basil/2025-04-30/additional-context-organization-events", A: newer + live, B: newer + live + `,"context":"acct_1"`, Want: true},
		{Why: "one with account in another version", Source: "docs.stripe.com/connect/webhooks", A: newer + live, B: older + live + `,"account":"acct_1"`, Want: true},
		{Why: "two accounts", Source: "docs.stripe.com/api/events/object", A: newer + live + `,"account":"acct_1"`, B: newer + live + `,"account":"acct_2"`},
		{Why: "two accounts in two versions", Source: "docs.stripe.com/api/events/object", A: newer + live + `,"account":"acct_1"`, B: older + live + `,"account":"acct_2"`},

		// Each endpoint renders an event in its version (docs.stripe.com/webhooks/versioning).
		{Why: "rendered for another version", Source: "docs.stripe.com/webhooks/versioning", A: newer + object(`"amount":500`), B: older + object(`"amount":"five"`), Want: true},
		{Why: "another version and type of object", Source: providertest.Own, A: newer + live, B: older + `,"livemode":true,"data":{"object":{"id":"ch_1","object":"refund"}}`},
		{Why: "another version and object", Source: providertest.Own, A: newer + live, B: older + `,"livemode":true,"data":{"object":{"id":"ch_2","object":"charge"}}`},
		{Why: "another version and mode", Source: providertest.Own, A: newer + live, B: older + `,"livemode":false,"data":{"object":{"id":"ch_1","object":"charge"}}`},
		{Why: "another version and no mode", Source: providertest.Own, A: newer + live, B: older + `,"data":{"object":{"id":"ch_1","object":"charge"}}`},
		{Why: "another version and no object", Source: providertest.Own, A: newer + live, B: older + `,"livemode":true`},
		{Why: "another version and customer", Source: providertest.Own, A: newer + object(`"customer":"cus_1"`), B: older + object(`"customer":"cus_2"`)},
		{Why: "a customer that one version names", Source: "docs.stripe.com/webhooks/versioning", A: newer + object(`"customer":"cus_1"`), B: older + live, Want: true},
		{Why: "no version is not another one", Source: providertest.Own, A: newer + live, B: `"api_version":null` + live},
		{Why: "nor is one of a wrong type", Source: providertest.Own, A: newer + live, B: `"api_version":7` + live},

		// docs.stripe.com/event-destinations, "Processing the event notification".
		{Why: "a thin event that was fetched", Source: "docs.stripe.com/event-destinations", A: thin, B: thin + `,"data":{"a":1},"changes":{"before":{}}`, Want: true},
		{Why: "a thin event with a context", Source: "docs.stripe.com/event-destinations", A: thin, B: thin + `,"context":"acct_1"`, Want: true},
		{Why: "thin events with two contexts", Source: providertest.Own, A: thin + `,"context":"acct_2"`, B: thin + `,"context":"acct_1"`},
		{Why: "a thin event of another object", Source: providertest.Own, A: thin, B: strings.Replace(thin, "pi_1", "pi_2", 1)},
		{Why: "a thin event and a snapshot", Source: providertest.Own, A: thin, B: newer + live},
	}
}

// TestSameEventComparesWhatVersionsAgreeOn: types and amounts, which the rows'
// type has not.
func TestSameEventComparesWhatVersionsAgreeOn(t *testing.T) {
	read := func(typ, version, object string) event.Event {
		e, err := stripe.New().Event([]byte(`{"id":"evt_1","type":"`+typ+`","api_version":"`+version+`","data":{"object":{"id":"x_1",`+object+`}}}`), provider.Origin{})
		require.NoError(t, err)
		return e
	}
	stored := read("refund.created", "2026-03-25.dahlia", `"object":"refund","amount":500,"currency":"eur"`)
	for _, row := range []struct {
		why, typ, object string
		want             bool
	}{
		{"equal", "refund.created", `"object":"refund","amount":500,"currency":"eur"`, true},
		{"no amount", "refund.created", `"object":"refund"`, true},
		{"another amount", "refund.created", `"object":"refund","amount":501,"currency":"eur"`, false},
		{"another currency", "refund.created", `"object":"refund","amount":500,"currency":"usd"`, false},
		{"another type", "refund.updated", `"object":"refund","amount":500,"currency":"eur"`, false},
	} {
		assert.Equal(t, row.want, stripe.New().SameEvent(stored, read(row.typ, "2016-07-06", row.object)), row.why)
	}
}
