package contract

// ReasonProperty is the member of a log line that holds a reason code. The
// stack's alarms count lines with some of them.
const ReasonProperty = "reason"

// ReasonPayPalChain is the code of a webhook that is answered 503 until somebody
// acts: PayPal's certificate is of an authority that is not trusted.
const ReasonPayPalChain = "paypal_chain"
