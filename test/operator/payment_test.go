package operator_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

func TestPayment(t *testing.T) {
	t.Parallel()
	id, _ := store(t, contract.Square())
	var e event.Event
	require.NoError(t, json.Unmarshal([]byte(paysluice(t, "events", "get", id, "-o", "json").stdout), &e))

	r := paysluice(t, "payment", e.PaymentID, "--provider", "square")
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Contains(t, r.stdout, "state: payment.succeeded\nUSD: 49.99 paid, 0.00 refunded, 0.00 disputed, 0.00 lost\n")

	r = paysluice(t, "payment", "none")
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "not found: no event of a payment or object none")
	r = user(t, allow("*", "cloudformation:DescribeStacks")).run(t, "payment", e.PaymentID)
	assert.Contains(t, r.stderr, "access denied: dynamodb:Query")
}
