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
		{Category: event.PaymentUpdated, ByState: authorizationState, Types: []string{"PAYMENT.AUTHORIZATION.CREATED"}},
		{Category: event.PaymentCanceled, Types: []string{"PAYMENT.AUTHORIZATION.VOIDED"}},
		{Category: event.PaymentSucceeded, Types: []string{"PAYMENT.CAPTURE.COMPLETED", "PAYMENT.SALE.COMPLETED"}},
		{Category: event.PaymentPending, Types: []string{"PAYMENT.CAPTURE.PENDING", "PAYMENT.SALE.PENDING"}},
		{Category: event.PaymentFailed, Types: []string{
			"PAYMENT.CAPTURE.DECLINED", "PAYMENT.CAPTURE.DENIED", "PAYMENT.SALE.DENIED",
		}},
		{Category: event.PaymentReversed, Types: []string{"PAYMENT.CAPTURE.REVERSED", "PAYMENT.SALE.REVERSED"}},

		// Refunds: the resource is the refund.
		{Category: event.RefundUpdated, ByState: refundState, Types: []string{
			"PAYMENT.CAPTURE.REFUNDED", "PAYMENT.SALE.REFUNDED",
		}},
		{Category: event.RefundCreated, Types: []string{"PAYMENT.REFUND.PENDING"}},
		{Category: event.RefundFailed, Types: []string{"PAYMENT.REFUND.FAILED"}},

		// Disputes.
		{Category: event.DisputeOpened, Types: []string{"CUSTOMER.DISPUTE.CREATED"}},
		{Category: event.DisputeUpdated, Types: []string{"CUSTOMER.DISPUTE.UPDATED"}},
		{Category: event.DisputeClosed, ByState: disputeState, Types: []string{"CUSTOMER.DISPUTE.RESOLVED"}},

		// Payouts. A batch is done when all of its items are, paid or not, so only
		// items are paid.
		{Category: event.PayoutCreated, Types: []string{"PAYMENT.PAYOUTSBATCH.PROCESSING"}},
		{Category: event.PayoutPaid, Types: []string{
			"PAYMENT.PAYOUTS-ITEM.SUCCEEDED", "PAYMENT.REFERENCED-PAYOUT-ITEM.COMPLETED",
		}},
		{Category: event.PayoutFailed, Types: []string{
			"PAYMENT.PAYOUTSBATCH.DENIED", "PAYMENT.PAYOUTS-ITEM.BLOCKED",
			"PAYMENT.PAYOUTS-ITEM.DENIED", "PAYMENT.PAYOUTS-ITEM.FAILED",
			"PAYMENT.PAYOUTS-ITEM.REFUNDED", "PAYMENT.PAYOUTS-ITEM.RETURNED",
			"PAYMENT.REFERENCED-PAYOUT-ITEM.FAILED",
		}},
		{Category: event.PayoutCanceled, Types: []string{"PAYMENT.PAYOUTS-ITEM.CANCELED"}},
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
		{Category: event.SubscriptionPaused, Types: []string{"BILLING.SUBSCRIPTION.SUSPENDED"}},
		{Category: event.SubscriptionResumed, Types: []string{"BILLING.SUBSCRIPTION.RE-ACTIVATED"}},
		{Category: event.SubscriptionCanceled, Types: []string{
			"BILLING.SUBSCRIPTION.CANCELLED", "BILLING.SUBSCRIPTION.EXPIRED",
			"USAGE-BILLING.SUBSCRIPTION.TERMINATED",
		}},

		// Invoices. Usage-based billing documents no event of a part that is paid.
		{Category: event.InvoiceCreated, Types: []string{"INVOICING.INVOICE.CREATED", "USAGE-BILLING.INVOICE.CREATED"}},
		{Category: event.InvoiceUpdated, ByState: invoiceState, Types: []string{"INVOICING.INVOICE.PAID"}},
		{Category: event.InvoicePaid, Types: []string{"USAGE-BILLING.INVOICE.PAYMENT.SUCCEEDED"}},
		// A subscription has no invoices; its failed renewal has the category that
		// Stripe's and Square's have.
		{Category: event.InvoicePaymentFailed, Types: []string{
			"BILLING.SUBSCRIPTION.PAYMENT.FAILED", "USAGE-BILLING.INVOICE.PAYMENT.FAILED",
		}},
		{Category: event.InvoiceVoided, Types: []string{"INVOICING.INVOICE.CANCELLED"}},
		{Category: event.InvoiceUpdated, Types: []string{
			"INVOICING.INVOICE.REFUNDED", "INVOICING.INVOICE.SCHEDULED", "INVOICING.INVOICE.SENT",
			"INVOICING.INVOICE.UPDATED", "USAGE-BILLING.INVOICE.PAYMENT.OVERDUE",
		}},

		// Checkout and orders. A completed order says what its captures say.
		{Category: event.CheckoutApproved, Types: []string{
			"CHECKOUT.CHECKOUT.BUYER-APPROVED", "CHECKOUT.ORDER.APPROVED",
			"PAYMENTS.PAYMENT.CREATED",
		}},
		{Category: event.CheckoutCompleted, Types: []string{"CHECKOUT.ORDER.COMPLETED"}},
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

// state returns the resource's state in one spelling: v1 writes "completed", v2
// "COMPLETED".
func state(r *resource) string { return strings.ToUpper(r.status()) }

// authorizationState returns the category of a new authorization. PayPal may
// still review it, or have denied it at once.
func authorizationState(r *resource) event.Category {
	switch state(r) {
	case "CREATED", "AUTHORIZED", "":
		return event.PaymentAuthorized
	case "PENDING":
		return event.PaymentPending
	case "DENIED":
		return event.PaymentFailed
	}
	return ""
}

// refundState returns the category of a refund. A refund by eCheck is pending for
// days and may fail.
func refundState(r *resource) event.Category {
	switch state(r) {
	case "COMPLETED":
		return event.RefundSucceeded
	case "FAILED":
		return event.RefundFailed
	case "PENDING":
		return event.RefundCreated
	}
	return ""
}

// disputeState returns the category of a resolved dispute. One that was
// withdrawn, settled or paid by PayPal itself is neither won nor lost
// ("dispute_outcome" in customer_disputes_v1.json).
func disputeState(r *resource) event.Category {
	switch r.DisputeOutcome.Code {
	case "RESOLVED_SELLER_FAVOUR":
		return event.DisputeWon
	case "RESOLVED_BUYER_FAVOUR":
		return event.DisputeLost
	}
	return ""
}

// invoiceState returns InvoicePaid for an invoice that is paid in full. Its type
// is also sent for a part and for a pending payment ("invoice_status" in
// invoicing_v2.json).
func invoiceState(r *resource) event.Category {
	switch state(r) {
	case "PAID", "MARKED_AS_PAID":
		return event.InvoicePaid
	}
	return ""
}
