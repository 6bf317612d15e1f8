package operator_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
)

func TestPayment(t *testing.T) {
	t.Parallel()
	// The payment of store's events has those of other tests too.
	sent := root().send(t, "square", "payment.updated", "--set", "data.object.payment.status=COMPLETED")
	require.Len(t, sent, 1)
	var e event.Event
	require.NoError(t, json.Unmarshal([]byte(paysluice(t, "events", "get", sent[0].EventID, "-o", "json").stdout), &e))

	r := paysluice(t, "payment", e.PaymentID, "--provider", "square")
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Contains(t, r.stdout, fmt.Sprintf("state: payment.succeeded\n%s: %s paid, 0.00 refunded, 0.00 disputed, 0.00 lost\n", e.Currency, e.Amount))

	r = paysluice(t, "payment", "none")
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "not found: no event of a payment or object none")
	r = user(t, allow("*", "cloudformation:DescribeStacks")).run(t, "payment", e.PaymentID)
	assert.Contains(t, r.stderr, "access denied: dynamodb:Query")
}
