package simulation_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// checkPromises compares the webhooks that were answered 200 with what was kept.
func (w *world) checkPromises() {
	k := w.readKept()
	for body := range w.poison {
		if k.poison[body] == 0 {
			w.violate("an unreadable message is archived too: poison is not")
		}
	}
	for _, c := range w.stripe.contents {
		rows, dead := len(k.rows[c]), len(k.dead[c])
		switch {
		case rows > 1, c.rival != nil && rows+len(k.rows[c.rival]) > 1:
			w.violate("an event is stored once: %s is in the table %d times", c.id, rows)
		case !c.accepted:
			// It may have been kept nevertheless: the response can get lost.
		case rows+dead == 0:
			w.violate("no event that was answered 200 is lost: %s (%s) is neither in the table nor archived", c.id, c.reason)
		case rows == 0 && c.reason == "" && c.rival == nil && !w.exhausted(k.dead[c]):
			w.violate("a valid event is stored: %s is not, although none of its messages used up its receives", c.id)
		}
	}
	w.checkPayloads(k)
	w.publishing.check()
}

// exhausted reports whether one of the messages used up its receives.
func (w *world) exhausted(messages []event.Archived) bool {
	return slices.ContainsFunc(messages, func(m event.Archived) bool {
		return w.failures[m.MessageID] >= w.stack.maxReceiveCount
	})
}

// checkPayloads looks for payloads that no message refers to. Only a request
// that was answered 5xx may leave one, and a second delivery of an event that is
// kept.
func (w *world) checkPayloads(k kept) {
	for key, err := range bucket.NewArchive(w.s3, bucketName).Keys(context.Background(), contract.OversizePrefix, "") {
		if err != nil {
			w.violate("payloads can be listed: %v", err)
			return
		}
		hash := path.Base(key)
		switch body, sent := w.stripe.large[hash]; {
		case !sent:
			w.violate("no unverified payload is kept: %s was never signed", key)
		case !k.refs[key] && !w.stripe.failed[body] && !k.has(w.stripe.genuine[body]):
			w.violate("only a failed request or a redelivery leaves a payload without a message: %s is of another one", key)
		case !k.refs[key]:
			w.seen["orphaned payload"]++
		default:
			w.seen["payload by reference"]++
		}
	}
}

// checkComplete checks that every accepted event is in the table. That is
// promised after a replay, and in a run without faults.
func (w *world) checkComplete() {
	k := w.readKept()
	for _, c := range w.stripe.contents {
		stored := len(k.rows[c]) == 1 || c.rival != nil && len(k.rows[c.rival]) == 1
		if c.accepted && c.reason == "" && !stored {
			w.violate("the table is complete: %s is not in it", c.id)
		}
	}
}

// checkNothingArchived checks the promise of a run without faults: the archive
// holds only what cannot be stored in the table.
func (w *world) checkNothingArchived() {
	k := w.readKept()
	for _, c := range w.stripe.contents {
		if dead := k.dead[c]; len(dead) > 0 && c.reason == "" && c.rival == nil {
			w.violate("without faults no event is archived: %s is, with %s", c.id, dead[0].FailureReason)
		}
	}
}

// kept is the content of the table and the archive.
type kept struct {
	rows map[*content][]event.Event
	dead map[*content][]event.Archived
	// poison counts the dead letters that no processor wrote, by body.
	poison map[string]int
	// refs has the keys of large payloads that a row or a dead letter refers to.
	refs map[string]bool
}

// has reports whether a body of the content is in the table or the archive.
func (k kept) has(c *content) bool { return len(k.rows[c])+len(k.dead[c]) > 0 }

// readKept reads the table and the archive and checks each entry: its payload
// is byte for byte what Stripe signed, under the right key.
func (w *world) readKept() kept {
	k := kept{
		rows:   map[*content][]event.Event{},
		dead:   map[*content][]event.Archived{},
		poison: map[string]int{},
		refs:   map[string]bool{},
	}
	out, err := w.dynamodb.Scan(context.Background(), &dynamodb.ScanInput{TableName: new(tableName)})
	if err != nil {
		w.violate("the table can be read: %v", err)
		return k
	}
	for _, item := range out.Items {
		if strings.HasPrefix(itemKey(item), "stray:") {
			continue
		}
		e, err := table.FromItem(item)
		if err != nil {
			w.violate("every row reads back: %v", err)
			continue
		}
		k.refs[e.PayloadRef] = true
		if c := w.checkRow(e); c != nil {
			k.rows[c] = append(k.rows[c], e)
		}
	}
	for _, m := range w.archived() {
		if body := string(m.Message); w.poison[body] {
			k.poison[body]++
			continue
		}
		var e event.Event
		if err := json.Unmarshal(m.Message, &e); err != nil {
			w.violate("a dead letter holds the message that was sent: %v", err)
			continue
		}
		k.refs[e.PayloadRef] = true
		if c := w.checkDeadLetter(m, e); c != nil {
			k.dead[c] = append(k.dead[c], m)
		}
	}
	return k
}

