package stripe_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"testing"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
)

// BenchmarkVerify stands beside its floor: the HMAC of the same bytes.
func BenchmarkVerify(b *testing.B) {
	body := fixture(b, "charge.succeeded-direct")
	v := newVerifier(b, entry{"main", "whsec_test"})
	h := signed(stripe.Sign(body, "whsec_test", epoch))

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
			mac := hmac.New(sha256.New, []byte("whsec_test"))
			mac.Write(body)
			mac.Sum(nil)
		}
	})
}

// BenchmarkEvent stands beside its floor: one pass of the JSON scanner.
func BenchmarkEvent(b *testing.B) {
	body := fixture(b, "charge.succeeded-direct")

	b.Run("event", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := stripe.New().Event(body, provider.Origin{}); err != nil {
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
