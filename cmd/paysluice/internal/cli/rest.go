package cli

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
)

// noting calls note with each row that has been passed on.
func noting[T any](rows iter.Seq2[T, error], note func(T)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for r, err := range rows {
			if !yield(r, err) {
				return
			}
			if err == nil {
				note(r)
			}
		}
	}
}

// sayRest says after an interrupt how to continue. changes are the flags that differ, ""
// if nothing has been done.
func (a *app) sayRest(ctx context.Context, changes string) {
	if ctx.Err() != nil && changes != "" {
		fmt.Fprintf(a.err, "to continue: the same command %s\n", changes)
	}
}

// restOfEvents returns the flags that list what follows the event with the oldest time.
// That event is listed again, because others may have the same time.
func restOfEvents(store *query.Store, f query.Filter, oldest int64) string {
	if oldest == 0 {
		return ""
	}
	changes := "with --until " + formatTime(oldest+1, time.RFC3339Nano)
	if f.Payment != "" && f.Since.IsZero() { // a payment's events have no window
		return changes
	}
	since, _ := store.Window(f) // a time such as 2h moves until the next run
	return changes + " --since " + formatTime(since.UnixMilli(), time.RFC3339Nano) + " --continued"
}

// restOfFailures returns the flags that list what follows a failure.
func restOfFailures(filter failure.Filter, last failure.Failure) string {
	changes := "with --after " + output.Printable(last.Key)
	if !filter.Since.IsZero() {
		changes += " --since " + filter.Since.UTC().Format(time.RFC3339Nano)
	}
	return changes
}
