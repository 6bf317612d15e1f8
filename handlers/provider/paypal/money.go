package paypal

import (
	"cmp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// money is an amount as PayPal writes it, a decimal in major units. v2 has value
// and currency_code, v1 total and currency, payouts value and currency. The
// members tell them apart, because resource_version may be missing.
type money struct {
	Value        jsontext.Value `json:"value"`
	Total        jsontext.Value `json:"total"`
	CurrencyCode string         `json:"currency_code"`
	Currency     string         `json:"currency"`

	other jsontext.Value // in place of an object
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom. It accepts any value.
func (m *money) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*m = money{}
	if d.PeekKind() == '{' {
		type members money
		return decode.Next(d, (*members)(m))
	}
	return decode.Next(d, &m.other)
}

// amount returns the amount as it was sent, whatever its type.
func (m money) amount() jsontext.Value {
	for _, value := range []jsontext.Value{m.Value, m.Total} {
		if len(value) > 0 {
			return value
		}
	}
	return m.other
}

// moneyOf returns the amount that an event moved. A payment has one when it
// succeeds or is reversed. Refunds, disputes and payouts have their own amount.
// Batches of payouts have none: their items count.
func moneyOf(f *decode.Fields, c event.Category, r *resource) event.Money {
	switch kind, _, _ := strings.Cut(string(c), "."); {
	case kind == "dispute":
		return r.DisputeAmount.positive(f, "")
	case kind == "payout":
		return cmp.Or(r.PayoutItem.Amount.positive(f, ""), r.PayoutAmount.positive(f, ""))
	case kind == "refund", c == event.PaymentReversed:
		return r.Amount.positive(f, "-") // v1 writes an amount that goes back as a negative one
	case c == event.PaymentSucceeded:
		return r.Amount.positive(f, "")
	}
	return event.Money{}
}

// positive returns the amount as it was sent without a sign, and with a zero before
// a leading point, which PayPal's schema allows ("money" in payments_payment_v2.json).
func (m money) positive(f *decode.Fields, sign string) event.Money {
	var decimal string
	_ = decode.Unmarshal(m.amount(), &decimal) // leaves decimal empty when it fails
	decimal = strings.TrimPrefix(decimal, sign)
	if strings.HasPrefix(decimal, ".") {
		decimal = "0" + decimal
	}
	return f.Money(event.MajorUnits(decimal, decode.Readable(m.CurrencyCode, m.Currency)), m.amount())
}
