package paypal

import "github.com/paysluice/paysluice/handlers/event"

// ruleOf is the table of all event types that PayPal documents
// (testdata/event_types.txt says where). The rule of a type that is not in it
// is empty.
func ruleOf(typ string) rule {
	switch typ {
	// Payments: the capture counts, or the sale of the older API and of
	// subscriptions.
	case "PAYMENT.AUTHORIZATION.CREATED":
		return depends(authorized)
	case "PAYMENT.AUTHORIZATION.VOIDED":
		return always(event.PaymentCanceled)
	case "PAYMENT.CAPTURE.COMPLETED", "PAYMENT.SALE.COMPLETED":
		return always(event.PaymentSucceeded)
	case "PAYMENT.CAPTURE.PENDING", "PAYMENT.SALE.PENDING":
		return always(event.PaymentPending)
	case "PAYMENT.CAPTURE.DECLINED", "PAYMENT.CAPTURE.DENIED", "PAYMENT.SALE.DENIED":
		return always(event.PaymentFailed)
	case "PAYMENT.CAPTURE.REVERSED", "PAYMENT.SALE.REVERSED":
		return always(event.PaymentReversed)

	// Refunds: the resource is the refund.
	case "PAYMENT.CAPTURE.REFUNDED", "PAYMENT.SALE.REFUNDED":
		return depends(refunded)

	// Disputes.
	case "CUSTOMER.DISPUTE.CREATED":
		return always(event.DisputeOpened)
	case "CUSTOMER.DISPUTE.UPDATED":
		return always(event.DisputeUpdated)
	case "CUSTOMER.DISPUTE.RESOLVED":
		return depends(resolved)

	// Payouts. A batch is done when all of its items are, paid or not, so only
	// items are paid.
	case "PAYMENT.PAYOUTSBATCH.PROCESSING":
		return always(event.PayoutCreated)
	case "PAYMENT.PAYOUTS-ITEM.SUCCEEDED", "PAYMENT.REFERENCED-PAYOUT-ITEM.COMPLETED":
		return always(event.PayoutPaid)
	case "PAYMENT.PAYOUTSBATCH.DENIED", "PAYMENT.PAYOUTS-ITEM.BLOCKED", "PAYMENT.PAYOUTS-ITEM.DENIED",
		"PAYMENT.PAYOUTS-ITEM.FAILED", "PAYMENT.PAYOUTS-ITEM.REFUNDED", "PAYMENT.PAYOUTS-ITEM.RETURNED",
		"PAYMENT.REFERENCED-PAYOUT-ITEM.FAILED":
		return always(event.PayoutFailed)
	case "PAYMENT.PAYOUTS-ITEM.CANCELED":
		return always(event.PayoutCanceled)
	case "PAYMENT.PAYOUTSBATCH.SUCCESS", "PAYMENT.PAYOUTS-ITEM.HELD", "PAYMENT.PAYOUTS-ITEM.UNCLAIMED":
		return always(event.PayoutUpdated)

	// Subscriptions.
	case "BILLING.SUBSCRIPTION.CREATED":
		return always(event.SubscriptionCreated)
	case "BILLING.SUBSCRIPTION.ACTIVATED", "BILLING.SUBSCRIPTION.PAYMENT.FAILED",
		"BILLING.SUBSCRIPTION.UPDATED":
		return always(event.SubscriptionUpdated)
	case "BILLING.SUBSCRIPTION.SUSPENDED":
		return always(event.SubscriptionPaused)
	case "BILLING.SUBSCRIPTION.RE-ACTIVATED":
		return always(event.SubscriptionResumed)
	case "BILLING.SUBSCRIPTION.CANCELLED", "BILLING.SUBSCRIPTION.EXPIRED":
		return always(event.SubscriptionCanceled)

	// Invoices.
	case "INVOICING.INVOICE.CREATED":
		return always(event.InvoiceCreated)
	case "INVOICING.INVOICE.PAID":
		return depends(invoicePaid)
	case "INVOICING.INVOICE.CANCELLED":
		return always(event.InvoiceVoided)
	case "INVOICING.INVOICE.REFUNDED", "INVOICING.INVOICE.SCHEDULED", "INVOICING.INVOICE.UPDATED":
		return always(event.InvoiceUpdated)

	// Checkout and orders. A completed order says what its captures say.
	case "CHECKOUT.CHECKOUT.BUYER-APPROVED", "CHECKOUT.ORDER.APPROVED", "PAYMENTS.PAYMENT.CREATED":
		return always(event.CheckoutApproved)
	case "CHECKOUT.ORDER.COMPLETED":
		return always(event.CheckoutCompleted)
	case "CHECKOUT.PAYMENT-APPROVAL.REVERSED":
		return always(event.CheckoutExpired)
	case "CHECKOUT.ORDER.PROCESSED", "PAYMENT.ORDER.CANCELLED", "PAYMENT.ORDER.CREATED":
		return always(event.OrderUpdated)

	// Merchants.
	case "CUSTOMER.ACCOUNT-LIMITATION.ADDED", "CUSTOMER.ACCOUNT-LIMITATION.ESCALATED",
		"CUSTOMER.ACCOUNT-LIMITATION.LIFTED", "CUSTOMER.ACCOUNT-LIMITATION.UPDATED",
		"CUSTOMER.MANAGED-ACCOUNT.ACCOUNT-CREATED", "CUSTOMER.MANAGED-ACCOUNT.ACCOUNT-STATUS-CHANGED",
		"CUSTOMER.MANAGED-ACCOUNT.ACCOUNT-UPDATED", "CUSTOMER.MANAGED-ACCOUNT.CREATION-FAILED",
		"CUSTOMER.MANAGED-ACCOUNT.NEGATIVE-BALANCE-DEBIT-INITIATED",
		"CUSTOMER.MANAGED-ACCOUNT.NEGATIVE-BALANCE-NOTIFIED", "CUSTOMER.MANAGED-ACCOUNT.RISK-ASSESSED",
		"CUSTOMER.MERCHANT-INTEGRATION.CAPABILITY-UPDATED",
		"CUSTOMER.MERCHANT-INTEGRATION.PRODUCT-SUBSCRIPTION-UPDATED",
		"CUSTOMER.MERCHANT-INTEGRATION.SELLER-ALREADY-INTEGRATED",
		"CUSTOMER.MERCHANT-INTEGRATION.SELLER-CONSENT-GRANTED",
		"CUSTOMER.MERCHANT-INTEGRATION.SELLER-EMAIL-CONFIRMED",
		"CUSTOMER.MERCHANT-INTEGRATION.SELLER-ONBOARDING-INITIATED",
		"MERCHANT.ONBOARDING.COMPLETED", "MERCHANT.PARTNER-CONSENT.REVOKED":
		return always(event.AccountUpdated)

	// Everything else that PayPal documents: not in the vocabulary, and the
	// deprecated twin of CUSTOMER.DISPUTE.CREATED.
	case "BILLING.PLAN.ACTIVATED", "BILLING.PLAN.CREATED", "BILLING.PLAN.DEACTIVATED",
		"BILLING.PLAN.PRICING-CHANGE.ACTIVATED", "BILLING.PLAN.UPDATED",
		"BILLING_AGREEMENTS.AGREEMENT.CANCELLED", "BILLING_AGREEMENTS.AGREEMENT.CREATED",
		"CATALOG.PRODUCT.CREATED", "CATALOG.PRODUCT.UPDATED",
		"IDENTITY.AUTHORIZATION-CONSENT.REVOKED", "RISK.DISPUTE.CREATED",
		"VAULT.CREDIT-CARD.CREATED", "VAULT.CREDIT-CARD.DELETED", "VAULT.CREDIT-CARD.UPDATED",
		"VAULT.PAYMENT-TOKEN.CREATED", "VAULT.PAYMENT-TOKEN.DELETED",
		"VAULT.PAYMENT-TOKEN.DELETION-INITIATED":
		return always(event.Other)
	}
	return rule{}
}
