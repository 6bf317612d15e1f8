package paypal

import (
	"crypto"
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"time"
)

// Signer signs as PayPal does, with a key that is somebody else's. It is for
// tests and for tools that play PayPal.
type Signer struct {
	// Key is an RSA key, that of the certificate at CertURL.
	Key     crypto.Signer
	CertURL string
	// WebhookID is what PayPal calls the webhook that the body goes to.
	WebhookID string
}

// Sign is the headers that PayPal would send with this body at that time. id
// names the transmission. The error is the key's own.
func (s Signer) Sign(body []byte, id string, at time.Time) (map[string]string, error) {
	stamp := at.UTC().Format(time.RFC3339)
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
