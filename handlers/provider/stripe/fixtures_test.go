package stripe_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
)

const (
	intent = "pi_3TDemo0000000001" // of most fixtures
	direct = "ch_3TDemo0000000002" // a charge without one
)

// TestFixtures reads whole bodies of the shapes that docs.stripe.com/api
// documents (API version 2026-03-25.dahlia): every category that moves money,
// and its neighbours that do not.
func TestFixtures(t *testing.T) {
	var read []string
	for _, tt := range []struct {
		file     string
		why      string
		category event.Category
		status   string
		payment  string
		money    event.Money
	}{
		{"payment_intent.created", "nothing has moved yet", event.PaymentPending, "requires_payment_method", intent, event.Money{}},
		{"payment_intent.amount_capturable_updated", "held, not taken", event.PaymentAuthorized, "requires_capture", intent, event.Money{}},
		{"payment_intent.succeeded", "amount_received, not the larger amount", event.PaymentSucceeded, "succeeded", intent, event.Money{Amount: "15.00", Currency: "USD"}},
		{"charge.succeeded-of-payment-intent", "its payment intent counts", event.PaymentUpdated, "succeeded", intent, event.Money{}},
		{"charge.succeeded-direct", "nothing else counts", event.PaymentSucceeded, "succeeded", direct, event.Money{Amount: "20.00", Currency: "EUR"}},
		{"charge.succeeded-uncaptured", "held, not taken", event.PaymentAuthorized, "succeeded", direct, event.Money{}},
		{"charge.captured-direct", "amount_captured, not the larger amount", event.PaymentSucceeded, "succeeded", direct, event.Money{Amount: "12.00", Currency: "EUR"}},

		{"refund.created-pending", "on its way", event.RefundCreated, "pending", intent, event.Money{Amount: "5.00", Currency: "USD"}},
		{"refund.created-succeeded", "at once", event.RefundSucceeded, "succeeded", intent, event.Money{Amount: "5.00", Currency: "USD"}},
		{"refund.updated-succeeded", "later, of a charge without payment intent", event.RefundSucceeded, "succeeded", direct, event.Money{Amount: "5.00", Currency: "EUR"}},
		{"refund.failed", "came back", event.RefundFailed, "failed", intent, event.Money{Amount: "5.00", Currency: "USD"}},
		{"charge.refund.updated", "the object is the refund", event.RefundUpdated, "succeeded", intent, event.Money{Amount: "5.00", Currency: "USD"}},
		{"charge.refunded", "the object is the charge: 20.00, and 13.00 refunded in all", event.PaymentUpdated, "succeeded", intent, event.Money{}},

		{"charge.dispute.created", "", event.DisputeOpened, "needs_response", intent, event.Money{Amount: "20.00", Currency: "USD"}},
		{"charge.dispute.updated", "", event.DisputeUpdated, "under_review", intent, event.Money{Amount: "20.00", Currency: "USD"}},
		{"charge.dispute.funds_withdrawn", "without the fee", event.DisputeFundsWithdrawn, "needs_response", intent, event.Money{Amount: "20.00", Currency: "USD"}},
		{"charge.dispute.closed-won", "", event.DisputeWon, "won", intent, event.Money{Amount: "20.00", Currency: "USD"}},
		{"charge.dispute.funds_reinstated", "without the fee", event.DisputeFundsReinstated, "won", intent, event.Money{Amount: "20.00", Currency: "USD"}},
		{"charge.dispute.closed-lost", "", event.DisputeLost, "lost", intent, event.Money{Amount: "20.00", Currency: "USD"}},
		{"charge.dispute.closed-inquiry", "neither won nor lost", event.DisputeClosed, "warning_closed", intent, event.Money{Amount: "20.00", Currency: "USD"}},

		{"payout.created", "belongs to no payment", event.PayoutCreated, "pending", "", event.Money{Amount: "1100.00", Currency: "EUR"}},
		{"payout.updated", "", event.PayoutUpdated, "in_transit", "", event.Money{Amount: "1100.00", Currency: "EUR"}},
		{"payout.paid", "", event.PayoutPaid, "paid", "", event.Money{Amount: "1100.00", Currency: "EUR"}},
		{"payout.failed", "", event.PayoutFailed, "failed", "", event.Money{Amount: "1100.00", Currency: "EUR"}},
		{"payout.canceled", "", event.PayoutCanceled, "canceled", "", event.Money{Amount: "1100.00", Currency: "EUR"}},

		{"invoice_payment.paid", "the payment intent stands in payment; its own event counts", event.InvoiceUpdated, "paid", intent, event.Money{}},

		{"thin-v1.payment_intent.succeeded", "the object did not come", event.PaymentSucceeded, "", intent, event.Money{}},
		{"thin-v1.charge.dispute.closed", "won or lost is unknown", event.DisputeUpdated, "", "", event.Money{}},
		{"thin-v2.core.event_destination.ping", "", event.TestPing, "", "", event.Money{}},
	} {
		read = append(read, filepath.Join("testdata/events", tt.file+".json"))
		t.Run(tt.file, func(t *testing.T) {
			e, err := stripe.New().Event(fixture(t, tt.file), provider.Origin{Endpoint: "shop"})
			require.NoError(t, err)
			assert.Equal(t, tt.category, e.Category, tt.why)
			assert.Equal(t, tt.money, e.Money, tt.why)
			assert.Equal(t, tt.payment, e.PaymentID, tt.why)
			assert.Equal(t, tt.status, e.ObjectStatus, tt.why)
		})
	}

	files, err := filepath.Glob("testdata/events/*.json")
	require.NoError(t, err)
	assert.ElementsMatch(t, files, read, "a file that no row names would prove nothing")
}

func TestSnapshotEventInFull(t *testing.T) {
	e, err := stripe.New().Event(fixture(t, "payment_intent.succeeded"), provider.Origin{Endpoint: "shop"})
	require.NoError(t, err)
	assert.Equal(t, event.Event{
		Schema:       event.Schema,
		ID:           "stripe:evt_3TDemo000000000003",
		Timestamp:    1775001600000,
		Provider:     "stripe",
		Type:         "payment_intent.succeeded",
		Category:     event.PaymentSucceeded,
		ObjectType:   "payment_intent",
		ObjectID:     intent,
		ObjectStatus: "succeeded",
		PaymentID:    intent,
		Related:      map[string]string{"charge": "ch_3TDemo0000000001", "customer": "cus_Demo000000001"},
		Account:      "acct_1TDemo0000000001",
		Endpoint:     "shop",
		Livemode:     new(false),
		Money:        event.Money{Amount: "15.00", Currency: "USD"},
		APIVersion:   "2026-03-25.dahlia",
	}, e)
}

func TestThinEventInFull(t *testing.T) {
	e, err := stripe.New().Event(fixture(t, "thin-v1.payment_intent.succeeded"), provider.Origin{Endpoint: "thin"})
	require.NoError(t, err)
	assert.Equal(t, event.Event{
		Schema:     event.Schema,
		ID:         "stripe:evt_65TDemo000000000000000000000027",
		Timestamp:  1775001600123,
		Provider:   "stripe",
		Type:       "v1.payment_intent.succeeded",
		Category:   event.PaymentSucceeded,
		ObjectType: "payment_intent",
		ObjectID:   intent,
		PaymentID:  intent,
		Related:    map[string]string{"snapshot_event": "evt_3TDemo000000000003"},
		Account:    "acct_1TDemo0000000001",
		Endpoint:   "thin",
		Livemode:   new(true),
		Thin:       true,
	}, e)
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	return readFile(t, filepath.Join("testdata/events", name+".json"))
}
