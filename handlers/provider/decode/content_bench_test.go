package decode_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// BenchmarkContentHash hashes one body of each provider.
func BenchmarkContentHash(b *testing.B) {
	for _, file := range []string{"stripe/testdata/events/charge.succeeded-direct", "paypal/testdata/events/PAYMENT.CAPTURE.COMPLETED", "square/testdata/events/payment.updated-completed"} {
		body, err := os.ReadFile("../" + file + ".json")
		require.NoError(b, err)
		b.Run(file[:6], func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				decode.ContentHash(body)
			}
		})
	}
}
