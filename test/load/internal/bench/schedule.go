package bench

import (
	"context"
	"math"
	"math/rand/v2"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/load/internal/record"
)

// Arrivals say how requests follow each other.
type Arrivals string

// Arrivals that there are.
const (
	// Poisson: independent of each other, as those of many senders are.
	Poisson Arrivals = "poisson"
	// Even: at equal distances.
	Even Arrivals = "even"
)

// schedule is when requests are sent, from the start of a run.
type schedule struct {
	at []time.Duration
	// first is the first request of the measured window, which begins at
	// warmup.
	first  int
	warmup time.Duration
}

// newSchedule lets the rate, per second, grow evenly from nothing for as long
// as warmup, so that environments are started one after the other, and then
// stay for as long as window. The same seed gives the same schedule.
func newSchedule(rate float64, warmup, window time.Duration, arrivals Arrivals, seed uint64) schedule {
	random := rand.New(rand.NewPCG(seed, 0))
	w := warmup.Seconds()
	s := schedule{warmup: warmup}
	for expected := 0.0; ; {
		if arrivals == Even {
			expected++
		} else {
			expected += random.ExpFloat64()
		}
		// expected = rate/w · t²/2 within the warm-up, and rate · (t - w/2)
		// after it.
		t := expected/rate + w/2
		if t < w {
			t = math.Sqrt(2 * w * expected / rate)
		}
		at := time.Duration(t * float64(time.Second))
		if at >= warmup+window {
			return s
		}
		if at < warmup {
			s.first++
		}
		s.at = append(s.at, at)
	}
}

// drawProviders draws whose each of n requests is: all providers send as much, on
// average. The same seed gives the same ones, whenever the requests come.
func drawProviders(n int, seed uint64) []int {
	random := rand.New(rand.NewPCG(seed, 1)) // other numbers than the schedule's
	all := make([]int, n)
	for i := range all {
		all[i] = random.IntN(len(contract.Providers()))
	}
	return all
}

// run calls send for each request at its time, and mark once when the measured
// window begins. send must not wait. What is late is recorded in late and does
// not delay what follows: the loop is open.
func (s schedule) run(ctx context.Context, late *record.Histogram, mark func(), send func(i int, due time.Time)) error {
	begin := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i, at := range s.at {
		due := begin.Add(at)
		if wait := time.Until(due); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		if i == s.first {
			mark()
		}
		if i >= s.first {
			late.Record(time.Since(due))
		}
		send(i, due)
	}
	return ctx.Err()
}
