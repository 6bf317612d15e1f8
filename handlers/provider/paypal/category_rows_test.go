package paypal

import "github.com/paysluice/paysluice/handlers/event"

// categoryRow is what becomes of an event of a type, in a state.
type categoryRow struct {
	typ      string
	resource string // "" where the type alone decides
	want     event.Category
}

// categoryRows hold every type that is in the vocabulary, in each of its states.
func categoryRows() []categoryRow {
	return []categoryRow{
		{"PAYMENT.AUTHORIZATION.CREATED", `{"status":"CREATED"}`, event.PaymentAuthorized},
		{"PAYMENT.AUTHORIZATION.CREATED", `{"state":"authorized"}`, event.PaymentAuthorized},
		{"PAYMENT.AUTHORIZATION.CREATED", `{}`, event.PaymentAuthorized}, // the type says so
		{"PAYMENT.AUTHORIZATION.CREATED", `{"status":"PENDING"}`, event.PaymentPending},
		{"PAYMENT.AUTHORIZATION.CREATED", `{"status":"DENIED"}`, event.PaymentFailed},
		{"PAYMENT.AUTHORIZATION.CREATED", `{"status":"CAPTURED"}`, event.PaymentUpdated}, // what is held no more
		{"PAYMENT.AUTHORIZATION.VOIDED", ``, event.PaymentCanceled},
		{"PAYMENT.CAPTURE.COMPLETED", ``, event.PaymentSucceeded},
		{"PAYMENT.CAPTURE.PENDING", ``, event.PaymentPending},
		{"PAYMENT.CAPTURE.DECLINED", ``, event.PaymentFailed},
		{"PAYMENT.CAPTURE.DENIED", ``, event.PaymentFailed},
		{"PAYMENT.CAPTURE.REVERSED", ``, event.PaymentReversed},
		{"PAYMENT.SALE.COMPLETED", ``, event.PaymentSucceeded},
		{"PAYMENT.SALE.PENDING", ``, event.PaymentPending},
		{"PAYMENT.SALE.DENIED", ``, event.PaymentFailed},
		{"PAYMENT.SALE.REVERSED", ``, event.PaymentReversed},

		{"PAYMENT.CAPTURE.REFUNDED", `{"status":"COMPLETED"}`, event.RefundSucceeded},
		{"PAYMENT.CAPTURE.REFUNDED", `{"status":"PENDING"}`, event.RefundCreated},
		{"PAYMENT.CAPTURE.REFUNDED", `{"status":"FAILED"}`, event.RefundFailed},
		{"PAYMENT.CAPTURE.REFUNDED", `{"status":"CANCELLED"}`, event.RefundUpdated},
		{"PAYMENT.CAPTURE.REFUNDED", `{}`, event.RefundUpdated},
		{"PAYMENT.SALE.REFUNDED", `{"state":"completed"}`, event.RefundSucceeded},
		{"PAYMENT.SALE.REFUNDED", `{"state":"pending"}`, event.RefundCreated},
		{"PAYMENT.REFUND.PENDING", ``, event.RefundCreated},
		{"PAYMENT.REFUND.FAILED", ``, event.RefundFailed},

		{"CUSTOMER.DISPUTE.CREATED", ``, event.DisputeOpened},
		{"CUSTOMER.DISPUTE.UPDATED", ``, event.DisputeUpdated},
		{"CUSTOMER.DISPUTE.RESOLVED", `{"dispute_outcome":{"outcome_code":"RESOLVED_SELLER_FAVOUR"}}`, event.DisputeWon},
		{"CUSTOMER.DISPUTE.RESOLVED", `{"dispute_outcome":{"outcome_code":"RESOLVED_BUYER_FAVOUR"}}`, event.DisputeLost},
		{"CUSTOMER.DISPUTE.RESOLVED", `{"dispute_outcome":{"outcome_code":"RESOLVED_WITH_PAYOUT"}}`, event.DisputeClosed},
		{"CUSTOMER.DISPUTE.RESOLVED", `{"dispute_outcome":{"outcome_code":"CANCELED_BY_BUYER"}}`, event.DisputeClosed},
		{"CUSTOMER.DISPUTE.RESOLVED", `{"dispute_outcome":{"outcome_code":"ACCEPTED"}}`, event.DisputeClosed},
		{"CUSTOMER.DISPUTE.RESOLVED", `{"dispute_outcome":{"outcome_code":"DENIED"}}`, event.DisputeClosed},
		{"CUSTOMER.DISPUTE.RESOLVED", `{"dispute_outcome":{"outcome_code":"NONE"}}`, event.DisputeClosed},
		{"CUSTOMER.DISPUTE.RESOLVED", `{}`, event.DisputeClosed},

		{"PAYMENT.PAYOUTSBATCH.PROCESSING", ``, event.PayoutCreated},
		{"PAYMENT.PAYOUTSBATCH.SUCCESS", ``, event.PayoutUpdated},
		{"PAYMENT.PAYOUTSBATCH.DENIED", ``, event.PayoutFailed},
		{"PAYMENT.PAYOUTS-ITEM.SUCCEEDED", ``, event.PayoutPaid},
		{"PAYMENT.PAYOUTS-ITEM.BLOCKED", ``, event.PayoutFailed},
		{"PAYMENT.PAYOUTS-ITEM.DENIED", ``, event.PayoutFailed},
		{"PAYMENT.PAYOUTS-ITEM.FAILED", ``, event.PayoutFailed},
		{"PAYMENT.PAYOUTS-ITEM.REFUNDED", ``, event.PayoutFailed},
		{"PAYMENT.PAYOUTS-ITEM.RETURNED", ``, event.PayoutFailed},
		{"PAYMENT.PAYOUTS-ITEM.CANCELED", ``, event.PayoutCanceled},
		{"PAYMENT.PAYOUTS-ITEM.HELD", ``, event.PayoutUpdated},
		{"PAYMENT.PAYOUTS-ITEM.UNCLAIMED", ``, event.PayoutUpdated},
		{"PAYMENT.REFERENCED-PAYOUT-ITEM.COMPLETED", ``, event.PayoutPaid},
		{"PAYMENT.REFERENCED-PAYOUT-ITEM.FAILED", ``, event.PayoutFailed},

		{"BILLING.SUBSCRIPTION.CREATED", ``, event.SubscriptionCreated},
		{"BILLING.SUBSCRIPTION.ACTIVATED", ``, event.SubscriptionUpdated},
		{"BILLING.SUBSCRIPTION.UPDATED", ``, event.SubscriptionUpdated},
		{"BILLING.SUBSCRIPTION.PAYMENT.FAILED", ``, event.SubscriptionUpdated},
		{"BILLING.SUBSCRIPTION.SUSPENDED", ``, event.SubscriptionPaused},
		{"BILLING.SUBSCRIPTION.RE-ACTIVATED", ``, event.SubscriptionResumed},
		{"BILLING.SUBSCRIPTION.CANCELLED", ``, event.SubscriptionCanceled},
		{"BILLING.SUBSCRIPTION.EXPIRED", ``, event.SubscriptionCanceled},
		{"USAGE-BILLING.SUBSCRIPTION.UPDATED", ``, event.SubscriptionUpdated},
		{"USAGE-BILLING.SUBSCRIPTION.TRIAL.ENDED", ``, event.SubscriptionUpdated}, // ended, and not about to
		{"USAGE-BILLING.SUBSCRIPTION.TERMINATED", ``, event.SubscriptionCanceled},

		{"INVOICING.INVOICE.CREATED", ``, event.InvoiceCreated},
		{"INVOICING.INVOICE.PAID", `{"invoice":{"status":"PAID"}}`, event.InvoicePaid},
		{"INVOICING.INVOICE.PAID", `{"status":"MARKED_AS_PAID"}`, event.InvoicePaid},
		{"INVOICING.INVOICE.PAID", `{"invoice":{"status":"PARTIALLY_PAID"}}`, event.InvoiceUpdated},
		{"INVOICING.INVOICE.PAID", `{"invoice":{"status":"PAYMENT_PENDING"}}`, event.InvoiceUpdated},
		{"INVOICING.INVOICE.PAID", `{}`, event.InvoiceUpdated},
		{"INVOICING.INVOICE.CANCELLED", ``, event.InvoiceVoided},
		{"INVOICING.INVOICE.REFUNDED", ``, event.InvoiceUpdated},
		{"INVOICING.INVOICE.SCHEDULED", ``, event.InvoiceUpdated},
		{"INVOICING.INVOICE.SENT", ``, event.InvoiceUpdated},
		{"INVOICING.INVOICE.UPDATED", ``, event.InvoiceUpdated},
		{"USAGE-BILLING.INVOICE.CREATED", ``, event.InvoiceCreated},
		{"USAGE-BILLING.INVOICE.PAYMENT.SUCCEEDED", ``, event.InvoicePaid},
		{"USAGE-BILLING.INVOICE.PAYMENT.FAILED", ``, event.InvoicePaymentFailed},
		{"USAGE-BILLING.INVOICE.PAYMENT.OVERDUE", ``, event.InvoiceUpdated},

		{"CHECKOUT.ORDER.APPROVED", ``, event.CheckoutApproved},
		{"CHECKOUT.CHECKOUT.BUYER-APPROVED", ``, event.CheckoutApproved},
		{"PAYMENTS.PAYMENT.CREATED", ``, event.CheckoutApproved},
		{"CHECKOUT.ORDER.COMPLETED", ``, event.CheckoutCompleted},
		{"CHECKOUT.PAYMENT-APPROVAL.REVERSED", ``, event.CheckoutExpired},
		{"CHECKOUT.ORDER.PROCESSED", ``, event.OrderUpdated},
		{"PAYMENT.ORDER.CREATED", ``, event.OrderUpdated},
		{"PAYMENT.ORDER.CANCELLED", ``, event.OrderUpdated},

		{"RISK.DISPUTE.CREATED", ``, event.Other},                    // its twin opens the dispute
		{"USAGE-BILLING.CREDIT-NOTE.REFUND.FAILED", ``, event.Other}, // about the credit note
		{"PAYMENT.CAPTURE.INVENTED", ``, event.Other},
	}
}
