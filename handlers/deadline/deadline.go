// Package deadline keeps some of an invocation's time for its answer: Lambda
// kills a function whose time is up, and nobody hears what it did.
package deadline

import (
	"context"
	"time"
)

// Before is a context that ends margin before ctx does. Without a deadline, as
// outside of Lambda, it ends when ctx does. cancel frees what it holds.
func Before(ctx context.Context, margin time.Duration) (work context.Context, cancel context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-margin))
	}
	return context.WithCancel(ctx)
}
