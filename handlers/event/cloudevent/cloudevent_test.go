package cloudevent_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/cloudevent"
)

var (
	created = time.Date(2026, 3, 1, 23, 59, 59, 0, time.UTC)
	stores  = cloudevent.Stores{Table: "WebhookEvents-prod", Bucket: "failed-webhooks-prod"}
	source  = cloudevent.Source("123456789012", "us-east-1", "prod")
)

// stored returns an event with a value in every field that is published.
func stored() event.Event {
	body := []byte(`{"id":"evt_1"}`)
	return event.Event{
		Schema: event.Schema, ID: "stripe:evt_1", Timestamp: created.UnixMilli(), Provider: "stripe",
		Type: "payment_intent.succeeded", Category: event.PaymentSucceeded, ObjectType: "payment_intent", ObjectID: "pi_1",
		ObjectStatus: "succeeded", PaymentID: "pi_1", Related: map[string]string{"customer": "cus_1"}, Account: "acct_1",
		Endpoint: "main", Livemode: new(false), Money: event.Money{Amount: "12.50", Currency: "EUR"}, APIVersion: "2026-01-28",
		OtherMode: true, Thin: true, Omitted: []string{"timestamp"}, ReceivedAt: created.UnixMilli() + 2000, ExpiresAt: 1_780_000_000,
		RequestID: "req-1", ExtendedRequestID: "TWegAcC4EowCHnA=", PayloadSHA256: event.HashPayload(body),
		ContentSHA256: strings.Repeat("0c", 32), SignedSHA256: strings.Repeat("0d", 32), Origin: event.OriginReconcile, Payload: body,
		Traceparent: "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01",
	}
}

func from(t *testing.T, e event.Event) cloudevent.Event {
	t.Helper()
	published, err := cloudevent.From(source, e, stores)
	require.NoError(t, err)
	return published
}

func TestEncode(t *testing.T) {
	text := from(t, stored()).Encode()

	assert.JSONEq(t, `{
		"specversion": "1.0", "id": "stripe:evt_1/1772409599000/0c0c0c0c0c0c0c0c", "source": "urn:paysluice:123456789012:us-east-1:prod",
		"type": "com.paysluice.payment.succeeded", "subject": "stripe:pi_1", "time": "2026-03-01T23:59:59.000Z",
		"datacontenttype": "application/json", "dataschema": "`+cloudevent.DataSchema+`",
		"partitionkey": "stripe:pi_1", "recordedtime": "2026-03-02T00:00:01.000Z", "providertype": "payment_intent.succeeded", "livemode": false,
		"traceparent": "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01",
		"data": {
			"schema": "paysluice.event/1", "eventId": "stripe:evt_1", "timestamp": 1772409599000, "provider": "stripe",
			"type": "payment_intent.succeeded", "category": "payment.succeeded", "objectType": "payment_intent", "objectId": "pi_1",
			"objectStatus": "succeeded", "paymentId": "pi_1", "related": {"customer": "cus_1"}, "account": "acct_1", "endpoint": "main",
			"livemode": false, "amount": "12.50", "currency": "EUR", "apiVersion": "2026-01-28", "otherMode": true, "thin": true,
			"omitted": ["timestamp"], "receivedAt": 1772409601000, "requestId": "req-1", "extendedRequestId": "TWegAcC4EowCHnA=",
			"payloadSha256": "`+stored().PayloadSHA256+`", "contentSha256": "`+strings.Repeat("0c", 32)+`", "signedSha256": "`+strings.Repeat("0d", 32)+`",
			"origin": "reconcile",
			"payload": {"table": "WebhookEvents-prod", "eventId": "stripe:evt_1", "timestamp": 1772409599000, "sha256": "`+stored().PayloadSHA256+`", "size": 14}
		}}`, text)
	assert.Less(t, len(text), 2048, "an event with every field")
	decoded, err := cloudevent.Decode([]byte(text))
	require.NoError(t, err)
	assert.Equal(t, from(t, stored()), decoded)
}

