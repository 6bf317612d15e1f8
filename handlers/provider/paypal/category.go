package paypal

import (
	"strings"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
)

// rules returns the rules of all event types in the vocabulary.
// testdata/event_types.txt lists the types that PayPal documents and where each
// was read. RISK.DISPUTE.CREATED is Other because it is the deprecated twin of
// CUSTOMER.DISPUTE.CREATED, credit notes because their failed refund is not the
// resource of the event.
func rules() provider.Rules[resource] {
	return provider.NewRules([]provider.Rule[resource]{
		// Payments: the capture counts, or the sale of the older API and of
		// subscriptions.
		{Category: event.PaymentUpdated, ByState: in(authorized), Types: []string{"PAYMENT.AUTHORIZATION.CREATED"}},
		{Category: event.PaymentUpdated, ByState: in(voided), Types: []string{"PAYMENT.AUTHORIZATION.VOIDED"}},
		{Category: event.PaymentUpdated, Counts: true, ByState: in(completed), Types: []string{"PAYMENT.CAPTURE.COMPLETED", "PAYMENT.SALE.COMPLETED"}},
		{Category: event.PaymentUpdated, ByState: in(pending), Types: []string{"PAYMENT.CAPTURE.PENDING", "PAYMENT.SALE.PENDING"}},
		{Category: event.PaymentUpdated, ByState: in(denied), Types: []string{
			"PAYMENT.CAPTURE.DECLINED", "PAYMENT.CAPTURE.DENIED", "PAYMENT.SALE.DENIED",
		}},
		{Category: event.PaymentUpdated, Counts: true, ByState: in(reversed), Types: []string{"PAYMENT.CAPTURE.REVERSED", "PAYMENT.SALE.REVERSED"}},

		// Refunds: the resource is the refund.
		{Category: event.RefundUpdated, Counts: true, ByState: in(refunded), Types: []string{
			"PAYMENT.CAPTURE.REFUNDED", "PAYMENT.SALE.REFUNDED",
		}},
		{Category: event.RefundUpdated, Counts: true, ByState: in(refundPending), Types: []string{"PAYMENT.REFUND.PENDING"}},
		{Category: event.RefundUpdated, Counts: true, ByState: in(refundFailed), Types: []string{"PAYMENT.REFUND.FAILED"}},

		// Disputes.
		{Category: event.DisputeOpened, Counts: true, Types: []string{"CUSTOMER.DISPUTE.CREATED"}},
		{Category: event.DisputeUpdated, Types: []string{"CUSTOMER.DISPUTE.UPDATED"}},
		{Category: event.DisputeUpdated, Counts: true, ByState: disputeState, Types: []string{"CUSTOMER.DISPUTE.RESOLVED"}},

		// Payouts. A batch is done when all of its items are, paid or not, so only
		// items are paid.
		{Category: event.PayoutUpdated, ByState: in(batchProcessing), Types: []string{"PAYMENT.PAYOUTSBATCH.PROCESSING"}},
		// PayPal's files do not list the states of a referenced item.
		{Category: event.PayoutUpdated, Counts: true, ByState: in(itemPaid), Types: []string{
			"PAYMENT.PAYOUTS-ITEM.SUCCEEDED", "PAYMENT.REFERENCED-PAYOUT-ITEM.COMPLETED",
		}},
		{Category: event.PayoutUpdated, Counts: true, ByState: in(batchDenied), Types: []string{"PAYMENT.PAYOUTSBATCH.DENIED"}},
		{Category: event.PayoutUpdated, Counts: true, ByState: in(itemFailed), Types: []string{
			"PAYMENT.PAYOUTS-ITEM.BLOCKED", "PAYMENT.PAYOUTS-ITEM.DENIED", "PAYMENT.PAYOUTS-ITEM.FAILED",
			"PAYMENT.PAYOUTS-ITEM.REFUNDED", "PAYMENT.PAYOUTS-ITEM.RETURNED",
			"PAYMENT.REFERENCED-PAYOUT-ITEM.FAILED",
		}},
		{Category: event.PayoutUpdated, Counts: true, ByState: in(itemCanceled), Types: []string{"PAYMENT.PAYOUTS-ITEM.CANCELED"}},
		{Category: event.PayoutUpdated, Types: []string{
			"PAYMENT.PAYOUTSBATCH.SUCCESS", "PAYMENT.PAYOUTS-ITEM.HELD",
			"PAYMENT.PAYOUTS-ITEM.UNCLAIMED",
		}},

		// Subscriptions.
		{Category: event.SubscriptionCreated, Types: []string{"BILLING.SUBSCRIPTION.CREATED"}},
		{Category: event.SubscriptionUpdated, Types: []string{
			"BILLING.SUBSCRIPTION.ACTIVATED", "BILLING.SUBSCRIPTION.UPDATED", "USAGE-BILLING.SUBSCRIPTION.TRIAL.ENDED",
			"USAGE-BILLING.SUBSCRIPTION.UPDATED",
		}},
		{Category: event.SubscriptionPaused, ByState: unless(event.SubscriptionUpdated, "SUSPENDED"), Types: []string{"BILLING.SUBSCRIPTION.SUSPENDED"}},
		{Category: event.SubscriptionResumed, ByState: unless(event.SubscriptionUpdated, "ACTIVE"), Types: []string{"BILLING.SUBSCRIPTION.RE-ACTIVATED"}},
		{Category: event.SubscriptionCanceled, ByState: unless(event.SubscriptionUpdated, "CANCELLED", "EXPIRED"), Types: []string{
			"BILLING.SUBSCRIPTION.CANCELLED", "BILLING.SUBSCRIPTION.EXPIRED",
		}},
		{Category: event.SubscriptionCanceled, Types: []string{"USAGE-BILLING.SUBSCRIPTION.TERMINATED"}},

		// Invoices. Usage-based billing documents no event of a part that is paid.
		{Category: event.InvoiceCreated, Types: []string{"INVOICING.INVOICE.CREATED", "USAGE-BILLING.INVOICE.CREATED"}},
		{Category: event.InvoiceUpdated, ByState: in(invoicePaid), Types: []string{"INVOICING.INVOICE.PAID"}},
		{Category: event.InvoicePaid, Types: []string{"USAGE-BILLING.INVOICE.PAYMENT.SUCCEEDED"}},
		// A subscription has no invoices; its failed renewal has the category that
		// Stripe's and Square's have.
		{Category: event.InvoicePaymentFailed, Types: []string{
			"BILLING.SUBSCRIPTION.PAYMENT.FAILED", "USAGE-BILLING.INVOICE.PAYMENT.FAILED",
		}},
		{Category: event.InvoiceVoided, ByState: unless(event.InvoiceUpdated, "CANCELLED"), Types: []string{"INVOICING.INVOICE.CANCELLED"}},
		{Category: event.InvoiceUpdated, Types: []string{
			"INVOICING.INVOICE.REFUNDED", "INVOICING.INVOICE.SCHEDULED", "INVOICING.INVOICE.SENT",
			"INVOICING.INVOICE.UPDATED", "USAGE-BILLING.INVOICE.PAYMENT.OVERDUE",
		}},

		// Checkout and orders. A completed order says what its captures say.
		{Category: event.CheckoutApproved, ByState: unless(event.OrderUpdated, "APPROVED", "COMPLETED"), Types: []string{"CHECKOUT.ORDER.APPROVED"}},
		{Category: event.CheckoutApproved, Types: []string{
			"CHECKOUT.CHECKOUT.BUYER-APPROVED",
			"PAYMENTS.PAYMENT.CREATED",
		}},
		{Category: event.OrderUpdated, ByState: in(orderCompleted), Types: []string{"CHECKOUT.ORDER.COMPLETED"}},
		{Category: event.CheckoutExpired, Types: []string{"CHECKOUT.PAYMENT-APPROVAL.REVERSED"}},
		{Category: event.OrderUpdated, Types: []string{
			"CHECKOUT.ORDER.PROCESSED", "PAYMENT.ORDER.CANCELLED", "PAYMENT.ORDER.CREATED",
		}},

		// Merchants.
		{Category: event.AccountUpdated, Types: []string{
			"CUSTOMER.ACCOUNT-LIMITATION.ADDED", "CUSTOMER.ACCOUNT-LIMITATION.ESCALATED",
			"CUSTOMER.ACCOUNT-LIMITATION.LIFTED", "CUSTOMER.ACCOUNT-LIMITATION.UPDATED",
			"CUSTOMER.MANAGED-ACCOUNT.ACCOUNT-CREATED",
			"CUSTOMER.MANAGED-ACCOUNT.ACCOUNT-STATUS-CHANGED",
			"CUSTOMER.MANAGED-ACCOUNT.ACCOUNT-UPDATED", "CUSTOMER.MANAGED-ACCOUNT.CREATION-FAILED",
			"CUSTOMER.MANAGED-ACCOUNT.NEGATIVE-BALANCE-DEBIT-INITIATED",
			"CUSTOMER.MANAGED-ACCOUNT.NEGATIVE-BALANCE-NOTIFIED",
			"CUSTOMER.MANAGED-ACCOUNT.RISK-ASSESSED",
			"CUSTOMER.MERCHANT-INTEGRATION.CAPABILITY-UPDATED",
			"CUSTOMER.MERCHANT-INTEGRATION.PRODUCT-SUBSCRIPTION-UPDATED",
			"CUSTOMER.MERCHANT-INTEGRATION.SELLER-ALREADY-INTEGRATED",
			"CUSTOMER.MERCHANT-INTEGRATION.SELLER-CONSENT-GRANTED",
			"CUSTOMER.MERCHANT-INTEGRATION.SELLER-EMAIL-CONFIRMED",
			"CUSTOMER.MERCHANT-INTEGRATION.SELLER-ONBOARDING-INITIATED",
			"MERCHANT.ONBOARDING.COMPLETED", "MERCHANT.PARTNER-CONSENT.REVOKED",
		}},
	}...)
}

