package stripe

import (
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
)

// rules returns the rules of all event types in the vocabulary. Thin twins have
// the rule of their snapshot event. testdata/event_types.txt lists all types
// that Stripe documents. Money that is sent from or comes to a financial account
// (treasury.*, v2.money_management.*) is Other: payouts are those of the balance.
func rules() provider.Rules[object] {
	return provider.NewRules([]provider.Rule[object]{
		// Payments: the payment intent counts; a charge only when it has none.
		{Category: event.PaymentPending, Types: []string{
			"payment_intent.created", "payment_intent.processing", "payment_intent.requires_action",
		}},
		{Category: event.PaymentUpdated, ByState: capturableState, Types: []string{"payment_intent.amount_capturable_updated"}},
		{Category: event.PaymentSucceeded, Types: []string{"payment_intent.succeeded"}},
		{Category: event.PaymentFailed, Types: []string{"payment_intent.payment_failed"}},
		{Category: event.PaymentCanceled, Types: []string{"payment_intent.canceled"}},
		{Category: event.PaymentUpdated, ByState: withoutIntent(event.PaymentPending), Types: []string{"charge.pending"}},
		{Category: event.PaymentUpdated, ByState: chargeState, Types: []string{"charge.succeeded"}},
		{Category: event.PaymentUpdated, ByState: withoutIntent(event.PaymentSucceeded), Types: []string{"charge.captured"}},
		{Category: event.PaymentUpdated, ByState: withoutIntent(event.PaymentFailed), Types: []string{"charge.failed"}},
		{Category: event.PaymentUpdated, ByState: withoutIntent(event.PaymentCanceled), Types: []string{"charge.expired"}},
		{Category: event.PaymentUpdated, Types: []string{
			"payment_intent.partially_funded", "charge.refunded", "charge.updated",
		}},

		// Refunds.
		{Category: event.RefundUpdated, ByState: refundState(event.RefundCreated), Types: []string{"refund.created"}},
		{Category: event.RefundUpdated, ByState: refundState(event.RefundUpdated), Types: []string{"refund.updated"}},
		{Category: event.RefundFailed, Types: []string{"refund.failed"}},
		{Category: event.RefundUpdated, Types: []string{"charge.refund.updated"}},

		// Disputes.
		{Category: event.DisputeOpened, Types: []string{"charge.dispute.created"}},
		{Category: event.DisputeUpdated, Types: []string{"charge.dispute.updated"}},
		{Category: event.DisputeUpdated, ByState: disputeState, Types: []string{"charge.dispute.closed"}},
		{Category: event.DisputeFundsWithdrawn, Types: []string{"charge.dispute.funds_withdrawn"}},
		{Category: event.DisputeFundsReinstated, Types: []string{"charge.dispute.funds_reinstated"}},

		// Payouts.
		{Category: event.PayoutCreated, Types: []string{"payout.created"}},
		{Category: event.PayoutPaid, Types: []string{"payout.paid"}},
		{Category: event.PayoutFailed, Types: []string{"payout.failed"}},
		{Category: event.PayoutCanceled, Types: []string{"payout.canceled"}},
		{Category: event.PayoutUpdated, Types: []string{"payout.updated", "payout.reconciliation_completed"}},

		// Subscriptions.
		{Category: event.SubscriptionCreated, Types: []string{"customer.subscription.created"}},
		{Category: event.SubscriptionUpdated, Types: []string{
			"customer.subscription.updated", "customer.subscription.pending_update_applied",
			"customer.subscription.pending_update_expired",
		}},

		// Thin only: what changed in a subscription, and the states it came to.
		{Category: event.SubscriptionUpdated, Types: []string{
			"customer.subscription.active", "customer.subscription.cancel_at_changed",
			"customer.subscription.default_payment_method_changed",
			"customer.subscription.incomplete", "customer.subscription.incomplete_expired",
			"customer.subscription.item_added", "customer.subscription.item_price_changed",
			"customer.subscription.item_quantity_changed", "customer.subscription.item_removed",
			"customer.subscription.item_tax_rates_changed", "customer.subscription.past_due",
			"customer.subscription.trialing", "customer.subscription.unpaid",
		}},
		{Category: event.SubscriptionPaused, Types: []string{"customer.subscription.paused"}},
		{Category: event.SubscriptionResumed, Types: []string{"customer.subscription.resumed"}},
		{Category: event.SubscriptionCanceled, Types: []string{"customer.subscription.deleted"}},
		{Category: event.SubscriptionTrialEnding, Types: []string{"customer.subscription.trial_will_end"}},

		// Invoices: invoice.paid alone says paid, invoice.payment_succeeded comes beside it.
		{Category: event.InvoiceCreated, Types: []string{"invoice.created"}},
		{Category: event.InvoicePaid, Types: []string{"invoice.paid"}},
		{Category: event.InvoicePaymentFailed, Types: []string{"invoice.payment_failed"}},
		{Category: event.InvoiceVoided, Types: []string{"invoice.voided"}},
		{Category: event.InvoiceUpdated, Types: []string{
			"invoice.deleted", "invoice.finalization_failed", "invoice.finalized",
			"invoice.marked_uncollectible", "invoice.overdue", "invoice.overpaid",
			"invoice.payment_action_required", "invoice.payment_attempt_required",
			"invoice.payment_succeeded", "invoice.sent", "invoice.updated", "invoice.will_be_due",
			"invoice_payment.paid",
		}},

		// Thin only: what changed in an invoice.
		{Category: event.InvoiceUpdated, Types: []string{
			"invoice.discount_added", "invoice.discount_removed", "invoice.line_item_added",
			"invoice.line_item_pricing_changed", "invoice.line_item_quantity_changed",
			"invoice.line_item_removed", "invoice_payment.canceled", "invoice_payment.open",
		}},

		// Checkout.
		{Category: event.CheckoutApproved, ByState: checkoutState, Types: []string{"checkout.session.completed"}},
		{Category: event.CheckoutCompleted, Types: []string{"checkout.session.async_payment_succeeded"}},
		{Category: event.CheckoutExpired, Types: []string{"checkout.session.expired"}},

		// Customers and accounts, with what belongs to them.
		{Category: event.CustomerCreated, Types: []string{"customer.created"}},
		{Category: event.CustomerDeleted, Types: []string{"customer.deleted"}},
		{Category: event.CustomerUpdated, Types: []string{
			"customer.updated", "customer.discount.created", "customer.discount.deleted",
			"customer.discount.source_changed", "customer.discount.updated",
			"customer.source.created", "customer.source.deleted", "customer.source.expiring",
			"customer.source.updated", "customer.tax_id.created", "customer.tax_id.deleted",
			"customer.tax_id.updated",
		}},
		{Category: event.AccountUpdated, Types: []string{
			"account.updated", "account.application.authorized", "account.application.deauthorized",
			"account.external_account.created", "account.external_account.deleted",
			"account.external_account.updated", "capability.updated", "person.created",
			"person.deleted", "person.updated", "v2.core.account.closed", "v2.core.account.created",
			"v2.core.account.updated",
			"v2.core.account[configuration.customer].capability_status_updated",
			"v2.core.account[configuration.customer].updated",
			"v2.core.account[configuration.merchant].capability_status_updated",
			"v2.core.account[configuration.merchant].updated",
			"v2.core.account[configuration.recipient].capability_status_updated",
			"v2.core.account[configuration.recipient].updated", "v2.core.account[defaults].updated",
			"v2.core.account[future_requirements].updated", "v2.core.account[identity].updated",
			"v2.core.account[requirements].updated", "v2.core.account_link.returned",
			"v2.core.account_person.created", "v2.core.account_person.deleted",
			"v2.core.account_person.updated",
		}},
		{Category: event.TestPing, Types: []string{"v2.core.event_destination.ping"}},
	}...)
}

