package square

import (
	"cmp"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/paysluice/paysluice/handlers/event"
)

// money is Square's Money object. The currency stands in currency (API
// reference, "Money"); the documented payout events and "Working with monetary
// amounts" have it in currency_code.
type money struct {
	Amount       jsontext.Value `json:"amount"`
	Currency     string         `json:"currency"`
	CurrencyCode string         `json:"currency_code"`
}

// moneyOf is what the event moved. A payment counts when it is completed, with
// its tip, so its other events carry nothing; refunds, disputes and payouts
// carry their own amount. A payout below zero, which Square takes from the bank
// account, stays without an amount, and so do types outside the vocabulary: the
// twin of an event that counts is among them.
func moneyOf(c event.Category, o *object) event.Money {
	switch c {
	case event.PaymentSucceeded:
		return o.TotalMoney.exact()
	case event.RefundCreated, event.RefundSucceeded, event.RefundFailed, event.RefundUpdated,
		event.DisputeOpened, event.DisputeUpdated, event.DisputeWon, event.DisputeLost, event.DisputeClosed,
		event.PayoutCreated, event.PayoutPaid, event.PayoutFailed:
		return o.AmountMoney.exact()
	}
	return event.Money{}
}

// exact is the amount in major units; empty in a currency that is not in
// Square's table of base units (developer.squareup.com/docs/build-basics/
// working-with-monetary-amounts): a wrong exponent is a hundredfold error.
func (m money) exact() event.Money {
	currency := cmp.Or(m.Currency, m.CurrencyCode)
	switch currency {
	case "JPY":
		return event.MinorUnits(string(m.Amount), 0, currency)
	case "AUD", "CAD", "EUR", "GBP", "USD":
		return event.MinorUnits(string(m.Amount), 2, currency)
	}
	return event.Money{}
}
