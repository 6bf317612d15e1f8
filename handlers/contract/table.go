package contract

// TableName is the DynamoDB table of all events, without the environment
// suffix.
const TableName = "WebhookEvents"

// Key of the table. A redelivered event has the same two values, so a
// conditional put recognises it.
const (
	// EventIDAttribute is the partition key, a string:
	// "{provider}:{the provider's event id}".
	EventIDAttribute = "eventId"
	// TimestampAttribute is the sort key, a number: the provider's creation
	// time in epoch milliseconds. It is the sort key of both indexes too.
	TimestampAttribute = "timestamp"
)

// PaymentIndex finds all events of one payment.
const (
	PaymentIndex = "byPayment"
	// PaymentKeyAttribute is its partition key, a string:
	// "{provider}:{paymentId, else objectId}".
	PaymentKeyAttribute = "paymentKey"
)

// DayIndex lists one provider's events of a day.
const (
	DayIndex = "byDay"
	// DayKeyAttribute is its partition key, a string:
	// "{provider}#{yyyy-mm-dd}#{shard}".
	DayKeyAttribute = "dayKey"
)

// ExpiresAtAttribute is when DynamoDB may forget the item, a number: epoch
// seconds, as time to live wants it. Absent when events are kept.
const ExpiresAtAttribute = "expiresAt"

// ListColumns are the attributes, keys aside, that both indexes project: what
// a list of events shows and a search filters by. The payload is not among
// them, so an index entry stays within one write unit.
func ListColumns() []string {
	return []string{
		"provider", "type", "category",
		"objectType", "objectId", "objectStatus",
		"paymentId", "amount", "currency",
		"livemode", "receivedAt",
	}
}
