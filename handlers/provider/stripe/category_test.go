package stripe

import (
	"cmp"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// documentedTypes are the rows of testdata/event_types.txt.
func documentedTypes(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile("testdata/event_types.txt")
	require.NoError(t, err)
	var types []string
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") {
			types = append(types, line)
		}
	}
	return types
}

func TestEveryDocumentedTypeHasARow(t *testing.T) {
	for _, typ := range documentedTypes(t) {
		r := ruleOf(strings.TrimPrefix(typ, "v1."))
		assert.NotEqual(t, event.Category(""), r.stateless, "%s has no row", typ)
	}
	assert.Empty(t, ruleOf("charge.invented").stateless)
}

// TestDocumentedTypesAreStripeGos: the list is as new as the stripe-go that
// this module is tested with.
func TestDocumentedTypesAreStripeGos(t *testing.T) {
	dir, err := os.Getwd()
	require.NoError(t, err)
	pkg, err := build.Import("github.com/stripe/stripe-go/v85", dir, build.FindOnly)
	require.NoError(t, err)
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(pkg.Dir, "event.go"), nil, 0)
	require.NoError(t, err)

	listed := map[string]bool{}
	for _, typ := range documentedTypes(t) {
		assert.False(t, listed[typ], "%s is listed twice", typ)
		listed[typ] = true
	}
	var constants int
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "EventType" {
			constants++
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			assert.True(t, listed[text], "%s is not in testdata/event_types.txt", text)
		}
		return true
	})
	assert.Greater(t, constants, 250, "event.go no longer holds the constants")
}

func TestCategoryOfSnapshotEvents(t *testing.T) {
	named := map[string]bool{}
	for _, row := range categoryRows() {
		named[row.typ] = true
		var o object
		require.NoError(t, decode.Unmarshal([]byte(cmp.Or(row.object, "{}")), &o))
		assert.Equal(t, row.want, categoryOf(row.typ, &o), "%s %s", row.typ, row.object)
	}
	for _, typ := range documentedTypes(t) {
		if !named[typ] && !strings.HasPrefix(typ, "v") {
			assert.Equal(t, event.Other, categoryOf(typ, &object{}), typ)
		}
	}
	assert.Equal(t, event.Other, categoryOf("payment_intent.invented", &object{}), "a type of tomorrow")
}

// TestOneRouteToPaymentSucceeded plays the events that Stripe sends in the life
// of one payment: exactly one of them counts it.
func TestOneRouteToPaymentSucceeded(t *testing.T) {
	const ofIntent, direct, held = `{"captured":true,"payment_intent":"pi_1"}`, `{"captured":true}`, `{"captured":false}`

	for _, tt := range []struct {
		payment string
		events  [][2]string // type and data.object
		counts  string
	}{
		{"captured at once", [][2]string{
			{"payment_intent.created", "{}"}, {"charge.succeeded", ofIntent}, {"payment_intent.succeeded", "{}"},
			{"charge.updated", ofIntent},
		}, "payment_intent.succeeded"},
		{"captured later", [][2]string{
			{"payment_intent.created", "{}"}, {"charge.succeeded", `{"captured":false,"payment_intent":"pi_1"}`},
			{"payment_intent.amount_capturable_updated", `{"status":"requires_capture"}`},
			{"charge.captured", ofIntent}, {"payment_intent.succeeded", "{}"},
		}, "payment_intent.succeeded"},
		{"of a subscription, bought in Checkout", [][2]string{
			{"invoice.created", "{}"}, {"charge.succeeded", ofIntent}, {"payment_intent.succeeded", "{}"},
			{"invoice.paid", "{}"}, {"invoice.payment_succeeded", "{}"}, {"invoice_payment.paid", "{}"},
			{"checkout.session.completed", `{"payment_status":"paid"}`},
		}, "payment_intent.succeeded"},
		{"by a delayed method", [][2]string{
			{"checkout.session.completed", `{"payment_status":"unpaid"}`}, {"payment_intent.processing", "{}"},
			{"charge.pending", ofIntent}, {"charge.succeeded", ofIntent}, {"payment_intent.succeeded", "{}"},
			{"checkout.session.async_payment_succeeded", `{"payment_status":"paid"}`},
		}, "payment_intent.succeeded"},
		{"a charge without payment intent", [][2]string{
			{"charge.pending", "{}"}, {"charge.succeeded", direct}, {"charge.updated", direct}, {"charge.refunded", direct},
		}, "charge.succeeded"},
		{"a charge without payment intent, captured later", [][2]string{
			{"charge.succeeded", held}, {"charge.captured", direct},
		}, "charge.captured"},
	} {
		t.Run(tt.payment, func(t *testing.T) {
			var counts []string
			for _, e := range tt.events {
				var o object
				require.NoError(t, decode.Unmarshal([]byte(e[1]), &o))
				if categoryOf(e[0], &o) == event.PaymentSucceeded {
					counts = append(counts, e[0])
				}
			}
			assert.Equal(t, []string{tt.counts}, counts)
		})
	}

	var routes []string
	for _, typ := range documentedTypes(t) {
		if categoryOf(typ, &object{}) == event.PaymentSucceeded {
			routes = append(routes, typ)
		}
	}
	assert.Equal(t, []string{"charge.captured", "charge.succeeded", "payment_intent.succeeded"}, routes,
		"the amounts of exactly these are known")
}

