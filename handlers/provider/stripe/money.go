package stripe

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// moneyOf returns the amount that an event moved. A payment has one when it
// succeeds. Refunds, disputes and payouts have their own amount. A charge's
// amounts are never a refund's: amount is the whole charge, and amount_refunded
// adds up over all refunds. Payouts below zero, which Stripe takes from the bank
// account, have no amount.
func moneyOf(f *decode.Fields, typ string, c event.Category, o *object) event.Money {
	var amount jsontext.Value
	switch o.Object {
	case refundObject, disputeObject, payoutObject:
		amount = o.Amount
	default:
		if c == event.PaymentSucceeded {
			amount = paidAmount(typ, o)
		} else if o.Object == decode.WrongType {
			return f.Money(event.Money{}, o.Amount)
		}
	}
	currency := strings.ToUpper(o.Currency)
	return f.Money(event.MinorUnits(string(amount), exponent(currency), currency), amount)
}

// paidAmount returns the amount of the three types that lead to PaymentSucceeded.
func paidAmount(typ string, o *object) jsontext.Value {
	switch typ {
	case "charge.succeeded":
		return o.Amount
	case "charge.captured":
		return o.AmountCaptured
	}
	return o.AmountReceived
}

// exponent returns the number of decimals of a currency at Stripe
// (docs.stripe.com/currencies, "Zero-decimal currencies", "Three-decimal
// currencies", "Special cases"), which differ from ISO 4217's: ISK, HUF, TWD and
// UGX are in hundredths. That page lists UGX among the zero-decimal currencies
// too, and its special case asks for two decimals.
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
