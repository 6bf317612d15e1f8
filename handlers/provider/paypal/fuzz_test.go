package paypal_test

import (
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
)

// FuzzCheckHeaders: accepted headers name one of PayPal's certificates and have
// one meaning; all others are rejected with a reason.
func FuzzCheckHeaders(f *testing.F) {
	for _, v := range readVectors(f).Vectors {
		f.Add(v.Headers[idHeader], v.Headers[timeHeader], v.Headers[signatureHeader], v.Headers[certURLHeader], v.At.Unix())
	}
	f.Add("a|b", "2018-19-12T00:00:00Z", "QR==", "https://api.paypal.com@example.net/v1/notifications/certs/x", int64(0))
	f.Add("\x00", "2026-04-01T00:00:00,5Z", "QUFB\n", certURL+"%2f..", int64(-1<<62))
	f.Add("a", "2026-04-01T00:00:00Z", "QQ==", certURL, int64(1775001600))

	f.Fuzz(func(t *testing.T, id, stamp, signature, url string, now int64) {
		h := providertest.Header(map[string]string{
			idHeader: id, timeHeader: stamp, signatureHeader: signature, certURLHeader: url, algorithmHeader: "SHA256withRSA",
		})
		if err := paypal.New(nil).CheckHeaders(h, time.Unix(now, 0)); err != nil {
			assert.Equal(t, provider.Rejected, provider.ReasonOf(err).Class(), "%v", err)
			return
		}
		assert.Regexp(t, `^https://api\.(sandbox\.)?paypal\.com/v1/notifications/certs/[A-Za-z0-9_-]{1,128}$`, url)
		assert.NotContains(t, id+stamp, "|")
		assert.LessOrEqual(t, len(signature), 1368)
	})
}

// FuzzCertificate: a webhook passes only if PayPal's host serves the certificate
// whose key signed it.
func FuzzCertificate(f *testing.F) {
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	f.Add(bundle(leaf))
	f.Add(leaf.Certificate.Raw)
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Add([]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff})
	h := signed(f, signer(leaf), nil, epoch)

	f.Fuzz(func(t *testing.T, served []byte) {
		v := newVerifier(t, paypal.New(serving(map[string][]byte{certURL: served})), nil, shop)
		if _, err := v.Verify(t.Context(), h, nil, epoch); err != nil {
			assert.Contains(t, []provider.Reason{provider.CertRefused, provider.PayPalChain, provider.SignatureMismatch}, provider.ReasonOf(err), "%v", err)
			return
		}
		der := served
		if block, _ := pem.Decode(served); block != nil {
			der = block.Bytes
		}
		certs, err := x509.ParseCertificates(der)
		require.NoError(t, err)
		assert.Equal(t, leaf.Key.Public(), certs[0].PublicKey)
	})
}