func TestCategoryOfThinEvents(t *testing.T) {
	for _, tt := range []struct {
		typ  string
		want event.Category
	}{
		// The state is in the name: the twin's own category.
		{"v1.payment_intent.succeeded", event.PaymentSucceeded},
		{"v1.payment_intent.payment_failed", event.PaymentFailed},
		{"v1.refund.failed", event.RefundFailed},
		{"v1.payout.paid", event.PayoutPaid},
		{"v1.customer.deleted", event.CustomerDeleted},
		{"v1.invoice.paid", event.InvoicePaid},
		// The state is in the object, which did not come.
		{"v1.payment_intent.amount_capturable_updated", event.PaymentUpdated},
		{"v1.charge.pending", event.PaymentUpdated},
		{"v1.charge.succeeded", event.PaymentUpdated},
		{"v1.charge.captured", event.PaymentUpdated},
		{"v1.charge.failed", event.PaymentUpdated},
		{"v1.charge.expired", event.PaymentUpdated},
		{"v1.refund.created", event.RefundUpdated},
		{"v1.refund.updated", event.RefundUpdated},
		{"v1.charge.dispute.closed", event.DisputeUpdated},
		{"v1.checkout.session.completed", event.CheckoutApproved}, // paid or not: approved
		// Events of v2 alone.
		{"v2.core.event_destination.ping", event.TestPing},
		{"v2.core.account[requirements].updated", event.AccountUpdated},
		{"v2.core.account.closed", event.AccountUpdated},
		{"v2.commerce.product_catalog.imports.failed", event.Other},
		{"v1.billing.meter.no_meter_found", event.Other},
		{"v2.money_management.payout_intent.posted", event.Other}, // from a financial account, as treasury.* is
		// Events of v1 that have no snapshot event.
		{"v1.customer.subscription.past_due", event.SubscriptionUpdated},
		{"v1.customer.subscription.incomplete_expired", event.SubscriptionUpdated}, // as its updated says
		{"v1.invoice.line_item_added", event.InvoiceUpdated},
		{"v1.invoice_payment.canceled", event.InvoiceUpdated}, // an attempt, and not the invoice
		{"v1.invoiceitem.amount_changed", event.Other},
		{"v1.charge.invented", event.Other},
		{"v2.money.invented", event.Other},
	} {
		assert.Equal(t, tt.want, thinCategoryOf(tt.typ), tt.typ)
	}
	families := map[string]event.Category{
		"v1.customer.discount.":      event.CustomerUpdated,
		"v1.customer.subscription.":  event.SubscriptionUpdated,
		"v1.invoice.":                event.InvoiceUpdated,
		"v1.invoice_payment.":        event.InvoiceUpdated,
		"v2.core.account":            event.AccountUpdated,
		"v2.core.event_destination.": event.TestPing,
	}
	for _, typ := range documentedTypes(t) {
		assert.True(t, thinCategoryOf(typ).Valid(), typ)
		want := event.Other
		for family, category := range families {
			if strings.HasPrefix(typ, family) {
				want = category
			}
		}
		if strings.HasPrefix(typ, "v") {
			assert.Equal(t, want, thinCategoryOf(typ), typ)
		}
	}
}

// TestEveryCategoryWithMoneyHasAFixture: what counts money is shown on a whole
// body. Refunds, disputes and payouts have categories of their own.
func TestEveryCategoryWithMoneyHasAFixture(t *testing.T) {
	fixtures := map[event.Category]bool{}
	files, err := filepath.Glob("testdata/events/*.json")
	require.NoError(t, err)
	for _, file := range files {
		body, err := os.ReadFile(file)
		require.NoError(t, err)
		e, err := New().Event(body, provider.Origin{})
		require.NoError(t, err)
		fixtures[e.Category] = true
	}
	for _, row := range categoryRows() {
		kind, _, _ := strings.Cut(string(row.want), ".")
		if kind == refundObject || kind == disputeObject || kind == payoutObject || row.want == event.PaymentSucceeded {
			assert.True(t, fixtures[row.want], "%s has no fixture", row.want)
		}
	}
}
