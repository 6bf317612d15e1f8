package cli

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/ledger"
)

// timeline returns a payment with a dispute in another currency.
func timeline() query.Timeline {
	euros := ledger.Totals{Currency: "EUR", Paid: "20.00", Refunded: "0.00", Disputed: "0.00", Lost: "0.00"}
	dollars := ledger.Totals{Currency: "USD", Paid: "0.00", Refunded: "0.00", Disputed: "22.00", Lost: "0.00"}
	return query.Timeline{
		Payment: ledger.Payment{Provider: "stripe", ID: "pi_1", State: event.PaymentSucceeded,
			Totals: []ledger.Totals{euros, dollars}, Problems: []ledger.Problem{ledger.StateContradicted}},
		Steps: []query.Step{
			{Listed: query.Listed{Event: event.Event{ID: "stripe:evt_1", Timestamp: 1772366400000, Category: event.PaymentSucceeded, Money: event.Money{Amount: "20.00", Currency: "EUR"}}},
				Totals: []ledger.Totals{euros}},
			{Listed: query.Listed{Event: event.Event{ID: "stripe:evt_2", Timestamp: 1772366401500, Category: event.DisputeOpened, Money: event.Money{Amount: "22.00", Currency: "USD"}}},
				Totals: []ledger.Totals{euros, dollars}, Appeared: []ledger.Problem{ledger.StateContradicted}},
		},
	}
}

func TestPrintTimeline(t *testing.T) {
	for format, want := range map[output.Format]string{
		output.Table: `TIMESTAMP            CATEGORY              AMOUNT          PAID     REFUNDED      DISPUTED         LOST  APPEARED
2026-03-01 12:00:00  payment.succeeded  20.00 EUR         20.00         0.00          0.00         0.00
2026-03-01 12:00:01  dispute.opened     22.00 USD  20.00 + 0.00  0.00 + 0.00  0.00 + 22.00  0.00 + 0.00  the payment succeeded and has a state that excludes it

state: payment.succeeded
EUR: 20.00 paid, 0.00 refunded, 0.00 disputed, 0.00 lost
USD: 0.00 paid, 0.00 refunded, 22.00 disputed, 0.00 lost
check: the payment succeeded and has a state that excludes it
`,
		output.CSV: `timestamp,category,amount,paid,refunded,disputed,lost,appeared,eventId
2026-03-01T12:00:00Z,payment.succeeded,20.00 EUR,20.00,0.00,0.00,0.00,,stripe:evt_1
2026-03-01T12:00:01.5Z,dispute.opened,22.00 USD,20.00 + 0.00,0.00 + 0.00,0.00 + 22.00,0.00 + 0.00,the payment succeeded and has a state that excludes it,stripe:evt_2
`,
	} {
		var out, problems bytes.Buffer
		require.NoError(t, (&app{out: &out, err: &problems, format: format}).printTimeline(timeline()))
		assert.Equal(t, want, out.String())
		if format != output.Table {
			assert.Equal(t, "check: the payment succeeded and has a state that excludes it\n", problems.String(), "the reason of exit code 3")
		}
	}
	var out bytes.Buffer
	require.NoError(t, (&app{out: &out, format: output.JSON}).printTimeline(timeline()))
	assert.Contains(t, out.String(), `"paymentId": "pi_1"`)
	assert.ErrorIs(t, (&app{out: broken{}, format: output.Table}).printTimeline(timeline()), errBroken)
}

var errBroken = errors.New("closed pipe")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestPaymentOfAnUnknownProvider(t *testing.T) {
	var out, problems bytes.Buffer
	assert.Equal(t, exitUsage, Run(t.Context(), []string{"payment", "pi_1", "--provider", "adyen"}, nil, &out, &problems))
	assert.Contains(t, problems.String(), "--provider must be one of stripe, paypal, square")
}
