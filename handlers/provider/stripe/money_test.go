package stripe_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
)

// moneyOf is the money of an event whose object holds these members.
func moneyOf(t *testing.T, typ, members string) event.Money {
	t.Helper()
	body := fmt.Sprintf(`{"id":"evt_1","object":"event","type":%q,"data":{"object":{%s}}}`, typ, members)
	e, err := stripe.New().Event([]byte(body), provider.Origin{})
	require.NoError(t, err)
	return e.Money
}

// TestExponents has every row of docs.stripe.com/currencies that differs from
// two decimals, and those that one would expect to.
func TestExponents(t *testing.T) {
	for _, tt := range []struct{ currencies, want string }{
		{"bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf", "12340"},
		{"bhd jod kwd omr tnd", "12.340"},
		{"usd eur gbp chf brl inr", "123.40"},
		{"isk", "123.40"},     // no decimals in ISO 4217; Stripe: "to charge 5 ISK, provide 500"
		{"ugx", "123.40"},     // likewise, although it also stands among the zero-decimal ones
		{"huf", "123.40"},     // whole units only in payouts, counted in hundredths
		{"twd", "123.40"},     // likewise
		{"iqd lyd", "123.40"}, // three decimals in ISO 4217, not in Stripe's list
	} {
		for currency := range strings.FieldsSeq(tt.currencies) {
			got := moneyOf(t, "payout.paid", fmt.Sprintf(`"object":"payout","amount":12340,"currency":%q`, currency))
			assert.Equal(t, event.Money{Amount: tt.want, Currency: strings.ToUpper(currency)}, got)
		}
	}
}

func TestMoneyIsExact(t *testing.T) {
	for amount, want := range map[string]string{
		"1":                       "0.01",
		"99999999":                "999999.99", // Stripe's largest charge
		"9007199254740993":        "90071992547409.93",
		"12345678901234567890123": "123456789012345678901.23",
	} {
		got := moneyOf(t, "refund.created", `"object":"refund","currency":"usd","amount":`+amount)
		assert.Equal(t, event.Money{Amount: want, Currency: "USD"}, got)
	}
}

func TestNoMoney(t *testing.T) {
	for _, tt := range []struct{ why, typ, members string }{
		{"no amount", "refund.created", `"object":"refund","currency":"usd"`},
		{"null", "refund.created", `"object":"refund","currency":"usd","amount":null`},
		{"zero", "payment_intent.succeeded", `"object":"payment_intent","currency":"usd","amount":5,"amount_received":0`},
		{"text", "refund.created", `"object":"refund","currency":"usd","amount":"500"`},
		{"a fraction of a minor unit", "refund.created", `"object":"refund","currency":"usd","amount":500.5`},
		{"a number beyond float64", "refund.created", `"object":"refund","currency":"usd","amount":1e999`},
		{"no currency", "refund.created", `"object":"refund","amount":500`},
		{"a currency of a wrong type", "refund.created", `"object":"refund","currency":840,"amount":500`},
		{"no ISO 4217 code", "payout.paid", `"object":"payout","currency":"usdc","amount":500`},
		{"a payout below zero takes money from the bank", "payout.paid", `"object":"payout","currency":"usd","amount":-500`},
		{"an invoice counts through its payment intent", "invoice.paid", `"object":"invoice","currency":"usd","amount_paid":500,"amount":500`},
		{"so does a checkout session", "checkout.session.completed", `"object":"checkout.session","currency":"usd","amount_total":500,"payment_status":"paid"`},
		{"a failed charge moved nothing", "charge.failed", `"object":"charge","currency":"usd","amount":500`},
		{"a transfer is not in the vocabulary", "transfer.created", `"object":"transfer","currency":"usd","amount":500`},
		{"a capture that does not say how much", "charge.captured", `"object":"charge","currency":"usd","amount":500`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			assert.Empty(t, moneyOf(t, tt.typ, tt.members))
		})
	}
}
