package square

import "github.com/paysluice/paysluice/handlers/event"

// rule is how events of a type become a category.
type rule func(*object) event.Category

func always(c event.Category) rule {
	return func(*object) event.Category { return c }
}

// categoryOf is the category of an event of that type about the object.
func categoryOf(typ string, o *object) event.Category {
	if r := ruleOf(typ); r != nil {
		return r(o)
	}
	return event.Other
}

// payment: payment.created and payment.updated both tell the state reached
// (API reference, "Payment", status). A completed payment is updated again when
// its fees are known or it is refunded.
func payment(o *object) event.Category {
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
	return event.PaymentUpdated
}

// refund is the state of a refund; pending when it is not a final one.
func refund(pending event.Category) rule {
	return func(o *object) event.Category {
		switch o.Status {
		case "COMPLETED":
			return event.RefundSucceeded
		case "REJECTED", "FAILED":
			return event.RefundFailed
		}
		return pending
	}
}

// disputeState: with ACCEPTED the seller accepts the loss, and Square returns
// the amount to the cardholder (API reference, AcceptDispute).
func disputeState(o *object) event.Category {
	switch o.State {
	case "WON":
		return event.DisputeWon
	case "LOST", "ACCEPTED":
		return event.DisputeLost
	case "INQUIRY_CLOSED":
		return event.DisputeClosed
	}
	return event.DisputeUpdated
}

// invoicePaid: an invoice of several payments is paid with the last of them.
func invoicePaid(o *object) event.Category {
	if o.Status == "PAID" {
		return event.InvoicePaid
	}
	return event.InvoiceUpdated
}

// subscriptionState: nothing but its state tells what happened to a subscription.
// One that runs again after a pause is ACTIVE, like every other one.
func subscriptionState(o *object) event.Category {
	switch o.Status {
	case "PAUSED":
		return event.SubscriptionPaused
	case "CANCELED":
		return event.SubscriptionCanceled
	}
	return event.SubscriptionUpdated
}

// terminalCheckout: only its end is in the vocabulary. The payment's own events
// count the money.
func terminalCheckout(o *object) event.Category {
	switch {
	case o.Status == "COMPLETED":
		return event.CheckoutCompleted
	case o.Status == "CANCELED" && o.CancelReason == "TIMED_OUT":
		return event.CheckoutExpired
	}
	return event.Other
}
