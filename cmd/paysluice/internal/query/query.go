// Package query reads a deployed stack: its events, payments and failures. It
// prints nothing and never scans a table. The commands and the console share it.
package query

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
)

// Errors about ids.
var (
	// ErrNotFound reports that the stack has nothing under an id.
	ErrNotFound = errors.New("not found")
	// ErrSeveral reports that an id has several meanings.
	ErrSeveral = errors.New("several providers have this id")
)

// Table is the subset of the DynamoDB API that a Store calls.
type Table interface {
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
}

// Objects is the subset of the S3 API that a Store calls.
type Objects interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

// Store reads the events of one stack.
type Store struct {
	table   Table
	objects Objects
	stack   *stack.Stack
	now     func() time.Time
	// halfUnits counts consumed read capacity in half units, the smallest amount
	// that DynamoDB charges.
	halfUnits atomic.Int64
}

// New returns the store of a stack.
func New(s *stack.Stack, now func() time.Time) *Store {
	return NewStore(dynamodb.NewFromConfig(s.AWS.Config), NewS3(s), s, now)
}

// NewS3 returns a client for the stack's bucket. An emulator serves buckets by
// path.
func NewS3(s *stack.Stack) *s3.Client {
	return s3.NewFromConfig(s.AWS.Config, func(o *s3.Options) { o.UsePathStyle = s.AWS.Endpoint != "" })
}

// NewStore returns a store that reads through the given clients.
func NewStore(table Table, objects Objects, s *stack.Stack, now func() time.Time) *Store {
	return &Store{table: table, objects: objects, stack: s, now: now}
}

// ReadUnits returns the read capacity units that the store's queries have
// consumed.
func (s *Store) ReadUnits() float64 { return float64(s.halfUnits.Load()) / 2 }
