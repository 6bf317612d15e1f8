package stripe

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/paysluice/paysluice/handlers/event"
)

// moneyOf is what the event moved. A payment counts when it succeeds, so its
// other events carry nothing; refunds, disputes and payouts carry their own
// amount. A charge's amount is never taken for a refund: it stays the whole
// charge, and amount_refunded adds up over all refunds. Payouts below zero,
// which Stripe takes from the bank account, stay without an amount too.
func moneyOf(typ string, c event.Category, o *object) event.Money {
	var amount jsontext.Value
	switch o.Object {
	case refundObject, disputeObject, payoutObject:
		amount = o.Amount
	default:
		if c == event.PaymentSucceeded {
			amount = paidAmount(typ, o)
		}
	}
	currency := strings.ToUpper(o.Currency)
	return event.MinorUnits(string(amount), exponent(currency), currency)
}

// paidAmount is the amount of the three types that lead to payment.succeeded.
func paidAmount(typ string, o *object) jsontext.Value {
	switch typ {
	case "charge.succeeded":
		return o.Amount
	case "charge.captured":
		return o.AmountCaptured
	}
	return o.AmountReceived
}

// exponent is how many decimals Stripe counts in a currency's minor unit
// (docs.stripe.com/currencies, "Zero-decimal currencies", "Three-decimal
// currencies", "Special cases"). It is Stripe's and not ISO 4217's: ISK, HUF,
// TWD and UGX are in hundredths. UGX stands among the zero-decimal currencies
// of that page too, but its special case asks for two decimals.
func exponent(currency string) int {
	switch currency {
	case "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF",
		"VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "JOD", "KWD", "OMR", "TND":
		return 3
	}
	return 2
}
