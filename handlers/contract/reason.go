package contract

// ReasonProperty is the member of a log line that holds a reason code. The
// stack's alarms count some of them.
const ReasonProperty = "reason"

// ReasonCertificateChain is the code of a webhook whose certificate, though
// from the provider's own host, does not lead to a trusted root.
const ReasonCertificateChain = "certificate_chain"
