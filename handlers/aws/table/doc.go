// Package table keeps events in DynamoDB, each once.
package table
