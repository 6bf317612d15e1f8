package replay

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Proof says which events of a run the table has.
type Proof struct {
	At      time.Time `json:"at"`
	Stored  int       `json:"stored"`
	Missing []Missing `json:"missing,omitempty"`
}

// Missing is an event of a run that the table does not have.
type Missing struct {
	Key       string `json:"key"`
	EventID   string `json:"eventId"`
	Timestamp int64  `json:"timestamp"`
	// Reason is the reason of the second failure if Again is set, otherwise a sentence.
	Reason string `json:"reason"`
	Again  bool   `json:"again,omitempty"`
}

// Prove looks each event of a finished run up in the table, by event id and time,
// and records the result. It waits until each is stored or archived again, but at
// most e.Patience. The error is ErrUnfinished if the run has messages to send.
func (e *Engine) Prove(ctx context.Context, r *Run, progress func(Progress)) (Proof, error) {
	if left := len(r.Entries) - r.Done(); left > 0 {
		return Proof{}, fmt.Errorf("%w: %d messages are left to send", ErrUnfinished, left)
	}
	all := r.in(sent, dropped)
	verdicts, err := e.watch(ctx, r, all, func(done, failed int) {
		progress(Progress{Stage: Proving, Done: done, Total: len(all), Failed: failed})
	})
	if err != nil {
		return Proof{}, err
	}
	p := Proof{At: e.Now().UTC()}
	for i, v := range verdicts {
		if v.fate == stored {
			p.Stored++
			continue
		}
		entry := r.Entries[all[i]]
		m := Missing{Key: entry.Key, EventID: entry.EventID, Timestamp: entry.Timestamp, Reason: v.reason, Again: v.fate == failedAgain}
		switch why := r.dropped[all[i]]; {
		case m.Again:
		case why != "":
			m.Reason = "not sent: " + why
		case v.fate == gone:
			m.Reason = "no trace: the queues are empty, and neither the table nor the archive has it"
		case v.fate == waiting:
			m.Reason = "not stored yet: the queue still has messages"
		}
		p.Missing = append(p.Missing, m)
	}
	return p, e.write(ctx, r, note{Proof: &p})
}

// fate is the result for a message.
type fate int

const (
	waiting     fate = iota // it may be in a queue
	stored                  // the table has its event
	failedAgain             // it was archived after the run began
	gone                    // the queues were empty for a while without any trace of it
)

type verdict struct {
	fate   fate
	reason string // of the second failure
}

const (
	firstPause = time.Second
	lastPause  = 15 * time.Second
)

// watch waits until the fate of entries is known, but at most e.Patience.
func (e *Engine) watch(ctx context.Context, r *Run, positions []int, report func(done, failed int)) ([]verdict, error) {
	verdicts := make([]verdict, len(positions))
	pending := make([]int, len(positions)) // indexes of positions
	for i := range pending {
		pending[i] = i
	}
	var emptySince time.Time
	rows := make([]presence, len(positions))
	for start, pause := e.Now(), firstPause; ; pause = min(2*pause, lastPause) {
		// The queues come first: a message that left them before has left its trace.
		depth, err := e.depth(ctx)
		if err != nil {
			return nil, err
		}
		now := e.Now()
		if depth > 0 {
			emptySince = time.Time{}
		} else if emptySince.IsZero() {
			emptySince = now
		}
		before := len(pending)
		err = e.each(ctx, len(pending), func(ctx context.Context, k int) (err error) {
			i := pending[k]
			if rows[i], err = e.look(ctx, r.Entries[positions[i]]); rows[i] == present {
				verdicts[i].fate = stored
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		known := func(i int) bool { return verdicts[i].fate != waiting }
		pending = slices.DeleteFunc(pending, known)
		// A second failure takes much longer than a success, so it is looked for only
		// when successes cease.
		if depth == 0 || len(pending) == before {
			err = e.each(ctx, len(pending), func(ctx context.Context, k int) error {
				i := pending[k]
				entry := r.Entries[positions[i]]
				reason, err := e.Archive.Again(ctx, entry.Key, entry.Stem, r.at)
				if reason != "" {
					verdicts[i] = verdict{failedAgain, reason}
				}
				return err
			})
			if err != nil {
				return nil, err
			}
			pending = slices.DeleteFunc(pending, known)
		}
		if !emptySince.IsZero() && now.Sub(emptySince) >= quiet {
			for _, i := range pending {
				verdicts[i].fate = gone
				if rows[i] == other { // the consumer found it to be the same event
					verdicts[i].fate = stored
				}
			}
			pending = nil
		}
		failed := 0
		for _, v := range verdicts {
			if v.fate == failedAgain || v.fate == gone {
				failed++
			}
		}
		report(len(positions)-len(pending), failed)
		if len(pending) == 0 || now.Sub(start) >= e.Patience {
			return verdicts, nil
		}
		if err := e.Sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}
