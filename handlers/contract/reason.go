package contract

// ReasonProperty is the member of a log line that holds a reason code.
const ReasonProperty = "reason"

// Reason codes in a processor's log that the stack's alarms count.
const (
	// ReasonCertUnreachable is answered 503, and a stranger can bring it about:
	// a host of certificates does not answer.
	ReasonCertUnreachable = "cert_unreachable"
	// ReasonPayPalChain is answered 503 until somebody acts: PayPal's
	// certificate is of an authority that is not trusted.
	ReasonPayPalChain = "paypal_chain"
)