func TestFrom(t *testing.T) {
	for _, row := range []struct {
		why    string
		change func(*event.Event)
		want   func(*testing.T, cloudevent.Event)
	}{
		{
			"a body in the bucket",
			func(e *event.Event) { e.Payload, e.PayloadRef = nil, "oversize/0d/stripe/1" },
			func(t *testing.T, e cloudevent.Event) {
				assert.Equal(t, &cloudevent.Body{Bucket: stores.Bucket, Key: "oversize/0d/stripe/1", SHA256: e.Data.PayloadSHA256}, e.Data.Body)
			},
		},
		{
			"an erased body is nowhere",
			func(e *event.Event) { e.Payload, e.ErasedAt = nil, 1 },
			func(t *testing.T, e cloudevent.Event) { assert.Nil(t, e.Data.Body) },
		},
		{
			"a time that cannot be read is left out, and the key still has it",
			func(e *event.Event) { e.Timestamp = 0 },
			func(t *testing.T, e cloudevent.Event) {
				assert.Empty(t, e.Time)
				assert.Contains(t, e.Encode(), `"timestamp":0,"sha256"`)
			},
		},
		{
			"RFC 3339 ends with the year 9999",
			func(e *event.Event) { e.Timestamp = 1 << 60 },
			func(t *testing.T, e cloudevent.Event) { assert.Empty(t, e.Time) },
		},
		{
			"an event without a payment and an object has no subject",
			func(e *event.Event) { e.PaymentID, e.ObjectID = "", "" },
			func(t *testing.T, e cloudevent.Event) { assert.NotContains(t, e.Encode(), "subject") },
		},
		{
			"most requests are not traced",
			func(e *event.Event) { e.Traceparent = "" },
			func(t *testing.T, e cloudevent.Event) { assert.NotContains(t, e.Encode(), "traceparent") },
		},
		{
			"the object takes the place of the payment",
			func(e *event.Event) { e.PaymentID = "" },
			func(t *testing.T, e cloudevent.Event) { assert.Equal(t, "stripe:pi_1", e.PartitionKey) },
		},
		{
			"an attribute may not have a control character, data may",
			func(e *event.Event) { e.PaymentID, e.Type = "pi\u0085", "a\ufffe" },
			func(t *testing.T, e cloudevent.Event) {
				assert.Empty(t, e.Subject+e.PartitionKey+e.ProviderType)
				assert.Equal(t, "pi\u0085", e.Data.PaymentID)
				assert.Contains(t, e.Encode(), `a\ufffe`, "SQS refuses the character itself")
			},
		},
	} {
		t.Run(row.why, func(t *testing.T) {
			e := stored()
			row.change(&e)
			row.want(t, from(t, e))
		})
	}
}

// Different events have different ids. The same event always has the same id, whatever the
// stack does with its row later.
func TestID(t *testing.T) {
	first := from(t, stored()).ID
	for _, row := range []struct {
		why    string
		change func(*event.Event)
		same   bool
	}{
		{"another time of the provider", func(e *event.Event) { e.Timestamp++ }, false},
		{"a conflict that was repaired", func(e *event.Event) { e.ContentSHA256 = strings.Repeat("0e", 32) }, false},
		{"other bytes, where only these tell bodies apart", func(e *event.Event) { e.ContentSHA256 = "" }, false},
		{"another rendering of the same content", func(e *event.Event) { e.PayloadSHA256 = strings.Repeat("0e", 32) }, true},
		{"an erased body", func(e *event.Event) { e.Payload, e.ErasedAt = nil, 1 }, true},
		{"an event that was stored again after it expired", func(e *event.Event) { e.ReceivedAt, e.RequestID = 5, "req-2" }, true},
	} {
		e := stored()
		row.change(&e)
		assert.Equal(t, row.same, from(t, e).ID == first, row.why)
	}
	short := stored()
	short.ContentSHA256, short.PayloadSHA256 = "", ""
	assert.Equal(t, "stripe:evt_1/1772409599000/", from(t, short).ID, "a row of an older release")
}

