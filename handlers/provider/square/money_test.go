package square_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/event"
)

// moneyOf is the money of an event whose object, of type object, holds these
// members.
func moneyOf(t *testing.T, typ, object, members string) event.Money {
	t.Helper()
	return normalised(t, fmt.Sprintf(`{"event_id":"1","type":%q,"data":{"type":%[2]q,"object":{%[2]q:{%s}}}}`, typ, object, members)).Money
}

// TestExponents has every row of Square's table of base units, and what is not
// in it.
func TestExponents(t *testing.T) {
	for _, tt := range []struct{ why, currencies, want string }{
		{"yen", "JPY", "12340"},
		{"cents and pence", "AUD CAD EUR GBP USD", "123.40"},
		{"not in the table: no amount is better than one a hundred times too large", "KRW VND KWD BHD CHF NZD BTC XXX UNKNOWN_CURRENCY", ""},
		{"never written so", "usd Jpy", ""},
	} {
		for currency := range strings.FieldsSeq(tt.currencies) {
			want := event.Money{Amount: tt.want, Currency: currency}
			if tt.want == "" {
				want = event.Money{}
			}
			for _, name := range []string{"currency", "currency_code"} {
				got := moneyOf(t, "payout.paid", "payout", fmt.Sprintf(`"amount_money":{"amount":12340,%q:%q}`, name, currency))
				assert.Equal(t, want, got, tt.why)
			}
		}
	}
}

func TestMoneyIsExact(t *testing.T) {
	for amount, want := range map[string]string{
		"1":                       "0.01",
		"9007199254740993":        "90071992547409.93",
		"12345678901234567890123": "123456789012345678901.23",
	} {
		got := moneyOf(t, "payment.updated", "payment", `"status":"COMPLETED","total_money":{"currency":"USD","amount":`+amount+`}`)
		assert.Equal(t, event.Money{Amount: want, Currency: "USD"}, got)
	}
}

func TestNoMoney(t *testing.T) {
	const usd = `{"amount":500,"currency":"USD"}`
	for _, tt := range []struct{ why, typ, object, members string }{
		{"no amount", "refund.created", "refund", `"amount_money":{"currency":"USD"}`},
		{"null", "refund.created", "refund", `"amount_money":null`},
		{"zero", "payment.updated", "payment", `"status":"COMPLETED","total_money":{"amount":0,"currency":"USD"}`},
		{"text", "refund.created", "refund", `"amount_money":{"amount":"500","currency":"USD"}`},
		{"a fraction of a cent", "refund.created", "refund", `"amount_money":{"amount":500.5,"currency":"USD"}`},
		{"a number beyond float64", "refund.created", "refund", `"amount_money":{"amount":1e999,"currency":"USD"}`},
		{"no currency", "refund.created", "refund", `"amount_money":{"amount":500}`},
		{"amount_money lacks the tip", "payment.updated", "payment", `"status":"COMPLETED","amount_money":` + usd},
		{"a payment that is only approved", "payment.updated", "payment", `"status":"APPROVED","total_money":` + usd},
		{"a payment that failed", "payment.updated", "payment", `"status":"FAILED","total_money":` + usd},
		{"a payout below zero takes money from the bank", "payout.paid", "payout", `"amount_money":{"amount":-500,"currency":"USD"}`},
		{"an order counts through its payments", "order.updated", "order_updated", `"total_money":` + usd},
		{"so does a terminal's checkout", "terminal.checkout.updated", "checkout", `"status":"COMPLETED","amount_money":` + usd},
		{"a terminal's refund counts through its refund", "terminal.refund.updated", "refund", `"status":"COMPLETED","amount_money":` + usd},
		{"a deprecated twin counts through the other", "dispute.state.changed", "dispute", `"state":"WON","amount_money":` + usd},
	} {
		t.Run(tt.why, func(t *testing.T) {
			assert.Empty(t, moneyOf(t, tt.typ, tt.object, tt.members))
		})
	}
}
