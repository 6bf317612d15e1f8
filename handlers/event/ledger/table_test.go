package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/ledger"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
)

// notification is an event's type and object. Its id and time come from its place in
// the example.
type notification struct{ provider, typ, object string }

// body returns the notification as its provider sends it.
func (n notification) body(second int) string {
	at := fmt.Sprintf("2026-04-01T12:00:%02dZ", second)
	switch {
	case n.provider == "paypal":
		return fmt.Sprintf(`{"id":"WH-%d","event_type":%q,"create_time":%q,"resource":%s}`, second, n.typ, at, n.object)
	case n.provider == "square":
		return fmt.Sprintf(`{"event_id":"e-%d","type":%q,"created_at":%q,"data":{"object":%s}}`, second, n.typ, at, n.object)
	case strings.HasPrefix(n.typ, "v1."):
		return fmt.Sprintf(`{"id":"evt_%d","object":"v2.core.event","type":%q,"created":%q,"related_object":%s}`, second, n.typ, at, n.object)
	}
	return fmt.Sprintf(`{"id":"evt_%d","object":"event","type":%q,"created":%d,"data":{"object":%s}}`, second, n.typ, 1775044800+second, n.object)
}

// count says what events add up to, in the words of the table.
func count(events []event.Event) string {
	var l ledger.Ledger
	renewals := 0
	for _, e := range events {
		l.Add(e)
		if e.Category == event.InvoicePaymentFailed && (e.Related["subscription"] != "" || e.Provider == "paypal" && e.ObjectID != "") {
			renewals++
		}
	}
	if renewals > 0 {
		return fmt.Sprint(renewals, " failed renewals")
	}
	var payments []string
	for _, p := range l.Payments() {
		var said []string
		for _, t := range p.Totals {
			for _, sum := range [][2]string{{"paid", t.Paid}, {"refunded", t.Refunded}, {"disputed", t.Disputed}, {"lost", t.Lost}} {
				if sum[1] != "0.00" {
					said = append(said, sum[0]+" "+sum[1])
				}
			}
		}
		for _, id := range p.Invoices {
			said = append(said, "invoice "+id)
		}
		if said == nil {
			said = append(said, string(p.State))
		}
		payments = append(payments, strings.Join(said, ", "))
	}
	return strings.Join(payments, "; ")
}