// archived returns all dead letters of the archive.
func (w *world) archived() []event.Archived {
	ctx, archive := context.Background(), bucket.NewArchive(w.s3, bucketName)
	var all []event.Archived
	for key, err := range archive.Keys(ctx, "", "") {
		if err != nil {
			w.violate("the archive can be listed: %v", err)
			break
		}
		if strings.HasPrefix(key, contract.OversizePrefix) || strings.HasPrefix(key, contract.ReplaysPrefix) {
			continue
		}
		m, err := archive.Get(ctx, key)
		if err != nil {
			w.violate("every dead letter reads back: %v", err)
			continue
		}
		all = append(all, m)
	}
	return all
}

// contentOf returns the content that Stripe signed for a row or a dead letter,
// nil if it signed none.
func (w *world) contentOf(e event.Event) *content {
	payload, err := w.payloads().Payload(context.Background(), e)
	if err != nil {
		w.violate("every payload reads back: %v", err)
		return nil
	}
	c := w.stripe.genuine[string(payload)]
	if c == nil {
		w.violate("no unverified payload is kept: that of %q was never signed", e.ID)
	}
	return c
}

func (w *world) payloads() *bucket.Payloads {
	return bucket.NewPayloads(w.s3, bucketName, time.Minute)
}

func (w *world) checkRow(e event.Event) *content {
	c := w.contentOf(e)
	w.checkRetention(e)
	switch {
	case c == nil:
	case c.reason != "":
		w.violate("only events are stored: row %s is not one", e.ID)
	case e.ID != event.NewID(w.plays.name, c.id) || e.Timestamp != c.created*1000 || e.Provider != w.plays.name:
		w.violate("a row has the provider's id and time: %s at %d is %s at %d", c.id, c.created, e.ID, e.Timestamp)
	}
	return c
}

// retentionDays is the retention of every other processor. The others keep events.
const retentionDays = 30

// checkRetention checks that a row expires by the retention under which its large
// body was put.
func (w *world) checkRetention(e event.Event) {
	if e.PayloadRef == "" {
		return
	}
	days, received := 0, time.UnixMilli(e.ReceivedAt).UTC()
	var expiresAt int64
	if strings.HasPrefix(e.PayloadRef, contract.RetentionPrefix(retentionDays)) {
		days, expiresAt = retentionDays, received.AddDate(0, 0, retentionDays).Unix()
	}
	if e.ExpiresAt != expiresAt {
		w.violate("row and body have one retention: %s expires at %d, its body has %d days", e.ID, e.ExpiresAt, days)
	}
	w.seen[fmt.Sprintf("payload of %d days", days)]++
}

func (w *world) checkDeadLetter(m event.Archived, e event.Event) *content {
	c := w.contentOf(e)
	exhausted := m.FailureReason == contract.ReasonReceivesExhausted
	switch {
	case c == nil:
	case c.reason != "" && m.FailureReason != c.reason:
		w.violate("a quarantined message has its reason: %q instead of %q", m.FailureReason, c.reason)
	case c.reason == "" && m.FailureReason == contract.ReasonConflict && c.rival == nil:
		w.violate("only different content is a conflict: %s had none", e.ID)
	case c.reason == "" && m.FailureReason != contract.ReasonConflict && !exhausted:
		w.violate("a readable event is not quarantined: %s is, with %s", e.ID, m.FailureReason)
	case exhausted && w.failures[m.MessageID] < w.stack.maxReceiveCount && !w.stored[m.MessageID]:
		w.violate("a message becomes a dead letter only after %d failed receives: %s had %d",
			w.stack.maxReceiveCount, m.MessageID, w.failures[m.MessageID])
	}
	w.seen["dead letter: "+m.FailureReason]++
	return c
}
