package simulation_test

import (
	"context"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/handlers/aws/bucket"
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
