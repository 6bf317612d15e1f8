package stripe

import "github.com/paysluice/paysluice/handlers/event"

// ruleOf is the table of all event types that Stripe documents
// (testdata/event_types.txt says where); thin twins stand under the name of
// their snapshot event. The rule of a type that is not in it is empty.
func ruleOf(typ string) rule {
	switch typ {
	// Payments: the payment intent counts; a charge only when it has none.
	case "payment_intent.created", "payment_intent.processing", "payment_intent.requires_action":
		return always(event.PaymentPending)
	case "payment_intent.amount_capturable_updated":
		return depends(event.PaymentUpdated, capturable)
	case "payment_intent.succeeded":
		return always(event.PaymentSucceeded)
	case "payment_intent.payment_failed":
		return always(event.PaymentFailed)
	case "payment_intent.canceled":
		return always(event.PaymentCanceled)
	case "charge.pending":
		return depends(event.PaymentUpdated, direct(event.PaymentPending))
	case "charge.succeeded":
		return depends(event.PaymentUpdated, charged)
	case "charge.captured":
		return depends(event.PaymentUpdated, direct(event.PaymentSucceeded))
	case "charge.failed":
		return depends(event.PaymentUpdated, direct(event.PaymentFailed))
	case "charge.expired":
		return depends(event.PaymentUpdated, direct(event.PaymentCanceled))
	case "payment_intent.partially_funded", "charge.refunded", "charge.updated":
		return always(event.PaymentUpdated)

	// Refunds.
	case "refund.created":
		return depends(event.RefundUpdated, refund(event.RefundCreated))
	case "refund.updated":
		return depends(event.RefundUpdated, refund(event.RefundUpdated))
	case "refund.failed":
		return always(event.RefundFailed)
	case "charge.refund.updated":
		return always(event.RefundUpdated)

	// Disputes.
	case "charge.dispute.created":
		return always(event.DisputeOpened)
	case "charge.dispute.updated":
		return always(event.DisputeUpdated)
	case "charge.dispute.closed":
		return depends(event.DisputeUpdated, disputeClosed)
	case "charge.dispute.funds_withdrawn":
		return always(event.DisputeFundsWithdrawn)
	case "charge.dispute.funds_reinstated":
		return always(event.DisputeFundsReinstated)

	// Payouts.
	case "payout.created":
		return always(event.PayoutCreated)
	case "payout.paid":
		return always(event.PayoutPaid)
	case "payout.failed":
		return always(event.PayoutFailed)
	case "payout.canceled":
		return always(event.PayoutCanceled)
	case "payout.updated", "payout.reconciliation_completed":
		return always(event.PayoutUpdated)

	// Subscriptions.
	case "customer.subscription.created":
		return always(event.SubscriptionCreated)
	case "customer.subscription.updated", "customer.subscription.pending_update_applied",
		"customer.subscription.pending_update_expired":
		return always(event.SubscriptionUpdated)
	// Thin only: what changed in a subscription, and the states it came to.
	case "customer.subscription.active", "customer.subscription.cancel_at_changed",
		"customer.subscription.default_payment_method_changed", "customer.subscription.incomplete",
		"customer.subscription.incomplete_expired", "customer.subscription.item_added",
		"customer.subscription.item_price_changed", "customer.subscription.item_quantity_changed",
		"customer.subscription.item_removed", "customer.subscription.item_tax_rates_changed",
		"customer.subscription.past_due", "customer.subscription.trialing",
		"customer.subscription.unpaid":
		return always(event.SubscriptionUpdated)
	case "customer.subscription.paused":
		return always(event.SubscriptionPaused)
	case "customer.subscription.resumed":
		return always(event.SubscriptionResumed)
	case "customer.subscription.deleted":
		return always(event.SubscriptionCanceled)
	case "customer.subscription.trial_will_end":
		return always(event.SubscriptionTrialEnding)

	// Invoices: invoice.paid alone says paid, invoice.payment_succeeded comes beside it.
	case "invoice.created":
		return always(event.InvoiceCreated)
	case "invoice.paid":
		return always(event.InvoicePaid)
	case "invoice.payment_failed":
		return always(event.InvoicePaymentFailed)
	case "invoice.voided":
		return always(event.InvoiceVoided)
	case "invoice.deleted", "invoice.finalization_failed", "invoice.finalized",
		"invoice.marked_uncollectible", "invoice.overdue", "invoice.overpaid",
		"invoice.payment_action_required", "invoice.payment_attempt_required",
		"invoice.payment_succeeded", "invoice.sent", "invoice.updated", "invoice.will_be_due",
		"invoice_payment.paid":
		return always(event.InvoiceUpdated)
	// Thin only: what changed in an invoice.
	case "invoice.discount_added", "invoice.discount_removed", "invoice.line_item_added",
		"invoice.line_item_pricing_changed", "invoice.line_item_quantity_changed",
		"invoice.line_item_removed", "invoice_payment.canceled", "invoice_payment.open":
		return always(event.InvoiceUpdated)

	// Checkout.
	case "checkout.session.completed":
		return depends(event.CheckoutApproved, checkoutCompleted)
	case "checkout.session.async_payment_succeeded":
		return always(event.CheckoutCompleted)
	case "checkout.session.expired":
		return always(event.CheckoutExpired)

	// Customers and accounts, with what belongs to them.
	case "customer.created":
		return always(event.CustomerCreated)
	case "customer.deleted":
		return always(event.CustomerDeleted)
	case "customer.updated", "customer.discount.created", "customer.discount.deleted",
		"customer.discount.source_changed", "customer.discount.updated", "customer.source.created", "customer.source.deleted",
		"customer.source.expiring", "customer.source.updated", "customer.tax_id.created",
		"customer.tax_id.deleted", "customer.tax_id.updated":
		return always(event.CustomerUpdated)
	case "account.updated", "account.application.authorized", "account.application.deauthorized",
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
		"v2.core.account_person.updated":
		return always(event.AccountUpdated)
	case "v2.core.event_destination.ping":
		return always(event.TestPing)
	}
	if outsideVocabulary(typ) {
		return always(event.Other)
	}
	return rule{}
}
