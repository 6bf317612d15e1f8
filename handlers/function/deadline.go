package function

import (
	"context"
	"sync"
	"time"
)

// WithMargin returns a context that ends margin before the deadline of ctx, so
// that time is left to send a response. Without a deadline, as in tests, it ends
// with ctx.
func WithMargin(ctx context.Context, margin time.Duration) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-margin))
	}
	return context.WithCancel(ctx)
}

// RunFor runs the tasks concurrently and waits at most limit. Unfinished tasks
// keep running.
func RunFor(limit time.Duration, tasks ...func()) {
	var running sync.WaitGroup
	for _, task := range tasks {
		running.Go(task)
	}
	done := make(chan struct{})
	go func() {
		running.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(limit):
	}
}

// Sleep waits for d. If the context ends first, it returns the context's error.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
