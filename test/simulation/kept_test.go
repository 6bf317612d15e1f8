package simulation_test

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// kept is where everything came to rest.
type kept struct {
	rows map[*content][]event.Event
	dead map[*content][]event.Archived
	// poison are the dead letters that no processor wrote, by body.
	poison map[string]int
	// refs are the large payloads that a row or a dead letter refers to.
	refs map[string]bool
}

// take reads the table and the archive, and checks each entry by itself: it is
// what Stripe once signed, byte for byte, and stands where it belongs.
func (w *world) take() kept {
	k := kept{
		rows:   map[*content][]event.Event{},
		dead:   map[*content][]event.Archived{},
		poison: map[string]int{},
		refs:   map[string]bool{},
	}
	out, err := w.dynamodb.Scan(context.Background(), &dynamodb.ScanInput{TableName: new(tableName)})
	if err != nil {
		w.breaks("the table can be read: %v", err)
		return k
	}
	for _, item := range out.Items {
		e, err := table.FromItem(item)
		if err != nil {
			w.breaks("every row reads back: %v", err)
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
			w.breaks("a dead letter is what was sent: %v", err)
			continue
		}
		k.refs[e.PayloadRef] = true
		if c := w.checkDeadLetter(m, e); c != nil {
			k.dead[c] = append(k.dead[c], m)
		}
	}
	return k
}

// archived are the objects that are no payloads.
func (w *world) archived() []event.Archived {
	ctx, archive := context.Background(), bucket.NewArchive(w.s3, bucketName)
	var all []event.Archived
	for key, err := range archive.Keys(ctx, "", "") {
		if err != nil {
			w.breaks("the archive can be listed: %v", err)
			break
		}
		if strings.HasPrefix(key, contract.OversizePrefix) {
			continue
		}
		m, err := archive.Get(ctx, key)
		if err != nil {
			w.breaks("every dead letter reads back: %v", err)
			continue
		}
		all = append(all, m)
	}
	return all
}

// contentOf is what a row or a dead letter holds.
func (w *world) contentOf(e event.Event) *content {
	payload, err := w.payloads().Payload(context.Background(), e)
	if err != nil {
		w.breaks("every payload reads back: %v", err)
		return nil
	}
	c := w.stripe.genuine[string(payload)]
	if c == nil {
		w.breaks("nothing unverified is kept: %q holds what was never signed", e.ID)
	}
	return c
}

func (w *world) payloads() *bucket.Payloads {
	return bucket.NewPayloads(w.s3, bucketName, time.Minute)
}

func (w *world) checkRow(e event.Event) *content {
	c := w.contentOf(e)
	switch {
	case c == nil:
	case c.reason != "":
		w.breaks("only events are stored: row %s is none", e.ID)
	case e.ID != "stripe:"+c.id || e.Timestamp != c.created*1000 || e.Provider != "stripe":
		w.breaks("a row's key is the provider's: %s at %d is %s at %d", c.id, c.created, e.ID, e.Timestamp)
	}
	return c
}

func (w *world) checkDeadLetter(m event.Archived, e event.Event) *content {
	c := w.contentOf(e)
	exhausted := m.FailureReason == contract.ReasonReceivesExhausted
	switch {
	case c == nil:
	case c.reason != "" && m.FailureReason != c.reason:
		w.breaks("what is no event says why: %q instead of %q", m.FailureReason, c.reason)
	case c.reason == "" && m.FailureReason == contract.ReasonConflict && c.rival == nil && !c.large:
		w.breaks("only other content is a conflict: %s had none", e.ID)
	case c.reason == "" && m.FailureReason != contract.ReasonConflict && !exhausted:
		w.breaks("an event is not quarantined: %s is, with %s", e.ID, m.FailureReason)
	case exhausted && w.failures[m.MessageID] < w.stack.maxReceiveCount && !w.stored[m.MessageID]:
		w.breaks("a message is dead only after %d failed receives: %s had %d",
			w.stack.maxReceiveCount, m.MessageID, w.failures[m.MessageID])
	}
	w.seen["dead letter: "+m.FailureReason]++
	return c
}
