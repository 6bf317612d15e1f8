// Package cloudevent defines the published form of a stored event: a CloudEvent in
// the structured JSON format with the normalised fields as its data. It imports only
// the standard library and package event, so that subscribers can import it.
//
// The rules are those of CloudEvents 1.0 (cloudevents/spec, spec.md and
// formats/json-format.md, v1.0.2) and of its extensions "partitioning",
// "recordedtime" and "distributed-tracing".
package cloudevent

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/paysluice/paysluice/handlers/event"
)

// Fixed values of a published event.
const (
	SpecVersion     = "1.0"
	MediaType       = "application/cloudevents+json"
	DataContentType = "application/json"
	// DataSchema identifies the JSON Schema of Data. An incompatible change gets
	// another URI.
	DataSchema = "https://raw.githubusercontent.com/paysluice/paysluice/main/docs/schema/event-1.json"
	// TypePrefix precedes the category in Type.
	TypePrefix = "com.paysluice."
)

// MaxSize is the maximum length of an encoded event in bytes. CloudEvents has every
// intermediary forward that much ("Size Limits"), and SNS takes four times as much.
const MaxSize = 64 << 10

// Event is a published event. Fields without a value are empty.
type Event struct {
	SpecVersion string `json:"specversion"`
	// ID and Source together identify the event: two messages with the same of both are
	// duplicates.
	// It is "{eventId}/{timestamp}/{hash}" of the item, so that a corrected event has another
	// ID than the first one. It is opaque: Data has the eventId.
	ID string `json:"id"`
	// Source is a URI that identifies the stack.
	Source string `json:"source"`
	// Type is TypePrefix and the category.
	Type string `json:"type"`
	// Subject is the payment key, "{provider}:{paymentId, else objectId}".
	Subject string `json:"subject,omitempty"`
	// Time is the provider's time of creation, in RFC 3339. It is empty if the provider's
	// time cannot be read.
	Time            string `json:"time,omitempty"`
	DataContentType string `json:"datacontenttype"`
	DataSchema      string `json:"dataschema"`

	// PartitionKey is the payment key.
	PartitionKey string `json:"partitionkey,omitempty"`
	// RecordedTime is when the stack received the event, in RFC 3339.
	RecordedTime string `json:"recordedtime,omitempty"`
	// Traceparent is the W3C trace context in which the stack received the event. It is
	// empty if that request was not traced.
	Traceparent  string `json:"traceparent,omitempty"`
	ProviderType string `json:"providertype,omitempty"`
	Livemode     *bool  `json:"livemode,omitempty"`

	Data Data `json:"data"`
}

// Data is a stored event with a reference in the place of its payload. ExpiresAt, Payload,
// PayloadRef and Traceparent of the embedded event are empty.
type Data struct {
	event.Event
	// Body tells where the raw body is. It is nil if an operator has erased it.
	Body *Body `json:"payload,omitempty"`
}

// Body is the place of a raw body: the attribute payload of an item of Table, or an object
// in Bucket.
type Body struct {
	Table     string `json:"table,omitempty"`
	EventID   string `json:"eventId,omitempty"`
	Timestamp *int64 `json:"timestamp,omitempty"`

	Bucket string `json:"bucket,omitempty"`
	Key    string `json:"key,omitempty"`

	// SHA256 is the hash of the body in lower-case hex.
	SHA256 string `json:"sha256"`
	// Size is the length of a body in Table in bytes, 0 if the publisher did not have it.
	Size int `json:"size,omitempty"`
}

// Stores names where a stack keeps raw bodies.
type Stores struct{ Table, Bucket string }

// Source returns the source of a stack's events:
// urn:paysluice:{account}:{region}:{environment suffix}. Two stacks never share one.
func Source(account, region, environment string) string {
	return "urn:paysluice:" + account + ":" + region + ":" + environment
}

