package square_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"testing"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/square"
)

// BenchmarkVerify stands beside its floor: the HMAC of the same bytes.
func BenchmarkVerify(b *testing.B) {
	body := fixture(b, "payment.updated-completed")
	v := newVerifier(b, entry{Label: "main", Key: "key", Environment: "live", URL: url})
	h := signed(square.Sign(body, "key", url))

	b.Run("verify", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := v.Verify(b.Context(), h, body, epoch); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("floor", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			mac := hmac.New(sha256.New, []byte("key"))
			mac.Write(body)
			mac.Sum(nil)
		}
	})
}

// BenchmarkEvent stands beside its floor: one pass of the JSON scanner.
func BenchmarkEvent(b *testing.B) {
	body := fixture(b, "payment.updated-completed")

	b.Run("event", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := square.New("").Event(body, provider.Origin{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("floor", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			if !json.Valid(body) {
				b.Fatal("not JSON")
			}
		}
	})
}
