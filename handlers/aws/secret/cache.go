// Package secret keeps what a Secrets Manager secret says in memory, for as
// long as that is safe and no longer.
package secret

import (
	"bytes"
	"context"
	"sync"
	"time"
)

// The life of a cached value. The bound that matters is that an entry removed
// from a secret is refused within five minutes everywhere (docs/secrets.md).
const (
	// refreshAfter is the age from which a value is read anew when it is next
	// needed; if that fails it serves on until maxAge.
	refreshAfter = 4 * time.Minute
	// maxAge is the age at which a value that cannot be read anew is given up.
	maxAge = 5 * time.Minute
	// refreshEvery is the least time between two refreshes that a failed
	// verification asks for: strangers can cause those, and each is billed.
	refreshEvery = 10 * time.Second
	// retryAfter is the least time between two attempts after a failed one.
	retryAfter = 2 * time.Second
)

// Cache holds one secret, parsed. It is safe for concurrent use; a caller that
// needs the value while another one reads it waits for that reading.
type Cache[T any] struct {
	read  func(context.Context) ([]byte, error)
	parse func([]byte) (T, error)
	now   func() time.Time
	// failed hears of every failed reading, also while an older value serves.
	failed func(context.Context, error)

	mu       sync.Mutex
	document []byte // what value was parsed from
	value    T
	readAt   time.Time // when document was last read; zero when there is none
	triedAt  time.Time // when the last reading began, good or bad
	failure  error     // of the last reading; nil when it was good
	failedAt time.Time // when it failed, which may take as long as retryAfter
}

// New caches what parse makes of what read returns. Nothing is read before the
// first Get. failed is told of every reading that failed, at once: callers of
// Get hear of it only when the last good value is too old.
func New[T any](
	read func(context.Context) ([]byte, error), parse func([]byte) (T, error),
	now func() time.Time, failed func(context.Context, error),
) *Cache[T] {
	return &Cache[T]{read: read, parse: parse, now: now, failed: failed}
}

// Get is the value, at most five minutes old. Errors are those of read and
// parse; after one, attempts are two seconds apart and the same error is
// returned in between.
func (c *Cache[T]) Get(ctx context.Context) (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()

	if c.age() >= refreshAfter && (c.failure == nil || c.now().Sub(c.failedAt) >= retryAfter) {
		c.reload(ctx)
	}
	if c.age() >= maxAge {
		var none T
		return none, c.failure
	}
	return c.value, nil
}

// Refresh reads the secret again because what was cached did not verify a
// request: the sender may know a newer secret. It reports whether the value
// has changed, which is false without a reading when the last one is less than
// ten seconds ago.
func (c *Cache[T]) Refresh(ctx context.Context) (value T, changed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()

	before := c.document
	if c.sinceTried() >= refreshEvery {
		c.reload(ctx)
	}
	return c.value, !bytes.Equal(c.document, before)
}

// reload reads the secret once. A value survives a failed reading; its age
// decides how long.
func (c *Cache[T]) reload(ctx context.Context) {
	// Wall clock: a frozen environment's monotonic clock may stand still.
	c.triedAt = c.now().Round(0)
	document, err := c.read(ctx)
	if err == nil && !bytes.Equal(document, c.document) {
		var value T
		if value, err = c.parse(document); err == nil {
			c.value, c.document = value, document
		}
	}
	if c.failure = err; err != nil {
		c.failedAt = c.now().Round(0)
		c.failed(ctx, err)
		return
	}
	c.readAt = c.triedAt
}

func (c *Cache[T]) age() time.Duration {
	if c.readAt.IsZero() {
		return maxAge
	}
	return c.now().Sub(c.readAt)
}

func (c *Cache[T]) sinceTried() time.Duration { return c.now().Sub(c.triedAt) }
