// Package event is the one vocabulary that every provider's webhook is
// translated into, and its form on the queue. It imports only the standard
// library.
package event

// Schema is the version of Event's JSON. Later versions only add fields.
const Schema = "paysluice.event/1"

// Event is one webhook, normalised. Fields that a webhook does not have are
// empty.
type Event struct {
	Schema string `json:"schema"`

	// ID is "{provider}:{the provider's event id}"; see NewID. It is empty
	// only in a quarantined message, whose body could not be read.
	ID string `json:"eventId,omitempty"`
	// Timestamp is the provider's creation time in epoch milliseconds; 0 when
	// unreadable. It is never the time of receipt: together with ID it is the
	// key by which a second delivery is recognised.
	Timestamp int64 `json:"timestamp"`

	// Provider is the contract.Provider's Name.
	Provider string `json:"provider"`
	// Type is the provider's own event type.
	Type string `json:"type,omitempty"`
	// Category is what happened in the vocabulary shared by all providers.
	Category Category `json:"category,omitempty"`

	// ObjectType, ObjectID and ObjectStatus are what the event is about, in
	// the provider's own words.
	ObjectType   string `json:"objectType,omitempty"`
	ObjectID     string `json:"objectId,omitempty"`
	ObjectStatus string `json:"objectStatus,omitempty"`
	// PaymentID is the payment that the event belongs to.
	PaymentID string `json:"paymentId,omitempty"`
	// Related are other ids worth finding the event by, keyed by what they
	// are: order, invoice, customer, subscription…
	Related map[string]string `json:"related,omitempty"`

	// Account is the connected account or merchant.
	Account string `json:"account,omitempty"`
	// Endpoint is the label of the secret's entry that verified the event.
	Endpoint string `json:"endpoint,omitempty"`
	// Livemode is nil when neither the body nor that entry says it.
	Livemode *bool `json:"livemode,omitempty"`

	// Money is what the event moved; its fields are both empty when the body
	// has none.
	Money

	// APIVersion is the version in which the provider rendered the body.
	APIVersion string `json:"apiVersion,omitempty"`
	// Thin marks an event that came without its object.
	Thin bool `json:"thin,omitempty"`

	// ReceivedAt is when the processor took the webhook, epoch milliseconds.
	ReceivedAt int64 `json:"receivedAt"`
	// RequestID is API Gateway's id of the request.
	RequestID string `json:"requestId,omitempty"`
	// PayloadSHA256 is the hash of the raw body, lower-case hex.
	PayloadSHA256 string `json:"payloadSha256"`
	// Payload is the raw body, byte for byte; base64 in JSON. It is empty when
	// PayloadRef is not.
	Payload []byte `json:"payload,omitempty"`
	// PayloadRef is the S3 key of a raw body that is too large for a
	// message.
	PayloadRef string `json:"payloadRef,omitempty"`
}

// NewID joins a provider's name and its event id into an Event's ID.
func NewID(provider, id string) string { return provider + ":" + id }
