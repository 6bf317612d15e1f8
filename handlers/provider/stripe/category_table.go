package stripe

import "github.com/paysluice/paysluice/handlers/event"

// ruleOf is the table of all event types that Stripe documents
// (testdata/event_types.txt says where); thin twins stand under the name of
// their snapshot event. The rule of a type that is not in it is empty.
func ruleOf(typ string) rule {
	switch typ {
	// Payments: the payment intent counts; a charge only when it has none.
	case "payment_intent.created", "payment_intent.processing", "payment_intent.requires_action":
		return always(event.PaymentPending)
	case "payment_intent.amount_capturable_updated":
		return depends(event.PaymentUpdated, capturable)
	case "payment_intent.succeeded":
		return always(event.PaymentSucceeded)
	case "payment_intent.payment_failed":
		return always(event.PaymentFailed)
	case "payment_intent.canceled":
		return always(event.PaymentCanceled)
	case "charge.pending":
		return depends(event.PaymentUpdated, direct(event.PaymentPending))
	case "charge.succeeded":
		return depends(event.PaymentUpdated, charged)
	case "charge.captured":
		return depends(event.PaymentUpdated, direct(event.PaymentSucceeded))
	case "charge.failed":
		return depends(event.PaymentUpdated, direct(event.PaymentFailed))
	case "charge.expired":
		return depends(event.PaymentUpdated, direct(event.PaymentCanceled))
	case "payment_intent.partially_funded", "charge.refunded", "charge.updated":
		return always(event.PaymentUpdated)

	// Refunds.
	case "refund.created":
		return depends(event.RefundUpdated, refund(event.RefundCreated))
	case "refund.updated":
		return depends(event.RefundUpdated, refund(event.RefundUpdated))
	case "refund.failed":
		return always(event.RefundFailed)
	case "charge.refund.updated":
		return always(event.RefundUpdated)

	// Disputes.
	case "charge.dispute.created":
		return always(event.DisputeOpened)
	case "charge.dispute.updated":
		return always(event.DisputeUpdated)
	case "charge.dispute.closed":
		return depends(event.DisputeUpdated, disputeClosed)
	case "charge.dispute.funds_withdrawn":
		return always(event.DisputeFundsWithdrawn)
	case "charge.dispute.funds_reinstated":
		return always(event.DisputeFundsReinstated)

	// Payouts.
	case "payout.created":
		return always(event.PayoutCreated)
	case "payout.paid":
		return always(event.PayoutPaid)
	case "payout.failed":
		return always(event.PayoutFailed)
	case "payout.canceled":
		return always(event.PayoutCanceled)
	case "payout.updated", "payout.reconciliation_completed":
		return always(event.PayoutUpdated)

	// Subscriptions.
	case "customer.subscription.created":
		return always(event.SubscriptionCreated)
	case "customer.subscription.updated", "customer.subscription.pending_update_applied",
		"customer.subscription.pending_update_expired":
		return always(event.SubscriptionUpdated)
	case "customer.subscription.paused":
		return always(event.SubscriptionPaused)
	case "customer.subscription.resumed":
		return always(event.SubscriptionResumed)
	case "customer.subscription.deleted":
		return always(event.SubscriptionCanceled)
	case "customer.subscription.trial_will_end":
		return always(event.SubscriptionTrialEnding)

	// Invoices: invoice.paid alone says paid, invoice.payment_succeeded comes beside it.
	case "invoice.created":
		return always(event.InvoiceCreated)
	case "invoice.paid":
		return always(event.InvoicePaid)
	case "invoice.payment_failed":
		return always(event.InvoicePaymentFailed)
	case "invoice.voided":
		return always(event.InvoiceVoided)
	case "invoice.deleted", "invoice.finalization_failed", "invoice.finalized",
		"invoice.marked_uncollectible", "invoice.overdue", "invoice.overpaid",
		"invoice.payment_action_required", "invoice.payment_attempt_required",
		"invoice.payment_succeeded", "invoice.sent", "invoice.updated", "invoice.will_be_due",
		"invoice_payment.paid":
		return always(event.InvoiceUpdated)

	// Checkout.
	case "checkout.session.completed":
		return depends(event.CheckoutApproved, checkoutCompleted)
	case "checkout.session.async_payment_succeeded":
		return always(event.CheckoutCompleted)
	case "checkout.session.expired":
		return always(event.CheckoutExpired)

	// Customers and accounts, with what belongs to them.
	case "customer.created":
		return always(event.CustomerCreated)
	case "customer.deleted":
		return always(event.CustomerDeleted)
	case "customer.updated", "customer.discount.created", "customer.discount.deleted",
		"customer.discount.updated", "customer.source.created", "customer.source.deleted",
		"customer.source.expiring", "customer.source.updated", "customer.tax_id.created",
		"customer.tax_id.deleted", "customer.tax_id.updated":
		return always(event.CustomerUpdated)
	case "account.updated", "account.application.authorized", "account.application.deauthorized",
		"account.external_account.created", "account.external_account.deleted",
		"account.external_account.updated", "capability.updated", "person.created",
		"person.deleted", "person.updated", "v2.core.account.closed", "v2.core.account.created",
		"v2.core.account.updated",
		"v2.core.account[configuration.customer].capability_status_updated",
		"v2.core.account[configuration.customer].updated",
		"v2.core.account[configuration.merchant].capability_status_updated",
		"v2.core.account[configuration.merchant].updated",
		"v2.core.account[configuration.recipient].capability_status_updated",
		"v2.core.account[configuration.recipient].updated", "v2.core.account[defaults].updated",
		"v2.core.account[future_requirements].updated", "v2.core.account[identity].updated",
		"v2.core.account[requirements].updated", "v2.core.account_link.returned",
		"v2.core.account_person.created", "v2.core.account_person.deleted",
		"v2.core.account_person.updated":
		return always(event.AccountUpdated)
	case "v2.core.event_destination.ping":
		return always(event.TestPing)

	// Everything else that Stripe documents: not in the vocabulary.
	case "application_fee.created", "application_fee.refund.updated", "application_fee.refunded",
		"balance.available", "balance_settings.updated",
		"billing.alert.triggered", "billing.credit_balance_transaction.created",
		"billing.credit_grant.created", "billing.credit_grant.updated", "billing.meter.created",
		"billing.meter.deactivated", "billing.meter.reactivated", "billing.meter.updated",
		"billing.meter.error_report_triggered", "billing.meter.no_meter_found",
		"billing_portal.configuration.created", "billing_portal.configuration.updated",
		"billing_portal.session.created", "cash_balance.funds_available",
		"checkout.session.async_payment_failed",
		"climate.order.canceled", "climate.order.created", "climate.order.delayed",
		"climate.order.delivered", "climate.order.product_substituted",
		"climate.product.created", "climate.product.pricing_updated",
		"coupon.created", "coupon.deleted", "coupon.updated",
		"credit_note.created", "credit_note.updated", "credit_note.voided",
		"customer_cash_balance_transaction.created",
		"entitlements.active_entitlement_summary.updated", "file.created",
		"financial_connections.account.account_numbers_updated",
		"financial_connections.account.created", "financial_connections.account.deactivated",
		"financial_connections.account.disconnected",
		"financial_connections.account.expected_deactivation_date_updated",
		"financial_connections.account.reactivated",
		"financial_connections.account.refreshed_balance",
		"financial_connections.account.refreshed_ownership",
		"financial_connections.account.refreshed_transactions",
		"financial_connections.account.supported_payment_method_types_updated",
		"financial_connections.account.upcoming_account_number_expiry",
		"financial_connections.account.upcoming_deactivation",
		"financial_connections.authorization.expected_deactivation_date_updated",
		"financial_connections.authorization.upcoming_deactivation",
		"identity.verification_session.canceled", "identity.verification_session.created",
		"identity.verification_session.processing", "identity.verification_session.redacted",
		"identity.verification_session.requires_input", "identity.verification_session.verified",
		"invoice.upcoming", "invoiceitem.created", "invoiceitem.deleted",
		"issuing_authorization.created", "issuing_authorization.request",
		"issuing_authorization.updated", "issuing_card.created", "issuing_card.updated",
		"issuing_cardholder.created", "issuing_cardholder.updated",
		"issuing_dispute.closed", "issuing_dispute.created", "issuing_dispute.funds_reinstated",
		"issuing_dispute.funds_rescinded", "issuing_dispute.submitted",
		"issuing_dispute.updated",
		"issuing_personalization_design.activated", "issuing_personalization_design.deactivated",
		"issuing_personalization_design.rejected", "issuing_personalization_design.updated",
		"issuing_token.created", "issuing_token.updated",
		"issuing_transaction.created", "issuing_transaction.purchase_details_receipt_updated",
		"issuing_transaction.updated", "mandate.updated",
		"payment_link.created", "payment_link.updated",
		"payment_method.attached", "payment_method.automatically_updated",
		"payment_method.detached", "payment_method.updated",
		"plan.created", "plan.deleted", "plan.updated",
		"price.created", "price.deleted", "price.updated",
		"product.created", "product.deleted", "product.updated",
		"promotion_code.created", "promotion_code.updated",
		"quote.accepted", "quote.canceled", "quote.created", "quote.finalized",
		"radar.early_fraud_warning.created", "radar.early_fraud_warning.updated",
		"reporting.report_run.failed", "reporting.report_run.succeeded",
		"reporting.report_type.updated",
		"reserve.hold.created", "reserve.hold.updated", "reserve.plan.created",
		"reserve.plan.disabled", "reserve.plan.expired", "reserve.plan.updated",
		"reserve.release.created", "review.closed", "review.opened",
		"setup_intent.canceled", "setup_intent.created", "setup_intent.requires_action",
		"setup_intent.setup_failed", "setup_intent.succeeded",
		"sigma.scheduled_query_run.created",
		"source.canceled", "source.chargeable", "source.failed", "source.mandate_notification",
		"source.refund_attributes_required", "source.transaction.created",
		"source.transaction.updated",
		"subscription_schedule.aborted", "subscription_schedule.canceled",
		"subscription_schedule.completed", "subscription_schedule.created",
		"subscription_schedule.expiring", "subscription_schedule.released",
		"subscription_schedule.updated", "tax.settings.updated",
		"tax_rate.created", "tax_rate.updated",
		"terminal.reader.action_failed", "terminal.reader.action_succeeded",
		"terminal.reader.action_updated",
		"test_helpers.test_clock.advancing", "test_helpers.test_clock.created",
		"test_helpers.test_clock.deleted", "test_helpers.test_clock.internal_failure",
		"test_helpers.test_clock.ready",
		"topup.canceled", "topup.created", "topup.failed", "topup.reversed", "topup.succeeded",
		"transfer.created", "transfer.reversed", "transfer.updated",
		"treasury.credit_reversal.created", "treasury.credit_reversal.posted",
		"treasury.debit_reversal.completed", "treasury.debit_reversal.created",
		"treasury.debit_reversal.initial_credit_granted", "treasury.financial_account.closed",
		"treasury.financial_account.created",
		"treasury.financial_account.features_status_updated",
		"treasury.inbound_transfer.canceled", "treasury.inbound_transfer.created",
		"treasury.inbound_transfer.failed", "treasury.inbound_transfer.succeeded",
		"treasury.outbound_payment.canceled", "treasury.outbound_payment.created",
		"treasury.outbound_payment.expected_arrival_date_updated",
		"treasury.outbound_payment.failed", "treasury.outbound_payment.posted",
		"treasury.outbound_payment.returned",
		"treasury.outbound_payment.tracking_details_updated",
		"treasury.outbound_transfer.canceled", "treasury.outbound_transfer.created",
		"treasury.outbound_transfer.expected_arrival_date_updated",
		"treasury.outbound_transfer.failed", "treasury.outbound_transfer.posted",
		"treasury.outbound_transfer.returned",
		"treasury.outbound_transfer.tracking_details_updated",
		"treasury.received_credit.created", "treasury.received_credit.failed",
		"treasury.received_credit.succeeded", "treasury.received_debit.created",
		"v2.commerce.product_catalog.imports.failed",
		"v2.commerce.product_catalog.imports.processing",
		"v2.commerce.product_catalog.imports.succeeded",
		"v2.commerce.product_catalog.imports.succeeded_with_errors":
		return always(event.Other)
	}
	return rule{}
}
