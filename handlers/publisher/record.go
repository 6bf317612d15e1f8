package publisher

import (
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// Batch is the event of an invocation: records of the table's stream, or records like
// them that an operator sends again.
type Batch struct {
	Records []Record `json:"Records"`
	// Replay is the id of the operator's run, "" for records of the stream.
	Replay string `json:"replay,omitempty"`
}

// Response is the response to a batch.
type Response struct {
	events.DynamoDBEventResponse
	// Unpublished lists the records of an operator's batch that the publisher named in
	// webhook-unpublished, up to the first failure. It is empty for records of the stream.
	Unpublished []Refusal `json:"unpublished,omitempty"`
}

// Refusal is a record that was not published, and why.
type Refusal struct {
	SequenceNumber string `json:"sequenceNumber"`
	Reason         string `json:"reason"`
}

// Record is a record of the table's stream (Lambda Developer Guide, "Using AWS Lambda with
// Amazon DynamoDB"). The item is decoded later, so that no item fails its batch.
type Record struct {
	EventName string `json:"eventName"`
	Change    Change `json:"dynamodb"`
}

// Change is the change of an item.
type Change struct {
	// CreatedAt is in epoch seconds, 0 in a record of an operator.
	CreatedAt      float64         `json:"ApproximateCreationDateTime,omitempty"`
	SequenceNumber string          `json:"SequenceNumber"`
	Keys           json.RawMessage `json:"Keys"`
	NewImage       json.RawMessage `json:"NewImage"`
}

// Inserted is the EventName of a record of a new item. The publisher ignores all others:
// TTL deletes items, and an operator erases payloads.
const Inserted = "INSERT"

// storedAt returns when the item was stored, the zero time in a record of an operator.
func (c Change) storedAt() time.Time {
	if c.CreatedAt == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(c.CreatedAt * 1000))
}

// key returns the key of the item, as far as it can be read.
func (c Change) key() (eventID string, timestamp int64) {
	var keys map[string]struct{ S, N string }
	_ = json.Unmarshal(c.Keys, &keys) // what cannot be read is empty
	timestamp, _ = strconv.ParseInt(keys[contract.TimestampAttribute].N, 10, 64)
	return keys[contract.EventIDAttribute].S, timestamp
}

// ErrUnpublished is the class of all errors of DecodeUnpublished.
var ErrUnpublished = errors.New("not a message of the publisher")

// Unpublished is a message in webhook-unpublished: an event that the publisher cannot
// publish.
type Unpublished struct {
	EventID   string `json:"eventId"`
	Timestamp int64  `json:"timestamp"`
	Reason    string `json:"reason"`
}

// encodeUnpublished returns a message in ASCII: an id can have characters that SQS refuses.
func encodeUnpublished(u Unpublished) string {
	text, _ := json.Marshal(u) // strings and numbers cannot fail
	return event.ASCII(text)
}

// DecodeUnpublished decodes a message of webhook-unpublished. The error is ErrUnpublished
// for one that Lambda wrote: it names records of the stream and no event.
func DecodeUnpublished(message string) (Unpublished, error) {
	var u Unpublished
	if err := json.Unmarshal([]byte(message), &u); err != nil || u.Reason == "" {
		return Unpublished{}, ErrUnpublished
	}
	return u, nil
}
