package square

import (
	"cmp"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// money is Square's Money object. The currency is in currency (API reference,
// "Money"), or in currency_code in the documented payout events and "Working with
// monetary amounts".
type money struct {
	Amount       jsontext.Value `json:"amount"`
	Currency     string         `json:"currency"`
	CurrencyCode string         `json:"currency_code"`
}

// moneyOf returns the amount that an event moved. A payment has one when it is
// completed, tip included. Refunds, disputes and payouts have their own amount.
// Payouts below zero, which Square takes from the bank account, have no amount,
// nor do types outside the vocabulary: some are twins of events that count.
func moneyOf(f *decode.Fields, c event.Category, o *object) event.Money {
	switch c {
	case event.PaymentSucceeded:
		return exact(f, o.TotalMoney)
	case event.RefundCreated, event.RefundSucceeded, event.RefundFailed, event.RefundUpdated,
		event.DisputeOpened, event.DisputeUpdated, event.DisputeWon, event.DisputeLost, event.DisputeClosed,
		event.PayoutCreated, event.PayoutPaid, event.PayoutFailed, event.PayoutUpdated:
		return exact(f, o.AmountMoney)
	}
	return event.Money{}
}

// exact reads a Money object. An amount that it cannot read is omitted.
func exact(f *decode.Fields, value jsontext.Value) event.Money {
	if value.Kind() != '{' {
		return f.Money(event.Money{}, value)
	}
	var m money
	_ = decode.Unmarshal(value, &m) // the value was read before: it has no error left
	return f.Money(m.exact(), m.Amount)
}

// exact returns the amount in major units. It is empty for a currency outside
// Square's table of base units (developer.squareup.com/docs/build-basics/
// working-with-monetary-amounts), because a wrong exponent is a hundredfold error.
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
