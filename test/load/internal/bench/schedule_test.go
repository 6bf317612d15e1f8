package bench

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/load/internal/record"
)

func TestSchedule(t *testing.T) {
	for _, arrivals := range []Arrivals{Even, Poisson} {
		t.Run(string(arrivals), func(t *testing.T) {
			s := newSchedule(1000, 4*time.Second, 60*time.Second, arrivals, 1)
			window := s.at[s.first:]
			assert.InDelta(t, 2000, s.first, 150, "half the rate on average while it grows")
			assert.InDelta(t, 60_000, len(window), 750)
			assert.GreaterOrEqual(t, window[0], 4*time.Second)
			assert.Less(t, window[len(window)-1], 64*time.Second)
			early, late := 0, 0
			for _, at := range s.at[:s.first] {
				if at < 2*time.Second {
					early++
				} else {
					late++
				}
			}
			assert.InDelta(t, 3, float64(late)/float64(early), 0.5, "three quarters of the warm-up's requests are in its second half")
			for i := 1; i < len(s.at); i++ {
				require.LessOrEqual(t, s.at[i-1], s.at[i])
			}
		})
	}
	even := newSchedule(1000, 0, time.Second, Even, 1)
	assert.Zero(t, even.first, "no warm-up")
	assert.Equal(t, time.Millisecond, even.at[0])
	assert.InDelta(t, 998*time.Millisecond, even.at[997], float64(time.Microsecond))
}

// A run can be repeated, down to the order of the providers.
func TestTheSameSeedIsTheSameRun(t *testing.T) {
	const rate, warmup, window = 1000, 4 * time.Second, 60 * time.Second
	one := newSchedule(rate, warmup, window, Poisson, 1)
	assert.Equal(t, one, newSchedule(rate, warmup, window, Poisson, 1))
	assert.NotEqual(t, one, newSchedule(rate, warmup, window, Poisson, 2))

	n := len(one.at)
	providers := drawProviders(n, 1)
	assert.Equal(t, providers, drawProviders(n, 1))
	assert.NotEqual(t, providers, drawProviders(n, 2))
	of := map[int]int{}
	for _, p := range providers {
		of[p]++
	}
	require.Len(t, of, len(contract.Providers()))
	for p, sent := range of {
		assert.InEpsilon(t, n/len(of), sent, 0.03, "provider %d sends its part", p)
	}
}

// A request that was held up keeps its time, and so do those after it.
func TestTheLoopIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSchedule(10, 0, time.Second, Even, 1)
		begin, late := time.Now(), record.New()
		marks := 0
		var due []time.Duration
		err := s.run(t.Context(), late, func() { marks++ }, func(i int, at time.Time) {
			due = append(due, at.Sub(begin))
			if i == 2 {
				time.Sleep(350 * time.Millisecond)
			}
		})
		require.NoError(t, err)
		assert.Equal(t, s.at, due)
		assert.Equal(t, 1, marks)
		assert.InEpsilon(t, 250.0, late.Latency(false).Max, 0.001, "the one after it was late, and that is on record")
		assert.Equal(t, int64(len(s.at)), late.Latency(false).Count)
	})
}

func TestARunStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := errors.New("Ctrl-C")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(500*time.Millisecond, func() { cancel(stop) })
		sent := 0
		err := newSchedule(10, 0, time.Hour, Even, 1).run(ctx, record.New(), func() {}, func(int, time.Time) { sent++ })
		require.ErrorIs(t, err, stop)
		assert.LessOrEqual(t, sent, 5)
	})
}