func TestFromRefuses(t *testing.T) {
	for why, change := range map[string]func(*event.Event){
		"no id":                            func(e *event.Event) { e.ID = "" },
		"an id that no attribute may have": func(e *event.Event) { e.ID = "stripe:\x00" },
		"an id that is not UTF-8":          func(e *event.Event) { e.ID = "stripe:\xff" },
		"no category":                      func(e *event.Event) { e.Category = "" },
		"no provider":                      func(e *event.Event) { e.Provider = "" },
		"a schema that is not published":   func(e *event.Event) { e.Schema = "paysluice.event/2" },
		"more than the 64 KiB that every intermediary forwards": func(e *event.Event) { e.Account = strings.Repeat("a", cloudevent.MaxSize) },
	} {
		e := stored()
		change(&e)
		_, err := cloudevent.From(source, e, stores)
		require.ErrorIs(t, err, cloudevent.ErrInvalid, why)
	}
	_, err := cloudevent.From("prod", stored(), stores)
	require.ErrorIs(t, err, cloudevent.ErrInvalid, "a relative source")
}

func TestAttributes(t *testing.T) {
	assert.Equal(t, map[string]string{
		"provider": "stripe", "type": "payment_intent.succeeded", "category": "payment.succeeded",
		"livemode": "false", "account": "acct_1", "currency": "EUR",
	}, from(t, stored()).Attributes())
	assert.Equal(t, map[string]string{"provider": "paypal", "category": "other"}, from(t, event.Event{
		Schema: event.Schema, ID: "paypal:1", Provider: "paypal", Category: event.Other,
	}).Attributes(), "SNS refuses empty values")
	// In XML, which bounds the texts of SQS, U+FFFF is no character (SQS API Reference, SendMessage).
	hostile := stored()
	hostile.Account, hostile.Type, hostile.Currency = "acct_\uffff", "a\x00b", "E\u0085R"
	assert.Equal(t, map[string]string{"provider": "stripe", "category": "payment.succeeded", "livemode": "false"},
		from(t, hostile).Attributes(), "a subscriber's queue would refuse the message")
}

func TestDecodeAcceptsWhatCloudEventsAllows(t *testing.T) {
	text := from(t, stored()).Encode()
	for why, change := range map[string][2]string{
		"datacontenttype left out":      {`"datacontenttype":"application/json",`, ``},
		"an unknown extension":          {`"id":`, `"sequence":"7","tracestate":"a=b","id":`},
		"an unknown member of the data": {`"data":{`, `"data":{"later":{"a":[]},`},
		"null, which means absent":      {`"id":`, `"unknown":null,"id":`},
	} {
		e, err := cloudevent.Decode([]byte(strings.Replace(text, change[0], change[1], 1)))
		require.NoError(t, err, why)
		assert.Equal(t, from(t, stored()), e, why)
	}
}

func TestDecodeRefuses(t *testing.T) {
	text := from(t, stored()).Encode()
	for why, change := range map[string][2]string{
		"no object":                     {text, `["tok_secret"]`},
		"another version":               {`"specversion":"1.0"`, `"specversion":"1.0.2"`},
		"another schema":                {`event-1.json`, `event-2.json`},
		"data that is not JSON":         {`"application/json"`, `"text/plain"`},
		"data in base64":                {`"data":`, `"data_base64":"","data":`},
		"an upper-case name":            {`"id":`, `"ID":"tok_secret","id":`},
		"an empty name":                 {`"id":`, `"":1,"id":`},
		"an object in an extension":     {`"id":`, `"ext": {},"id":`},
		"another event in the data":     {`"id":"stripe:evt_1/`, `"id":"tok_secret/`},
		"another category in the data":  {`"category":"payment.succeeded"`, `"category":"payment.failed"`},
		"a number as an id":             {`"id":"stripe:evt_1/1772409599000/0c0c0c0c0c0c0c0c"`, `"id":1`},
		"a payload that is not a place": {`"payload":{`, `"payload":"tok_secret","x":{`},
		"a time without a zone":         {`59.000Z`, `59.000`},
		"more than 64 KiB":              {`"id"`, strings.Repeat(" ", cloudevent.MaxSize) + `"id"`},
	} {
		changed := strings.Replace(text, change[0], change[1], 1)
		require.NotEqual(t, text, changed, why)
		_, err := cloudevent.Decode([]byte(changed))
		require.ErrorIs(t, err, cloudevent.ErrInvalid, why)
		assert.NotContains(t, err.Error(), "tok_secret", why)
	}
}

