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
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
)

const methodARN = "arn:aws:execute-api:us-east-1:123456789012:abc/live/POST/stripe"

var now = time.Unix(1_780_000_000, 0)

func signature(age time.Duration) string {
	return providertest.Sign(stripe.Signer{Secret: "whsec_marked"}, []byte("{}"), now.Add(-age))["Stripe-Signature"]
}

func TestHandle(t *testing.T) {
	for _, row := range []struct {
		why, resource string
		headers       map[string][]string
		effect        string
		principal     string
		reason        provider.Reason
	}{
		{"headers of a signed request", "/stripe",
			map[string][]string{"Stripe-Signature": {signature(0)}}, "Allow", "stripe", ""},
		{"lower-case names of HTTP/2", "/stripe",
			map[string][]string{"stripe-signature": {signature(0)}}, "Allow", "stripe", ""},
		{"no header", "/stripe", nil, "Deny", "stripe", provider.HeaderMissing},
		{"a repeated header", "/stripe",
			map[string][]string{"Stripe-Signature": {signature(0), signature(0)}}, "Deny", "stripe", provider.HeaderRepeated},
		{"a header in two spellings", "/stripe",
			map[string][]string{"Stripe-Signature": {signature(0)}, "STRIPE-SIGNATURE": {signature(0)}}, "Deny", "stripe", provider.HeaderRepeated},
		{"a malformed header", "/stripe",
			map[string][]string{"Stripe-Signature": {"marked"}}, "Deny", "stripe", provider.HeaderMalformed},
		{"too old", "/stripe",
			map[string][]string{"Stripe-Signature": {signature(301 * time.Second)}}, "Deny", "stripe", provider.TimestampStale},
		{"in the future", "/stripe",
			map[string][]string{"Stripe-Signature": {signature(-301 * time.Second)}}, "Deny", "stripe", provider.TimestampFuture},
		{"a path without a provider", "/other",
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
				RequestID: "api-1", ExtendedRequestID: "ext-1",
				Resource: row.resource,
				Header:   providertest.MultiHeader(row.headers),
			})

			require.NoError(t, err, "Lambda would count an error")
			assert.Equal(t, row.principal, answer.PrincipalID)
			require.Len(t, answer.PolicyDocument.Statement, 1)
			statement := answer.PolicyDocument.Statement[0]
			assert.Equal(t, row.effect, statement.Effect)
			assert.Equal(t, []string{"execute-api:Invoke"}, statement.Action)
			assert.Equal(t, []string{methodARN}, statement.Resource, "the requested method only")
			assert.Empty(t, answer.Context, "the context would be visible to the integration")
			assertLog(t, log.Bytes(), row.reason)
		})
	}
}

// assertLog requires one line with the reason for a denied request and none for
// an allowed one, which the processor reports.
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
	assert.Equal(t, "api-1", fields["apiRequestId"], "the id in API Gateway's access log")
	assert.Equal(t, "ext-1", fields["extendedRequestId"], "and the one that no sender can choose")
	assert.NotContains(t, string(log), "marked", "no header value is logged")
	assert.NotContains(t, string(log), "v1=")
}
