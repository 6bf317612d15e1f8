// Package store keeps events where they stay: in DynamoDB, each once; in S3
// those payloads that are too large for a message, and the dead letters.
package store