// capturableState returns PaymentAuthorized for a payment intent that waits for
// its capture. Its capturable amount changes in other states too.
func capturableState(o *object) event.Category {
	if o.Status == "requires_capture" {
		return event.PaymentAuthorized
	}
	return ""
}

// withoutIntent returns c for a charge without a payment intent. Other charges
// repeat what the events of their payment intent say.
func withoutIntent(c event.Category) func(*object) event.Category {
	return func(o *object) event.Category {
		if o.PaymentIntent.given {
			return ""
		}
		return c
	}
}

// chargeState returns the category of a successful charge. With "captured" false
// it is an authorization, and charge.captured follows when the money moves
// (docs.stripe.com/api/charges/object, "captured").
func chargeState(o *object) event.Category {
	if string(o.Captured) == "false" {
		return withoutIntent(event.PaymentAuthorized)(o)
	}
	return withoutIntent(event.PaymentSucceeded)(o)
}

// refundState returns the category of a refund, or pending in a state that is not
// final.
func refundState(pending event.Category) func(*object) event.Category {
	return func(o *object) event.Category {
		switch o.Status {
		case "succeeded":
			return event.RefundSucceeded
		case "failed":
			return event.RefundFailed
		}
		return pending
	}
}

// disputeState returns the category of a closed dispute. A dispute in state
// warning_closed is an inquiry, neither won nor lost.
func disputeState(o *object) event.Category {
	switch o.Status {
	case "won":
		return event.DisputeWon
	case "lost":
		return event.DisputeLost
	}
	return event.DisputeClosed
}

// checkoutState returns the category of a completed checkout session. With a
// delayed payment method the money is still to come, and
// checkout.session.async_payment_succeeded follows (docs.stripe.com/checkout/
// fulfillment).
func checkoutState(o *object) event.Category {
	if o.PaymentStatus == "unpaid" {
		return event.CheckoutApproved
	}
	return event.CheckoutCompleted
}
