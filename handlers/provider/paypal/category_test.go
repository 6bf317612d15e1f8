package paypal

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
)

// listedTypes are the rows of testdata/event_types.txt, which was transcribed
// from its sources and not from the table.
func listedTypes(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile("testdata/event_types.txt")
	require.NoError(t, err)
	var types []string
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") {
			types = append(types, line)
		}
	}
	require.Greater(t, len(types), 110)
	return types
}

func TestEveryListedTypeHasARow(t *testing.T) {
	listed := map[string]bool{}
	for _, typ := range listedTypes(t) {
		assert.False(t, listed[typ], "%s is listed twice", typ)
		listed[typ] = true
		r := ruleOf(typ)
		assert.True(t, r.always != "" || r.byState != nil, "%s has no row", typ)
	}
	assert.Empty(t, ruleOf("PAYMENT.CAPTURE.INVENTED").always)
}

func TestCategory(t *testing.T) {
	named := map[string]bool{}
	for _, row := range categoryRows() {
		named[row.typ] = true
		var r resource
		require.NoError(t, json.Unmarshal([]byte(cmp.Or(row.resource, "{}")), &r))
		assert.Equal(t, row.want, categoryOf(row.typ, &r), "%s %s", row.typ, row.resource)
	}

	for _, typ := range listedTypes(t) {
		if named[typ] {
			continue
		}
		want := event.Other
		if strings.HasPrefix(typ, "CUSTOMER.") || strings.HasPrefix(typ, "MERCHANT.") {
			want = event.AccountUpdated
		}
		assert.Equal(t, want, categoryOf(typ, &resource{}), typ)
	}
}

// TestOneRouteToPaymentSucceeded: of all types only the capture's and the sale's
// own count a payment, whatever state the resource is in.
func TestOneRouteToPaymentSucceeded(t *testing.T) {
	routes := map[string]bool{}
	for _, typ := range listedTypes(t) {
		for _, state := range []string{"", "COMPLETED", "PAID", "APPROVED", "CREATED", "SUCCESS", "CAPTURED"} {
			if categoryOf(typ, &resource{Status: state}) == event.PaymentSucceeded {
				routes[typ] = true
			}
		}
	}
	assert.Equal(t, map[string]bool{"PAYMENT.CAPTURE.COMPLETED": true, "PAYMENT.SALE.COMPLETED": true}, routes)
}

// TestEveryCategoryWithMoneyHasAFixture: what counts money is shown on a whole
// body. That payout.created counts none, its fixture shows: only batches are.
func TestEveryCategoryWithMoneyHasAFixture(t *testing.T) {
	fixtures := map[event.Category]bool{}
	files, err := filepath.Glob("testdata/events/*.json")
	require.NoError(t, err)
	for _, file := range files {
		body, err := os.ReadFile(file)
		require.NoError(t, err)
		e, err := New(nil).Event(body, provider.Origin{})
		require.NoError(t, err)
		fixtures[e.Category] = true
	}
	one := money{Value: "1", CurrencyCode: "USD"}
	full := resource{Amount: one, DisputeAmount: one, PayoutAmount: one}
	for _, row := range categoryRows() {
		if moneyOf(row.want, &full) != (event.Money{}) {
			assert.True(t, fixtures[row.want], "%s has no fixture", row.want)
		}
	}
}
