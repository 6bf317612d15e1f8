package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
)

// maxUndelivered bounds the events that checkDeliveries counts.
const maxUndelivered = 1000

// checkDeliveries counts the events that the provider has not delivered, during the time for
// which it repeats deliveries.
func (s *Side) checkDeliveries(ctx context.Context) ([]Finding, error) {
	facts := s.Setup.Facts()
	pending, lost := 0, 0
	for e, err := range s.Setup.Undelivered(ctx, s.URL, s.Now().Add(-facts.Retries), s.Now().Add(-facts.Margin)) {
		switch {
		case errors.Is(err, source.ErrHidden):
			return nil, skipped(s.Provider.Title + "'s list does not say what was delivered: run paysluice reconcile " + s.Provider.Name)
		case err != nil:
			return nil, err
		case e.Pending:
			pending++
		default:
			lost++
		}
		if pending+lost == maxUndelivered {
			break
		}
	}
	subject := s.URL
	if s.Provider.Name == contract.Stripe().Name {
		subject = "an endpoint of the account, perhaps another one,"
	}
	count := func(n int) string {
		if pending+lost == maxUndelivered {
			return fmt.Sprintf("at least %d events", n)
		}
		return fmt.Sprintf("%d events", n)
	}
	var found []Finding
	if pending > 0 {
		found = append(found, Finding{Warning, subject, "has not received " + count(pending) + " that the provider sends again",
			"The endpoint failed during the last days, or still fails.",
			"find the reason with paysluice doctor and paysluice status; later prove that all have arrived with paysluice reconcile " + s.Provider.Name})
	}
	if lost > 0 {
		found = append(found, Finding{Error, subject, "has not received " + count(lost) + " that the provider does not send again",
			"They are lost, unless they are refilled.", "paysluice reconcile " + s.Provider.Name + " --since 72h --refill"})
	}
	return found, nil
}

// checkThin compares Stripe's event destinations.
func (s *Side) checkThin(context.Context) ([]Finding, error) {
	e, err := s.read()
	if err != nil {
		return nil, err
	}
	if e.hidden != nil {
		return nil, skipped("the key may not read event destinations: thin events are not checked")
	}
	on, err := s.enabled()
	if err != nil {
		return nil, err
	}
	var twice []string
	for _, thin := range on {
		for _, t := range thin.Types {
			name := strings.TrimPrefix(t, "v1.")
			if thin.Thin && slices.ContainsFunc(on, func(o source.Endpoint) bool { return !o.Thin && slices.Contains(o.Types, name) }) {
				twice = append(twice, name)
			}
		}
	}
	if len(twice) == 0 {
		return nil, nil
	}
	return []Finding{{Warning, s.URL, "gets these types with and without their object: " + some(twice),
		"Each event is stored twice, under two ids. Only the one with the object counts money.",
		"remove them from the thin destination " + s.at()}}, nil
}

// checkSearch looks for stored events in Square's search, which lists only what happened
// while it was on. No call reads whether it is.
func (s *Side) checkSearch(ctx context.Context) ([]Finding, error) {
	stored, err := s.Newest(ctx)
	if err != nil {
		return nil, err
	}
	stored = slices.DeleteFunc(stored, func(e event.Event) bool { return e.Timestamp == 0 || e.Category == event.TestPing })
	if len(stored) == 0 {
		return nil, skipped("no stored event tells whether Square's search is on: --fix switches it on")
	}
	first, last := stored[len(stored)-1].Timestamp, stored[0].Timestamp
	for listed, err := range s.Setup.List(ctx, time.UnixMilli(first).Add(-time.Second), time.UnixMilli(last).Add(time.Second)) {
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(stored, func(e event.Event) bool {
			_, own, _ := strings.Cut(e.ID, ":")
			return strings.Contains(string(listed.Body), `"`+own+`"`)
		}) {
			return nil, nil
		}
	}
	return []Finding{{Error, "Square's event search", fmt.Sprintf("does not list the newest stored events, of %s and before", time.UnixMilli(last).UTC().Format(time.RFC3339)),
		"It is off, or was until then. Nothing that happens while it is off can be listed later, so paysluice reconcile cannot prove it.",
		"paysluice doctor --provider square --fix"}}, nil
}
