package authorizer_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/authorizer"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
	"github.com/paysluice/paysluice/test/header"
)

const methodARN = "arn:aws:execute-api:us-east-1:123456789012:abc/live/POST/stripe"

var now = time.Unix(1_780_000_000, 0)

func signature(age time.Duration) string {
	return stripe.Sign([]byte("{}"), "whsec_marked", now.Add(-age))
}

func TestHandle(t *testing.T) {
	for _, row := range []struct {
		why, resource string
		headers       map[string][]string
		effect        string
		principal     string
		reason        provider.Reason
	}{
		{"could carry a valid signature", "/stripe",
			map[string][]string{"Stripe-Signature": {signature(0)}}, "Allow", "stripe", ""},
		{"HTTP/2 clients send lower-case names", "/stripe",
			map[string][]string{"stripe-signature": {signature(0)}}, "Allow", "stripe", ""},
		{"no header at all", "/stripe", nil, "Deny", "stripe", provider.HeaderMissing},
		{"which of two would the processor check?", "/stripe",
			map[string][]string{"Stripe-Signature": {signature(0), signature(0)}}, "Deny", "stripe", provider.HeaderRepeated},
		{"two spellings of one name are one header", "/stripe",
			map[string][]string{"Stripe-Signature": {signature(0)}, "STRIPE-SIGNATURE": {signature(0)}}, "Deny", "stripe", provider.HeaderRepeated},
		{"not a signature header", "/stripe",
			map[string][]string{"Stripe-Signature": {"marked"}}, "Deny", "stripe", provider.HeaderMalformed},
		{"recorded and sent again", "/stripe",
			map[string][]string{"Stripe-Signature": {signature(301 * time.Second)}}, "Deny", "stripe", provider.TimestampStale},
		{"made to be used later", "/stripe",
			map[string][]string{"Stripe-Signature": {signature(-301 * time.Second)}}, "Deny", "stripe", provider.TimestampFuture},
		{"a path that no provider has", "/other",
			map[string][]string{"Stripe-Signature": {signature(0)}}, "Deny", "unknown", provider.PathUnknown},
	} {
		t.Run(row.why, func(t *testing.T) {
			var log bytes.Buffer
			clock := func() time.Time { return now }
			h := authorizer.Handler{
				Providers: all.All(all.Settings{}),
				Log:       function.NewLogger(&log, "INFO"),
				Metrics:   function.NewMetrics(&log, "test", clock),
				Now:       clock,
			}

			answer, err := h.Handle(t.Context(), function.Request{
				MethodARN: methodARN,
				RequestID: "api-1",
				Resource:  row.resource,
				Header:    header.Multi(row.headers),
			})

			require.NoError(t, err, "an error would count against the function")
			assert.Equal(t, row.principal, answer.PrincipalID)
			require.Len(t, answer.PolicyDocument.Statement, 1)
			statement := answer.PolicyDocument.Statement[0]
			assert.Equal(t, row.effect, statement.Effect)
			assert.Equal(t, []string{"execute-api:Invoke"}, statement.Action)
			assert.Equal(t, []string{methodARN}, statement.Resource, "just the method asked for")
			assert.Empty(t, answer.Context, "a reason would reach the sender")
			assertLog(t, log.Bytes(), row.reason)
		})
	}
}

// assertLog wants a line with the reason for a denial and silence for the
// rest, since an allowed request is the processor's to report.
func assertLog(t *testing.T, log []byte, reason provider.Reason) {
	t.Helper()
	if reason == "" {
		assert.Empty(t, log)
		return
	}
	var fields map[string]any
	require.NoError(t, json.Unmarshal(log, &fields), "one line")
	assert.EqualValues(t, 1, fields["Rejected"])
	assert.Equal(t, string(reason), fields["reason"])
	assert.Equal(t, "api-1", fields["apiRequestId"], "it leads to API Gateway's access log")
	assert.NotContains(t, string(log), "marked", "no header value is logged")
	assert.NotContains(t, string(log), "v1=")
}
