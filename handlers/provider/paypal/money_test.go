package paypal_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/event"
)

// moneyOf is the money of an event whose resource holds these members.
func moneyOf(t *testing.T, typ, members string) event.Money {
	t.Helper()
	return normalised(t, fmt.Sprintf(`{"id":"WH-1","event_type":%q,"resource":{%s}}`, typ, members)).Money
}

func TestMoneyByShape(t *testing.T) {
	for _, tt := range []struct{ why, typ, members, amount, currency string }{
		{"v2", "PAYMENT.CAPTURE.COMPLETED", `"amount":{"value":"12.50","currency_code":"EUR"}`, "12.50", "EUR"},
		{"v1", "PAYMENT.SALE.COMPLETED", `"amount":{"total":"12.50","currency":"EUR","details":{"subtotal":"10.00"}}`, "12.50", "EUR"},
		{"v1 under a type that v2 has too", "PAYMENT.CAPTURE.COMPLETED", `"amount":{"total":"7.47","currency":"USD"}`, "7.47", "USD"},
		{"no decimals", "PAYMENT.CAPTURE.COMPLETED", `"amount":{"value":"1200","currency_code":"JPY"}`, "1200", "JPY"},
		{"no decimals, as it was sent", "PAYMENT.CAPTURE.COMPLETED", `"amount":{"value":"1200.00","currency_code":"HUF"}`, "1200.00", "HUF"},
		{"three decimals", "PAYMENT.CAPTURE.COMPLETED", `"amount":{"value":"5.125","currency_code":"TND"}`, "5.125", "TND"},
		{"one decimal, as it was sent", "PAYMENT.PAYOUTS-ITEM.SUCCEEDED", `"payout_item":{"amount":{"value":"1.0","currency":"USD"}}`, "1.0", "USD"},
		{"no zero before the point, which the schema allows", "PAYMENT.CAPTURE.COMPLETED", `"amount":{"value":".50","currency_code":"USD"}`, "0.50", "USD"},
		{"2^53+1, which a float64 cannot hold", "PAYMENT.CAPTURE.COMPLETED", `"amount":{"value":"9007199254740993.01","currency_code":"USD"}`, "9007199254740993.01", "USD"},
		{"a v1 refund is negative", "PAYMENT.SALE.REFUNDED", `"amount":{"total":"-0.01","currency":"USD"}`, "0.01", "USD"},
		{"or not", "PAYMENT.SALE.REFUNDED", `"amount":{"total":"255.41","currency":"EUR"}`, "255.41", "EUR"},
		{"a negative one without its zero", "PAYMENT.CAPTURE.REFUNDED", `"amount":{"value":"-.50","currency_code":"USD"}`, "0.50", "USD"},
		{"a reversal", "PAYMENT.SALE.REVERSED", `"amount":{"total":"-0.49","currency":"USD"}`, "0.49", "USD"},
		{"a dispute's own", "CUSTOMER.DISPUTE.CREATED", `"dispute_amount":{"value":"3.00","currency_code":"USD"},"amount":{"value":"9.00","currency_code":"USD"}`, "3.00", "USD"},
		{"a referenced payout's own", "PAYMENT.REFERENCED-PAYOUT-ITEM.COMPLETED", `"payout_amount":{"value":"3.00","currency_code":"USD"}`, "3.00", "USD"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			assert.Equal(t, event.Money{Amount: tt.amount, Currency: tt.currency}, moneyOf(t, tt.typ, tt.members))
		})
	}
}

func TestNoMoney(t *testing.T) {
	for _, tt := range []struct{ why, typ, members string }{
		{"no amount", "PAYMENT.CAPTURE.COMPLETED", `"id":"1"`},
		{"null", "PAYMENT.CAPTURE.COMPLETED", `"amount":null`},
		{"a bare text", "PAYMENT.CAPTURE.COMPLETED", `"amount":"12.50"`},
		{"a number, which no schema has", "PAYMENT.CAPTURE.COMPLETED", `"amount":{"value":12.50,"currency_code":"EUR"}`},
		{"a number beyond float64", "PAYMENT.CAPTURE.COMPLETED", `"amount":{"value":1e999,"currency_code":"EUR"}`},
		{"zero", "PAYMENT.CAPTURE.COMPLETED", `"amount":{"value":"0.00","currency_code":"EUR"}`},
		{"a payment below zero", "PAYMENT.CAPTURE.COMPLETED", `"amount":{"value":"-12.50","currency_code":"EUR"}`},
		{"two signs", "PAYMENT.SALE.REFUNDED", `"amount":{"total":"--12.50","currency":"EUR"}`},
		{"a comma", "PAYMENT.CAPTURE.COMPLETED", `"amount":{"value":"12,50","currency_code":"EUR"}`},
		{"a point alone", "PAYMENT.CAPTURE.COMPLETED", `"amount":{"value":".","currency_code":"EUR"}`},
		{"endless", "PAYMENT.CAPTURE.COMPLETED", `"amount":{"value":"` + strings.Repeat("9", 5000) + `","currency_code":"EUR"}`},
		{"no currency", "PAYMENT.CAPTURE.COMPLETED", `"amount":{"value":"12.50"}`},
		{"no ISO 4217 code", "PAYMENT.CAPTURE.COMPLETED", `"amount":{"value":"12.50","currency_code":"PYUSD"}`},
		{"nothing has moved yet", "PAYMENT.CAPTURE.PENDING", `"amount":{"value":"12.50","currency_code":"EUR"}`},
		{"nothing will move", "PAYMENT.CAPTURE.DENIED", `"amount":{"value":"12.50","currency_code":"EUR"}`},
		{"held, not taken", "PAYMENT.AUTHORIZATION.CREATED", `"amount":{"value":"12.50","currency_code":"EUR"}`},
		{"a batch's items count", "PAYMENT.PAYOUTSBATCH.SUCCESS", `"batch_header":{"amount":{"value":"12.50","currency":"EUR"}}`},
		{"an invoice counts through its payment", "INVOICING.INVOICE.PAID", `"invoice":{"status":"PAID"},"amount":{"value":"12.50","currency_code":"EUR"}`},
		{"not in the vocabulary", "RISK.DISPUTE.CREATED", `"dispute_amount":{"value":"12.50","currency_code":"EUR"}`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			assert.Empty(t, moneyOf(t, tt.typ, tt.members))
		})
	}
}
