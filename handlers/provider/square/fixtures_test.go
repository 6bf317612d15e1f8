package square_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/square"
)

// paid is the payment of the fixtures, and the one that their refunds and
// disputes belong to.
const paid = "R2B3Z8WMVt3EAmzYWLZvz7Y69EbZY"

// TestFixtures reads whole bodies of the shapes that
// developer.squareup.com/reference/square/webhooks documents: every category
// that moves money, and its neighbours that do not.
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
		{"payment.created-pending", "the bank has not sent it yet", event.PaymentPending, "PENDING", paid, event.Money{}},
		{"payment.created-approved", "held, not taken", event.PaymentAuthorized, "APPROVED", paid, event.Money{}},
		{"payment.created-completed-cash", "total_money: the tip is in it, the change is not", event.PaymentSucceeded, "COMPLETED", paid, event.Money{Amount: "23.00", Currency: "USD"}},
		{"payment.updated-completed", "total_money, not the smaller amount_money", event.PaymentSucceeded, "COMPLETED", paid, event.Money{Amount: "23.00", Currency: "USD"}},
		{"payment.updated-completed-jpy", "yen have no minor unit", event.PaymentSucceeded, "COMPLETED", paid, event.Money{Amount: "2000", Currency: "JPY"}},
		{"payment.updated-completed-and-refunded", "said again: the payment stays what it was", event.PaymentSucceeded, "COMPLETED", paid, event.Money{Amount: "23.00", Currency: "USD"}},
		{"payment.updated-canceled", "nothing moved", event.PaymentCanceled, "CANCELED", paid, event.Money{}},
		{"payment.updated-failed", "nothing moved", event.PaymentFailed, "FAILED", paid, event.Money{}},

		{"refund.created-pending", "on its way", event.RefundCreated, "PENDING", paid, event.Money{Amount: "5.00", Currency: "USD"}},
		{"refund.created-completed", "at once", event.RefundSucceeded, "COMPLETED", paid, event.Money{Amount: "5.00", Currency: "USD"}},
		{"refund.updated-pending", "still on its way", event.RefundUpdated, "PENDING", paid, event.Money{Amount: "5.00", Currency: "USD"}},
		{"refund.updated-completed", "later", event.RefundSucceeded, "COMPLETED", paid, event.Money{Amount: "5.00", Currency: "USD"}},
		{"refund.updated-rejected", "", event.RefundFailed, "REJECTED", paid, event.Money{Amount: "5.00", Currency: "USD"}},
		{"refund.updated-failed", "", event.RefundFailed, "FAILED", paid, event.Money{Amount: "5.00", Currency: "USD"}},
		{"terminal.refund.updated", "refund.updated comes besides and counts", event.Other, "COMPLETED", paid, event.Money{}},

		{"dispute.created", "", event.DisputeOpened, "EVIDENCE_REQUIRED", paid, event.Money{Amount: "23.00", Currency: "USD"}},
		{"dispute.evidence.created", "", event.DisputeUpdated, "EVIDENCE_REQUIRED", paid, event.Money{Amount: "23.00", Currency: "USD"}},
		{"dispute.state.updated-processing", "", event.DisputeUpdated, "PROCESSING", paid, event.Money{Amount: "23.00", Currency: "USD"}},
		{"dispute.state.updated-won", "", event.DisputeWon, "WON", paid, event.Money{Amount: "23.00", Currency: "USD"}},
		{"dispute.state.updated-lost", "", event.DisputeLost, "LOST", paid, event.Money{Amount: "23.00", Currency: "USD"}},
		{"dispute.state.updated-accepted", "the seller accepted the loss", event.DisputeLost, "ACCEPTED", paid, event.Money{Amount: "23.00", Currency: "USD"}},
		{"dispute.state.updated-inquiry-closed", "neither won nor lost", event.DisputeClosed, "INQUIRY_CLOSED", paid, event.Money{Amount: "23.00", Currency: "USD"}},
		{"dispute.state.changed-won", "the deprecated twin counts nothing", event.Other, "WON", paid, event.Money{}},

		{"payout.sent", "belongs to no payment; currency_code, as documented", event.PayoutCreated, "SENT", "", event.Money{Amount: "1100.00", Currency: "EUR"}},
		{"payout.paid", "", event.PayoutPaid, "PAID", "", event.Money{Amount: "1100.00", Currency: "EUR"}},
		{"payout.paid-withdrawal", "below zero: taken from the bank account", event.PayoutPaid, "PAID", "", event.Money{}},
		{"payout.failed", "", event.PayoutFailed, "FAILED", "", event.Money{Amount: "1100.00", Currency: "EUR"}},

		{"invoice.payment_made", "its payment counts", event.InvoicePaid, "PAID", "", event.Money{}},
		{"invoice.payment_made-partially", "more is due", event.InvoiceUpdated, "PARTIALLY_PAID", "", event.Money{}},
		{"invoice.deleted", "without its object", event.InvoiceUpdated, "", "", event.Money{}},
		{"order.updated", "has no money", event.OrderUpdated, "COMPLETED", "", event.Money{}},
		{"terminal.checkout.updated-completed", "its payment counts", event.CheckoutCompleted, "COMPLETED", paid, event.Money{}},
		{"location.updated", "without its object", event.AccountUpdated, "", "", event.Money{}},
		{"webhooks.test_notification", "", event.TestPing, "", "", event.Money{}},
	} {
		read = append(read, filepath.Join("testdata/events", tt.file+".json"))
		t.Run(tt.file, func(t *testing.T) {
			e, err := square.New("").Event(fixture(t, tt.file), provider.Origin{Endpoint: "shop"})
			require.NoError(t, err)
			assert.Equal(t, tt.category, e.Category, tt.why)
			assert.Equal(t, tt.money, e.Money, tt.why)
			assert.Equal(t, tt.payment, e.PaymentID, tt.why)
			assert.Equal(t, tt.status, e.ObjectStatus, tt.why)
			assert.NotEmpty(t, e.ObjectID, tt.why)
		})
	}

	files, err := filepath.Glob("testdata/events/*.json")
	require.NoError(t, err)
	assert.ElementsMatch(t, files, read, "a file that no row names would prove nothing")
}

func TestEventInFull(t *testing.T) {
	e, err := square.New("").Event(fixture(t, "refund.updated-completed"), provider.Origin{Endpoint: "shop", Livemode: new(false)})
	require.NoError(t, err)
	assert.Equal(t, event.Event{
		Schema:       event.Schema,
		ID:           "square:13b867cf-db3d-4b1c-90b6-2f32a9d7800b",
		Timestamp:    1775001600123,
		Provider:     "square",
		Type:         "refund.updated",
		Category:     event.RefundSucceeded,
		ObjectType:   "refund",
		ObjectID:     paid + "_demoRefund000000000001",
		ObjectStatus: "COMPLETED",
		PaymentID:    paid,
		Related:      map[string]string{"order": "haOyDemoOrder0000000002", "location": "L88DEMO000001"},
		Account:      "MLDEMO0000001",
		Endpoint:     "shop",
		Livemode:     new(false),
		Money:        event.Money{Amount: "5.00", Currency: "USD"},
	}, e)
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	return readFile(t, filepath.Join("testdata/events", name+".json"))
}
