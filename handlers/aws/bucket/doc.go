// Package bucket keeps in S3 what fits nowhere else: those payloads that are
// too large for a message, and the dead letters.
package bucket
