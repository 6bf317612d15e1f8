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
// which it repeats deliveries. Neither Stripe nor PayPal documents how its list shows a
// delivery that is not repeated any more, so no finding says that one was given up.
func (s *Side) checkDeliveries(ctx context.Context) ([]Finding, error) {
	facts, title := s.Setup.Facts(), s.Provider.Title
	missed := 0
	for _, err := range s.Setup.Undelivered(ctx, s.URL, s.Now().Add(-facts.Retries), s.Now().Add(-facts.Margin)) {
		if errors.Is(err, source.ErrHidden) {
			return nil, skipped(title + "'s list does not say what was delivered: run paysluice reconcile " + s.Provider.Name)
		}
		if err != nil {
			return nil, err
		}
		if missed++; missed == maxUndelivered {
			break
		}
	}
	if missed == 0 {
		return nil, nil
	}
	subject, count := s.URL, "1 event"
	if missed > 1 {
		count = fmt.Sprintf("%d events", missed)
	}
	if s.Provider.Name == contract.Stripe().Name {
		subject = "an endpoint of the account, perhaps another one,"
	}
	if missed == maxUndelivered {
		count = "at least " + count
	}
	return []Finding{{Warning, subject, fmt.Sprintf("has not received %s of the last %.0f hours", count, facts.Retries.Hours()),
		fmt.Sprintf("The endpoint failed, or still fails. %s repeats a delivery for up to %.0f hours; its list does not say of which.", title, facts.Retries.Hours()),
		"find the reason with paysluice doctor and paysluice status; paysluice reconcile " + s.Provider.Name + " tells which are missing in the table"}}, nil
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