// FuzzFrom checks every event that From accepts by the rules of CloudEvents, read from the JSON.
func FuzzFrom(f *testing.F) {
	f.Add("stripe:evt_1", "pi_1", "a.b", "EUR", int64(1), []byte("{}"))
	f.Add("stripe:\u0085", "\ufdd0", "\U0001ffff", "", int64(-1<<62), []byte{})
	f.Fuzz(func(t *testing.T, id, payment, kind, currency string, at int64, body []byte) {
		e, err := cloudevent.From(source, event.Event{
			Schema: event.Schema, ID: id, Timestamp: at, ReceivedAt: at, Provider: "stripe", Category: event.Other, Type: kind,
			PaymentID: payment, Money: event.Money{Currency: currency}, Payload: body, PayloadSHA256: event.HashPayload(body),
		}, stores)
		if err != nil {
			require.ErrorIs(t, err, cloudevent.ErrInvalid)
			return
		}
		text := e.Encode()
		checkRules(t, text)
		decoded, err := cloudevent.Decode([]byte(text))
		require.NoError(t, err)
		assert.Equal(t, text, decoded.Encode())
		for name, value := range e.Attributes() {
			assert.NotEmpty(t, value, name)
		}
	})
}

// notAllowed matches the characters that a CloudEvents string may not have (CloudEvents 1.0.2,
// "Type System").
var notAllowed = regexp.MustCompile(`[\x00-\x1f\x7f-\x{9f}\x{fdd0}-\x{fdef}\x{fffe}\x{ffff}\x{1fffe}\x{1ffff}\x{10fffe}\x{10ffff}]`)

// checkRules checks the JSON of an event by the rules of CloudEvents 1.0.2.
func checkRules(t *testing.T, text string) {
	t.Helper()
	assert.Regexp(t, `^[\x20-\x7f]*$`, text, "every queue accepts ASCII")
	assert.LessOrEqual(t, len(text), 64<<10)
	var members map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &members))
	for _, required := range []string{"specversion", "id", "source", "type"} {
		assert.NotEmpty(t, members[required], required)
	}
	assert.IsType(t, map[string]any{}, members["data"])
	delete(members, "data")
	for name, value := range members {
		assert.Regexp(t, `^[a-z0-9]{1,20}$`, name)
		if text, ok := value.(string); ok {
			assert.NotEmpty(t, text, name)
			assert.False(t, notAllowed.MatchString(text), "%s: %q", name, text)
		} else {
			assert.IsType(t, true, value, name)
		}
	}
	for _, name := range []string{"time", "recordedtime"} {
		if at, ok := members[name]; ok {
			_, err := time.Parse(time.RFC3339, at.(string))
			assert.NoError(t, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	e, err := cloudevent.From(source, stored(), stores)
	require.NoError(f, err)
	f.Add([]byte(e.Encode()))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := cloudevent.Decode(text)
		if err != nil {
			require.ErrorIs(t, err, cloudevent.ErrInvalid)
			return
		}
		if text := e.Encode(); len(text) <= cloudevent.MaxSize { // escapes can make it longer
			again, err := cloudevent.Decode([]byte(text))
			require.NoError(t, err)
			assert.Equal(t, text, again.Encode())
		}
	})
}
