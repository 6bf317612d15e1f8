package simulation_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// checkPromises holds what was answered 200 against what was kept.
func (w *world) checkPromises() {
	k := w.take()
	for body := range w.poison {
		if k.poison[body] == 0 {
			w.breaks("what nobody can read is kept too: poison is nowhere")
		}
	}
	for _, c := range w.stripe.contents {
		rows, dead := len(k.rows[c]), len(k.dead[c])
		switch {
		case rows > 1, c.rival != nil && rows+len(k.rows[c.rival]) > 1:
			w.breaks("an event is stored once: %s is in the table %d times", c.id, rows)
		case !c.accepted:
			// It may have arrived all the same: the 200 can get lost.
		case rows+dead == 0:
			w.breaks("nothing that was answered 200 is lost: %s (%s) is nowhere", c.id, c.reason)
		case rows == 0 && c.reason == "" && c.rival == nil && !w.exhausted(k.dead[c]):
			w.breaks("a good event is stored: %s is not, and had fewer than three failed receives", c.id)
		}
	}
	w.checkPayloads(k)
}

// exhausted reports whether one of the messages failed as often as it may.
func (w *world) exhausted(messages []event.Archived) bool {
	return slices.ContainsFunc(messages, func(m event.Archived) bool {
		return w.failures[m.MessageID] >= w.stack.maxReceiveCount
	})
}

// checkPayloads looks for payloads without a message. Only a request that was
// answered 5xx may have left one: what is refused is not kept.
func (w *world) checkPayloads(k kept) {
	for key, err := range bucket.NewArchive(w.s3, bucketName).Keys(context.Background(), contract.OversizePrefix, "") {
		if err != nil {
			w.breaks("the payloads can be listed: %v", err)
			return
		}
		_, hash, _ := strings.Cut(strings.TrimPrefix(key, contract.OversizePrefix), "/")
		switch body, sent := w.stripe.large[hash]; {
		case !sent:
			w.breaks("nothing unverified is kept: %s was never signed", key)
		case !k.refs[key] && !w.stripe.failed[body]:
			w.breaks("a payload without a message is of a request that failed: %s is not", key)
		case !k.refs[key]:
			w.seen["orphaned payload"]++
		default:
			w.seen["payload by reference"]++
		}
	}
}

// checkComplete holds what is promised after a replay, and in a run without
// faults: every event is in the table.
func (w *world) checkComplete() {
	k := w.take()
	for _, c := range w.stripe.contents {
		stored := len(k.rows[c]) == 1 || c.rival != nil && len(k.rows[c.rival]) == 1
		if c.accepted && c.reason == "" && !stored {
			w.breaks("the table is complete: %s is not in it", c.id)
		}
	}
}

// checkNothingArchived holds what is promised in a run without faults: only
// what cannot be in the table is in the archive.
func (w *world) checkNothingArchived() {
	k := w.take()
	for _, c := range w.stripe.contents {
		if dead := k.dead[c]; len(dead) > 0 && c.reason == "" && c.rival == nil && !c.large {
			w.breaks("without faults no event is archived: %s is, with %s", c.id, dead[0].FailureReason)
		}
	}
}

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
