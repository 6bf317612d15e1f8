package processor

import (
	"time"

	"github.com/paysluice/paysluice/handlers/event"
)

// lateAfter is the age from which an event is late. Providers deliver within
// seconds. An event this old is a retry, which can wait a little longer, or an old
// delivery that somebody sends again.
const lateAfter = time.Hour

// aheadOf is the largest difference between the clocks of a provider and of AWS. An
// event that is further ahead counts as late.
const aheadOf = 5 * time.Minute

// groupOf returns the message group of an event. When one group dominates the
// consumer, SQS delivers the messages of other groups first (SQS Developer Guide,
// "Amazon SQS fair queues").
//
// A new event is a group of its own, so that a flood of its redeliveries waits for
// everybody else. All late events of a provider are one group, so that a flood of
// many old deliveries waits too. An event without a time of its own counts as late.
// A group has at most 128 letters, digits and punctuation characters (SQS API
// Reference, SendMessage, MessageGroupId), and an id can be longer, so it is hashed.
func groupOf(e event.Event, now time.Time) string {
	if age := now.Sub(time.UnixMilli(e.Timestamp)); e.Timestamp == 0 || age >= lateAfter || age < -aheadOf {
		return e.Provider + "-late"
	}
	return event.HashPayload([]byte(e.ID))
}
