package event

import "slices"

// Category is an event type in the vocabulary of all providers.
type Category string

// All categories.
const (
	PaymentPending    Category = "payment.pending"
	PaymentAuthorized Category = "payment.authorized"
	PaymentSucceeded  Category = "payment.succeeded"
	PaymentFailed     Category = "payment.failed"
	PaymentCanceled   Category = "payment.canceled"
	PaymentReversed   Category = "payment.reversed"
	PaymentUpdated    Category = "payment.updated"

	RefundCreated   Category = "refund.created"
	RefundSucceeded Category = "refund.succeeded"
	RefundFailed    Category = "refund.failed"
	RefundUpdated   Category = "refund.updated"

	DisputeOpened          Category = "dispute.opened"
	DisputeUpdated         Category = "dispute.updated"
	DisputeWon             Category = "dispute.won"
	DisputeLost            Category = "dispute.lost"
	DisputeClosed          Category = "dispute.closed"
	DisputeFundsWithdrawn  Category = "dispute.funds_withdrawn"
	DisputeFundsReinstated Category = "dispute.funds_reinstated"

	PayoutCreated  Category = "payout.created"
	PayoutPaid     Category = "payout.paid"
	PayoutFailed   Category = "payout.failed"
	PayoutCanceled Category = "payout.canceled"
	PayoutUpdated  Category = "payout.updated"

	SubscriptionCreated     Category = "subscription.created"
	SubscriptionUpdated     Category = "subscription.updated"
	SubscriptionPaused      Category = "subscription.paused"
	SubscriptionResumed     Category = "subscription.resumed"
	SubscriptionCanceled    Category = "subscription.canceled"
	SubscriptionTrialEnding Category = "subscription.trial_ending"

	InvoiceCreated       Category = "invoice.created"
	InvoicePaid          Category = "invoice.paid"
	InvoicePaymentFailed Category = "invoice.payment_failed"
	InvoiceVoided        Category = "invoice.voided"
	InvoiceUpdated       Category = "invoice.updated"

	CheckoutApproved  Category = "checkout.approved"
	CheckoutCompleted Category = "checkout.completed"
	CheckoutExpired   Category = "checkout.expired"

	OrderUpdated    Category = "order.updated"
	CustomerCreated Category = "customer.created"
	CustomerUpdated Category = "customer.updated"
	CustomerDeleted Category = "customer.deleted"
	AccountUpdated  Category = "account.updated"
	// DeliveryMissed reports that the provider could not make events: look them up.
	DeliveryMissed Category = "delivery.missed"
	TestPing       Category = "test.ping"
	Other          Category = "other"
)

// Categories returns all categories, in the order of the constants.
func Categories() []Category {
	return []Category{
		PaymentPending, PaymentAuthorized, PaymentSucceeded, PaymentFailed,
		PaymentCanceled, PaymentReversed, PaymentUpdated,
		RefundCreated, RefundSucceeded, RefundFailed, RefundUpdated,
		DisputeOpened, DisputeUpdated, DisputeWon, DisputeLost, DisputeClosed,
		DisputeFundsWithdrawn, DisputeFundsReinstated,
		PayoutCreated, PayoutPaid, PayoutFailed, PayoutCanceled, PayoutUpdated,
		SubscriptionCreated, SubscriptionUpdated, SubscriptionPaused,
		SubscriptionResumed, SubscriptionCanceled, SubscriptionTrialEnding,
		InvoiceCreated, InvoicePaid, InvoicePaymentFailed, InvoiceVoided, InvoiceUpdated,
		CheckoutApproved, CheckoutCompleted, CheckoutExpired,
		OrderUpdated,
		CustomerCreated, CustomerUpdated, CustomerDeleted,
		AccountUpdated,
		DeliveryMissed,
		TestPing,
		Other,
	}
}

// Valid reports whether c is one of Categories.
func (c Category) Valid() bool { return slices.Contains(Categories(), c) }
