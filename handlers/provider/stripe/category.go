package stripe

import (
	"cmp"
	"strings"

	"github.com/paysluice/paysluice/handlers/event"
)

// rule is how an event type becomes a category.
type rule struct {
	// stateless is the answer of the type alone. Where state decides too, it
	// is the weaker claim that holds in any state: a thin event tells none.
	stateless event.Category
	// byState is nil where the type alone decides.
	byState func(*object) event.Category
}

func always(c event.Category) rule { return rule{stateless: c} }

func depends(stateless event.Category, byState func(*object) event.Category) rule {
	return rule{stateless: stateless, byState: byState}
}

// categoryOf is the category of a snapshot event.
func categoryOf(typ string, o *object) event.Category {
	r := ruleOf(typ)
	if r.byState != nil {
		return r.byState(o)
	}
	return cmp.Or(r.stateless, event.Other)
}

// thinCategoryOf is the category of a thin event. "v1." before the type of a
// snapshot event marks its thin twin.
func thinCategoryOf(typ string) event.Category {
	return cmp.Or(ruleOf(strings.TrimPrefix(typ, "v1.")).stateless, event.Other)
}

// capturable: a payment intent whose capturable amount changed holds an
// authorisation only as long as it waits for the capture.
func capturable(o *object) event.Category {
	if o.Status == "requires_capture" {
		return event.PaymentAuthorized
	}
	return event.PaymentUpdated
}

// direct is c for a charge made without a payment intent. The others only
// repeat what their payment intent's own events say.
func direct(c event.Category) func(*object) event.Category {
	return func(o *object) event.Category {
		if o.PaymentIntent.given {
			return event.PaymentUpdated
		}
		return c
	}
}

// charged: charge.succeeded of a charge with "captured" false is but an
// authorisation, and charge.captured follows when the money moves
// (docs.stripe.com/api/charges/object, "captured").
func charged(o *object) event.Category {
	if string(o.Captured) == "false" {
		return direct(event.PaymentAuthorized)(o)
	}
	return direct(event.PaymentSucceeded)(o)
}

// refund is the state of a refund; pending when it is not a final one.
func refund(pending event.Category) func(*object) event.Category {
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

// disputeClosed: warning_closed, an inquiry that never became a dispute, is
// neither won nor lost.
func disputeClosed(o *object) event.Category {
	switch o.Status {
	case "won":
		return event.DisputeWon
	case "lost":
		return event.DisputeLost
	}
	return event.DisputeClosed
}

// checkoutCompleted: with a delayed payment method the customer is done and the
// money is still to come; checkout.session.async_payment_succeeded follows
// (docs.stripe.com/checkout/fulfillment).
func checkoutCompleted(o *object) event.Category {
	if o.PaymentStatus == "unpaid" {
		return event.CheckoutApproved
	}
	return event.CheckoutCompleted
}
