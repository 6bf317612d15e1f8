package paypal_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"testing"

	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/test/paypaltest"
)

// BenchmarkVerify stands beside its floor: one RSA verification. The
// certificate is known, as it is for all but an environment's first webhook.
func BenchmarkVerify(b *testing.B) {
	body := fixture(b, "PAYMENT.CAPTURE.COMPLETED")
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	v := newVerifier(b, paypal.New(serving(map[string][]byte{certURL: bundle(leaf)})), nil, shop)
	h := signed(b, signer(leaf), body, epoch)

	b.Run("verify", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := v.Verify(b.Context(), h, body, epoch); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("floor", func(b *testing.B) {
		key := leaf.Key.(*rsa.PrivateKey)
		digest := sha256.Sum256(body)
		signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, digest[:], signature) != nil {
				b.Fatal("not verified")
			}
		}
	})
}
