package stack

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestCallsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, calls := CountCalls(t.Context())
		first, second := begin(ctx), begin(ctx)
		time.Sleep(time.Second)
		first()
		time.Sleep(time.Second)
		second()
		time.Sleep(time.Second) // between calls
		begin(ctx)()
		begin(context.Background())() // of another page
		n, busy := calls.Sum()
		assert.Equal(t, 3, n)
		assert.Equal(t, 2*time.Second, busy, "concurrent calls count once")
	})
}
