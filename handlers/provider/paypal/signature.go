package paypal

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/paysluice/paysluice/handlers/provider"
)

// A verifier checks signatures against the webhook ids of one secret document.
type verifier struct {
	secret secret
	keys   *keyCache
}

// Verify implements provider.Verifier. It tries each entry of the certificate's
// environment and does not parse the body.
//
// When the certificate cannot be fetched or its authority is not trusted, the
// error has class Unavailable, and PayPal sends the webhook again. A new authority
// comes with a new certificate, which nobody can list before. So a transmission that an
// untrusted certificate's key signed for an entry is PayPalChain: PayPal's host served
// the certificate, and only PayPal has its key.
func (v verifier) Verify(ctx context.Context, h provider.Header, body []byte, now time.Time) (provider.Origin, error) {
	t, err := parseHeaders(h, now)
	if err != nil {
		return provider.Origin{}, err
	}
	webhooks := v.secret.webhooksIn(t.environment)
	if len(webhooks) == 0 {
		return provider.Origin{}, fmt.Errorf("%w: the secret has no entry for the %s environment",
			provider.SignatureMismatch, t.environment.name)
	}
	crc := crc32.ChecksumIEEE(body)
	key, err := v.keys.get(ctx, v.secret.source(t), now)
	if u, ok := errors.AsType[untrustedError](err); ok {
		if w, digest := signedFor(webhooks, t, crc, u.key); digest != nil {
			err = fmt.Errorf("%w: it signed a webhook for the entry %q: %w", provider.PayPalChain, w.Label, u.cause)
		}
	}
	if err != nil {
		return provider.Origin{}, fmt.Errorf("%s: %w", certURLHeader, err)
	}
	if w, digest := signedFor(webhooks, t, crc, key); digest != nil {
		return provider.Origin{
			Endpoint:     w.Label,
			Livemode:     new(t.environment.live),
			SignedSHA256: hex.EncodeToString(digest),
		}, nil
	}
	return provider.Origin{}, fmt.Errorf("%w: it matches none of %d webhook ids of the %s environment",
		provider.SignatureMismatch, len(webhooks), t.environment.name)
}

// signedFor returns the entry that a key signed a transmission for, and the signed
// digest, which is nil if there is none. It verifies at most one signature an entry.
func signedFor(webhooks []webhook, t transmission, crc uint32, key *rsa.PublicKey) (webhook, []byte) {
	for _, w := range webhooks {
		digest := signedDigest(t.id, t.stamp, w.WebhookID, crc)
		if rsa.VerifyPKCS1v15(key, crypto.SHA256, digest, t.signature) == nil {
			return w, digest
		}
	}
	return webhook{}, nil
}

// signedDigest returns the SHA-256 hash of the text that PayPal signs: the
// transmission's id and time as sent, the webhook id and the CRC-32 (IEEE) of the
// raw body in decimal (developer.paypal.com/api/rest/webhooks/rest).
func signedDigest(id, stamp, webhookID string, crc uint32) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%d", id, stamp, webhookID, crc))
	return sum[:]
}

// Signer implements provider.Signer for PayPal.
type Signer struct {
	// Key is the RSA key of the certificate at CertURL.
	Key     crypto.Signer
	CertURL string
	// WebhookID is PayPal's id of the webhook that receives the body.
	WebhookID string
	// TransmissionID is PayPal's id of the delivery. If it is empty, each call of
	// Sign makes a new one.
	TransmissionID string
}

var _ provider.Signer = Signer{}

// Sign implements provider.Signer. It returns the error of Key.
func (s Signer) Sign(body []byte, at time.Time) (map[string]string, error) {
	id, stamp := cmp.Or(s.TransmissionID, rand.Text()), at.UTC().Format(time.RFC3339)
	digest := signedDigest(id, stamp, s.WebhookID, crc32.ChecksumIEEE(body))
	signature, err := s.Key.Sign(nil, digest, crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("sign as PayPal: %w", err)
	}
	return map[string]string{
		idHeader:        id,
		timeHeader:      stamp,
		signatureHeader: base64.StdEncoding.EncodeToString(signature),
		certURLHeader:   s.CertURL,
		algorithmHeader: algorithm,
		versionHeader:   version,
	}, nil
}