// in returns the category of a resource by its state in one spelling: v1 writes
// "completed", v2 "COMPLETED".
func in(states func() provider.States) func(*resource) event.Category {
	table := states()
	return func(r *resource) event.Category { return table[upperStatus(r)] }
}

// unless returns a weaker category for a resource in another state than its type names.
func unless(weaker event.Category, named ...string) func(*resource) event.Category {
	return provider.Unless(weaker, upperStatus, named...)
}

func upperStatus(r *resource) string { return strings.ToUpper(r.status()) }

// The states are those of PayPal's OpenAPI documents and of its v1 reference:
// capture_status, sale, authorization_status, refund_status in payments_payment_v2.json
// and payments_payment_v1.json, transaction_enum and batch_enum in payments_payouts_batch_v1.json,
// invoice_status in invoicing_v2.json, order_status in checkout_orders_v2.json, status in
// billing_subscriptions_v1.json. The agreements before subscriptions have the words Pending,
// Active, Suspended, Cancelled and Expired (developer.paypal.com/api/deprecated/
// payments.billing-agreements/v1).

// authorized are the states of a new authorization. PayPal may still review it, or
// have denied it at once.
func authorized() provider.States {
	return provider.Join(
		provider.In(event.PaymentAuthorized, "CREATED", "AUTHORIZED", ""),
		provider.In(event.PaymentPending, "PENDING"),
		provider.In(event.PaymentFailed, "DENIED"))
}

