package stripe

import "github.com/paysluice/paysluice/handlers/event"

// categoryRow is what becomes of an event of a type, in a state.
type categoryRow struct {
	typ    string
	object string // of data.object; "" where the type alone decides
	want   event.Category
}

// categoryRows hold every type that is in the vocabulary.
func categoryRows() []categoryRow {
	return []categoryRow{
		{"payment_intent.created", "", event.PaymentPending},
		{"payment_intent.processing", "", event.PaymentPending},
		{"payment_intent.requires_action", "", event.PaymentPending},
		{"payment_intent.amount_capturable_updated", `{"status":"requires_capture"}`, event.PaymentAuthorized},
		{"payment_intent.amount_capturable_updated", `{"status":"succeeded"}`, event.PaymentUpdated},
		{"payment_intent.succeeded", "", event.PaymentSucceeded},
		{"payment_intent.payment_failed", "", event.PaymentFailed},
		{"payment_intent.canceled", "", event.PaymentCanceled},
		{"payment_intent.partially_funded", "", event.PaymentUpdated},

		{"charge.pending", `{"payment_intent":null}`, event.PaymentPending},
		{"charge.pending", `{"payment_intent":"pi_1"}`, event.PaymentUpdated},
		{"charge.succeeded", `{"captured":true,"payment_intent":null}`, event.PaymentSucceeded},
		{"charge.succeeded", `{}`, event.PaymentSucceeded}, // before payment intents, and before captured
		{"charge.succeeded", `{"captured":false}`, event.PaymentAuthorized},
		{"charge.succeeded", `{"captured":true,"payment_intent":"pi_1"}`, event.PaymentUpdated},
		{"charge.succeeded", `{"captured":false,"payment_intent":"pi_1"}`, event.PaymentUpdated},
		{"charge.succeeded", `{"captured":true,"payment_intent":{"id":"pi_1"}}`, event.PaymentUpdated},
		{"charge.succeeded", `{"captured":true,"payment_intent":7}`, event.PaymentUpdated}, // not null, so not direct
		{"charge.captured", `{"captured":true}`, event.PaymentSucceeded},
		{"charge.captured", `{"captured":true,"payment_intent":"pi_1"}`, event.PaymentUpdated},
		{"charge.failed", `{}`, event.PaymentFailed},
		{"charge.failed", `{"payment_intent":"pi_1"}`, event.PaymentUpdated},
		{"charge.expired", `{}`, event.PaymentCanceled},
		{"charge.expired", `{"payment_intent":"pi_1"}`, event.PaymentUpdated},
		{"charge.refunded", "", event.PaymentUpdated},
		{"charge.updated", "", event.PaymentUpdated},

		{"refund.created", `{"status":"pending"}`, event.RefundCreated},
		{"refund.created", `{"status":"requires_action"}`, event.RefundCreated},
		{"refund.created", `{"status":null}`, event.RefundCreated},
		{"refund.created", `{"status":"canceled"}`, event.RefundCreated},
		{"refund.created", `{"status":"succeeded"}`, event.RefundSucceeded},
		{"refund.created", `{"status":"failed"}`, event.RefundFailed},
		{"refund.updated", `{"status":"pending"}`, event.RefundUpdated},
		{"refund.updated", `{"status":"canceled"}`, event.RefundUpdated},
		{"refund.updated", `{"status":"succeeded"}`, event.RefundSucceeded},
		{"refund.updated", `{"status":"failed"}`, event.RefundFailed},
		{"refund.failed", "", event.RefundFailed},
		{"charge.refund.updated", "", event.RefundUpdated},

		{"charge.dispute.created", "", event.DisputeOpened},
		{"charge.dispute.updated", "", event.DisputeUpdated},
		{"charge.dispute.closed", `{"status":"won"}`, event.DisputeWon},
		{"charge.dispute.closed", `{"status":"lost"}`, event.DisputeLost},
		{"charge.dispute.closed", `{"status":"warning_closed"}`, event.DisputeClosed},
		{"charge.dispute.closed", `{}`, event.DisputeClosed},
		{"charge.dispute.funds_withdrawn", "", event.DisputeFundsWithdrawn},
		{"charge.dispute.funds_reinstated", "", event.DisputeFundsReinstated},

		{"payout.created", "", event.PayoutCreated},
		{"payout.paid", "", event.PayoutPaid},
		{"payout.failed", "", event.PayoutFailed},
		{"payout.canceled", "", event.PayoutCanceled},
		{"payout.updated", "", event.PayoutUpdated},
		{"payout.reconciliation_completed", "", event.PayoutUpdated},

		{"customer.subscription.created", "", event.SubscriptionCreated},
		{"customer.subscription.updated", "", event.SubscriptionUpdated},
		{"customer.subscription.pending_update_applied", "", event.SubscriptionUpdated},
		{"customer.subscription.pending_update_expired", "", event.SubscriptionUpdated},
		{"customer.subscription.paused", "", event.SubscriptionPaused},
		{"customer.subscription.resumed", "", event.SubscriptionResumed},
		{"customer.subscription.deleted", "", event.SubscriptionCanceled},
		{"customer.subscription.trial_will_end", "", event.SubscriptionTrialEnding},

		{"invoice.created", "", event.InvoiceCreated},
		{"invoice.paid", "", event.InvoicePaid},
		{"invoice.payment_failed", "", event.InvoicePaymentFailed},
		{"invoice.voided", "", event.InvoiceVoided},
		{"invoice.deleted", "", event.InvoiceUpdated},
		{"invoice.finalization_failed", "", event.InvoiceUpdated},
		{"invoice.finalized", "", event.InvoiceUpdated},
		{"invoice.marked_uncollectible", "", event.InvoiceUpdated},
		{"invoice.overdue", "", event.InvoiceUpdated},
		{"invoice.overpaid", "", event.InvoiceUpdated},
		{"invoice.payment_action_required", "", event.InvoiceUpdated},
		{"invoice.payment_attempt_required", "", event.InvoiceUpdated},
		{"invoice.payment_succeeded", "", event.InvoiceUpdated},
		{"invoice.sent", "", event.InvoiceUpdated},
		{"invoice.updated", "", event.InvoiceUpdated},
		{"invoice.will_be_due", "", event.InvoiceUpdated},
		{"invoice_payment.paid", "", event.InvoiceUpdated},

		{"checkout.session.completed", `{"payment_status":"paid"}`, event.CheckoutCompleted},
		{"checkout.session.completed", `{"payment_status":"no_payment_required"}`, event.CheckoutCompleted},
		{"checkout.session.completed", `{"payment_status":"unpaid"}`, event.CheckoutApproved},
		{"checkout.session.completed", `{}`, event.CheckoutCompleted}, // before delayed payment methods
		{"checkout.session.async_payment_succeeded", "", event.CheckoutCompleted},
		{"checkout.session.expired", "", event.CheckoutExpired},

		{"customer.created", "", event.CustomerCreated},
		{"customer.deleted", "", event.CustomerDeleted},
		{"customer.updated", "", event.CustomerUpdated},
		{"customer.discount.created", "", event.CustomerUpdated},
		{"customer.discount.deleted", "", event.CustomerUpdated},
		{"customer.discount.updated", "", event.CustomerUpdated},
		{"customer.source.created", "", event.CustomerUpdated},
		{"customer.source.deleted", "", event.CustomerUpdated},
		{"customer.source.expiring", "", event.CustomerUpdated},
		{"customer.source.updated", "", event.CustomerUpdated},
		{"customer.tax_id.created", "", event.CustomerUpdated},
		{"customer.tax_id.deleted", "", event.CustomerUpdated},
		{"customer.tax_id.updated", "", event.CustomerUpdated},

		{"account.updated", "", event.AccountUpdated},
		{"account.application.authorized", "", event.AccountUpdated},
		{"account.application.deauthorized", "", event.AccountUpdated},
		{"account.external_account.created", "", event.AccountUpdated},
		{"account.external_account.deleted", "", event.AccountUpdated},
		{"account.external_account.updated", "", event.AccountUpdated},
		{"capability.updated", "", event.AccountUpdated},
		{"person.created", "", event.AccountUpdated},
		{"person.deleted", "", event.AccountUpdated},
		{"person.updated", "", event.AccountUpdated},
	}
}
