package reconcile

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
)

// Windows bound the memory: the ids of one window are remembered, to find rows that
// the provider does not list. A window is longer where there are few events, because
// each one reads 16 partitions.
const (
	firstStep = time.Hour
	maxStep   = 24 * time.Hour
	minStep   = time.Second
	// maxWindow is the number of events above which a window is shortened to an eighth.
	maxWindow = 20_000
	// batch is the number of keys that are read at a time, the most that DynamoDB's
	// BatchGetItem takes.
	batch = 100
)

// errFull ends a window with too many events.
var errFull = errors.New("too many events in a window")

// Run compares window by window from a place to its end. It returns the last place,
// with an error too.
func (c *Comparison) Run(ctx context.Context, at Place) (Place, error) {
	for at.Next.Before(at.Until) {
		to := at.Next.Add(at.Step)
		if to.After(at.Until) {
			to = at.Until
		}
		w := window{Comparison: c, from: at.Next, to: to, last: at.Step <= minStep, seen: map[id]bool{}}
		err := w.run(ctx)
		if errors.Is(err, errFull) {
			at.Step = max(at.Step/8, minStep).Truncate(minStep)
			continue
		}
		if err != nil {
			return at, err
		}
		if c.Findings != nil {
			if err := c.Findings(w.from, w.found); err != nil {
				return at, err
			}
		}
		at.Report.merge(w.report)
		at.Next = to
		if len(w.seen) < maxWindow/4 {
			at.Step = min(at.Step*2, maxStep)
		}
		if c.Progress != nil {
			if err := c.Progress(at); err != nil {
				return at, err
			}
		}
	}
	return at, nil
}

// id is a hash of an event id, which needs less memory.
type id [16]byte

func hashID(text string) id {
	sum := sha256.Sum256([]byte(text))
	return id(sum[:16])
}

// window compares the events in [from, to).
type window struct {
	*Comparison
	from, to time.Time
	last     bool // it cannot be shortened
	seen     map[id]bool
	pending  []event.Event
	report   Report
	found    []Example // all, if Findings wants them
}

func (w *window) run(ctx context.Context) error {
	// Bounds are inclusive at one provider and undocumented at another. So a second
	// more is listed at each end, and the event's own time decides.
	for listed, err := range w.Source.List(ctx, w.from.Add(-time.Second), w.to.Add(time.Second)) {
		if err != nil {
			return err
		}
		if err := w.take(ctx, listed); err != nil {
			return err
		}
	}
	if err := w.flush(ctx); err != nil {
		return err
	}
	return w.unknown(ctx)
}

// take adds a listed event to the pending ones.
func (w *window) take(ctx context.Context, listed source.Listed) error {
	e, err := w.event(listed)
	if err != nil || e.Timestamp == 0 {
		w.report.count(e.Type, Counts{Listed: 1, Unreadable: 1})
		return nil
	}
	if at := time.UnixMilli(e.Timestamp); at.Before(w.from) || !at.Before(w.to) || w.seen[hashID(e.ID)] {
		return nil
	}
	if len(w.seen) >= maxWindow && !w.last {
		return errFull
	}
	w.seen[hashID(e.ID)] = true
	if w.pending = append(w.pending, e); len(w.pending) == batch {
		return w.flush(ctx)
	}
	return nil
}

// example keeps an event that is in a state of interest.
func (w *window) example(state string, e event.Event) {
	one := Example{State: state, ID: e.ID, Type: e.Type, Timestamp: e.Timestamp}
	w.report.keep(one)
	if w.Findings != nil {
		w.found = append(w.found, one)
	}
}

// flush judges the pending events.
func (w *window) flush(ctx context.Context) error {
	if len(w.pending) == 0 {
		return nil
	}
	rows, err := w.Table.Same(ctx, w.pending)
	if err != nil {
		return err
	}
	for _, e := range w.pending {
		row, ok := rows[e.ID]
		if err := w.judge(ctx, e, ok && sameHash(row, e)); err != nil {
			return err
		}
	}
	w.pending = w.pending[:0]
	return nil
}

