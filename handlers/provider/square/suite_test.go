package square_test

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/handlers/provider/square"
)

const (
	// endpointURL is the stack's own URL, and url one that an entry names.
	endpointURL = "https://abc123.execute-api.us-east-1.amazonaws.com/live/square"
	url         = "https://hooks.example.com/square"
	// apiURL is the stack's URL at the API's own host name, beside a domain.
	apiURL = "https://def456.execute-api.us-east-1.amazonaws.com/live/square"

	signatureHeader = "x-square-hmacsha256-signature"

	// paid is the payment of the fixtures, and of their refunds and disputes.
	paid = "R2B3Z8WMVt3EAmzYWLZvz7Y69EbZY"
)

func suite(t testing.TB) providertest.Suite {
	const sixteen = `{"a":{},"b":{},"c":{},"d":{},"e":{},"f":{},"g":{},"h":{},"i":{},"j":{},"k":{},"l":{},"m":{},"n":{},"o":{},"p":{}}`
	return providertest.Suite{
		Provider:   square.New(endpointURL, ""),
		Descriptor: contract.Square(),
		List:       "subscriptions",
		Senders: []providertest.Sender{
			sender(t, entry{Label: "a", Key: "key_hush_a", Environment: "live"}),
			sender(t, entry{Label: "b", Key: "key_hush_b", Environment: "sandbox", URL: url}),
		},
		Now:              epoch(),
		RejectsEmptyBody: true,
		HeaderValues:     headerValues(),
		Documents:        documents(),
		Vectors:          vectors(t),
		ID:               "event_id",
		Type:             "type",
		Created:          "created_at",
		Object:           body,
		Bare:             event.Event{Type: "payment.updated", Category: event.PaymentUpdated},
		Lenient:          lenient(),
		Omitted:          omitted(),
		Bodies:           bodies(),
		Times:            times(),
		Fixtures:         fixtures(),
		Payments:         payments(),
		Routes:           []string{"payment.created", "payment.updated"},
		Money:            money(),
		Same:             same(),
		Large: []providertest.Large{
			{Head: `"data":{"type":"checkout","object":{"checkout":{"payment_ids":[`, Element: `7`, Tail: `]}}}`, Most: providertest.Skipped},
			{Head: `"data":{"type":"checkout","object":{"checkout":{"payment_ids":[`, Element: `""`, Tail: `]}}}`, Most: providertest.Skipped},
			{Head: `"data":{"type":"checkout","object":{`, Element: `"a":{}`, Tail: `}}`, Most: providertest.Skipped}, // members beside the object
			{Head: `"d\u0061ta":{"\u006fbject":{`, Element: `"a":{}`, Tail: `}}`, Most: providertest.Skipped},
			{Head: `"data":{`, Element: `"object":` + sixteen, Tail: `}`, Most: providertest.Skipped},
			{Head: `"data":{`, Element: `"\u006fbject":{}`, Tail: `}`, Most: providertest.Skipped},
			{Head: `"data":{`, Element: `"\u0061":1`, Tail: `}`, Most: providertest.Skipped}, // unknown members
		},
	}
}

func TestSuite(t *testing.T) { suite(t).Run(t) }

// FuzzCheckHeaders: an accepted header is the one spelling of its bytes.
func FuzzCheckHeaders(f *testing.F) {
	suite(f).FuzzCheckHeaders(f, func(t *testing.T, _, value string) {
		assert.Regexp(t, `^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$`, value)
	})
}

// FuzzVerifier: each key of an accepted document verifies what it signs.
func FuzzVerifier(f *testing.F) {
	suite(f).FuzzVerifier(f, func(t *testing.T, document []byte, v provider.Verifier) {
		var content struct {
			Subscriptions []struct {
				SignatureKey    string
				NotificationURL *string
			}
		}
		_ = json.Unmarshal(document, &content) // it reads past values of wrong types, as the provider does
		assert.NotEmpty(t, content.Subscriptions)
		for _, s := range content.Subscriptions {
			to := endpointURL
			if s.NotificationURL != nil {
				to = *s.NotificationURL
			}
			origin, err := v.Verify(t.Context(), signed(sign([]byte(`{}`), s.SignatureKey, to)), []byte(`{}`), epoch())
			assert.NoError(t, err)
			assert.NotNil(t, origin.Livemode)
		}
	})
}

func FuzzVerify(f *testing.F)    { suite(f).FuzzVerify(f) }
func FuzzEvent(f *testing.F)     { suite(f).FuzzEvent(f) }
func FuzzSameEvent(f *testing.F) { suite(f).FuzzSameEvent(f) }

// epoch returns the created_at of the fixtures, to the second.
func epoch() time.Time { return time.Unix(1775001600, 0) }

func signed(value string) provider.Header {
	return providertest.Header(map[string]string{signatureHeader: value})
}

// sign returns the header of a signed body.
func sign(body []byte, key, to string) string {
	return providertest.Sign(square.Signer{SignatureKey: key, NotificationURL: to}, body, epoch())[signatureHeader]
}

// entry is an entry of a secret document.
type entry struct {
	Label       string `json:"label"`
	Key         string `json:"signatureKey"`
	URL         string `json:"notificationUrl,omitempty"`
	Environment string `json:"environment"`
	MaxAge      int    `json:"maxAgeHours,omitempty"`
}

func document(t testing.TB, entries ...entry) []byte {
	t.Helper()
	text, err := json.Marshal(map[string][]entry{"subscriptions": entries})
	require.NoError(t, err)
	return text
}