// TestTable runs the examples of the table in docs/events.md, in random orders. The
// table's last column is what they add up to.
func TestTable(t *testing.T) {
	const (
		dispute = `{"object":"dispute","id":"du_1","payment_intent":"pi_1","amount":2000,"currency":"eur"}`
		square  = `{"payment":{"id":"p","status":"COMPLETED","total_money":{"amount":2300,"currency":"USD"}}}`
	)
	intent := func(amount, received int) string {
		return fmt.Sprintf(`{"object":"payment_intent","id":"pi_1","amount":%d,"amount_received":%d,"currency":"eur"}`, amount, received)
	}
	refund := func(id, status string, amount int) string {
		return fmt.Sprintf(`{"object":"refund","id":%q,"status":%q,"payment_intent":"pi_1","amount":%d,"currency":"eur"}`, id, status, amount)
	}
	capture := func(id, amount string) string {
		return fmt.Sprintf(`{"id":%q,"status":"COMPLETED","amount":{"value":%q,"currency_code":"EUR"},"supplementary_data":{"related_ids":{"order_id":"O"}}}`, id, amount)
	}
	examples := map[string][]notification{
		"Once by id.": {{"stripe", "payment_intent.succeeded", intent(2000, 2000)}},
		"Payments":    {{"square", "payment.updated", square}, {"square", "payment.updated", square}, {"square", "payment.updated", square}},
		"Thin events": {{"stripe", "payment_intent.succeeded", intent(1500, 1500)}, {"stripe", "v1.payment_intent.succeeded", `{"id":"pi_1","type":"payment_intent"}`}},
		"Stale events.": {
			{"stripe", "payment_intent.processing", `{"object":"payment_intent","id":"pi_1"}`},
			{"stripe", "payment_intent.succeeded", `{"object":"payment_intent","id":"pi_1"}`},
		},
		"Partial captures.": {
			{"paypal", "PAYMENT.CAPTURE.COMPLETED", capture("C1", "10.00")}, {"paypal", "PAYMENT.CAPTURE.COMPLETED", capture("C2", "5.00")},
			{"stripe", "payment_intent.succeeded", intent(2000, 1500)},
		},
		"Refunds": {
			{"stripe", "refund.created", refund("re_1", "pending", 500)}, {"stripe", "refund.updated", refund("re_1", "succeeded", 500)},
			{"stripe", "refund.created", refund("re_2", "succeeded", 250)}, {"stripe", "refund.failed", refund("re_2", "failed", 250)},
		},
		"Disputes": {
			{"stripe", "charge.dispute.created", dispute}, {"stripe", "charge.dispute.funds_withdrawn", dispute},
			{"stripe", "charge.dispute.closed", strings.Replace(dispute, `"id"`, `"status":"lost","id"`, 1)},
		},
		"Reversals": {
			{"paypal", "PAYMENT.CAPTURE.REVERSED", `{"id":"R","amount":{"value":"8.00","currency_code":"EUR"},"links":[{"rel":"up","href":"https://api.paypal.com/v2/payments/captures/C1"}]}`},
			{"paypal", "CUSTOMER.DISPUTE.RESOLVED", `{"dispute_id":"PP-1","dispute_amount":{"value":"20.00","currency_code":"EUR"},"dispute_outcome":{"outcome_code":"RESOLVED_BUYER_FAVOUR"},"disputed_transactions":[{"seller_transaction_id":"C1"}]}`},
		},
		"Invoices": {
			{"stripe", "payment_intent.succeeded", intent(2000, 2000)},
			{"stripe", "invoice_payment.paid", `{"object":"invoice_payment","id":"inpay_1","invoice":"in_1","payment":{"type":"payment_intent","payment_intent":"pi_1"}}`},
			{"stripe", "invoice.paid", `{"object":"invoice","id":"in_1","amount_paid":2000,"currency":"eur"}`},
		},
		"Failed renewals": {
			{"stripe", "invoice.payment_failed", `{"object":"invoice","id":"in_1","parent":{"subscription_details":{"subscription":"sub_1"}}}`},
			{"stripe", "payment_intent.payment_failed", `{"object":"payment_intent","id":"pi_1"}`},
			{"paypal", "BILLING.SUBSCRIPTION.PAYMENT.FAILED", `{"id":"I-1"}`},
			{"square", "invoice.scheduled_charge_failed", `{"invoice":{"id":"i","subscription_id":"s"}}`},
		},
	}
	page, err := os.ReadFile("../../../docs/events.md")
	require.NoError(t, err)
	_, table, ok := strings.Cut(string(page), "| rule | events in | what counts |\n|---|---|---|\n")
	require.True(t, ok)
	table, _, _ = strings.Cut(table, "\n\n")
	random := rand.New(rand.NewPCG(1, 2))
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		require.Len(t, cells, 3)
		rule := strings.Split(cells[0], "**")[1]
		t.Run(rule, func(t *testing.T) {
			var events []event.Event
			for i, n := range examples[rule] {
				p, err := all.All(all.Settings{}).ByName(n.provider)
				require.NoError(t, err)
				e, err := p.Event([]byte(n.body(i)), provider.Origin{})
				require.NoError(t, err)
				events = append(events, e)
			}
			for range 20 {
				random.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
				assert.Equal(t, cells[2], count(events))
			}
			if rule == "Once by id." {
				assert.Equal(t, cells[2], count([]event.Event{events[0], events[0], events[0]}))
			}
			delete(examples, rule)
		})
	}
	assert.Empty(t, examples, "examples without a rule")
}