// From returns the published form of a stored event of a stack. It returns the same each time,
// so that a republished event equals the first. A payment key or a provider's type with a
// character that no attribute may have is only in the data. The error is ErrInvalid for an event that no
// CloudEvent can hold.
func From(source string, stored event.Event, stores Stores) (Event, error) {
	data := Data{Event: stored, Body: locate(&stored, stores)}
	data.Payload, data.PayloadRef, data.ExpiresAt, data.Traceparent = nil, "", 0, ""
	key := optional(stored.PaymentKey())
	e := Event{
		SpecVersion: SpecVersion, ID: identify(stored), Source: source, Type: TypePrefix + string(stored.Category),
		Subject: key, Time: timestamp(stored.Timestamp), DataContentType: DataContentType, DataSchema: DataSchema,
		PartitionKey: key, RecordedTime: timestamp(stored.ReceivedAt), ProviderType: optional(stored.Type), Livemode: stored.Livemode,
		Traceparent: optional(stored.Traceparent),
		Data:        data,
	}
	if err := e.check(); err != nil {
		return Event{}, err
	}
	return e, checkSize(len(e.Encode()))
}

// idHash is the number of characters of the content's hash in an id.
const idHash = 16

// identify returns the id of a stored event. CloudEvents demands that distinct events of one
// source have distinct ids ("id"). A provider can send an eventId with several times, and an
// operator can repair a conflict, which stores other content under the same key.
func identify(e event.Event) string {
	hash := cmp.Or(e.ContentSHA256, e.PayloadSHA256)
	return fmt.Sprintf("%s/%d/%s", e.ID, e.Timestamp, hash[:min(idHash, len(hash))])
}

// locate returns the place of the raw body of a stored event.
func locate(stored *event.Event, stores Stores) *Body {
	switch {
	case stored.ErasedAt != 0:
		return nil
	case stored.PayloadRef != "":
		return &Body{Bucket: stores.Bucket, Key: stored.PayloadRef, SHA256: stored.PayloadSHA256}
	}
	return &Body{
		Table: stores.Table, EventID: stored.ID, Timestamp: &stored.Timestamp,
		SHA256: stored.PayloadSHA256, Size: len(stored.Payload),
	}
}

// timestamp returns a time in RFC 3339, or nothing for 0 and for a year that RFC 3339
// cannot write.
func timestamp(millis int64) string {
	t := time.UnixMilli(millis).UTC()
	if millis == 0 || t.Year() < 0 || t.Year() > 9999 {
		return ""
	}
	return t.Format("2006-01-02T15:04:05.000Z")
}

// Encode returns the event in the structured JSON format. It is ASCII: SQS, to which topics
// and buses deliver, refuses some other characters.
func (e Event) Encode() string {
	text, _ := json.Marshal(e) // strings, numbers and bools cannot fail
	return event.ASCII(text)
}

// Attributes returns the values by which subscribers filter: provider, type, category,
// livemode, account and currency. An attribute without a value is left out, because SNS
// refuses empty ones, and one with a character that CloudEvents does not allow, because a
// subscriber's queue could refuse it: SNS would drop the message for that subscriber.
func (e Event) Attributes() map[string]string {
	attributes := map[string]string{
		"provider": e.Data.Provider, "type": e.Data.Type, "category": string(e.Data.Category),
		"account": e.Data.Account, "currency": e.Data.Currency,
	}
	if e.Livemode != nil {
		attributes["livemode"] = strconv.FormatBool(*e.Livemode)
	}
	for name, value := range attributes {
		if optional(value) == "" {
			delete(attributes, name)
		}
	}
	return attributes
}

// ErrInvalid is the class of all errors of this package.
var ErrInvalid = errors.New("not a valid event")

// Decode decodes an event of Encode or of another program that keeps CloudEvents' rules.
// Unknown attributes and unknown members of the data are ignored: versions of a schema only
// add some. The error is ErrInvalid and quotes no value.
func Decode(text []byte) (Event, error) {
	if err := checkMembers(text); err != nil {
		return Event{}, err
	}
	var e Event
	if err := json.Unmarshal(text, &e); err != nil {
		field := "a member" // the error itself can quote a value
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			field = wrong.Field
		}
		return Event{}, fmt.Errorf("%w: %s has a value of another type", ErrInvalid, field)
	}
	if e.DataContentType == "" {
		e.DataContentType = DataContentType // "datacontenttype" may be left out of JSON
	}
	return e, e.check()
}
