// Package event defines the event that the webhooks of all providers are
// normalised to, its message in the queue and its object in the archive. It
// imports only the standard library, so that readers of the table and the
// archive can import it.
package event

import (
	"cmp"
	"time"
)

// Schema is the version of Event's JSON. Fields are added without a new version.
const Schema = "paysluice.event/1"

// Event is a normalised webhook. Fields without a value in the webhook are empty.
// The JSON names are also those of the table's attributes.
type Event struct {
	Schema string `json:"schema"`

	// ID is "{provider}:{the provider's event id}"; see NewID. It is empty only
	// in a quarantined message.
	ID string `json:"eventId,omitempty"`
	// Timestamp is the provider's creation time in epoch milliseconds, 0 when it
	// cannot be read. ID and Timestamp are the key of an event, so they are the
	// same in every delivery.
	Timestamp int64 `json:"timestamp"`

	// Provider is the Name of a contract.Provider.
	Provider string `json:"provider"`
	// Type is the event type in the provider's vocabulary.
	Type string `json:"type,omitempty"`
	// Category is the event type in the vocabulary of all providers.
	Category Category `json:"category,omitempty"`

	// ObjectType, ObjectID and ObjectStatus describe the provider's object.
	ObjectType   string `json:"objectType,omitempty"`
	ObjectID     string `json:"objectId,omitempty"`
	ObjectStatus string `json:"objectStatus,omitempty"`
	// PaymentID is the provider's id of the payment.
	PaymentID string `json:"paymentId,omitempty"`
	// Related holds other ids by kind: order, invoice, customer, subscription.
	Related map[string]string `json:"related,omitempty"`

	// Account is the connected account or merchant.
	Account string `json:"account,omitempty"`
	// Endpoint is the label of the secret's entry that verified the webhook.
	Endpoint string `json:"endpoint,omitempty"`
	// Livemode reports whether the event is of live mode. It is nil when neither the
	// body nor that entry says so.
	Livemode *bool `json:"livemode,omitempty"`

	// Money has the fields Amount and Currency, both empty for an event that moved no
	// money.
	Money

	// APIVersion is the provider's API version of the body.
	APIVersion string `json:"apiVersion,omitempty"`
	// OtherMode reports whether Livemode differs from the environment that the
	// secret's entry names.
	OtherMode bool `json:"otherMode,omitempty"`
	// Thin reports whether the webhook came without its object.
	Thin bool `json:"thin,omitempty"`
	// Omitted names fields such as "amount" or "related.custom". The body has a value
	// for them that cannot be read or does not fit, or it has several.
	Omitted []string `json:"omitted,omitempty"`

	// ReceivedAt is when the processor received the webhook, in epoch
	// milliseconds.
	ReceivedAt int64 `json:"receivedAt"`
	// ExpiresAt is when the event and its payload expire, in epoch seconds, 0 if
	// they are kept. It is set at receipt, so that row and payload expire by the
	// same retention.
	ExpiresAt int64 `json:"expiresAt,omitempty"`
	// RequestID is API Gateway's request id, which the sender can choose.
	RequestID string `json:"requestId,omitempty"`
	// ExtendedRequestID is the request id that API Gateway always generates (API
	// Gateway Developer Guide, "Variables for access logging").
	ExtendedRequestID string `json:"extendedRequestId,omitempty"`
	// Traceparent is the W3C trace context of the first stored request, empty if X-Ray
	// does not trace it. The sender can choose its trace id. No comparison of deliveries
	// uses it.
	Traceparent string `json:"traceparent,omitempty"`
	// PayloadSHA256 is the hash of the raw body in lower-case hex.
	PayloadSHA256 string `json:"payloadSha256"`
	// ContentSHA256 is a hash of the raw body's content, in lower-case hex. It is
	// equal in deliveries that differ only in the order of members, white space and
	// members that the provider changes between deliveries. It is empty if only
	// PayloadSHA256 can tell two bodies apart.
	ContentSHA256 string `json:"contentSha256,omitempty"`
	// SignedSHA256 is a hash of the text that the provider signed, in lower-case
	// hex. It is set only if other bodies can have the same text: two bodies with one
	// SignedSHA256 share one signature, so at most one of them is genuine.
	SignedSHA256 string `json:"signedSha256,omitempty"`
	// Origin is OriginReconcile for an event that was read from the provider's API, and
	// empty for a webhook. The event of an API has no signature, no Endpoint and no
	// RequestID: that it is genuine follows from TLS and an operator's key.
	Origin string `json:"origin,omitempty"`
	// Payload is the raw body, in base64 in JSON. It is empty when PayloadRef is
	// set.
	Payload []byte `json:"payload,omitempty"`
	// PayloadRef is the S3 key of a raw body that is too large for a message.
	PayloadRef string `json:"payloadRef,omitempty"`
	// ErasedAt is when an operator erased the payload, in epoch milliseconds, 0 if
	// nobody did.
	ErasedAt int64 `json:"erasedAt,omitempty"`
}

// OriginReconcile is the Origin of an event that a reconciliation read from the
// provider's API.
const OriginReconcile = "reconcile"

// MaxInline is the maximum size of a raw body in a message, in bytes. In base64
// it is 256 KiB. A batch of ten such messages is below the 6 MB of an invocation
// (Lambda Developer Guide, "Lambda quotas"), and the event below the 400 KB of a
// DynamoDB item.
const MaxInline = 192 << 10

// Expiry returns the ExpiresAt of an event that is kept for a number of days after its
// receipt, 0 for one that is kept for ever.
func Expiry(received time.Time, retentionDays int) int64 {
	if retentionDays == 0 {
		return 0
	}
	return received.UTC().AddDate(0, 0, retentionDays).Unix()
}

// NewID returns the ID of an Event.
func NewID(provider, id string) string { return provider + ":" + id }

// PaymentKey returns the key by which the events of a payment are found: the
// provider with the payment, or with the object of an event without one. It is
// empty for an event without both.
func (e *Event) PaymentKey() string {
	if id := cmp.Or(e.PaymentID, e.ObjectID); id != "" {
		return NewID(e.Provider, id)
	}
	return ""
}
