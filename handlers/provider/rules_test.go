package provider_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
)

func TestRules(t *testing.T) {
	paid := func(state *string) event.Category {
		if *state == "paid" {
			return event.InvoicePaid
		}
		return ""
	}
	rules := provider.NewRules(
		provider.Rule[string]{Types: []string{"created", "made"}, Category: event.InvoiceCreated},
		provider.Rule[string]{Types: []string{"updated"}, Category: event.InvoiceUpdated, ByState: paid},
		provider.Rule[string]{Types: []string{"closed"}, ByState: paid},
		provider.Rule[string]{Types: []string{"refunded"}, Category: event.RefundFailed},
	)
	for _, tt := range []struct {
		why, typ, state string
		want            event.Category
		withoutObject   event.Category
	}{
		{"the type alone decides", "created", "paid", event.InvoiceCreated, event.InvoiceCreated},
		{"another type of the same rule", "made", "", event.InvoiceCreated, event.InvoiceCreated},
		{"the state decides", "updated", "paid", event.InvoicePaid, event.InvoiceUpdated},
		{"a state that adds nothing", "updated", "open", event.InvoiceUpdated, event.InvoiceUpdated},
		{"money counts with its object only", "refunded", "", event.RefundFailed, event.RefundUpdated},
		{"no category without that state", "closed", "open", event.Other, event.Other},
		{"no rule", "deleted", "paid", event.Other, event.Other},
	} {
		t.Run(tt.why, func(t *testing.T) {
			assert.Equal(t, tt.want, rules.Category(tt.typ, &tt.state))
			assert.Equal(t, tt.withoutObject, rules.WithoutObject(tt.typ))
		})
	}
}

func TestUnless(t *testing.T) {
	itself := func(state *string) string { return *state }
	voided := provider.Unless(event.InvoiceUpdated, itself, "void", "deleted")
	for state, want := range map[string]event.Category{"void": "", "deleted": "", "": "", "paid": event.InvoiceUpdated} {
		assert.Equal(t, want, voided(&state), state)
	}
}

func TestStates(t *testing.T) {
	states := provider.Join(
		provider.In(event.PayoutPaid, "paid", ""),
		provider.In(event.PayoutFailed, "failed"))
	assert.Equal(t, provider.States{"paid": event.PayoutPaid, "": event.PayoutPaid, "failed": event.PayoutFailed}, states)
}

func TestEventTypesOfRules(t *testing.T) {
	rules := provider.NewRules(
		provider.Rule[string]{Types: []string{"paid", "failed"}, Category: event.PayoutUpdated, Counts: true},
		provider.Rule[string]{Types: []string{"held"}, Category: event.PayoutUpdated},
	)
	assert.Equal(t, []provider.EventType{
		{Name: "failed", Category: event.PayoutUpdated, Counts: true},
		{Name: "held", Category: event.PayoutUpdated},
		{Name: "paid", Category: event.PayoutUpdated, Counts: true},
	}, rules.EventTypes())
}
