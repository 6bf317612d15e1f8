package query

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// maxNamed bounds how many unreadable rows of a provider a status names.
const maxNamed = 5

// Status is how a stack is doing.
type Status struct {
	Stack       string           `json:"stack"`
	Environment string           `json:"environment"`
	At          time.Time        `json:"at"`
	Since       time.Time        `json:"since"` // start of the counts
	Providers   []ProviderStatus `json:"providers"`
	QueueStates
	// Late counts at least the accepted events that were not counted as stored or archived for
	// LateAfter (see Balance), and Missing those that are in no queue even if all that wait are
	// late. Unclear reports whether the counts do not tell if all are stored. It is no fault.
	Late    int  `json:"late,omitempty"`
	Missing int  `json:"missing,omitempty"`
	Unclear bool `json:"unclear,omitempty"`
	// Alarms are those that fire.
	Alarms []Alarm `json:"alarms"`
	// Unevaluated says why alarms that do not fire tell nothing, "" if they do.
	Unevaluated string `json:"unevaluated,omitempty"`
}

// ProviderStatus is how the webhooks of one provider are doing.
type ProviderStatus struct {
	Provider string `json:"provider"`
	// Last is the event that was received last of the newest Sampled by the provider's time,
	// nil without one within DefaultWindow.
	Last *Listed `json:"last,omitempty"`
	// Unreadable names up to maxNamed rows among them that are not events, the newest first,
	// and MoreUnreadable counts the others.
	Unreadable     []string `json:"unreadable,omitempty"`
	MoreUnreadable int      `json:"moreUnreadable,omitempty"`
	// Counts are the sums of CountedMetrics since Status.Since.
	Counts map[string]int `json:"counts"`
	// Hints are the probable causes of rejected signatures since Status.Since.
	Hints []Hint `json:"hints,omitempty"`
}

// Sampled is the number of events of a provider among which the one received last is
// searched. A resent event can be older than they.
const Sampled = 50

// LastReceived returns the event that was received last, nil without one.
func LastReceived(events []event.Event) *event.Event {
	var last *event.Event
	for i := range events {
		if last == nil || events[i].ReceivedAt > last.ReceivedAt {
			last = &events[i]
		}
	}
	return last
}

// Healthy reports whether no alarm fires, no dead letter waits, no event is late or named
// as unpublished, and no row is unreadable.
func (s Status) Healthy() bool {
	unreadable := slices.ContainsFunc(s.Providers, func(p ProviderStatus) bool { return len(p.Unreadable) > 0 })
	return !unreadable && len(s.Alarms) == 0 && s.Late == 0 && s.DeadLetters.Total() == 0 && (s.Unpublished == nil || s.Unpublished.Total() == 0)
}

// ReadStatus returns the state of a stack, with the counts of the last period.
func ReadStatus(ctx context.Context, m *Monitor, s *Store, period time.Duration) (Status, error) {
	now := m.Now().UTC()
	status := Status{
		Stack: m.Stack.Name, Environment: m.Stack.Suffix(), At: now, Since: now.Add(-period), Alarms: []Alarm{},
	}
	var counts []Count
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() (err error) {
		counts, err = m.Counts(ctx, status.Since, now, time.Minute)
		return err
	})
	all.Go(func() (err error) {
		status.QueueStates, err = m.QueueStates(ctx)
		return err
	})
	all.Go(func() error {
		alarms, err := m.Alarms(ctx)
		status.Unevaluated = Unevaluated(m.Stack, alarms)
		for _, a := range alarms {
			if a.Firing() {
				status.Alarms = append(status.Alarms, a)
			}
		}
		return err
	})
	for _, p := range contract.Providers() {
		status.Providers = append(status.Providers, ProviderStatus{Provider: p.Name, Counts: map[string]int{}})
	}
	for i, p := range contract.Providers() {
		all.Go(func() error { return status.Providers[i].readRows(ctx, s) })
		all.Go(func() (err error) {
			status.Providers[i].Hints, err = m.Hints(ctx, p, status.Since)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return Status{}, err
	}
	status.add(counts)
	return status, nil
}

// readRows reads the newest rows of the provider.
func (p *ProviderStatus) readRows(ctx context.Context, s *Store) error {
	left := func(err error) {
		if len(p.Unreadable) == maxNamed {
			p.MoreUnreadable++
		} else {
			p.Unreadable = append(p.Unreadable, err.Error())
		}
	}
	var sample []event.Event
	for e, err := range Readable(s.Events(ctx, Filter{Provider: p.Provider, Limit: Sampled}), left) {
		if err != nil {
			return err
		}
		sample = append(sample, e)
	}
	if last := LastReceived(sample); last != nil {
		p.Last = &Listed{Event: *last}
	}
	return nil
}

// add adds the counts since Status.Since. The queues are known.
func (s *Status) add(counts []Count) {
	b := NewBalance(counts, s.Since, s.At, time.Minute)
	if s.Late, s.Unclear = b.Late, b.Unclear; !b.Recovering {
		s.Missing = max(s.Late-s.Queue.Total()-s.DeadLetters.Total(), 0)
	}
	shown := CountedMetrics()
	for _, c := range counts {
		for i := range s.Providers {
			if s.Providers[i].Provider == c.Provider && slices.Contains(shown, c.Metric) {
				s.Providers[i].Counts[c.Metric] += c.Value
			}
		}
	}
}
