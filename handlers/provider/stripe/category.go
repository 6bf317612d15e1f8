package stripe

import (
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// rules returns the rules of all event types in the vocabulary. Thin twins have
// the rule of their snapshot event. testdata/event_types.txt lists all types
// that Stripe documents. Money that is sent from or comes to a financial account
// (treasury.*, v2.money_management.*) is Other: payouts are those of the balance.
func rules() provider.Rules[object] {
	return provider.NewRules([]provider.Rule[object]{
		// Payments: the payment intent counts; a charge only when it has none.
		{Category: event.PaymentUpdated, ByState: in(status, intentPending), Types: []string{
			"payment_intent.created", "payment_intent.processing", "payment_intent.requires_action",
		}},
		{Category: event.PaymentUpdated, ByState: in(status, intentCapturable), Types: []string{"payment_intent.amount_capturable_updated"}},
		{Category: event.PaymentUpdated, Counts: true, ByState: in(status, intentSucceeded), Types: []string{"payment_intent.succeeded"}},
		{Category: event.PaymentUpdated, ByState: in(status, intentFailed), Types: []string{"payment_intent.payment_failed"}},
		{Category: event.PaymentUpdated, ByState: in(status, intentCanceled), Types: []string{"payment_intent.canceled"}},
		{Category: event.PaymentUpdated, ByState: withoutIntent(in(status, chargePending)), Types: []string{"charge.pending"}},
		{Category: event.PaymentUpdated, Counts: true, ByState: withoutIntent(chargeState()), Types: []string{"charge.succeeded"}},
		{Category: event.PaymentUpdated, Counts: true, ByState: withoutIntent(captureState()), Types: []string{"charge.captured"}},
		{Category: event.PaymentUpdated, ByState: withoutIntent(in(status, chargeFailed)), Types: []string{"charge.failed"}},
		{Category: event.PaymentUpdated, ByState: withoutIntent(expiredState), Types: []string{"charge.expired"}},
		{Category: event.PaymentUpdated, Types: []string{
			"payment_intent.partially_funded", "charge.refunded", "charge.updated",
		}},

		// Refunds. Current API versions send refund.* beside charge.refund.updated;
		// old ones send only the latter.
		{Category: event.RefundUpdated, Counts: true, ByState: in(status, refundCreated), Types: []string{"refund.created"}},
		{Category: event.RefundUpdated, Counts: true, ByState: in(status, refundUpdated), Types: []string{"refund.updated"}},
		{Category: event.RefundUpdated, Counts: true, ByState: in(status, refundFailed), Types: []string{"refund.failed"}},
		{Category: event.RefundUpdated, Counts: true, ByState: in(status, chargeRefundUpdated), Types: []string{"charge.refund.updated"}},

		// Disputes. A dispute can be lost as soon as it is opened.
		{Category: event.DisputeOpened, Counts: true, Types: []string{"charge.dispute.created"}},
		{Category: event.DisputeUpdated, Types: []string{"charge.dispute.updated"}},
		{Category: event.DisputeUpdated, Counts: true, ByState: in(status, disputeClosed), Types: []string{"charge.dispute.closed"}},
		{Category: event.DisputeFundsWithdrawn, Types: []string{"charge.dispute.funds_withdrawn"}},
		{Category: event.DisputeFundsReinstated, Types: []string{"charge.dispute.funds_reinstated"}},

		// Payouts.
		{Category: event.PayoutCreated, Types: []string{"payout.created"}},
		{Category: event.PayoutUpdated, Counts: true, ByState: in(status, payoutPaid), Types: []string{"payout.paid"}},
		{Category: event.PayoutUpdated, Counts: true, ByState: in(status, payoutFailed), Types: []string{"payout.failed"}},
		{Category: event.PayoutUpdated, Counts: true, ByState: in(status, payoutCanceled), Types: []string{"payout.canceled"}},
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
		{Category: event.SubscriptionPaused, ByState: unless(event.SubscriptionUpdated, "paused"), Types: []string{"customer.subscription.paused"}},
		{Category: event.SubscriptionResumed, ByState: unless(event.SubscriptionUpdated, "active", "past_due", "trialing"), Types: []string{"customer.subscription.resumed"}},
		{Category: event.SubscriptionCanceled, ByState: unless(event.SubscriptionUpdated, "canceled", "incomplete_expired"), Types: []string{"customer.subscription.deleted"}},
		{Category: event.SubscriptionTrialEnding, Types: []string{"customer.subscription.trial_will_end"}},

		// Invoices: invoice.paid alone says paid, invoice.payment_succeeded comes beside it.
		{Category: event.InvoiceCreated, Types: []string{"invoice.created"}},
		{Category: event.InvoicePaid, ByState: unless(event.InvoiceUpdated, "paid"), Types: []string{"invoice.paid"}},
		{Category: event.InvoicePaymentFailed, ByState: unless(event.InvoiceUpdated, "open", "uncollectible"), Types: []string{"invoice.payment_failed"}},
		{Category: event.InvoiceVoided, ByState: unless(event.InvoiceUpdated, "void"), Types: []string{"invoice.voided"}},
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
		{Category: event.CheckoutApproved, ByState: in(paymentStatus, checkoutCompleted), Types: []string{
			"checkout.session.completed", "checkout.session.async_payment_succeeded",
		}},
		{Category: event.CheckoutExpired, ByState: unless(event.Other, "expired"), Types: []string{"checkout.session.expired"}},

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
		{Category: event.DeliveryMissed, Types: []string{"v2.core.health.event_generation_failure.resolved"}},
		{Category: event.TestPing, Types: []string{"v2.core.event_destination.ping"}},
	}...)
}

// in returns the category of an object by one of its states.
func in(state func(*object) string, states func() provider.States) func(*object) event.Category {
	table := states()
	return func(o *object) event.Category { return table[state(o)] }
}

// unless returns a weaker category for an object in another state than its type names.
func unless(weaker event.Category, named ...string) func(*object) event.Category {
	return provider.Unless(weaker, status, named...)
}

func status(o *object) string        { return decode.Readable(o.Status) }
func paymentStatus(o *object) string { return decode.Readable(o.PaymentStatus) }

// The states are those of the objects in docs.stripe.com/api. Before 2019-02-11 a
// payment intent had requires_source and requires_source_action, and before
// 2015-02-18 a charge had paid (docs.stripe.com/upgrades).

func intentPending() provider.States {
	return provider.In(event.PaymentPending, "", "processing", "requires_action", "requires_confirmation",
		"requires_payment_method", "requires_source", "requires_source_action")
}

// intentCapturable: the capturable amount changes in other states too.
func intentCapturable() provider.States {
	return provider.In(event.PaymentAuthorized, "requires_capture")
}

func intentSucceeded() provider.States {
	return provider.Join(
		provider.In(event.PaymentSucceeded, "succeeded", ""),
		provider.In(event.PaymentPending, "processing"),
		provider.In(event.PaymentAuthorized, "requires_capture"))
}

// intentFailed are the states after a failed attempt; another one may follow.
func intentFailed() provider.States {
	return provider.Join(
		provider.In(event.PaymentFailed, "", "requires_payment_method", "requires_confirmation", "requires_action",
			"requires_source", "requires_source_action", "canceled"),
		provider.In(event.PaymentPending, "processing"))
}

func intentCanceled() provider.States { return provider.In(event.PaymentCanceled, "canceled", "") }

// withoutIntent applies a rule to charges without a payment intent. Other charges
// repeat what the events of their payment intent say.
func withoutIntent(rule func(*object) event.Category) func(*object) event.Category {
	return func(o *object) event.Category {
		if o.PaymentIntent.given {
			return ""
		}
		return rule(o)
	}
}

func chargeSucceeded() provider.States {
	return provider.Join(
		provider.In(event.PaymentSucceeded, "succeeded", "paid", ""),
		provider.In(event.PaymentPending, "pending"),
		provider.In(event.PaymentFailed, "failed"))
}

func chargePending() provider.States {
	return provider.Join(provider.In(event.PaymentPending, "pending", ""), provider.In(event.PaymentFailed, "failed"))
}

func chargeFailed() provider.States {
	return provider.Join(provider.In(event.PaymentFailed, "failed", ""), provider.In(event.PaymentPending, "pending"))
}

// chargeState returns the category of a successful charge. With "captured" false
// it is an authorization, and charge.captured follows when the money moves
// (docs.stripe.com/api/charges/object, "captured").
func chargeState() func(*object) event.Category {
	succeeded := in(status, chargeSucceeded)
	return func(o *object) event.Category {
		category := succeeded(o)
		if category == event.PaymentSucceeded && o.uncaptured() {
			return event.PaymentAuthorized
		}
		return category
	}
}

// captureState returns the category of a captured charge.
func captureState() func(*object) event.Category {
	succeeded := in(status, chargeSucceeded)
	return func(o *object) event.Category {
		if o.uncaptured() {
			return ""
		}
		return succeeded(o)
	}
}

// expiredState returns the category of a charge that was not captured in time. Its
// status still describes the authorization.
func expiredState(o *object) event.Category {
	if string(o.Captured) == "true" {
		return ""
	}
	return event.PaymentCanceled
}

func (o *object) uncaptured() bool { return string(o.Captured) == "false" }

func refundCreated() provider.States {
	return provider.Join(refundUpdated(), provider.In(event.RefundCreated, "pending", "requires_action", ""))
}

func refundUpdated() provider.States {
	return provider.Join(provider.In(event.RefundSucceeded, "succeeded"), provider.In(event.RefundFailed, "failed"))
}

func refundFailed() provider.States        { return provider.In(event.RefundFailed, "failed", "") }
func chargeRefundUpdated() provider.States { return provider.In(event.RefundFailed, "failed") }

// disputeClosed are the last states of a dispute. In state warning_closed it is an
// inquiry, neither won nor lost; charge_refunded is an older one.
func disputeClosed() provider.States {
	return provider.Join(
		provider.In(event.DisputeWon, "won"),
		provider.In(event.DisputeLost, "lost"),
		provider.In(event.DisputeClosed, "warning_closed", "charge_refunded", "prevented", ""))
}

func payoutPaid() provider.States {
	return provider.Join(
		provider.In(event.PayoutPaid, "paid", ""),
		provider.In(event.PayoutFailed, "failed"),
		provider.In(event.PayoutCanceled, "canceled"))
}

func payoutFailed() provider.States   { return provider.In(event.PayoutFailed, "failed", "") }
func payoutCanceled() provider.States { return provider.In(event.PayoutCanceled, "canceled", "") }

// checkoutCompleted are the payment states of a completed checkout session. While
// one is unpaid, the money is still to come, and checkout.session.async_payment_succeeded
// follows (docs.stripe.com/checkout/fulfillment).
func checkoutCompleted() provider.States {
	return provider.In(event.CheckoutCompleted, "paid", "no_payment_required", "")
}
