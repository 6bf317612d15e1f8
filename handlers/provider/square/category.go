package square

import (
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// rules returns the rules of all event types in the vocabulary.
// testdata/event_types.txt lists all types that Square documents. Custom
// attributes are Other because their events name the application and not the
// owner. So are the deprecated twins of dispute events and a terminal's refunds:
// the other event of the two counts.
func rules() provider.Rules[object] {
	return provider.NewRules([]provider.Rule[object]{
		// Payments: exactly these two count one.
		{Category: event.PaymentUpdated, Counts: true, ByState: paymentState, Types: []string{"payment.created", "payment.updated"}},

		// Refunds.
		{Category: event.RefundUpdated, Counts: true, ByState: in(refundCreated), Types: []string{"refund.created"}},
		{Category: event.RefundUpdated, Counts: true, ByState: in(refundUpdated), Types: []string{"refund.updated"}},

		// Disputes.
		{Category: event.DisputeOpened, Counts: true, Types: []string{"dispute.created"}},
		{Category: event.DisputeUpdated, Counts: true, ByState: disputeState, Types: []string{"dispute.state.updated"}},
		{Category: event.DisputeUpdated, Types: []string{"dispute.evidence.created", "dispute.evidence.deleted"}},

		// Payouts.
		{Category: event.PayoutUpdated, Counts: true, ByState: in(payoutSent), Types: []string{"payout.sent"}},
		{Category: event.PayoutUpdated, Counts: true, ByState: in(payoutPaid), Types: []string{"payout.paid"}},
		{Category: event.PayoutUpdated, Counts: true, ByState: in(payoutFailed), Types: []string{"payout.failed"}},

		// Subscriptions.
		{Category: event.SubscriptionCreated, Types: []string{"subscription.created"}},
		{Category: event.SubscriptionUpdated, ByState: subscriptionState, Types: []string{"subscription.updated"}},

		// Invoices: payment_made alone says paid, updated comes beside it.
		{Category: event.InvoiceCreated, Types: []string{"invoice.created"}},
		{Category: event.InvoiceUpdated, ByState: invoiceState, Types: []string{"invoice.payment_made"}},
		{Category: event.InvoicePaymentFailed, ByState: unless(event.InvoiceUpdated, "UNPAID", "SCHEDULED", "PARTIALLY_PAID", "PAYMENT_PENDING", "FAILED"), Types: []string{"invoice.scheduled_charge_failed"}},
		{Category: event.InvoiceVoided, ByState: unless(event.InvoiceUpdated, "CANCELED"), Types: []string{"invoice.canceled"}},
		{Category: event.InvoiceUpdated, Types: []string{
			"invoice.deleted", "invoice.published", "invoice.refunded", "invoice.updated",
		}},

		// Checkout, on a Square Terminal.
		{Category: event.Other, ByState: checkoutState, Types: []string{
			"terminal.checkout.created", "terminal.checkout.updated",
		}},

		// Orders, customers and the merchant's account.
		{Category: event.OrderUpdated, Types: []string{"order.created", "order.updated", "order.fulfillment.updated"}},
		{Category: event.CustomerCreated, Types: []string{"customer.created"}},
		{Category: event.CustomerUpdated, Types: []string{"customer.updated"}},
		{Category: event.CustomerDeleted, Types: []string{"customer.deleted"}},
		{Category: event.AccountUpdated, Types: []string{
			"location.created", "location.updated", "oauth.authorization.revoked",
		}},
		{Category: event.TestPing, Types: []string{"webhooks.test_notification"}},
	}...)
}

// paymentState returns the category of a payment: payment.created and
// payment.updated both give the state that it has reached (API reference,
// "Payment", status). A completed payment is updated again when its fees are
// known or it is refunded.
func paymentState(o *object) event.Category {
	switch o.Status {
	case "PENDING":
		return event.PaymentPending
	case "APPROVED":
		return event.PaymentAuthorized
	case "COMPLETED":
		return event.PaymentSucceeded
	case "CANCELED":
		return event.PaymentCanceled
	case "FAILED":
		return event.PaymentFailed
	}
	return ""
}

// in returns the category of an object by its status.
func in(states func() provider.States) func(*object) event.Category {
	table := states()
	return func(o *object) event.Category { return table[status(o)] }
}

// unless returns a weaker category for an object in another state than its type names.
func unless(weaker event.Category, named ...string) func(*object) event.Category {
	return provider.Unless(weaker, status, named...)
}

func status(o *object) string { return decode.Readable(o.Status) }

// The states are those of "PaymentRefund" and "Payout" in the API reference.

func refundCreated() provider.States {
	return provider.Join(refundUpdated(), provider.In(event.RefundCreated, "PENDING", "APPROVED", ""))
}

func refundUpdated() provider.States {
	return provider.Join(
		provider.In(event.RefundSucceeded, "COMPLETED"),
		provider.In(event.RefundFailed, "REJECTED", "FAILED"))
}

func payoutSent() provider.States {
	return provider.Join(provider.In(event.PayoutCreated, "SENT", ""), provider.In(event.PayoutFailed, "FAILED"))
}

func payoutPaid() provider.States {
	return provider.Join(provider.In(event.PayoutPaid, "PAID", ""), provider.In(event.PayoutFailed, "FAILED"))
}

func payoutFailed() provider.States { return provider.In(event.PayoutFailed, "FAILED", "") }

// disputeState returns the category of a dispute. In state ACCEPTED the seller
// accepts the loss, and Square returns the amount to the cardholder (API
// reference, AcceptDispute).
func disputeState(o *object) event.Category {
	switch o.State {
	case "WON":
		return event.DisputeWon
	case "LOST", "ACCEPTED":
		return event.DisputeLost
	case "INQUIRY_CLOSED":
		return event.DisputeClosed
	}
	return ""
}

// invoiceState returns InvoicePaid after the last of an invoice's payments.
func invoiceState(o *object) event.Category {
	if o.Status == "PAID" {
		return event.InvoicePaid
	}
	return ""
}

// subscriptionState returns the category of a subscription. A subscription that
// resumes after a pause is ACTIVE like every other one.
func subscriptionState(o *object) event.Category {
	switch o.Status {
	case "PAUSED":
		return event.SubscriptionPaused
	case "CANCELED":
		return event.SubscriptionCanceled
	}
	return ""
}

// checkoutState returns the category of a terminal's checkout, of which only the
// end is in the vocabulary. The payment's own events count the money.
func checkoutState(o *object) event.Category {
	switch {
	case o.Status == "COMPLETED":
		return event.CheckoutCompleted
	case o.Status == "CANCELED":
		return event.CheckoutExpired
	}
	return ""
}
