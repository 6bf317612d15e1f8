package emulator

import (
	"context"
	"time"
)

// awaitWithin is far above what the functions take, a few hundred milliseconds.
const awaitWithin = 30 * time.Second

// Await calls check until it returns nil. After half a minute it gives up, with
// check's last error.
func Await(ctx context.Context, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, awaitWithin)
	defer cancel()
	// A call that the end of ctx cuts short says less than the one before it.
	last := context.DeadlineExceeded
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return last
		case <-time.After(100 * time.Millisecond):
		}
	}
}
