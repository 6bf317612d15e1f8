// Package store keeps events in DynamoDB, each once.
package store
