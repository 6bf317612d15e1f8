package workload

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"fmt"
)

// hmacOf is the signature that Stripe and Square make, over the same bytes.
func hmacOf(key string, body []byte) Run {
	return func(context.Context) error {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write(body)
		return unless(len(mac.Sum(nil)) == sha256.Size, nil)
	}
}

// rsaVerification is what PayPal's signature takes, with the key that signed the
// webhook.
func rsaVerification(key crypto.Signer, body []byte) (Run, error) {
	public, ok := key.Public().(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("PayPal signs with RSA, not with %T", key)
	}
	digest := sha256.Sum256(body)
	signature, err := key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	return func(context.Context) error {
		return unless(true, rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature))
	}, nil
}

// scans is one pass of a JSON scanner over each of the texts.
func scans(texts ...[]byte) Run {
	return func(context.Context) error {
		for _, text := range texts {
			if !json.Valid(text) {
				return ErrOutcome
			}
		}
		return nil
	}
}

// sum is one floor after the other.
func sum(floors ...Run) Run {
	return func(ctx context.Context) error {
		for _, floor := range floors {
			if err := floor(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

// inBytes are the texts for scans.
func inBytes(texts []string) [][]byte {
	all := make([][]byte, len(texts))
	for i, text := range texts {
		all[i] = []byte(text)
	}
	return all
}
