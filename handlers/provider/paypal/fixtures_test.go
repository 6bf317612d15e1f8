package paypal_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
)

const (
	capture = "27M47624FP291604U" // of most fixtures
	sale    = "80021663DE681814L" // of those of v1
)

// TestFixtures reads whole bodies, made from the schemas of
// github.com/paypal/paypal-rest-api-specifications and from public copies of the
// simulator's samples; none was received from PayPal. They have every category
// that moves money, and its neighbours that do not.
func TestFixtures(t *testing.T) {
	usd := func(amount string) event.Money { return event.Money{Amount: amount, Currency: "USD"} }
	eur := func(amount string) event.Money { return event.Money{Amount: amount, Currency: "EUR"} }

	var read []string
	for _, tt := range []struct {
		file     string
		why      string
		category event.Category
		status   string
		payment  string
		money    event.Money
	}{
		{"PAYMENT.AUTHORIZATION.CREATED", "held, not taken; there is no capture yet", event.PaymentAuthorized, "CREATED", "", event.Money{}},
		{"PAYMENT.CAPTURE.PENDING", "on its way", event.PaymentPending, "PENDING", capture, event.Money{}},
		{"PAYMENT.CAPTURE.COMPLETED", "gross, fee included; its link up is the authorization", event.PaymentSucceeded, "COMPLETED", capture, usd("30.00")},
		{"PAYMENT.CAPTURE.DENIED", "nothing moved", event.PaymentFailed, "DECLINED", capture, event.Money{}},
		{"PAYMENT.CAPTURE.REVERSED", "the resource is a refund, its link up the capture", event.PaymentReversed, "COMPLETED", capture, usd("30.00")},
		{"PAYMENT.SALE.COMPLETED", "v1: of a subscription", event.PaymentSucceeded, "completed", sale, eur("20.00")},
		{"PAYMENT.SALE.REVERSED", "v1: negative", event.PaymentReversed, "completed", sale, eur("20.00")},
		{"simulator", "its date is none", event.PaymentSucceeded, "COMPLETED", capture, usd("30.00")},

		{"PAYMENT.CAPTURE.REFUNDED", "its own amount, not the total refunded", event.RefundSucceeded, "COMPLETED", capture, usd("10.99")},
		{"PAYMENT.CAPTURE.REFUNDED-pending", "by eCheck", event.RefundCreated, "PENDING", capture, usd("10.99")},
		{"PAYMENT.CAPTURE.REFUNDED-cancelled", "neither under way nor failed", event.RefundUpdated, "CANCELLED", capture, usd("10.99")},
		{"PAYMENT.REFUND.PENDING", "", event.RefundCreated, "PENDING", capture, usd("10.99")},
		{"PAYMENT.REFUND.FAILED", "", event.RefundFailed, "FAILED", capture, usd("10.99")},
		{"PAYMENT.SALE.REFUNDED", "v1: negative, of a sale", event.RefundSucceeded, "completed", sale, eur("5.01")},

		{"CUSTOMER.DISPUTE.CREATED", "", event.DisputeOpened, "OPEN", capture, usd("25.50")},
		{"CUSTOMER.DISPUTE.UPDATED", "", event.DisputeUpdated, "UNDER_REVIEW", capture, usd("25.50")},
		{"CUSTOMER.DISPUTE.RESOLVED-won", "", event.DisputeWon, "RESOLVED", capture, usd("25.50")},
		{"CUSTOMER.DISPUTE.RESOLVED-lost", "the amount in dispute, not the part refunded", event.DisputeLost, "RESOLVED", capture, usd("25.50")},
		{"CUSTOMER.DISPUTE.RESOLVED-withdrawn", "neither won nor lost", event.DisputeClosed, "RESOLVED", capture, usd("25.50")},

		{"PAYMENT.PAYOUTSBATCH.PROCESSING", "its items count", event.PayoutCreated, "PROCESSING", "", event.Money{}},
		{"PAYMENT.PAYOUTS-ITEM.SUCCEEDED", "without the fee; belongs to no payment", event.PayoutPaid, "SUCCESS", "", eur("9.87")},
		{"PAYMENT.PAYOUTS-ITEM.UNCLAIMED", "", event.PayoutUpdated, "UNCLAIMED", "", eur("9.87")},
		{"PAYMENT.PAYOUTS-ITEM.FAILED", "", event.PayoutFailed, "FAILED", "", eur("9.87")},
		{"PAYMENT.PAYOUTS-ITEM.RETURNED", "nobody claimed it for thirty days", event.PayoutFailed, "RETURNED", "", eur("9.87")},
		{"PAYMENT.PAYOUTS-ITEM.CANCELED", "", event.PayoutCanceled, "RETURNED", "", eur("9.87")},
		{"PAYMENT.REFERENCED-PAYOUT-ITEM.COMPLETED", "of a marketplace: names the capture", event.PayoutPaid, "SUCCESS", capture, usd("28.46")},

		{"CHECKOUT.ORDER.APPROVED", "nothing moved", event.CheckoutApproved, "APPROVED", "", event.Money{}},
		{"CHECKOUT.ORDER.COMPLETED", "its capture's own event counts", event.CheckoutCompleted, "COMPLETED", capture, event.Money{}},
		{"INVOICING.INVOICE.PAID", "the payment's own event counts", event.InvoicePaid, "PAID", "", event.Money{}},
		{"BILLING.SUBSCRIPTION.ACTIVATED", "", event.SubscriptionUpdated, "ACTIVE", "", event.Money{}},
	} {
		read = append(read, filepath.Join("testdata/events", tt.file+".json"))
		t.Run(tt.file, func(t *testing.T) {
			e, err := paypal.New(nil).Event(fixture(t, tt.file), provider.Origin{Endpoint: "shop"})
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

func TestEventsInFull(t *testing.T) {
	origin := provider.Origin{Endpoint: "shop", Livemode: new(true)}
	for _, tt := range []struct {
		file string
		want event.Event
	}{
		{"PAYMENT.CAPTURE.COMPLETED", event.Event{
			ID:           "paypal:WH-58D329510W468432D-8HN650336L201001X",
			Timestamp:    1775001600123,
			Type:         "PAYMENT.CAPTURE.COMPLETED",
			Category:     event.PaymentSucceeded,
			ObjectType:   "capture",
			ObjectID:     capture,
			ObjectStatus: "COMPLETED",
			PaymentID:    capture,
			Related: map[string]string{
				"order": "5O190127TN364715T", "authorization": "7W5147081L658180V",
				"invoice": "INV-2026-17", "custom": "cart/17",
			},
			Account:    "7KNGBPH2U58GQ",
			Money:      event.Money{Amount: "30.00", Currency: "USD"},
			APIVersion: "2.0",
		}},
		{"PAYMENT.SALE.REFUNDED", event.Event{
			ID:           "paypal:WH-58D329510W468432D-8HN650336L201011X",
			Timestamp:    1775001600000,
			Type:         "PAYMENT.SALE.REFUNDED",
			Category:     event.RefundSucceeded,
			ObjectType:   "refund",
			ObjectID:     "1JU08902781691411",
			ObjectStatus: "completed",
			PaymentID:    sale,
			Related:      map[string]string{"parent_payment": "PAY-86C81811X5228590KKVNARQQ"},
			Money:        event.Money{Amount: "5.01", Currency: "EUR"},
		}},
		{"CUSTOMER.DISPUTE.CREATED", event.Event{
			ID:           "paypal:WH-58D329510W468432D-8HN650336L201013X",
			Timestamp:    1775001600123,
			Type:         "CUSTOMER.DISPUTE.CREATED",
			Category:     event.DisputeOpened,
			ObjectType:   "dispute",
			ObjectID:     "PP-D-27803",
			ObjectStatus: "OPEN",
			PaymentID:    capture,
			Related:      map[string]string{"invoice": "INV-2026-17"},
			Account:      "7KNGBPH2U58GQ",
			Money:        event.Money{Amount: "25.50", Currency: "USD"},
		}},
		{"PAYMENT.PAYOUTS-ITEM.SUCCEEDED", event.Event{
			ID:           "paypal:WH-58D329510W468432D-8HN650336L201018X",
			Timestamp:    1775001600123,
			Type:         "PAYMENT.PAYOUTS-ITEM.SUCCEEDED",
			Category:     event.PayoutPaid,
			ObjectType:   "payouts_item",
			ObjectID:     "8AELMXH8UB2P8",
			ObjectStatus: "SUCCESS",
			Related:      map[string]string{"payout_batch": "Q8KUFNVRVQ8W4", "transaction": "0C413693MN970190K"},
			Money:        event.Money{Amount: "9.87", Currency: "EUR"},
		}},
		{"CHECKOUT.ORDER.COMPLETED", event.Event{
			ID:           "paypal:WH-58D329510W468432D-8HN650336L201026X",
			Timestamp:    1775001600123,
			Type:         "CHECKOUT.ORDER.COMPLETED",
			Category:     event.CheckoutCompleted,
			ObjectType:   "checkout-order",
			ObjectID:     "5O190127TN364715T",
			ObjectStatus: "COMPLETED",
			PaymentID:    capture,
			Related:      map[string]string{"customer": "ZU7HYZ5UQ9WNG"},
			Account:      "7KNGBPH2U58GQ",
			APIVersion:   "2.0",
		}},
		{"simulator", event.Event{
			ID:           "paypal:WH-58D329510W468432D-8HN650336L201029X",
			Timestamp:    0, // 2018-19-12T22:20:32.000Z
			Type:         "PAYMENT.CAPTURE.COMPLETED",
			Category:     event.PaymentSucceeded,
			ObjectType:   "capture",
			ObjectID:     capture,
			ObjectStatus: "COMPLETED",
			PaymentID:    capture,
			Related: map[string]string{
				"order": "5O190127TN364715T", "authorization": "7W5147081L658180V",
				"invoice": "INV-2026-17", "custom": "cart/17",
			},
			Account:    "7KNGBPH2U58GQ",
			Money:      event.Money{Amount: "30.00", Currency: "USD"},
			APIVersion: "2.0",
		}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			want := tt.want
			want.Schema, want.Provider, want.Endpoint, want.Livemode = event.Schema, "paypal", "shop", new(true)
			e, err := paypal.New(nil).Event(fixture(t, tt.file), origin)
			require.NoError(t, err)
			assert.Equal(t, want, e)
		})
	}
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	return readFile(t, filepath.Join("testdata/events", name+".json"))
}
