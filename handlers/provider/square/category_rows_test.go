package square

import "github.com/paysluice/paysluice/handlers/event"

// categoryRow is what becomes of an event of a type, in a state.
type categoryRow struct {
	typ    string
	object string // "" where the type alone decides
	want   event.Category
}

// categoryRows hold every type that is in the vocabulary, and every documented
// state of an object where the state decides.
func categoryRows() []categoryRow {
	return []categoryRow{
		{"payment.created", `{"status":"PENDING"}`, event.PaymentPending},
		{"payment.created", `{"status":"APPROVED"}`, event.PaymentAuthorized},
		{"payment.created", `{"status":"COMPLETED"}`, event.PaymentSucceeded},
		{"payment.created", `{"status":"CANCELED"}`, event.PaymentCanceled},
		{"payment.created", `{"status":"FAILED"}`, event.PaymentFailed},
		{"payment.created", `{}`, event.PaymentUpdated},
		{"payment.updated", `{"status":"PENDING"}`, event.PaymentPending},
		{"payment.updated", `{"status":"APPROVED"}`, event.PaymentAuthorized},
		{"payment.updated", `{"status":"COMPLETED"}`, event.PaymentSucceeded},
		{"payment.updated", `{"status":"CANCELED"}`, event.PaymentCanceled},
		{"payment.updated", `{"status":"FAILED"}`, event.PaymentFailed},
		{"payment.updated", `{"status":"A_STATE_OF_TOMORROW"}`, event.PaymentUpdated},
		{"payment.updated", `{"status":"completed"}`, event.PaymentUpdated}, // never written so

		{"refund.created", `{"status":"PENDING"}`, event.RefundCreated},
		{"refund.created", `{"status":"COMPLETED"}`, event.RefundSucceeded},
		{"refund.created", `{"status":"REJECTED"}`, event.RefundFailed},
		{"refund.created", `{"status":"FAILED"}`, event.RefundFailed},
		{"refund.created", `{}`, event.RefundCreated},
		{"refund.updated", `{"status":"PENDING"}`, event.RefundUpdated},
		{"refund.updated", `{"status":"COMPLETED"}`, event.RefundSucceeded},
		{"refund.updated", `{"status":"REJECTED"}`, event.RefundFailed},
		{"refund.updated", `{"status":"FAILED"}`, event.RefundFailed},
		{"refund.updated", `{"status":null}`, event.RefundUpdated},

		{"dispute.created", "", event.DisputeOpened},
		{"dispute.evidence.created", "", event.DisputeUpdated},
		{"dispute.evidence.deleted", "", event.DisputeUpdated},
		{"dispute.state.updated", `{"state":"INQUIRY_EVIDENCE_REQUIRED"}`, event.DisputeUpdated},
		{"dispute.state.updated", `{"state":"INQUIRY_PROCESSING"}`, event.DisputeUpdated},
		{"dispute.state.updated", `{"state":"INQUIRY_CLOSED"}`, event.DisputeClosed},
		{"dispute.state.updated", `{"state":"EVIDENCE_REQUIRED"}`, event.DisputeUpdated},
		{"dispute.state.updated", `{"state":"PROCESSING"}`, event.DisputeUpdated},
		{"dispute.state.updated", `{"state":"WON"}`, event.DisputeWon},
		{"dispute.state.updated", `{"state":"LOST"}`, event.DisputeLost},
		{"dispute.state.updated", `{"state":"ACCEPTED"}`, event.DisputeLost},
		{"dispute.state.updated", `{}`, event.DisputeUpdated},
		{"dispute.state.changed", `{"state":"WON"}`, event.Other}, // its twin counts
		{"dispute.evidence.added", `{"state":"EVIDENCE_REQUIRED"}`, event.Other},
		{"dispute.evidence.removed", `{"state":"EVIDENCE_REQUIRED"}`, event.Other},

		{"payout.sent", "", event.PayoutCreated},
		{"payout.paid", "", event.PayoutPaid},
		{"payout.failed", "", event.PayoutFailed},

		{"subscription.created", `{"status":"ACTIVE"}`, event.SubscriptionCreated},
		{"subscription.updated", `{"status":"PENDING"}`, event.SubscriptionUpdated},
		{"subscription.updated", `{"status":"ACTIVE"}`, event.SubscriptionUpdated},
		{"subscription.updated", `{"status":"CANCELED"}`, event.SubscriptionCanceled},
		{"subscription.updated", `{"status":"DEACTIVATED"}`, event.SubscriptionUpdated},
		{"subscription.updated", `{"status":"PAUSED"}`, event.SubscriptionPaused},
		{"subscription.updated", `{"status":"COMPLETED"}`, event.SubscriptionUpdated},

		{"invoice.created", "", event.InvoiceCreated},
		{"invoice.payment_made", `{"status":"PAID"}`, event.InvoicePaid},
		{"invoice.payment_made", `{"status":"PARTIALLY_PAID"}`, event.InvoiceUpdated},
		{"invoice.payment_made", `{"status":"PAYMENT_PENDING"}`, event.InvoiceUpdated},
		{"invoice.scheduled_charge_failed", "", event.InvoicePaymentFailed},
		{"invoice.canceled", "", event.InvoiceVoided},
		{"invoice.deleted", "", event.InvoiceUpdated},
		{"invoice.published", "", event.InvoiceUpdated},
		{"invoice.refunded", "", event.InvoiceUpdated},
		{"invoice.updated", `{"status":"PAID"}`, event.InvoiceUpdated}, // beside payment_made

		{"terminal.checkout.created", `{"status":"PENDING"}`, event.Other},
		{"terminal.checkout.updated", `{"status":"IN_PROGRESS"}`, event.Other},
		{"terminal.checkout.updated", `{"status":"CANCEL_REQUESTED"}`, event.Other},
		{"terminal.checkout.updated", `{"status":"CANCELED","cancel_reason":"BUYER_CANCELED"}`, event.Other},
		{"terminal.checkout.updated", `{"status":"CANCELED","cancel_reason":"SELLER_CANCELED"}`, event.Other},
		{"terminal.checkout.updated", `{"status":"CANCELED","cancel_reason":"TIMED_OUT"}`, event.CheckoutExpired},
		{"terminal.checkout.updated", `{"status":"COMPLETED"}`, event.CheckoutCompleted},

		{"order.created", "", event.OrderUpdated},
		{"order.updated", "", event.OrderUpdated},
		{"order.fulfillment.updated", "", event.OrderUpdated},
		{"customer.created", "", event.CustomerCreated},
		{"customer.updated", "", event.CustomerUpdated},
		{"customer.deleted", "", event.CustomerDeleted},
		{"location.created", "", event.AccountUpdated},
		{"location.updated", "", event.AccountUpdated},
		{"oauth.authorization.revoked", "", event.AccountUpdated},
		{"webhooks.test_notification", "", event.TestPing},
	}
}
