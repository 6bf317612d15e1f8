package authorizer_test

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/authorizer"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/test/emulator/gateway"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// BenchmarkAuthorizer measures an invocation that allows a request, from API Gateway's
// JSON to the policy's.
func BenchmarkAuthorizer(b *testing.B) {
	for _, sender := range []senders.Sender{
		senders.Stripe(), senders.PayPal(paypaltest.NewAuthority(time.Now()), nil), senders.Square("https://api.example.com/square"),
	} {
		b.Run(sender.Provider.Name, func(b *testing.B) {
			clock := func() time.Time { return now }
			h := &authorizer.Handler{
				Providers: all.All(all.Settings{}), Now: clock,
				Log: function.NewLogger(io.Discard, "INFO"), Metrics: function.NewMetrics(io.Discard, "bench", clock),
			}
			f := function.NewHandler(function.ReadRequest, h.Handle)
			request, err := json.Marshal(gateway.Webhook{
				Account: "123456789012", API: "abc", Path: "/" + sender.Provider.Path, RequestID: "api-1", At: now,
				Header: sender.Header([]byte("{}"), sender.NewSecret(), now),
			}.AuthorizerEvent())
			require.NoError(b, err)
			response, err := f.Invoke(b.Context(), request)
			require.NoError(b, err)
			require.True(b, bytes.Contains(response, []byte(`"Effect":"Allow"`)), "%s", response)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = f.Invoke(b.Context(), request)
			}
		})
	}
}
