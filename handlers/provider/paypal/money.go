package paypal

import (
	"cmp"
	"strings"

	"github.com/paysluice/paysluice/handlers/event"
)

// money is an amount as PayPal writes it, a decimal in major units. v2 has value
// and currency_code, v1 total and currency, payouts value and currency. The
// members tell them apart, because resource_version may be missing.
type money struct {
	Value        string `json:"value"`
	Total        string `json:"total"`
	CurrencyCode string `json:"currency_code"`
	Currency     string `json:"currency"`
}

// moneyOf returns the amount that an event moved. A payment has one when it
// succeeds or is reversed. Refunds, disputes and payouts have their own amount.
// Batches of payouts have none: their items count.
func moneyOf(c event.Category, r *resource) event.Money {
	switch kind, _, _ := strings.Cut(string(c), "."); {
	case kind == "dispute":
		return r.DisputeAmount.positive()
	case kind == "payout":
		return cmp.Or(r.PayoutItem.Amount.positive(), r.PayoutAmount.positive())
	case kind == "refund", c == event.PaymentReversed:
		return r.Amount.returned()
	case c == event.PaymentSucceeded:
		return r.Amount.positive()
	}
	return event.Money{}
}

// positive returns the amount as it was sent, with a zero before a leading point,
// which PayPal's schema allows ("money" in payments_payment_v2.json).
func (m money) positive() event.Money {
	decimal := cmp.Or(m.Value, m.Total)
	if strings.HasPrefix(decimal, ".") {
		decimal = "0" + decimal
	}
	return event.MajorUnits(decimal, cmp.Or(m.CurrencyCode, m.Currency))
}

// returned returns an amount that goes back, which v1 writes as a negative one.
func (m money) returned() event.Money {
	m.Value, m.Total = strings.TrimPrefix(m.Value, "-"), strings.TrimPrefix(m.Total, "-")
	return m.positive()
}
