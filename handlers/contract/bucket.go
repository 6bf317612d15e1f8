package contract

import "time"

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

// The custom resource that empties the bucket before it is deleted.
const (
	// BucketNameProperty is its property that names the bucket.
	BucketNameProperty = "BucketName"
	// BucketQuiet is how long the bucket must have stayed empty before it counts
	// as empty: longer than any function that writes into it may run, since the
	// last one may have been started just before its trigger was deleted.
	BucketQuiet = 45 * time.Second
)
