// Package simulation tests that no event is lost once its webhook was answered
// 200. It runs the real handlers on virtual time with services in memory
// (test/simulation/memory) and injects faults: errors before and after the
// effect of a call, requests that hang or take effect late, crashes between any
// two calls, duplicate and reordered messages, throttling, rotated secrets.
//
// One seed determines a run, so a failure is repeated with
//
//	go test ./test/simulation -run TestPromise -seed N -v
//
// The handlers run in goroutines of a synctest bubble. Each of their AWS calls
// stops at the driver (driver_test.go). The driver waits until every goroutine
// is blocked and then takes one step, drawn from the seed: a call reaches its
// service, a function receives a webhook or a batch, or time passes. Every
// interleaving of concurrent invocations is possible, and a seed always gives
// the same one.
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
	acceptedFlag = flag.Int("accepted", 5_000, "run further seeds until this number of events was accepted")
	traceFlag    = flag.String("trace", "", "write every step to this `file`")
)

// webhooksPerRun is the number of webhooks that the sender makes in one run.
const webhooksPerRun = 1000

// result describes a finished run.
type result struct {
	broken   []string // promises
	accepted int      // events
	trace    uint64   // hash of all steps
	seen     map[string]int
}

// simulate runs one seed: first with faults, unless faultless is set, then
// without faults until the queues are empty, then it replays the archive.
func simulate(t *testing.T, seed uint64, count int, faultless bool, trace io.Writer) result {
	t.Helper()
	var r result
	s := loadStack(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, seed, s, trace)
		w.stripe.left = count
		w.calm = faultless
		for len(w.broken) == 0 && w.stripe.left > 0 {
			w.step()
		}
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

// stop ends all goroutines of the handlers.
func (w *world) stop() {
	all := slices.Clone(w.processors)
	for _, m := range w.mappings {
		all = append(all, m.processes...)
	}
	for _, r := range w.publishing.readers {
		if r.process != nil {
			all = append(all, r.process)
		}
	}
	for _, p := range all {
		w.kill(p)
		p.cancel()
	}
	time.Sleep(time.Minute)
}

// firstSeed returns the flag's seed, or a random one.
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
		r := simulate(t, seed, webhooksPerRun, false, trace)
		requireKept(t, seed, r)
		accepted, runs = accepted+r.accepted, runs+1
	}
	t.Logf("%d events accepted in %d runs, seeds to %d", accepted, runs, seed-1)
}

func requireKept(t *testing.T, seed uint64, r result) {
	t.Helper()
	if n := len(r.broken); n > 0 {
		t.Fatalf("broken promise; repeat it with -seed %d\n%s", seed, strings.Join(r.broken[:min(n, 5)], "\n"))
	}
}

// A simulation that no longer reaches the cases it is meant for would still
// pass.
func TestEverythingHappens(t *testing.T) {
	seen := map[string]int{}
	for seed := uint64(1); seed <= 10; seed++ {
		r := simulate(t, seed, webhooksPerRun, false, io.Discard)
		requireKept(t, seed, r)
		for what, n := range r.seen {
			seen[what] += n
		}
	}
	for _, op := range []string{getSecretValue, sendMessage, putItem, putObject, publish, putEvents} {
		for _, kind := range append(fates(), fine) {
			assert.NotZero(t, seen[op+": "+string(kind)], "no %s had the fate %q", op, kind)
		}
	}
	for _, what := range []string{
		"event: 200", "event: 401", "event: 502", "event: 503", "event again: 200", "event in another version: 200",
		"rival: 200", "oddity: 200", "payload by reference", "orphaned payload", "replayed", "replay: resumed", "replay: settling", "replay: failed again",
		"signed with a revoked secret: 401",
		"dead letter: receives-exhausted", "dead letter: conflict",
		"dead letter: envelope_unreadable", "dead letter: event_id_invalid",
		"stream: stopped", "stream: split", "published again", "unpublished: unreadable", "unpublished: refused",
	} {
		assert.NotZero(t, seen[what], "never happened: %s", what)
	}
}

// traceFile opens the file that the flag names.
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
	r := simulate(t, seed, webhooksPerRun, true, io.Discard)
	requireKept(t, seed, r)
}
