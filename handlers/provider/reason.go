package provider

import "errors"

// ErrUnknown is a provider's name that no provider has.
var ErrUnknown = errors.New("unknown provider")

// Reason is a stable code for why a request was not accepted. It is an error
// in itself, so errors.Is(err, provider.SignatureMismatch) works on whatever
// wraps it; the text around it is for people and may change.
type Reason string

// Error implements error.
func (r Reason) Error() string { return string(r) }

// Class is what a Reason leads to.
type Class int

// Classes, in the words of the behaviour table in docs/architecture.md.
const (
	// Rejected is not authentic, or cannot be: 401.
	Rejected Class = iota + 1
	// Malformed never reached a signature check: 400.
	Malformed
	// Unavailable is our side's trouble: 503, the provider sends again.
	Unavailable
	// Quarantined is signed but not an event: kept in webhook-dlq, then 200.
	Quarantined
)

// Reasons of class Rejected.
const (
	HeaderMissing     Reason = "header_missing"
	HeaderRepeated    Reason = "header_repeated"
	HeaderMalformed   Reason = "header_malformed"
	TimestampStale    Reason = "timestamp_stale"
	TimestampFuture   Reason = "timestamp_future"
	SignatureMismatch Reason = "signature_mismatch"
	PathUnknown       Reason = "path_unknown"

	// Of PayPal, which names an algorithm and a certificate in its headers.
	AlgorithmRefused Reason = "algorithm_refused"
	CertURLRefused   Reason = "cert_url_refused"
	CertRefused      Reason = "cert_refused"
	CertLimited      Reason = "cert_limited"
)

// Reasons of class Malformed.
const (
	BodyNotBase64 Reason = "body_not_base64"
)

// Reasons of class Unavailable.
const (
	SecretEmpty       Reason = "secret_empty"
	SecretMalformed   Reason = "secret_malformed"
	SecretUnreachable Reason = "secret_unreachable"
	QueueUnreachable  Reason = "queue_unreachable"
	BucketUnreachable Reason = "bucket_unreachable"

	// CertUnreachable is a host of certificates that does not answer; a
	// stranger may name a certificate for which it never does.
	CertUnreachable Reason = "cert_unreachable"
	// PayPalChain is a certificate that PayPal serves, valid but of an
	// authority that is not trusted: no webhook of PayPal gets through until
	// somebody adds to the secret's extraRootsPem.
	PayPalChain Reason = "paypal_chain"
)

// Reasons of class Quarantined.
const (
	EnvelopeUnreadable Reason = "envelope_unreadable"
	EventIDInvalid     Reason = "event_id_invalid"
)

// Class is what the reason leads to; 0 for a reason that is not listed here.
func (r Reason) Class() Class {
	switch r {
	case HeaderMissing, HeaderRepeated, HeaderMalformed, TimestampStale,
		TimestampFuture, SignatureMismatch, PathUnknown,
		AlgorithmRefused, CertURLRefused, CertRefused, CertLimited:
		return Rejected
	case BodyNotBase64:
		return Malformed
	case SecretEmpty, SecretMalformed, SecretUnreachable, QueueUnreachable,
		BucketUnreachable, CertUnreachable, PayPalChain:
		return Unavailable
	case EnvelopeUnreadable, EventIDInvalid:
		return Quarantined
	}
	return 0
}

// ReasonOf finds the Reason in an error's chain; "" when there is none.
func ReasonOf(err error) Reason {
	if r, ok := errors.AsType[Reason](err); ok {
		return r
	}
	return ""
}
