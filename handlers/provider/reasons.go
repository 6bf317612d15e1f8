package provider

import (
	"errors"

	"github.com/paysluice/paysluice/handlers/contract"
)

// Reason is a stable code for why a request was not accepted (docs/reasons.md).
// It is an error, so errors.Is(err, provider.SignatureMismatch) finds it in an
// error that wraps it. The text around the code may change.
type Reason string

// Error implements error.
func (r Reason) Error() string { return string(r) }

// Class groups the reasons that have one response.
type Class int

// Classes with their responses (docs/architecture.md).
const (
	// Rejected: the request is not authentic, or cannot be. 401.
	Rejected Class = iota + 1
	// Malformed: the body could not be decoded to check its signature. 400.
	Malformed
	// Unavailable: a secret, service or certificate is missing. 503; the provider
	// retries.
	Unavailable
	// Quarantined: the body is signed but not an event that may be stored. It is
	// kept in webhook-dlq. 200.
	Quarantined
)

// Reasons of class Rejected.
const (
	HeaderMissing     Reason = contract.ReasonHeaderMissing
	HeaderRepeated    Reason = "header_repeated"
	HeaderMalformed   Reason = "header_malformed"
	TimestampStale    Reason = "timestamp_stale"
	TimestampFuture   Reason = "timestamp_future"
	SignatureMismatch Reason = "signature_mismatch"
	PathUnknown       Reason = "path_unknown"

	// PayPal only.
	AlgorithmRefused Reason = "algorithm_refused"
	CertURLRefused   Reason = "cert_url_refused"
	CertRefused      Reason = "cert_refused"
)

// Reasons of class Malformed.
const (
	BodyNotBase64 Reason = "body_not_base64"
)

// Reasons of class Unavailable.
const (
	SecretEmpty       Reason = "secret_empty"
	SecretGone        Reason = "secret_gone" // empty or deleted after it had a value
	SecretMalformed   Reason = "secret_malformed"
	SecretUnreachable Reason = "secret_unreachable"
	QueueUnreachable  Reason = "queue_unreachable"
	BucketUnreachable Reason = "bucket_unreachable"

	// CertUnreachable reports that a host of certificates does not answer, or
	// answers with something that is no certificate. Anybody can name a certificate
	// for which it does.
	CertUnreachable Reason = "cert_unreachable"
	// CertLimited reports that a certificate was not fetched, because too many
	// unknown ones were named.
	CertLimited Reason = "cert_limited"
	// PayPalChain reports that a certificate is valid and of an untrusted authority,
	// and that its key signed the webhook or the secret lists it. PayPal's webhooks are
	// not accepted until somebody adds its root to the secret's extraRootsPem.
	PayPalChain Reason = contract.ReasonPayPalChain
	// PayPalChainUnlisted reports such a certificate that the secret does not list and
	// that did not sign the webhook. Anybody can name an old one.
	PayPalChainUnlisted Reason = "paypal_chain_unlisted"
)

// Reasons of class Quarantined.
const (
	EnvelopeUnreadable Reason = "envelope_unreadable"
	EventIDInvalid     Reason = "event_id_invalid"
	// OtherMode reports that an event's mode is not the environment of the entry
	// that verified it, or that its body has no mode. Connect's live endpoints
	// receive test events of connected accounts too (docs.stripe.com/connect/webhooks);
	// Stripe would send them for days if they were rejected.
	OtherMode Reason = contract.ReasonOtherMode
)

// Class returns the class of a reason, or 0 for an unknown one.
func (r Reason) Class() Class {
	switch r {
	case HeaderMissing, HeaderRepeated, HeaderMalformed, TimestampStale,
		TimestampFuture, SignatureMismatch, PathUnknown,
		AlgorithmRefused, CertURLRefused, CertRefused:
		return Rejected
	case BodyNotBase64:
		return Malformed
	case SecretEmpty, SecretGone, SecretMalformed, SecretUnreachable, QueueUnreachable,
		BucketUnreachable, CertUnreachable, CertLimited, PayPalChain, PayPalChainUnlisted:
		return Unavailable
	case EnvelopeUnreadable, EventIDInvalid, OtherMode:
		return Quarantined
	}
	return 0
}

// ReasonOf returns the Reason in an error's chain, or "".
func ReasonOf(err error) Reason {
	if r, ok := errors.AsType[Reason](err); ok {
		return r
	}
	return ""
}
