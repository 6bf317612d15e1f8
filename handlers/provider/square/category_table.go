package square

import "github.com/paysluice/paysluice/handlers/event"

// ruleOf is the table of all event types that Square documents
// (testdata/event_types.txt says where); nil for a type that is not in it.
func ruleOf(typ string) rule {
	switch typ {
	// Payments: exactly these two count one.
	case "payment.created", "payment.updated":
		return payment

	// Refunds.
	case "refund.created":
		return refund(event.RefundCreated)
	case "refund.updated":
		return refund(event.RefundUpdated)

	// Disputes.
	case "dispute.created":
		return always(event.DisputeOpened)
	case "dispute.state.updated":
		return disputeState
	case "dispute.evidence.created", "dispute.evidence.deleted":
		return always(event.DisputeUpdated)
	// Deprecated twins of state.updated, evidence.created and evidence.deleted.
	case "dispute.state.changed", "dispute.evidence.added", "dispute.evidence.removed":
		return always(event.Other)

	// Payouts.
	case "payout.sent":
		return always(event.PayoutCreated)
	case "payout.paid":
		return always(event.PayoutPaid)
	case "payout.failed":
		return always(event.PayoutFailed)

	// Subscriptions.
	case "subscription.created":
		return always(event.SubscriptionCreated)
	case "subscription.updated":
		return subscriptionState

	// Invoices: payment_made alone says paid, updated comes beside it.
	case "invoice.created":
		return always(event.InvoiceCreated)
	case "invoice.payment_made":
		return invoicePaid
	case "invoice.scheduled_charge_failed":
		return always(event.InvoicePaymentFailed)
	case "invoice.canceled":
		return always(event.InvoiceVoided)
	case "invoice.deleted", "invoice.published", "invoice.refunded", "invoice.updated":
		return always(event.InvoiceUpdated)

	// Checkout, on a Square Terminal.
	case "terminal.checkout.created", "terminal.checkout.updated":
		return terminalCheckout

	// Orders, customers and the merchant's account.
	case "order.created", "order.updated", "order.fulfillment.updated":
		return always(event.OrderUpdated)
	case "customer.created":
		return always(event.CustomerCreated)
	case "customer.updated":
		return always(event.CustomerUpdated)
	case "customer.deleted":
		return always(event.CustomerDeleted)
	case "location.created", "location.updated", "oauth.authorization.revoked":
		return always(event.AccountUpdated)
	case "webhooks.test_notification":
		return always(event.TestPing)

	// Custom attributes: they name their application, not what they belong to.
	case "booking.custom_attribute.owned.deleted", "booking.custom_attribute.owned.updated",
		"booking.custom_attribute.visible.deleted", "booking.custom_attribute.visible.updated",
		"booking.custom_attribute_definition.owned.created",
		"booking.custom_attribute_definition.owned.deleted",
		"booking.custom_attribute_definition.owned.updated",
		"booking.custom_attribute_definition.visible.created",
		"booking.custom_attribute_definition.visible.deleted",
		"booking.custom_attribute_definition.visible.updated", "customer.custom_attribute.deleted",
		"customer.custom_attribute.owned.deleted", "customer.custom_attribute.owned.updated",
		"customer.custom_attribute.public.deleted", "customer.custom_attribute.public.updated",
		"customer.custom_attribute.updated", "customer.custom_attribute.visible.deleted",
		"customer.custom_attribute.visible.updated", "customer.custom_attribute_definition.created",
		"customer.custom_attribute_definition.deleted",
		"customer.custom_attribute_definition.owned.created",
		"customer.custom_attribute_definition.owned.deleted",
		"customer.custom_attribute_definition.owned.updated",
		"customer.custom_attribute_definition.public.created",
		"customer.custom_attribute_definition.public.deleted",
		"customer.custom_attribute_definition.public.updated",
		"customer.custom_attribute_definition.updated",
		"customer.custom_attribute_definition.visible.created",
		"customer.custom_attribute_definition.visible.deleted",
		"customer.custom_attribute_definition.visible.updated",
		"location.custom_attribute.owned.deleted", "location.custom_attribute.owned.updated",
		"location.custom_attribute.visible.deleted", "location.custom_attribute.visible.updated",
		"location.custom_attribute_definition.owned.created",
		"location.custom_attribute_definition.owned.deleted",
		"location.custom_attribute_definition.owned.updated",
		"location.custom_attribute_definition.visible.created",
		"location.custom_attribute_definition.visible.deleted",
		"location.custom_attribute_definition.visible.updated",
		"merchant.custom_attribute.owned.deleted", "merchant.custom_attribute.owned.updated",
		"merchant.custom_attribute.visible.deleted", "merchant.custom_attribute.visible.updated",
		"merchant.custom_attribute_definition.owned.created",
		"merchant.custom_attribute_definition.owned.deleted",
		"merchant.custom_attribute_definition.owned.updated",
		"merchant.custom_attribute_definition.visible.created",
		"merchant.custom_attribute_definition.visible.deleted",
		"merchant.custom_attribute_definition.visible.updated",
		"order.custom_attribute.owned.deleted", "order.custom_attribute.owned.updated",
		"order.custom_attribute.visible.deleted", "order.custom_attribute.visible.updated",
		"order.custom_attribute_definition.owned.created",
		"order.custom_attribute_definition.owned.deleted",
		"order.custom_attribute_definition.owned.updated",
		"order.custom_attribute_definition.visible.created",
		"order.custom_attribute_definition.visible.deleted",
		"order.custom_attribute_definition.visible.updated":
		return always(event.Other)

	// Everything else that Square documents: not in the vocabulary. The refunds
	// of a terminal have refund.* events besides.
	case "bank_account.created", "bank_account.disabled", "bank_account.verified", "booking.created",
		"booking.updated", "card.automatically_updated", "card.created", "card.disabled",
		"card.forgotten", "card.updated", "catalog.version.updated", "device.code.paired",
		"device.created", "gift_card.activity.created", "gift_card.activity.updated",
		"gift_card.created", "gift_card.customer_linked", "gift_card.customer_unlinked",
		"gift_card.updated", "inventory.count.updated", "job.created", "job.updated",
		"labor.scheduled_shift.created", "labor.scheduled_shift.deleted",
		"labor.scheduled_shift.published", "labor.scheduled_shift.updated", "labor.shift.created",
		"labor.shift.deleted", "labor.shift.updated", "labor.timecard.created",
		"labor.timecard.deleted", "labor.timecard.updated", "loyalty.account.created",
		"loyalty.account.deleted", "loyalty.account.updated", "loyalty.event.created",
		"loyalty.program.created", "loyalty.program.updated", "loyalty.promotion.created",
		"loyalty.promotion.updated", "online_checkout.location_settings.updated",
		"online_checkout.merchant_settings.updated", "team_member.created", "team_member.updated",
		"team_member.wage_setting.updated", "terminal.action.created", "terminal.action.updated",
		"terminal.refund.created", "terminal.refund.updated", "transfer_order.created",
		"transfer_order.deleted", "transfer_order.updated", "vendor.created", "vendor.updated":
		return always(event.Other)
	}
	return nil
}
