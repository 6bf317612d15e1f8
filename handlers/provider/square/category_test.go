package square

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
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

func objectOf(t *testing.T, text string) *object {
	t.Helper()
	var o object
	require.NoError(t, json.Unmarshal([]byte(cmp.Or(text, "{}")), &o))
	return &o
}

func TestEveryDocumentedTypeHasARow(t *testing.T) {
	listed := map[string]bool{}
	for _, typ := range documentedTypes(t) {
		assert.False(t, listed[typ], "%s is listed twice", typ)
		listed[typ] = true
		assert.NotNil(t, ruleOf(typ), "%s has no row", typ)
	}
	assert.Nil(t, ruleOf("payment.invented"))
	for _, row := range categoryRows() {
		assert.True(t, listed[row.typ], "%s is not documented", row.typ)
	}
}

func TestCategoryOf(t *testing.T) {
	named := map[string]bool{}
	for _, row := range categoryRows() {
		named[row.typ] = true
		assert.Equal(t, row.want, categoryOf(row.typ, objectOf(t, row.object)), "%s %s", row.typ, row.object)
	}
	for _, typ := range documentedTypes(t) {
		if !named[typ] {
			assert.Equal(t, event.Other, categoryOf(typ, objectOf(t, `{"status":"COMPLETED"}`)), typ)
		}
	}
	assert.Equal(t, event.Other, categoryOf("payment.invented", objectOf(t, `{"status":"COMPLETED"}`)), "a type of tomorrow")
}

// TestOneRouteToPaymentSucceeded plays the events that Square sends in the life
// of one payment: whatever comes besides, its own completion counts it.
func TestOneRouteToPaymentSucceeded(t *testing.T) {
	const pending, approved, completed = `{"status":"PENDING"}`, `{"status":"APPROVED"}`, `{"status":"COMPLETED"}`

	for _, tt := range []struct {
		payment string
		events  [][2]string // type and object
		counts  []string
	}{
		{"completed at once", [][2]string{
			{"payment.created", completed}, {"order.updated", `{"state":"COMPLETED"}`},
		}, []string{"payment.created"}},
		{"captured later", [][2]string{
			{"payment.created", approved}, {"payment.updated", approved}, {"payment.updated", completed},
		}, []string{"payment.updated"}},
		{"by bank transfer", [][2]string{
			{"payment.created", pending}, {"payment.updated", completed},
		}, []string{"payment.updated"}},
		{"of a subscription's invoice", [][2]string{
			{"invoice.created", "{}"}, {"payment.created", approved}, {"payment.updated", completed},
			{"invoice.payment_made", `{"status":"PAID"}`}, {"invoice.updated", `{"status":"PAID"}`}, {"subscription.updated", `{"status":"ACTIVE"}`},
		}, []string{"payment.updated"}},
		{"on a terminal", [][2]string{
			{"terminal.checkout.created", pending}, {"payment.created", completed}, {"terminal.checkout.updated", completed},
		}, []string{"payment.created"}},
		{"updated for its fees and a refund: again, under the same payment id", [][2]string{
			{"payment.created", completed}, {"payment.updated", completed},
			{"refund.created", pending}, {"refund.updated", completed}, {"payment.updated", completed},
		}, []string{"payment.created", "payment.updated", "payment.updated"}},
		{"never captured", [][2]string{
			{"payment.created", approved}, {"payment.updated", `{"status":"CANCELED"}`},
		}, nil},
	} {
		t.Run(tt.payment, func(t *testing.T) {
			var counts []string
			for _, e := range tt.events {
				if categoryOf(e[0], objectOf(t, e[1])) == event.PaymentSucceeded {
					counts = append(counts, e[0])
				}
			}
			assert.Equal(t, tt.counts, counts)
		})
	}

	var routes []string
	for _, typ := range documentedTypes(t) {
		o := objectOf(t, `{"status":"COMPLETED","state":"COMPLETED"}`)
		if categoryOf(typ, o) == event.PaymentSucceeded {
			routes = append(routes, typ)
		}
	}
	assert.Equal(t, []string{"payment.created", "payment.updated"}, routes)
}

// TestEveryCategoryWithMoneyHasAFixture: what counts money is shown on a whole
// body.
func TestEveryCategoryWithMoneyHasAFixture(t *testing.T) {
	fixtures := map[event.Category]bool{}
	files, err := filepath.Glob("testdata/events/*.json")
	require.NoError(t, err)
	for _, file := range files {
		body, err := os.ReadFile(file)
		require.NoError(t, err)
		e, err := New("").Event(body, provider.Origin{})
		require.NoError(t, err)
		fixtures[e.Category] = true
	}
	one := money{Amount: jsontext.Value("1"), Currency: "USD"}
	full := object{TotalMoney: one, AmountMoney: one}
	for _, row := range categoryRows() {
		if moneyOf(row.want, &full) != (event.Money{}) {
			assert.True(t, fixtures[row.want], "%s has no fixture", row.want)
		}
	}
}
