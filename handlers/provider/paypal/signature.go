package paypal

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/paysluice/paysluice/handlers/provider"
)

// verifier holds the live entries of one secret document.
type verifier struct {
	secret       secret
	certificates *certificates
}

// Verify implements provider.Verifier: one RSA verification for each entry of
// the environment that the certificate belongs to. The body is not parsed.
//
// The error is a Reason of class Unavailable, and never a pass, when the
// certificate cannot be had or its authority is not known.
func (v verifier) Verify(ctx context.Context, h provider.Header, body []byte, now time.Time) (provider.Origin, error) {
	t, err := checkHeaders(h, now)
	if err != nil {
		return provider.Origin{}, err
	}
	entries := v.secret.of(t.environment)
	if len(entries) == 0 {
		return provider.Origin{}, fmt.Errorf("%w: the secret has no entry of the %s environment",
			provider.SignatureMismatch, t.environment.name)
	}
	key, err := v.certificates.key(ctx, v.secret.source(t), now)
	if err != nil {
		return provider.Origin{}, fmt.Errorf("%s: %w", certURLHeader, err)
	}
	sum := crc32.ChecksumIEEE(body)
	for _, e := range entries {
		digest := signedDigest(t.id, t.stamp, e.WebhookID, sum)
		if rsa.VerifyPKCS1v15(key, crypto.SHA256, digest, t.signature) == nil {
			return provider.Origin{Endpoint: e.Label, Livemode: new(t.environment.live)}, nil
		}
	}
	return provider.Origin{}, fmt.Errorf("%w: it is of none of %d webhook ids of the %s environment",
		provider.SignatureMismatch, len(entries), t.environment.name)
}

// signedDigest is the SHA-256 of what PayPal signs: the two headers as they were
// sent, the id of the webhook and the CRC-32 (IEEE) of the raw body as an
// unsigned decimal (developer.paypal.com/api/rest/webhooks/rest).
func signedDigest(id, stamp, webhookID string, crc uint32) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%d", id, stamp, webhookID, crc))
	return sum[:]
}
