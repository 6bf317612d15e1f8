package function_test

import (
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
)

func TestSenders(t *testing.T) {
	s := function.ParseSenders("stripe=AROASTRIPE,paypal=AROAPAYPAL,,square=,=AROANOBODY,text,*=AROARECONCILER")
	for _, row := range []struct {
		why, sender string
		provider    string // of the sender
		mayStripe   bool
	}{
		{"the processor of Stripe", "AROASTRIPE:stripe-processor-prod", "stripe", true},
		{"another session of its role, as after a theft", "AROASTRIPE:x", "stripe", true},
		{"the processor of PayPal", "AROAPAYPAL:paypal-processor-prod", "paypal", false},
		{"a session that is named like another role", "AROAPAYPAL:AROASTRIPE", "paypal", false},
		{"the consumer or an operator", "AROAOTHER:AROAPAYPAL", "", true},
		{"the reconciler, a webhook", "AROARECONCILER:event-reconciler-prod", "*", false},
		{"a user", "AIDAEXAMPLE", "", true},
		{"an emulator: the account", "000000000000", "", true},
		{"nobody", "", "", true},
	} {
		record := events.SQSMessage{Attributes: map[string]string{function.SenderAttribute: row.sender}}
		assert.Equal(t, row.provider, s.Provider(record), row.why)
		assert.Equal(t, row.mayStripe, s.MaySend(record, event.Event{Provider: "stripe"}), row.why)
	}
	reconciler := events.SQSMessage{Attributes: map[string]string{function.SenderAttribute: "AROARECONCILER:x"}}
	assert.True(t, s.MaySend(reconciler, event.Event{Provider: "stripe", Origin: event.OriginReconcile}))
	assert.False(t, s.MaySend(reconciler, event.Event{Provider: "stripe", Origin: event.OriginReconcile, Endpoint: "main"}), "nobody signed it")
	assert.False(t, s.Registered("*"), "no provider")
	assert.True(t, s.Registered("stripe"))
	assert.False(t, s.Registered("square"), "it has no role")
	assert.False(t, s.Registered("../x"))

	unknown := function.ParseSenders("")
	assert.True(t, unknown.Registered("stripe"), "an older stack does not set the variable")
	assert.True(t, unknown.MaySend(events.SQSMessage{}, event.Event{Provider: "stripe"}))
}
