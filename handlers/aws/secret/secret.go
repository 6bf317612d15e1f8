// Package secret reads secrets of Secrets Manager and caches them.
package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/paysluice/paysluice/handlers/provider"
)

// Ages of a cached value. An entry that is removed from a secret is refused
// within maxAge (docs/secrets.md).
const (
	// refreshAfter is the age at which Get reads the secret again. If that fails,
	// the value is used until maxAge.
	refreshAfter = 4 * time.Minute
	// maxAge is the age at which a value is no longer used.
	maxAge = 5 * time.Minute
	// refreshEvery is the minimum time between two reads of Refresh. Anybody can
	// cause them with wrong signatures, and each is billed.
	refreshEvery = 10 * time.Second
	// retryAfter is the minimum time between a failed read and the next one.
	retryAfter = 2 * time.Second
)

// Cache holds the parsed value of one secret. It is safe for concurrent use;
// concurrent callers share one read.
type Cache[T any] struct {
	read   func(context.Context) ([]byte, error)
	parse  func([]byte) (T, error)
	now    func() time.Time
	failed func(context.Context, error)

	mu       sync.Mutex
	document []byte // the source of value
	value    T
	readAt   time.Time // start of the last successful read; zero without one
	triedAt  time.Time // start of the last read
	failure  error     // error of the last read
	failedAt time.Time // end of the last failed read
}

// New returns a cache of the value that read returns and parse parses. The first
// Get reads it. failed is called with the error of every failed read, also while
// Get still returns the last good value.
func New[T any](
	read func(context.Context) ([]byte, error), parse func([]byte) (T, error),
	now func() time.Time, failed func(context.Context, error),
) *Cache[T] {
	return &Cache[T]{read: read, parse: parse, now: now, failed: failed}
}

// Get returns the value, at most five minutes old. It returns the error of read or
// parse. A secret that becomes empty after a successful read is SecretGone. After a
// failed read Get returns the same error for two seconds.
func (c *Cache[T]) Get(ctx context.Context) (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()

	if c.since(c.readAt) >= refreshAfter && (c.failure == nil || c.since(c.failedAt) >= retryAfter) {
		c.reload(ctx)
	}
	if c.since(c.readAt) >= maxAge {
		var none T
		return none, c.failure
	}
	return c.value, nil
}

// Refresh reads the secret again, unless the last read is less than ten seconds
// old, and reports whether the value has changed. It is meant for requests that
// the cached secret does not verify.
func (c *Cache[T]) Refresh(ctx context.Context) (value T, changed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()

	before := c.document
	if c.since(c.triedAt) >= refreshEvery {
		c.reload(ctx)
	}
	return c.value, !bytes.Equal(c.document, before)
}

// reload reads the secret once. A failed read keeps the value.
func (c *Cache[T]) reload(ctx context.Context) {
	// Wall clock, because the monotonic clock of a frozen environment may stop.
	c.triedAt = c.now().Round(0)
	document, err := c.read(ctx)
	if err == nil && !bytes.Equal(document, c.document) {
		var value T
		if value, err = c.parse(document); err == nil {
			c.value, c.document = value, document
		}
	}
	if errors.Is(err, provider.SecretEmpty) && !c.readAt.IsZero() {
		// Only the loss of a value pages; a secret that was never filled does not.
		err = fmt.Errorf("%w: %v", provider.SecretGone, err)
	}
	if c.failure = err; err != nil {
		c.failedAt = c.now().Round(0)
		c.failed(ctx, err)
		return
	}
	c.readAt = c.triedAt
}

// since returns the age of something that happened at t. If t is zero or the clock
// was set back before t, the age is unknown and counts as infinite.
func (c *Cache[T]) since(t time.Time) time.Duration {
	if age := c.now().Sub(t); age >= 0 && !t.IsZero() {
		return age
	}
	return math.MaxInt64
}

// Client is the subset of the Secrets Manager API that Reader calls.
type Client interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// readTimeout bounds one read including the client's retries.
const readTimeout = 3 * time.Second

// Reader returns a function that reads the current version of the secret at arn.
// Its error is provider.SecretEmpty for a secret without a value, and
// provider.SecretUnreachable for every other failure.
func Reader(client Client, arn string) func(context.Context) ([]byte, error) {
	return func(ctx context.Context) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, readTimeout)
		defer cancel()

		out, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
		// A secret without a version is reported like one that does not exist
		// (Secrets Manager API Reference, GetSecretValue, "Errors").
		if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing {
			return nil, fmt.Errorf("%w: %s has no value yet", provider.SecretEmpty, arn)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", provider.SecretUnreachable, err)
		}

		body := out.SecretBinary
		if out.SecretString != nil {
			body = []byte(*out.SecretString)
		}
		if len(body) == 0 {
			return nil, fmt.Errorf("%w: %s has an empty value", provider.SecretEmpty, arn)
		}
		return body, nil
	}
}
