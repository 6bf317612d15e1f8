// Package simulation holds the promise that nothing which was answered 200 is
// lost. It runs the real handlers over services in memory (test/simulation/memory) on
// virtual time, and fails them at random: errors before and after the effect,
// requests that hang or take effect late, crashes between any two calls,
// duplicate and reordered messages, throttling, rotated secrets.
//
// One seed decides everything, so a run that fails is run again with
//
//	go test ./test/simulation -run TestPromise -seed N -v
//
// How it is made: the handlers run in goroutines of a synctest bubble. Each of
// their calls to AWS stops at the driver (driver_test.go), which waits until
// nothing moves and then lets one thing happen: a call arrives at its service,
// a webhook or a batch is handed over, time passes. So all interleavings of
// concurrent invocations can happen, and those of one seed always do.
package simulation_test

import (
	"bufio"
	"flag"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	seedFlag     = flag.Uint64("seed", 0, "the first seed; 0 draws one")
	acceptedFlag = flag.Int("accepted", 5_000, "go on with the next seed until so many events were accepted")
	traceFlag    = flag.String("trace", "", "write what happens into this file")
)

// webhooks are thought up in one run.
const webhooks = 1000

// result is what is known after a run.
type result struct {
	broken   []string
	accepted int
	trace    uint64
	seen     map[string]int
}

// simulate runs one seed: a storm, or calm from the beginning; then calm, and a
// replay.
func simulate(t *testing.T, seed uint64, count int, faultless bool, trace io.Writer) result {
	t.Helper()
	var r result
	s := loadStack(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, seed, s, trace)
		w.stripe.left = count
		w.calm = faultless
		w.storm()
		if !faultless {
			w.calm, w.calmSince = true, time.Now()
		}
		w.run()
		if len(w.broken) == 0 {
			w.checkPromises()
			if faultless {
				w.checkComplete()
				w.checkNothingArchived()
			}
		}
		if len(w.broken) == 0 {
			w.replay()
			w.run()
			w.checkComplete()
		}
		w.stop()
		r = result{broken: w.broken, accepted: w.stripe.accepted, trace: w.sum.Sum64(), seen: w.seen}
	})
	return r
}

// storm runs until every webhook was thought up, with faults unless there are
// to be none.
func (w *world) storm() {
	for len(w.broken) == 0 && w.stripe.left > 0 {
		w.step()
	}
}

// stop ends every goroutine.
func (w *world) stop() {
	all := slices.Clone(w.processors)
	for _, m := range w.mappings {
		all = append(all, m.processes...)
	}
	for _, p := range all {
		w.kill(p)
		p.cancel()
	}
	time.Sleep(time.Minute)
}

// firstSeed is the flag's, or a new one.
func firstSeed() uint64 {
	if *seedFlag != 0 {
		return *seedFlag
	}
	return rand.Uint64()
}

func TestPromise(t *testing.T) {
	seed, accepted, runs := firstSeed(), 0, 0
	trace := traceFile(t)
	for ; accepted < *acceptedFlag; seed++ {
		r := simulate(t, seed, webhooks, false, trace)
		requireKept(t, seed, r)
		accepted, runs = accepted+r.accepted, runs+1
	}
	t.Logf("%d events accepted in %d runs, seeds to %d", accepted, runs, seed-1)
}

func requireKept(t *testing.T, seed uint64, r result) {
	t.Helper()
	if n := len(r.broken); n > 0 {
		t.Fatalf("broken promise; see it again with -seed %d\n%s", seed, strings.Join(r.broken[:min(n, 5)], "\n"))
	}
}

// A simulation that has stopped reaching what it is about would still pass.
func TestEverythingHappens(t *testing.T) {
	seen := map[string]int{}
	for seed := uint64(1); seed <= 10; seed++ {
		r := simulate(t, seed, webhooks, false, io.Discard)
		requireKept(t, seed, r)
		for what, n := range r.seen {
			seen[what] += n
		}
	}
	for _, op := range []string{getSecretValue, sendMessage, putItem, putObject} {
		for _, kind := range append(fates(), fine) {
			assert.NotZero(t, seen[op+": "+string(kind)], "no %s was ever %s", op, kind)
		}
	}
	for _, what := range []string{
		"event: 200", "event: 401", "event: 502", "event: 503", "event again: 200", "event in another version: 200",
		"rival: 200", "oddity: 200", "payload by reference", "orphaned payload", "replayed", "signed with a revoked secret: 401",
		"dead letter: receives-exhausted", "dead letter: conflict",
		"dead letter: envelope_unreadable", "dead letter: event_id_invalid",
	} {
		assert.NotZero(t, seen[what], "never happened: %s", what)
	}
}

// traceFile is where the flag says.
func traceFile(t *testing.T) io.Writer {
	t.Helper()
	if *traceFlag == "" {
		return io.Discard
	}
	file, err := os.Create(*traceFlag)
	require.NoError(t, err)
	buffered := bufio.NewWriter(file)
	t.Cleanup(func() {
		assert.NoError(t, buffered.Flush())
		assert.NoError(t, file.Close())
	})
	return buffered
}

func TestOneSeedIsOneRun(t *testing.T) {
	for seed := uint64(1); seed <= 3; seed++ {
		first := simulate(t, seed, 300, false, io.Discard)
		second := simulate(t, seed, 300, false, io.Discard)
		assert.Equal(t, first, second, "seed %d", seed)
	}
}

func TestWithoutFaultsNothingIsArchived(t *testing.T) {
	seed := firstSeed()
	r := simulate(t, seed, webhooks, true, io.Discard)
	requireKept(t, seed, r)
}