func voided() provider.States {
	return provider.In(event.PaymentCanceled, "VOIDED", "EXPIRED", "")
}

// completed are the states of a capture or sale. One that was refunded since was
// taken before. A sale is announced as completed while it is pending
// (github.com/paypal/PayPal-PHP-SDK, issue 1189).
func completed() provider.States {
	return provider.Join(
		provider.In(event.PaymentSucceeded, "COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED", ""),
		provider.In(event.PaymentPending, "PENDING"),
		provider.In(event.PaymentFailed, "DECLINED", "DENIED", "FAILED"))
}

func pending() provider.States {
	return provider.Join(
		provider.In(event.PaymentPending, "PENDING", ""),
		provider.In(event.PaymentFailed, "DECLINED", "DENIED", "FAILED"))
}

func denied() provider.States {
	return provider.Join(
		provider.In(event.PaymentFailed, "DECLINED", "DENIED", "FAILED", ""),
		provider.In(event.PaymentPending, "PENDING"))
}

// reversed are the states of the refund in v2, and of the sale in v1.
func reversed() provider.States {
	return provider.In(event.PaymentReversed, "COMPLETED", "REFUNDED", "PARTIALLY_REFUNDED", "REVERSED", "")
}

// refunded are the states of a refund. A refund by eCheck is pending for days and
// may fail.
func refunded() provider.States {
	return provider.Join(
		provider.In(event.RefundSucceeded, "COMPLETED", ""),
		provider.In(event.RefundFailed, "FAILED"),
		provider.In(event.RefundCreated, "PENDING"))
}

func refundPending() provider.States {
	return provider.Join(
		provider.In(event.RefundCreated, "PENDING", ""),
		provider.In(event.RefundFailed, "FAILED"))
}

func refundFailed() provider.States { return provider.In(event.RefundFailed, "FAILED", "") }

func itemPaid() provider.States {
	return provider.Join(
		provider.In(event.PayoutPaid, "SUCCESS", "COMPLETED", ""),
		provider.In(event.PayoutFailed, "FAILED", "RETURNED", "BLOCKED", "REFUNDED", "REVERSED", "DENIED"))
}

func itemFailed() provider.States {
	return provider.In(event.PayoutFailed, "FAILED", "RETURNED", "BLOCKED", "REFUNDED", "REVERSED", "DENIED", "")
}

// itemCanceled: a canceled item is returned to the sender.
func itemCanceled() provider.States { return provider.In(event.PayoutCanceled, "RETURNED", "") }

func batchProcessing() provider.States {
	return provider.In(event.PayoutCreated, "PENDING", "PROCESSING", "")
}

func batchDenied() provider.States { return provider.In(event.PayoutFailed, "DENIED", "") }

func orderCompleted() provider.States { return provider.In(event.CheckoutCompleted, "COMPLETED", "") }

// invoicePaid are the states of an invoice that is paid in full. Its type is also
// sent for a part and for a pending payment.
func invoicePaid() provider.States {
	return provider.In(event.InvoicePaid, "PAID", "MARKED_AS_PAID")
}

// disputeState returns the category of a resolved dispute. One that was
// withdrawn, settled or paid by PayPal itself is neither won nor lost
// ("dispute_outcome" in customer_disputes_v1.json).
func disputeState(r *resource) event.Category {
	switch status := upperStatus(r); {
	case status != "RESOLVED" && status != "":
		return ""
	case r.DisputeOutcome.Code == "RESOLVED_SELLER_FAVOUR":
		return event.DisputeWon
	case r.DisputeOutcome.Code == "RESOLVED_BUYER_FAVOUR":
		return event.DisputeLost
	}
	return event.DisputeClosed
}
