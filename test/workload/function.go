package workload

import (
	"bytes"
	"context"

	"github.com/paysluice/paysluice/handlers/function"
)

// invoking is a function as the Lambda runtime calls it: an event's JSON goes
// in and an answer's JSON, which must contain want, comes out.
func invoking(handler function.Handler, event []byte, want string) Run {
	return func(ctx context.Context) error {
		answer, err := handler.Invoke(ctx, event)
		return unless(bytes.Contains(answer, []byte(want)), err)
	}
}
