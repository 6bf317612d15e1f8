package query

import (
	"cmp"
	"context"
	"fmt"

	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/ledger"
)

// Step is an event of a payment with the payment's totals after it.
type Step struct {
	Listed
	// Totals sum all events up to this one, by currency. If the filter has a limit, only the newest
	// steps have them.
	Totals []ledger.Totals `json:"totals"`
	// Appeared are the problems that this event causes.
	Appeared []ledger.Problem `json:"appeared,omitempty"`
}

// Timeline is a payment and its events, oldest first.
type Timeline struct {
	ledger.Payment
	Steps []Step `json:"events"`
	// Unreadable names the rows that are not events. Steps and totals are without them.
	Unreadable []string `json:"unreadable,omitempty"`
}

// Timeline returns the events of one payment. It reads only Payment, Provider and Limit of f.
// The newest f.Limit events have running totals, because each of them costs a pass over the
// events before it. The error is ErrNotFound without an event, and ErrSeveral if several
// providers have a payment with this id.
func (s *Store) Timeline(ctx context.Context, f Filter) (Timeline, error) {
	var t Timeline
	var events []event.Event
	left := func(err error) { t.Unreadable = append(t.Unreadable, err.Error()) }
	for e, err := range Readable(s.Payment(ctx, Filter{Provider: f.Provider, Payment: f.Payment}), left) {
		if err != nil {
			return Timeline{}, err
		}
		if len(events) > 0 && events[0].Provider != e.Provider {
			return Timeline{}, fmt.Errorf("%w: choose %s or %s with --provider", ErrSeveral, events[0].Provider, e.Provider)
		}
		events = append(events, e)
	}
	switch {
	case len(events) > 0:
		t.sum(events, f.Payment, cmp.Or(f.Limit, len(events)))
		return t, nil
	case len(t.Unreadable) > 0:
		return Timeline{}, fmt.Errorf("%w: payment %s has no other row: %s", table.ErrItem, f.Payment, t.Unreadable[0])
	}
	return Timeline{}, fmt.Errorf("%w: no event of a payment or object %s in table %s", ErrNotFound, f.Payment, s.stack.Outputs["TableName"])
}

// sum adds a step for each event. The last limit of them have totals.
func (t *Timeline) sum(events []event.Event, payment string, limit int) {
	var sum ledger.Ledger
	known := map[ledger.Problem]bool{}
	for n, e := range events {
		sum.Add(e)
		step := Step{Listed: Listed{Event: e}, Totals: []ledger.Totals{}}
		if n+limit+1 >= len(events) { // the step before the last ones has the problems until then
			if p, ok := sum.Payment(e.Provider, payment); ok {
				t.Payment, step.Totals = p, append(step.Totals, p.Totals...)
				for _, problem := range p.Problems {
					if !known[problem] {
						known[problem] = true
						step.Appeared = append(step.Appeared, problem)
					}
				}
			}
		}
		t.Steps = append(t.Steps, step)
	}
}
