package function

import (
	"context"
	"sync"
	"time"
)

// WithMargin is a context that ends margin before ctx does. Without a deadline, as
// outside of Lambda, it ends when ctx does. cancel frees what it holds.
func WithMargin(ctx context.Context, margin time.Duration) (work context.Context, cancel context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-margin))
	}
	return context.WithCancel(ctx)
}

// RunFor does all tasks at once, and returns when they are done or limit is over:
// those that are not done then go on.
func RunFor(limit time.Duration, tasks ...func()) {
	var all sync.WaitGroup
	for _, task := range tasks {
		all.Go(task)
	}
	done := make(chan struct{})
	go func() {
		all.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(limit):
	}
}
