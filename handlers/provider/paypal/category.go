package paypal

import (
	"cmp"
	"strings"

	"github.com/paysluice/paysluice/handlers/event"
)

// rule is how an event type becomes a category: always the same, or by the
// state of the resource.
type rule struct {
	always  event.Category
	byState func(*resource) event.Category
}

func always(c event.Category) rule { return rule{always: c} }

func depends(byState func(*resource) event.Category) rule { return rule{byState: byState} }

func categoryOf(typ string, r *resource) event.Category {
	rule := ruleOf(typ)
	if rule.byState != nil {
		return rule.byState(r)
	}
	return cmp.Or(rule.always, event.Other)
}

// state is the resource's in one spelling: v1 writes "completed", v2
// "COMPLETED".
func state(r *resource) string { return strings.ToUpper(r.status()) }

// authorized: an authorization may be created while PayPal still reviews it, or
// denied at once.
func authorized(r *resource) event.Category {
	switch state(r) {
	case "CREATED", "AUTHORIZED", "":
		return event.PaymentAuthorized
	case "PENDING":
		return event.PaymentPending
	case "DENIED":
		return event.PaymentFailed
	}
	return event.PaymentUpdated
}

// refunded: a refund by eCheck is pending for days and may fail.
func refunded(r *resource) event.Category {
	switch state(r) {
	case "COMPLETED":
		return event.RefundSucceeded
	case "FAILED":
		return event.RefundFailed
	case "PENDING":
		return event.RefundCreated
	}
	return event.RefundUpdated
}

// resolved: a dispute that was withdrawn, settled or paid by PayPal itself is
// neither won nor lost ("dispute_outcome" in customer_disputes_v1.json).
func resolved(r *resource) event.Category {
	switch r.DisputeOutcome.Code {
	case "RESOLVED_SELLER_FAVOUR":
		return event.DisputeWon
	case "RESOLVED_BUYER_FAVOUR":
		return event.DisputeLost
	}
	return event.DisputeClosed
}

// invoicePaid: the type is also sent for a part and for a payment that is
// pending ("invoice_status" in invoicing_v2.json).
func invoicePaid(r *resource) event.Category {
	switch state(r) {
	case "PAID", "MARKED_AS_PAID":
		return event.InvoicePaid
	}
	return event.InvoiceUpdated
}