func newVerifier(t testing.TB, entries ...entry) provider.Verifier {
	t.Helper()
	v, err := square.New(endpointURL, "").Verifier(document(t, entries...))
	require.NoError(t, err)
	return v
}

func sender(t testing.TB, e entry) providertest.Sender {
	t.Helper()
	text, err := json.Marshal(e)
	require.NoError(t, err)
	to := e.URL
	if to == "" {
		to = endpointURL
	}
	return providertest.Sender{
		Entry:  string(text),
		Secret: e.Key,
		Origin: provider.Origin{Endpoint: e.Label, Livemode: new(e.Environment == "live")},
		Signer: square.Signer{SignatureKey: e.Key, NotificationURL: to},
	}
}

func data(members string) string { return `"data":{` + members + `}` }

// body returns the members of a notification about an object.
func body(_, members string) string {
	return data(`"type":"thing","object":{"thing":{` + members + `}}`)
}

// vectors reads testdata/signatures.json, where each case names its source.
func vectors(t testing.TB) []providertest.Vector {
	t.Helper()
	var file struct {
		Vectors []struct {
			ID      string            `json:"id"`
			Expect  string            `json:"expect"`
			Secrets []string          `json:"secrets"`
			URL     string            `json:"notification_url"`
			Headers map[string]string `json:"headers"`
			Body    []byte            `json:"body_base64"`
			Now     time.Time         `json:"now"`
		}
	}
	content, err := os.ReadFile("testdata/signatures.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &file))
	require.NotEmpty(t, file.Vectors)
	var rows []providertest.Vector
	for _, v := range file.Vectors {
		require.Contains(t, []string{"valid", "invalid"}, v.Expect)
		entries := make([]entry, len(v.Secrets))
		for i, key := range v.Secrets {
			entries[i] = entry{Label: "main", Key: key, URL: v.URL, Environment: "sandbox"}
		}
		rows = append(rows, providertest.Vector{
			Name: v.ID, Valid: v.Expect == "valid", Document: string(document(t, entries...)), Headers: v.Headers, Body: v.Body,
			Now: cmp.Or(v.Now, epoch()),
		})
	}
	return rows
}

func headerValues() []providertest.HeaderValue {
	good := sign([]byte(`{}`), "key", url)
	encode := base64.StdEncoding.EncodeToString
	malformed := provider.HeaderMalformed
	return []providertest.HeaderValue{
		{Why: "as Square sends it", Value: good},
		{Why: "any 32 bytes may be a signature", Value: encode(make([]byte, 32))},
		{Why: "20 bytes are the legacy SHA-1 sum", Value: encode(make([]byte, 20)), Want: malformed},
		{Why: "31 bytes", Value: encode(make([]byte, 31)), Want: malformed},
		{Why: "33 bytes, in as many characters as 32", Value: encode(make([]byte, 33)), Want: malformed},
		{Why: "34 bytes", Value: encode(make([]byte, 34)), Want: malformed},
		{Why: "no padding", Value: strings.TrimRight(good, "="), Want: malformed},
		{Why: "another spelling of the same bytes", Value: strings.Repeat("A", 42) + "B=", Want: malformed},
		{Why: "the alphabet of URLs", Value: "_" + good[1:], Want: malformed},
		{Why: "hex", Value: strings.Repeat("ab", 32), Want: malformed},
		{Why: "hex of as many characters", Value: strings.Repeat("zz", 22), Want: malformed},
		{Why: "a space around it", Value: good + " ", Want: malformed},
		{Why: "line breaks, which encoding/base64 skips", Value: strings.Repeat("A", 39) + "=\n\n\n\n", Want: malformed},
		{Why: "two in one header", Value: good + "," + good, Want: malformed},
		{Why: "NUL", Value: strings.Repeat("\x00", 44), Want: malformed},
		{Why: "invalid UTF-8", Value: strings.Repeat("\xff", 44), Want: malformed},
		{Why: "huge", Value: strings.Repeat("A", 1<<20), Want: malformed},
		{Why: "thousands of elements", Value: strings.Repeat(good+",", 5000), Want: malformed},
		{Header: "x-square-signature", Why: "the legacy header is ignored", Value: "?"},
	}
}

func documents() []providertest.Document {
	of := func(members string) string {
		return `{"subscriptions":[{"label":"main","signatureKey":"hush","environment":"live",` + members + `}]}`
	}
	const badURL, badAge = `entry 1 of "subscriptions": "notificationUrl" is not a text that begins with https://`,
		`entry 1 of "subscriptions": "maxAgeHours" is not a whole number from 24 to 8760`
	return []providertest.Document{
		{Why: "null is absent", Document: of(`"notificationUrl":null,"maxAgeHours":null`)},
		{Why: "URL and shortest bound", Document: of(`"notificationUrl":"https://example.com/","maxAgeHours":24`)},
		{Why: "longest bound", Document: of(`"maxAgeHours":8760`)},
		{Why: "no key", Document: `{"subscriptions":[{"label":"main","environment":"live"}]}`, Problems: []string{`entry 1 of "subscriptions": "signatureKey" is missing`}},
		{Why: "empty key: it would sign for everybody", Document: `{"subscriptions":[{"label":"main","signatureKey":"","environment":"live"}]}`, Problems: []string{`"signatureKey" is missing, empty`}},
		{Why: "key pasted with its line break", Document: `{"subscriptions":[{"label":"main","signatureKey":"hush\n","environment":"live"}]}`, Problems: []string{`"signatureKey" has white space around it`}},
		{Why: "no environment", Document: `{"subscriptions":[{"label":"main","signatureKey":"hush"}]}`, Problems: []string{`"environment" is neither "live" nor "sandbox"`}},
		{Why: "Square's own word for live", Document: `{"subscriptions":[{"label":"main","signatureKey":"hush","environment":"production"}]}`, Problems: []string{`"environment" is neither "live" nor "sandbox"`}},
		{Why: "empty URL", Document: of(`"notificationUrl":""`), Problems: []string{badURL}},
		{Why: "URL of a wrong type", Document: of(`"notificationUrl":["https://example.com"]`), Problems: []string{badURL}},
		{Why: "URL without its scheme", Document: of(`"notificationUrl":"example.com/hush"`), Problems: []string{badURL}},
		{Why: "URL of a scheme that only begins like one", Document: of(`"notificationUrl":"httpx://example.com/hush"`), Problems: []string{badURL}},
		{Why: "URL pasted with its line break", Document: of(`"notificationUrl":"https://example.com/\n"`), Problems: []string{`"notificationUrl" has white space around it`}},
		{Why: "a bound below Square's retries", Document: of(`"maxAgeHours":23`), Problems: []string{badAge}},
		{Why: "a bound of zero", Document: of(`"maxAgeHours":0`), Problems: []string{badAge}},
		{Why: "a negative bound", Document: of(`"maxAgeHours":-72`), Problems: []string{badAge}},
		{Why: "a bound beyond any use", Document: of(`"maxAgeHours":8761`), Problems: []string{badAge}},
		{Why: "a bound beyond int64", Document: of(`"maxAgeHours":99999999999999999999`), Problems: []string{badAge}},
		{Why: "a fraction of an hour", Document: of(`"maxAgeHours":72.5`), Problems: []string{badAge}},
		{Why: "a bound in quotes", Document: of(`"maxAgeHours":"72"`), Problems: []string{badAge}},
		{Why: "a bound of a wrong type", Document: of(`"maxAgeHours":true`), Problems: []string{badAge}},
	}
}

// times are the shapes of created_at: RFC 3339 with 0 to 9 digits of a second, and
// without a zone.
func times() []providertest.Time {
	const specification = "square/connect-api-specification, api.json"
	rows := append(providertest.Unreadable(`"2026-04-01 00:00:00 +0000 UTC"`, `null`, `1775001600`), []providertest.Time{
		{Source: specification + ": webhook", Value: `"2022-01-11T00:06:48.322945116Z"`, Want: 1641859608322},
		{Source: specification + ": answer of SearchEvents", Value: `"2022-04-26T10:08:40.454726"`, Want: 1650967720454},
		{Source: providertest.Own, Value: `"2026-04-01T00:00:00"`, Want: 1775001600000}, // no zone, no fraction
		{Source: "RFC 3339, section 5.6", Value: `"2026-03-31T17:00:00-07:00"`, Want: 1775001600000},
		{Source: "RFC 3339, section 5.6", Value: `"2026-04-01T00:00:00Z"`, Want: 1775001600000},
	}...)
	const digits = "037339943"
	for i, want := range []int64{0, 30, 37, 37, 37, 37, 37, 37, 37} {
		rows = append(rows, providertest.Time{Source: "RFC 3339, section 5.6", Value: `"2026-04-01T00:00:00.` + digits[:i+1] + `Z"`, Want: 1775001600000 + want})
	}
	return rows
}

func bodies() []providertest.Body {
	return []providertest.Body{
		{Why: "a payment is the payment", Source: "developer.squareup.com/reference/square/webhooks/payment.updated", Type: "payment.updated", Members: data(`"type":"payment","id":"p","object":{"payment":{"id":"p","order_id":"o","customer_id":"c","location_id":"l"}}`), Object: "p", Payment: "p", Related: map[string]string{"order": "o", "customer": "c", "location": "l"}},
		{Why: "also when it did not come", Source: "developer.squareup.com/reference/square/webhooks/payment.updated", Type: "payment.updated", Members: data(`"type":"payment","id":"p"`), Object: "p", Payment: "p"},
		{Why: "a refund belongs to one", Source: "developer.squareup.com/reference/square/webhooks/refund.updated", Type: "payment.updated", Members: data(`"type":"refund","id":"r","object":{"refund":{"id":"r","payment_id":"p","order_id":"o"}}`), Object: "r", Payment: "p", Related: map[string]string{"order": "o"}},
		{Why: "an unlinked refund to none", Source: "developer.squareup.com/reference/square/webhooks/refund.updated", Type: "payment.updated", Members: data(`"type":"refund","id":"r","object":{"refund":{"id":"r","unlinked":true}}`), Object: "r"},
		{Why: "a dispute belongs to one", Source: "developer.squareup.com/reference/square/webhooks/dispute.created", Type: "payment.updated", Members: data(`"type":"dispute","id":"d","object":{"dispute":{"id":"d","disputed_payment":{"payment_id":"p"}}}`), Object: "d", Payment: "p"},
		{Why: "a dispute under the deprecated name of its id", Source: "developer.squareup.com/reference/square/webhooks/dispute.created", Type: "payment.updated", Members: data(`"type":"dispute","id":"x","object":{"dispute":{"dispute_id":"d"}}`), Object: "d"},
		{Why: "a terminal's checkout with one payment", Source: "developer.squareup.com/reference/square/webhooks/terminal.checkout.updated", Type: "payment.updated", Members: data(`"type":"checkout","id":"k","object":{"checkout":{"id":"k","payment_ids":["p"]}}`), Object: "k", Payment: "p"},
		{Why: "a terminal's checkout with two", Source: "developer.squareup.com/reference/square/webhooks/terminal.checkout.updated", Type: "payment.updated", Members: data(`"type":"checkout","id":"k","object":{"checkout":{"id":"k","payment_ids":["p","q"]}}`), Object: "k"},
		{Why: "an invoice", Source: "developer.squareup.com/reference/square/webhooks/invoice.updated", Type: "payment.updated", Members: data(`"type":"invoice","id":"i","object":{"invoice":{"id":"i","order_id":"o","subscription_id":"s","primary_recipient":{"customer_id":"c"}}}`), Object: "i", Related: map[string]string{"order": "o", "subscription": "s", "customer": "c"}},
		{Why: "a subscription", Source: "developer.squareup.com/reference/square/webhooks/subscription.updated", Type: "payment.updated", Members: data(`"type":"subscription","id":"s","object":{"subscription":{"id":"s","customer_id":"c"}}`), Object: "s", Related: map[string]string{"customer": "c"}},
		{Why: "an order has its id in order_id", Source: "developer.squareup.com/reference/square/webhooks/order.updated", Type: "payment.updated", Members: data(`"type":"order_updated","id":"o","object":{"order_updated":{"order_id":"o"}}`), Object: "o", Related: map[string]string{"order": "o"}},
		{Why: "an order without data.id", Source: "developer.squareup.com/reference/square/webhooks/order.fulfillment.updated", Type: "order.fulfillment.updated", Members: data(`"type":"order","object":{"order_fulfillment_updated":{"order_id":"o","state":"OPEN"}}`), Object: "o", Status: "OPEN", Related: map[string]string{"order": "o"}},
		{Why: "a created order under the type of the object", Source: "developer.squareup.com/reference/square/webhooks/order.created", Type: "order.created", Members: data(`"type":"order","id":"o1","object":{"order_created":{"order_id":"o1","state":"OPEN","location_id":"L1"}}`), Object: "o1", Status: "OPEN", Related: map[string]string{"order": "o1", "location": "L1"}},
		{Why: "a fulfillment of an order", Source: "square/connect-api-specification, api.json, OrderFulfillmentUpdated", Type: "order.fulfillment.updated", Members: data(`"type":"order_fulfillment_updated","id":"o1","object":{"order_fulfillment_updated":{"order_id":"o1","state":"OPEN","location_id":"L1","fulfillment_update":[{"fulfillment_uid":"f"}]}}`), Object: "o1", Status: "OPEN", Related: map[string]string{"order": "o1", "location": "L1"}},
		{Why: "a terminal's checkout, as the reference has it", Source: "developer.squareup.com/reference/square/webhooks/terminal.checkout.updated", Type: "terminal.checkout.updated", Members: data(`"type":"checkout.event","id":"tc1","object":{"checkout":{"id":"tc1","status":"COMPLETED","payment_ids":["p1"],"location_id":"L1"}}`), Object: "tc1", Status: "COMPLETED", Payment: "p1", Related: map[string]string{"location": "L1"}},
		{Why: "a terminal's refund, as the reference has it", Source: "developer.squareup.com/reference/square/webhooks/terminal.refund.updated", Type: "terminal.refund.updated", Members: data(`"type":"refund.event","id":"tr1","object":{"refund":{"id":"tr1","status":"COMPLETED","payment_id":"p1"}}`), Object: "tr1", Status: "COMPLETED", Payment: "p1"},
		{Why: "a payment under no type", Source: providertest.Own, Type: "payment.updated", Members: data(`"object":{"payment":{"id":"p"}}`), Object: "p", Payment: "p"},
		{Why: "a booking's data.id has its version behind it", Source: "developer.squareup.com/reference/square/webhooks/booking.updated", Type: "payment.updated", Members: data(`"type":"booking","id":"b:3","object":{"booking":{"id":"b"}}`), Object: "b"},
		{Why: "a custom attribute stands in the object itself", Source: "developer.squareup.com/reference/square/webhooks/customer.custom_attribute.updated", Type: "payment.updated", Members: data(`"type":"custom_attribute","id":"sq0idp-1","object":{"key":"k","value":{}}`), Object: "sq0idp-1"},
		{Why: "location of the body where the object has none", Source: "developer.squareup.com/reference/square/webhooks/location.updated", Type: "location.updated", Members: `"location_id":"l",` + data(`"type":"Location","id":"l"`), Object: "l", Related: map[string]string{"location": "l"}},
		{Why: "good members among bad ones", Source: providertest.Own, Type: "refund.updated", Members: `"location_id":7,"data":{"object":{"refund":{"status":"COMPLETED","reason":{},"order_id":9,"id":"r","payment_id":"p","processing_fee":1e999}},"type":"refund"},"merchant_id":"m"`, Object: "r", Payment: "p", Status: "COMPLETED", Account: "m"},
		{Why: "object of wrong types", Source: providertest.Own, Type: "payment.updated", Members: body("", `"id":1,"dispute_id":{},"status":[],"state":1e999,"total_money":"x","amount_money":{"amount":{},"currency":7,"currency_code":[]},"payment_id":false,"payment_ids":{},"disputed_payment":"p","order_id":1,"customer_id":{},"subscription_id":[],"location_id":2,"primary_recipient":{"customer_id":3}`)},
		{Why: "invalid UTF-8 outside the event id", Source: providertest.Own, Type: "payment.updated", Members: data("\"id\":\"p\xff\""), Object: "p\ufffd"},
	}
}

func lenient() []providertest.Lenient {
	long := strings.Repeat("x", 257)
	return []providertest.Lenient{
		{Source: providertest.Absent, Members: `"data":null`},
		{Source: providertest.Absent, Members: `"data":"text"`},
		{Source: providertest.Absent, Members: `"data":{}`},
		{Source: providertest.Absent, Members: `"data":{"object":[]}`},
		{Source: providertest.Own + ": of several members the object is the one that data.type names", Members: `"data":{"object":{"payment":{"id":"p","status":"COMPLETED"},"version":1}}`},
		{Source: providertest.OtherType, Members: `"merchant_id":7,"location_id":[],"created_at":{},"data":{"type":{},"id":1,"object":{"payment":"p"}}`},
		{Source: providertest.Absent, Members: `"created_at":"2026-19-12T00:00:00Z","merchant_id":null,"data":{"type":null,"id":null,"object":null}`},
		{Source: providertest.Unfit, Members: `"merchant_id":"` + long + `","location_id":"a\u0000b","data":{"type":"` + long + `","id":"\u0085"}`},
	}
}

func omitted() []providertest.Omitted {
	const reference = "developer.squareup.com/reference/square/"
	of := func(members string) string { return body("", members) }
	return []providertest.Omitted{
		{Why: "nothing", Source: providertest.Absent, Members: `"created_at":"","location_id":null,"data":null`},
		{Why: "too long or with control characters", Source: providertest.Unfit, Members: `"created_at":"soon","location_id":"a\u0000b","merchant_id":"` + strings.Repeat("x", 257) + `","data":{"id":"\u0085"}`, Want: []string{"account", "objectId", "related.location", "timestamp"}},
		{Why: "a checkout with several payments", Source: reference + "objects/TerminalCheckout", Members: `"data":{"object":{"checkout":{"payment_ids":["p","q"]}}}`, Want: []string{"paymentId"}},
		{Why: "a checkout with one", Source: reference + "objects/TerminalCheckout", Members: `"data":{"object":{"checkout":{"payment_ids":["p"]}}}`},

		{Why: "of the envelope", Source: providertest.OtherType, Members: `"merchant_id":7,"location_id":[],"created_at":true,"data":{"id":{}}`, Want: []string{"account", "objectId", "related.location", "timestamp"}},
		{Why: "of the object", Source: providertest.OtherType, Members: of(`"status":7,"order_id":{},"customer_id":[],"subscription_id":1,"location_id":false,"payment_id":3`), Want: []string{
			"objectStatus", "paymentId", "related.customer", "related.location", "related.order", "related.subscription",
		}},
		{Why: "a payment is its own payment", Source: reference + "objects/Payment", Members: data(`"type":"payment","object":{"payment":{"id":7}}`), Want: []string{"objectId", "paymentId"}},
		{Why: "data.id in place of the object's, which may be wrong", Source: reference + "webhooks/customer.custom_attribute.updated", Members: data(`"type":"refund","id":"r","object":{"refund":{"id":7}}`), Want: []string{"objectId"}},
		{Why: "a state in state", Source: reference + "objects/Dispute", Members: of(`"state":7`), Want: []string{"objectStatus"}},
		{Why: "one payment of a checkout", Source: reference + "objects/TerminalCheckout", Members: of(`"payment_ids":[7]`), Want: []string{"paymentId"}},
		{Why: "no list of payments", Source: reference + "objects/TerminalCheckout", Members: of(`"payment_ids":"p"`), Want: []string{"paymentId"}},
		{Why: "no dispute's payment", Source: reference + "objects/Dispute", Members: of(`"disputed_payment":"p"`), Want: []string{"paymentId"}},
		{Why: "no recipient", Source: reference + "objects/Invoice", Members: of(`"primary_recipient":"c"`), Want: []string{"related.customer"}},
		{Why: "no object at all", Source: providertest.OtherType, Type: "refund.updated", Members: data(`"type":"refund","id":"r","object":"text"`), Want: []string{
			"amount", "objectId", "objectStatus", "paymentId", "related.customer", "related.location", "related.order", "related.subscription",
		}},
		{Why: "a list of objects", Source: "square/square-ruby-sdk, lib/square/types/inventory_count_updated_event_object.rb", Members: data(`"type":"inventory_counts","id":"i","object":{"inventory_counts":[{"location_id":"l"}]}`)},
		{Why: "a deleted object", Source: reference + "webhooks/invoice.deleted", Members: data(`"type":"invoice","id":"i","object":{"deleted":true}`)},
	}
}

// fixtures are whole bodies of the shapes that
// developer.squareup.com/reference/square/webhooks documents: every category that
// moves money, and its neighbours that do not.
func fixtures() []providertest.Fixture {
	const reference = "developer.squareup.com/reference/square/"
	usd := func(amount string) event.Money { return event.Money{Amount: amount, Currency: "USD"} }
	eur := func(amount string) event.Money { return event.Money{Amount: amount, Currency: "EUR"} }
	jpy := func(amount string) event.Money { return event.Money{Amount: amount, Currency: "JPY"} }
	return []providertest.Fixture{
		{File: "payment.created-pending", Source: reference + "webhooks/payment.created", Why: "the bank has not sent it yet", Category: event.PaymentPending, Status: "PENDING", Payment: paid},
		{File: "payment.created-approved", Source: reference + "webhooks/payment.created", Why: "held, not taken", Category: event.PaymentAuthorized, Status: "APPROVED", Payment: paid},
		{File: "payment.created-completed-cash", Source: reference + "webhooks/payment.created", Why: "total_money: the tip is in it, the change is not", Category: event.PaymentSucceeded, Status: "COMPLETED", Payment: paid, Money: usd("23.00")},
		{File: "payment.updated-completed", Source: reference + "webhooks/payment.updated", Why: "total_money, not the smaller amount_money", Category: event.PaymentSucceeded, Status: "COMPLETED", Payment: paid, Money: usd("23.00")},
		{File: "payment.updated-completed-jpy", Source: reference + "webhooks/payment.updated", Why: "yen have no minor unit", Category: event.PaymentSucceeded, Status: "COMPLETED", Payment: paid, Money: jpy("2000")},
		{File: "payment.updated-completed-and-refunded", Source: reference + "webhooks/payment.updated", Why: "said again: the payment stays what it was", Category: event.PaymentSucceeded, Status: "COMPLETED", Payment: paid, Money: usd("23.00")},
		{File: "payment.updated-canceled", Source: reference + "webhooks/payment.updated", Why: "nothing moved", Category: event.PaymentCanceled, Status: "CANCELED", Payment: paid},
		{File: "payment.updated-failed", Source: reference + "webhooks/payment.updated", Why: "nothing moved", Category: event.PaymentFailed, Status: "FAILED", Payment: paid},

		{File: "refund.created-pending", Source: reference + "webhooks/refund.created", Why: "on its way", Category: event.RefundCreated, Status: "PENDING", Payment: paid, Money: usd("5.00")},
		{File: "refund.created-completed", Source: reference + "webhooks/refund.created", Why: "at once", Category: event.RefundSucceeded, Status: "COMPLETED", Payment: paid, Money: usd("5.00")},
		{File: "refund.updated-pending", Source: reference + "webhooks/refund.updated", Why: "still on its way", Category: event.RefundUpdated, Status: "PENDING", Payment: paid, Money: usd("5.00")},
		{
			File: "refund.updated-completed", Source: reference + "webhooks/refund.updated", Why: "later", Category: event.RefundSucceeded, Status: "COMPLETED", Payment: paid, Money: usd("5.00"),
			Event: &event.Event{
				ID: "square:13b867cf-db3d-4b1c-90b6-2f32a9d7800b", Timestamp: 1775001600123, Type: "refund.updated",
				ObjectType: "refund", ObjectID: paid + "_demoRefund000000000001", Account: "MLDEMO0000001", Livemode: new(false),
				Related: map[string]string{"order": "haOyDemoOrder0000000002", "location": "L88DEMO000001"},
			},
		},
		{File: "refund.updated-rejected", Source: reference + "webhooks/refund.updated", Category: event.RefundFailed, Status: "REJECTED", Payment: paid, Money: usd("5.00")},
		{File: "refund.updated-failed", Source: reference + "webhooks/refund.updated", Category: event.RefundFailed, Status: "FAILED", Payment: paid, Money: usd("5.00")},
		{File: "terminal.refund.updated", Source: reference + "webhooks/terminal.refund.updated", Why: "refund.updated comes besides and counts", Category: event.Other, Status: "COMPLETED", Payment: paid},

		{File: "dispute.created", Source: reference + "webhooks/dispute.created", Category: event.DisputeOpened, Status: "EVIDENCE_REQUIRED", Payment: paid, Money: usd("23.00")},
		{File: "dispute.evidence.created", Source: reference + "webhooks/dispute.evidence.created", Category: event.DisputeUpdated, Status: "EVIDENCE_REQUIRED", Payment: paid, Money: usd("23.00")},
		{File: "dispute.state.updated-processing", Source: reference + "webhooks/dispute.state.updated", Category: event.DisputeUpdated, Status: "PROCESSING", Payment: paid, Money: usd("23.00")},
		{File: "dispute.state.updated-won", Source: reference + "webhooks/dispute.state.updated", Category: event.DisputeWon, Status: "WON", Payment: paid, Money: usd("23.00")},
		{File: "dispute.state.updated-lost", Source: reference + "webhooks/dispute.state.updated", Category: event.DisputeLost, Status: "LOST", Payment: paid, Money: usd("23.00")},
		{File: "dispute.state.updated-accepted", Source: reference + "webhooks/dispute.state.updated", Why: "the seller accepted the loss", Category: event.DisputeLost, Status: "ACCEPTED", Payment: paid, Money: usd("23.00")},
		{File: "dispute.state.updated-inquiry-closed", Source: reference + "webhooks/dispute.state.updated", Why: "neither won nor lost", Category: event.DisputeClosed, Status: "INQUIRY_CLOSED", Payment: paid, Money: usd("23.00")},
		{File: "dispute.state.changed-won", Source: reference + "webhooks/dispute.state.changed", Why: "the deprecated twin counts nothing", Category: event.Other, Status: "WON", Payment: paid},

		{File: "payout.sent", Source: reference + "webhooks/payout.sent", Why: "belongs to no payment; currency_code, as documented", Category: event.PayoutCreated, Status: "SENT", Money: eur("1100.00")},
		{File: "payout.paid", Source: reference + "webhooks/payout.paid", Category: event.PayoutPaid, Status: "PAID", Money: eur("1100.00")},
		{File: "payout.paid-withdrawal", Source: reference + "webhooks/payout.paid", Why: "below zero: taken from the bank account", Category: event.PayoutPaid, Status: "PAID", Omitted: []string{"amount"}},
		{File: "payout.paid-sent", Source: reference + "webhooks/payout.paid", Why: "its state has not come that far", Category: event.PayoutUpdated, Status: "SENT", Money: eur("1100.00")},
		{File: "payout.failed", Source: reference + "webhooks/payout.failed", Category: event.PayoutFailed, Status: "FAILED", Money: eur("1100.00")},

		{File: "invoice.payment_made", Source: reference + "webhooks/invoice.payment_made", Why: "its payment counts", Category: event.InvoicePaid, Status: "PAID"},
		{File: "invoice.payment_made-partially", Source: reference + "webhooks/invoice.payment_made", Why: "more is due", Category: event.InvoiceUpdated, Status: "PARTIALLY_PAID"},
		{File: "invoice.deleted", Source: reference + "webhooks/invoice.deleted", Why: "without its object", Category: event.InvoiceUpdated},
		{File: "order.updated", Source: reference + "webhooks/order.updated", Why: "has no money", Category: event.OrderUpdated, Status: "COMPLETED"},
		{File: "terminal.checkout.updated-completed", Source: reference + "webhooks/terminal.checkout.updated", Why: "its payment counts", Category: event.CheckoutCompleted, Status: "COMPLETED", Payment: paid},
		{File: "location.updated", Source: reference + "webhooks/location.updated", Why: "without its object", Category: event.AccountUpdated},
		{File: "webhooks.test_notification", Source: "square/square-go-sdk, webhooks/client/verify_signature_test.go", Category: event.TestPing},
	}
}

// payments counts each payment by its own completion. A payment that is updated
// again counts again, under the same payment id.
func payments() []providertest.Payment {
	const pending, approved, completed = `"status":"PENDING"`, `"status":"APPROVED"`, `"status":"COMPLETED"`
	const guide = "developer.squareup.com/docs/payments-api/"
	return []providertest.Payment{
		{Why: "completed at once", Source: guide + "webhooks", Counts: []string{"payment.created"}, Events: []providertest.EventType{
			{Type: "payment.created", Object: completed}, {Type: "order.updated", Object: `"state":"COMPLETED"`},
		}},
		{Why: "captured later", Source: guide + "take-payments/card-payments/delayed-capture", Counts: []string{"payment.updated"}, Events: []providertest.EventType{
			{Type: "payment.created", Object: approved}, {Type: "payment.updated", Object: approved},
			{Type: "payment.updated", Object: completed},
		}},
		{Why: "by bank transfer", Source: guide + "take-payments/ach-payments", Counts: []string{"payment.updated"}, Events: []providertest.EventType{
			{Type: "payment.created", Object: pending}, {Type: "payment.updated", Object: completed},
		}},
		{Why: "of a subscription's invoice", Source: "developer.squareup.com/docs/invoices-api/overview", Counts: []string{"payment.updated"}, Events: []providertest.EventType{
			{Type: "invoice.created"}, {Type: "payment.created", Object: approved}, {Type: "payment.updated", Object: completed},
			{Type: "invoice.payment_made", Object: `"status":"PAID"`}, {Type: "invoice.updated", Object: `"status":"PAID"`},
			{Type: "subscription.updated", Object: `"status":"ACTIVE"`},
		}},
		{Why: "on a terminal", Source: "developer.squareup.com/forums/t/inquiry-regarding-missing-payment-updated-webhook-after-terminal-checkout-updated/21411", Counts: []string{"payment.created"}, Events: []providertest.EventType{
			{Type: "terminal.checkout.created", Object: pending}, {Type: "payment.created", Object: completed},
			{Type: "terminal.checkout.updated", Object: completed},
		}},
		{Why: "updated for its fees and a refund: again, under the same payment id", Source: "developer.squareup.com/docs/refunds-api/webhooks", Counts: []string{"payment.created", "payment.updated", "payment.updated"}, Events: []providertest.EventType{
			{Type: "payment.created", Object: completed}, {Type: "payment.updated", Object: completed},
			{Type: "refund.created", Object: pending}, {Type: "refund.updated", Object: completed},
			{Type: "payment.updated", Object: completed},
		}},
		{Why: "never captured", Source: guide + "take-payments/card-payments/delayed-capture", Events: []providertest.EventType{
			{Type: "payment.created", Object: approved}, {Type: "payment.updated", Object: `"status":"CANCELED"`},
		}},
	}
}

func money() []providertest.Money {
	const usd = `{"amount":500,"currency":"USD"}`
	rows := []providertest.Money{
		{Why: "smallest", Source: "developer.squareup.com/reference/square/objects/Money", Type: "payment.updated", Object: `"status":"COMPLETED","total_money":{"currency":"USD","amount":1}`, Want: event.Money{Amount: "0.01", Currency: "USD"}},
		{Why: "2^53+1, which float64 cannot hold", Source: providertest.Own, Type: "payment.updated", Object: `"status":"COMPLETED","total_money":{"currency":"USD","amount":9007199254740993}`, Want: event.Money{Amount: "90071992547409.93", Currency: "USD"}},
		{Why: "beyond int64", Source: providertest.Own, Type: "payment.updated", Object: `"status":"COMPLETED","total_money":{"currency":"USD","amount":12345678901234567890123}`, Want: event.Money{Amount: "123456789012345678901.23", Currency: "USD"}},
		{Why: "no amount", Source: providertest.Own, Type: "refund.created", Object: `"amount_money":{"currency":"USD"}`},
		{Why: "an amount without its object", Source: providertest.Own, Type: "refund.created", Object: `"amount_money":500`, Omitted: true},
		{Why: "null", Source: providertest.Own, Type: "refund.created", Object: `"amount_money":null`},
		{Why: "zero", Source: "developer.squareup.com/reference/square/objects/Payment", Type: "payment.updated", Object: `"status":"COMPLETED","total_money":{"amount":0,"currency":"USD"}`},
		{Why: "text", Source: providertest.Own, Type: "refund.created", Object: `"amount_money":{"amount":"500","currency":"USD"}`, Omitted: true},
		{Why: "a fraction of a cent", Source: "developer.squareup.com/reference/square/objects/Money", Type: "refund.created", Object: `"amount_money":{"amount":500.5,"currency":"USD"}`, Omitted: true},
		{Why: "a number beyond float64", Source: providertest.Own, Type: "refund.created", Object: `"amount_money":{"amount":1e999,"currency":"USD"}`, Omitted: true},
		{Why: "no currency", Source: providertest.Own, Type: "refund.created", Object: `"amount_money":{"amount":500}`, Omitted: true},
		{Why: "amount_money lacks the tip", Source: "developer.squareup.com/reference/square/objects/Payment", Type: "payment.updated", Object: `"status":"COMPLETED","amount_money":` + usd},
		{Why: "a payment that is only approved", Source: "developer.squareup.com/reference/square/objects/Payment", Type: "payment.updated", Object: `"status":"APPROVED","total_money":` + usd},
		{Why: "a payment that failed", Source: "developer.squareup.com/reference/square/objects/Payment", Type: "payment.updated", Object: `"status":"FAILED","total_money":` + usd},
		{Why: "a payout below zero takes money from the bank", Source: "developer.squareup.com/reference/square/objects/Payout", Type: "payout.paid", Object: `"amount_money":{"amount":-500,"currency":"USD"}`, Omitted: true},
		{Why: "an order counts through its payments", Source: "developer.squareup.com/reference/square/objects/Order", Type: "order.updated", Object: `"total_money":` + usd},
		{Why: "so does a terminal's checkout", Source: "developer.squareup.com/reference/square/objects/TerminalCheckout", Type: "terminal.checkout.updated", Object: `"status":"COMPLETED","amount_money":` + usd},
		{Why: "a terminal's refund counts through its refund", Source: "developer.squareup.com/reference/square/objects/TerminalRefund", Type: "terminal.refund.updated", Object: `"status":"COMPLETED","amount_money":` + usd},
		{Why: "a deprecated twin counts through the other", Source: "developer.squareup.com/reference/square/webhooks/dispute.state.changed", Type: "dispute.state.changed", Object: `"state":"WON","amount_money":` + usd},
	}
	// Every row of Square's table of base units, and currencies outside it: no
	// amount is better than one a hundred times too large.
	for _, row := range []struct{ currencies, want string }{
		{"JPY", "12340"},
		{"AUD CAD EUR GBP USD", "123.40"},
		{"KRW VND KWD BHD CHF NZD BTC XXX UNKNOWN_CURRENCY usd Jpy", ""},
	} {
		for currency := range strings.FieldsSeq(row.currencies) {
			for _, name := range []string{"currency", "currency_code"} {
				m := providertest.Money{Why: name + " " + currency, Source: "developer.squareup.com/docs/build-basics/working-with-monetary-amounts", Type: "payout.paid", Object: fmt.Sprintf(`"amount_money":{"amount":12340,%q:%q}`, name, currency)}
				if m.Omitted = row.want == ""; !m.Omitted {
					m.Want = event.Money{Amount: row.want, Currency: currency}
				}
				rows = append(rows, m)
			}
		}
	}
	return rows
}

// same are pairs of bodies with one id and type. An event goes to every
// subscription in its version, and Square's API returns it in the application's
// (developer.squareup.com/docs/webhooks/overview; api.json, EventMetadata).
func same() []providertest.Same {
	payment := func(merchant, id, members string) string {
		return `"merchant_id":"` + merchant + `","data":{"type":"payment","id":"` + id + `","object":{"payment":{"id":"` + id + `"` + members + `}}}`
	}
	catalog := func(updated string) string {
		return `"merchant_id":"M1","data":{"type":"catalog_version","id":"","object":{"catalog_version":{"updated_at":"` + updated + `"}}}`
	}
	const status = `,"status":"COMPLETED"`
	stored := payment("M1", "p1", status+`,"order_id":"o1"`)
	return []providertest.Same{
		{Why: "another version's members", Source: "developer.squareup.com/docs/webhooks/overview", A: stored, B: payment("M1", "p1", status+`,"order_id":"o1","version_token":"x"`), Want: true},
		{Why: "a version without the order", Source: "developer.squareup.com/docs/webhooks/overview", A: stored, B: payment("M1", "p1", status), Want: true},
		{Why: "a time without its zone, as SearchEvents returns it", Source: "square/connect-api-specification, api.json: answer of SearchEvents", A: `"created_at":"2022-04-26T10:08:40.454Z",` + stored, B: `"created_at":"2022-04-26T10:08:40.454726",` + stored, Want: true},
		{
			Why: "no object's id, and a time without its zone", Source: "developer.squareup.com/forums, thread 28648", Want: true,
			A: `"created_at":"2026-11-18T10:02:34.252927974Z",` + catalog("2026-11-18T10:02:32.098Z"), B: `"created_at":"2026-11-18T10:02:34.252927",` + catalog("2026-11-18T10:02:32.098Z"),
		},
		{Why: "no object's id, and another change", Source: providertest.Own, A: catalog("2026-11-18T10:02:32.098Z"), B: catalog("2026-11-18T10:02:32.099Z")},
		{Why: "another order", Source: providertest.Own, A: stored, B: payment("M1", "p1", status+`,"order_id":"o2"`)},
		{Why: "another state", Source: providertest.Own, A: stored, B: payment("M1", "p1", `,"status":"FAILED","order_id":"o1"`)},
		{Why: "another merchant", Source: providertest.Own, A: stored, B: payment("M2", "p1", status+`,"order_id":"o1"`)},
		{Why: "another payment", Source: providertest.Own, A: stored, B: payment("M1", "p2", status+`,"order_id":"o1"`)},
		{Why: "another object", Source: providertest.Own, A: stored, B: strings.Replace(stored, `"type":"payment"`, `"type":"order"`, 1)},
	}
}
