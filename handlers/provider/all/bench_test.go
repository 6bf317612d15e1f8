package all_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
)

// BenchmarkEvent measures reading one body of each provider.
func BenchmarkEvent(b *testing.B) {
	for name, file := range map[string]string{
		"stripe": "charge.succeeded-direct",
		"paypal": "PAYMENT.CAPTURE.COMPLETED",
		"square": "payment.updated-completed",
	} {
		body, err := os.ReadFile("../" + name + "/testdata/events/" + file + ".json")
		require.NoError(b, err)
		p, err := all.All(all.Settings{}).ByName(name)
		require.NoError(b, err)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				_, err := p.Event(body, provider.Origin{})
				require.NoError(b, err)
			}
		})
	}
}
