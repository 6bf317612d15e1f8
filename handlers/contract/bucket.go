package contract

// Prefixes in the bucket that need a lifecycle of their own. Every other key
// begins with a provider's Name and a slash: {provider}/{yyyy}/{mm}/{dd}/….
const (
	// OversizePrefix holds payloads that are too large for a message, under
	// {provider}/{payloadSha256}. Events in the table refer to them.
	OversizePrefix = "oversize/"
	// UnknownPrefix holds dead letters that no provider's event could be read
	// from, under {yyyy}/{mm}/{dd}/….
	UnknownPrefix = "unknown/"
)
