package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/load/internal/latency"
	"github.com/paysluice/paysluice/test/load/internal/traffic"
	"github.com/paysluice/paysluice/test/measured"
)

// errNoCycles is a run too short for a figure.
var errNoCycles = errors.New("no two garbage collections")

// gcSettings make the runtime say what each collection found (package runtime,
// GODEBUG gctrace), in whole MB, and collect every 40 MB or more, so that MB are
// fine enough.
func gcSettings() []string { return []string{"GODEBUG=gctrace=1", "GOGC=1000"} }

// minCycles are the collections that a figure is made of, at least.
const minCycles = 4

// Allocations measures what one invocation allocates, of hello, naive and every
// function that an event meets, the consumer's with a full batch: one environment
// each, kept busy for as long as window or as it needs, apart from every other
// run.
func (b *Bench) Allocations(ctx context.Context, window time.Duration) (measured.Allocations, error) {
	all := measured.Allocations{Machine: b.Machine}
	measure := func(p program, c calls) error {
		fmt.Fprintf(b.progress, "allocations of %s …\n", p.name)
		one, err := b.allocations(ctx, p, c, window)
		all.Programs = append(all.Programs, one)
		return err
	}
	programs, err := b.requestPrograms()
	if err != nil {
		return all, err
	}
	var webhooks []traffic.Webhook
	for _, p := range programs {
		if webhooks, err = b.webhooks(ctx, p, manyWebhooks, traffic.BodySize); err != nil {
			return all, err
		}
		if err := measure(p, processed(webhooks)); err != nil {
			return all, err
		}
	}
	authorizer, err := b.function(contract.AuthorizerName, contract.AuthorizerBinary, -1)
	if err != nil {
		return all, err
	}
	if err := measure(authorizer, authorized(webhooks)); err != nil {
		return all, err
	}
	consumer, err := b.function(contract.ConsumerName, contract.ConsumerBinary, -1)
	if err != nil {
		return all, err
	}
	messages, err := b.messages(ctx, manyWebhooks)
	b.killAll()
	if err != nil {
		return all, err
	}
	return all, measure(consumer, batched(messages, contract.BatchSize))
}

func (b *Bench) allocations(ctx context.Context, p program, c calls, window time.Duration) (measured.Allocation, error) {
	defer b.killAll()
	b.stub.Reset(nil)
	b.stub.SetLatencies(latency.Calls{})
	l, err := b.loop(p, c, gcSettings()...)
	if err != nil {
		return measured.Allocation{}, err
	}
	l.again = func() { b.stub.Reset(nil) } // or the table would have the events already
	// The invocations that had ended when each collection was seen to have
	// begun are not known; those at each millisecond are near enough.
	begin := time.Now()
	if err := l.start(); err != nil {
		return measured.Allocation{}, err
	}
	var done []int64
	var found []cycle
	for time.Since(begin) < window || len(found) < minCycles && time.Since(begin) < time.Minute {
		if err := pause(ctx, time.Until(begin.Add(time.Duration(len(done)+1)*time.Millisecond))); err != nil {
			return measured.Allocation{}, err
		}
		for at := int(time.Since(begin) / time.Millisecond); len(done) <= at; {
			done = append(done, l.done.Load())
		}
		if len(done)%500 != 0 {
			continue
		}
		text, err := l.fleet.Logged()
		if err != nil {
			return measured.Allocation{}, err
		}
		found = cycles(text)
	}
	l.stop()
	if err := l.failure(); err != nil {
		return measured.Allocation{}, err
	}
	n, allocated, err := perCycle(found, done)
	if err != nil {
		return measured.Allocation{}, fmt.Errorf("%w: %s, %d invocations", err, p.name, l.done.Load())
	}
	return measured.Allocation{Name: p.name, Invocations: n, Bytes: float64(allocated) / float64(n)}, nil
}

// cycle is a line of gctrace.
type cycle struct {
	at        time.Duration // since the process's start
	end, live int64         // heap at its end, and what of it was alive; bytes
}

// cycles reads "gc 3 @0.541s 2%: …, 40->41->2 MB, …".
func cycles(text []byte) []cycle {
	var all []cycle
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		var n int
		var at float64
		if c, err := fmt.Sscanf(lines.Text(), "gc %d @%fs", &n, &at); err != nil || c != 2 {
			continue
		}
		for _, part := range strings.Split(lines.Text(), ", ") {
			sizes := strings.Split(strings.TrimSuffix(part, " MB"), "->")
			if len(sizes) != 3 {
				continue
			}
			end, err1 := strconv.ParseInt(sizes[1], 10, 64)
			live, err2 := strconv.ParseInt(sizes[2], 10, 64)
			if err1 == nil && err2 == nil {
				all = append(all, cycle{time.Duration(at * float64(time.Second)), end << 20, live << 20})
			}
		}
	}
	return all
}

// perCycle is what was allocated from the first collection to the last one, and
// in how many invocations; done are those at each millisecond.
func perCycle(all []cycle, done []int64) (invocations int, allocated int64, err error) {
	at := func(c cycle) int64 { return done[min(int(c.at/time.Millisecond), len(done)-1)] }
	if len(all) < 2 {
		return 0, 0, errNoCycles
	}
	for i := 1; i < len(all); i++ {
		allocated += all[i].end - all[i-1].live
	}
	if invocations = int(at(all[len(all)-1]) - at(all[0])); invocations < 1 {
		return 0, 0, errNoCycles
	}
	return invocations, allocated, nil
}
