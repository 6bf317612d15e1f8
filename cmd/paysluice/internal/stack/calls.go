package stack

import (
	"context"
	"sync"
	"time"
)

// Calls counts the AWS calls that are made with a context.
type Calls struct {
	mu    sync.Mutex
	n     int
	open  int
	since time.Time // when the first of the open calls began
	busy  time.Duration
}

type callsKey struct{}

// CountCalls returns a context that counts the AWS calls made with it.
func CountCalls(ctx context.Context) (context.Context, *Calls) {
	c := &Calls{}
	return context.WithValue(ctx, callsKey{}, c), c
}

// begin counts a call of a context and returns a function that ends it.
func begin(ctx context.Context) (end func()) {
	c, counted := ctx.Value(callsKey{}).(*Calls)
	if !counted {
		return func() {}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n++; c.open == 0 {
		c.since = time.Now()
	}
	c.open++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.open--; c.open == 0 {
			c.busy += time.Since(c.since)
		}
	}
}

// Sum returns the number of calls that began, and how long at least one of those that
// ended was under way.
func (c *Calls) Sum() (n int, busy time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n, c.busy
}