func sameHash(a, b event.Event) bool {
	return a.PayloadSHA256 == b.PayloadSHA256 || a.ContentSHA256 != "" && a.ContentSHA256 == b.ContentSHA256
}

// judge counts an event. An event whose row is not equal by hash is looked up by its id
// and compared by meaning: a list renders it otherwise, and may name another time.
func (w *window) judge(ctx context.Context, e event.Event, stored bool) error {
	if stored {
		w.report.count(e.Type, Counts{Listed: 1, Stored: 1})
		return nil
	}
	rows, err := w.Table.ByID(ctx, e.ID)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if w.Provider.SameEvent(row, e) {
			w.report.count(e.Type, Counts{Listed: 1, Stored: 1})
			return nil
		}
	}
	if len(rows) > 0 {
		w.report.count(e.Type, Counts{Listed: 1, Different: 1})
		w.example(StateDifferent, e)
		return nil
	}
	return w.judgeAbsent(ctx, e)
}

// judgeAbsent counts an event that is not in the table.
func (w *window) judgeAbsent(ctx context.Context, e event.Event) error {
	facts, at := w.Source.Facts(), time.UnixMilli(e.Timestamp)
	age := w.Now().Sub(at)
	if w.Subscription != nil && !w.Subscription.Expects(e.Type, at) {
		w.report.count(e.Type, Counts{Listed: 1, NotExpected: 1})
		return nil
	}
	archived, err := w.archived(ctx, e)
	switch {
	case err != nil:
		return err
	case archived:
		w.report.count(e.Type, Counts{Listed: 1, Archived: 1})
		return nil
	case age < facts.Margin:
		w.report.count(e.Type, Counts{Listed: 1, OnTheWay: 1})
		return nil
	}
	one, url := Counts{Listed: 1, Missing: 1}, ""
	if w.Subscription != nil {
		url = w.Subscription.URL
	}
	if age < facts.Retries && !w.Source.Settled(e.Payload, url) {
		one.StillRetried = 1
	}
	w.report.count(e.Type, one)
	w.example(StateMissing, e)
	if w.Missing != nil {
		return w.Missing(ctx, e)
	}
	return nil
}

// archived reports whether the bucket has a message of an event. Its key begins with
// the day of receipt: one of those on which the provider delivers it.
func (w *window) archived(ctx context.Context, e event.Event) (bool, error) {
	at := time.UnixMilli(e.Timestamp).UTC()
	end := at.Add(w.Source.Facts().Retries + 24*time.Hour)
	if now := w.Now(); end.After(now) {
		end = now
	}
	for day := at.Truncate(24 * time.Hour); !day.After(end); day = day.AddDate(0, 0, 1) {
		e.ReceivedAt = day.UnixMilli()
		message := event.Archived{Event: &e}
		for key, err := range w.Archive.Keys(ctx, message.KeyPrefix(), "") {
			if err != nil || message.HasKey(key) {
				return err == nil, err
			}
		}
	}
	return false, nil
}

// unknown counts the rows of the window that the provider does not list. Rows of other
// accounts and of the other mode are not this list's.
func (w *window) unknown(ctx context.Context) error {
	facts, name := w.Source.Facts(), w.Provider.Descriptor().Name
	to := w.to
	if judged := w.Now().Add(-facts.Margin); to.After(judged) {
		to = judged // younger events may not be listed yet
	}
	if !w.from.Before(to) {
		return nil
	}
	for row, err := range w.Table.Between(ctx, name, w.from, to) {
		if err != nil {
			return err
		}
		ours := row.Account == w.Account || w.Account == "" && name != contract.Stripe().Name
		if !ours || row.Livemode != nil && *row.Livemode != facts.Live || !w.Source.Lists(row.Type) || w.seen[hashID(row.ID)] {
			continue
		}
		w.report.count(row.Type, Counts{Unknown: 1})
		w.example(StateUnknown, row)
	}
	return nil
}
