// Package pool scales a function's execution environments as Lambda does: an
// invocation takes an environment that is idle, else a new one is started for
// it (Lambda Developer Guide, "Understanding Lambda function scaling", read
// 2026-11-26).
package pool

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/paysluice/paysluice/test/quality/runtimeapi"
)

// How fast environments may be added: "1,000 execution environment instances
// every 10 seconds" for each function, refilled continuously and not saved up
// (Lambda Developer Guide, "Lambda scaling behavior", read 2026-11-26).
const (
	burst  = 1000
	refill = 10 * time.Second
)

// ErrThrottled is what Lambda answers with 429: the function has as many
// environments as it may have, or may not add any so soon.
var ErrThrottled = errors.New("throttled: no environment to be had")

// Environment takes one invocation at a time.
type Environment interface {
	Begin(payload []byte, deadline time.Time, done func(runtimeapi.Answer)) bool
}

// Launch starts an environment. idle is called each time it asks for an
// invocation, and gone once when it has ended.
type Launch func(idle func(Environment), gone func(error)) error

// Limits of a pool.
type Limits struct {
	// Timeout is the function's.
	Timeout time.Duration
	// Concurrency is the most environments that it may have.
	Concurrency int
	// Apart is the least time between two starts; 0 is none, as on Lambda, where
	// each has a machine to start on. Where all share one, a start takes as much
	// of it as twenty invocations, and after a hitch the starts would be the
	// load. An invocation that may not start an environment yet takes one that
	// becomes idle.
	Apart time.Duration
}

// Pool is a function's environments.
type Pool struct {
	launch Launch
	limits Limits
	now    func() time.Time

	mu      sync.Mutex
	idle    []Environment // the last one was used most recently
	waiting []*call       // for an environment: to start one would be too soon
	started time.Time     // the last one that was started for an invocation
	stats   Stats
	tokens  float64
	filled  time.Time
}

// Stats are counts of a pool.
type Stats struct {
	Environments int // running or starting
	Busy         int // of those, at work or started for an invocation
	Busiest      int // most that were Busy, since Mark
	ColdStarts   int // environments started by an invocation, since Mark
	Throttled    int // since Mark
}

type call struct {
	payload []byte
	done    func(runtimeapi.Answer)
}

// New has no environment yet.
func New(launch Launch, limits Limits, now func() time.Time) *Pool {
	return &Pool{launch: launch, limits: limits, now: now, tokens: burst, filled: now()}
}

// Invoke hands the payload to an environment; done is called with the answer,
// and may call Invoke. It does not wait.
func (p *Pool) Invoke(payload []byte, done func(runtimeapi.Answer)) {
	c := &call{payload, done}
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		e := p.idle[n-1] // the most recently used one
		p.idle = p.idle[:n-1]
		p.busier()
		p.mu.Unlock()
		p.begin(e, c)
		return
	}
	wait := p.now().Sub(p.started) < p.limits.Apart
	if p.stats.Environments+len(p.waiting) >= p.limits.Concurrency || !wait && !p.take() {
		p.stats.Throttled++
		err := fmt.Errorf("%w: it has %d environments, and %d invocations wait for one",
			ErrThrottled, p.stats.Environments, len(p.waiting))
		p.mu.Unlock()
		done(runtimeapi.Answer{At: p.now(), Err: err})
		return
	}
	p.busier()
	p.waiting = append(p.waiting, c)
	if !wait {
		p.coldStart(p.nextWaiting())
	}
	p.mu.Unlock()
}

// coldStart starts an environment for an invocation; mu is held.
func (p *Pool) coldStart(c *call) {
	p.stats.Environments++
	p.stats.ColdStarts++
	p.started = p.now()
	go p.start(c)
}

// Warm starts an environment for this invocation, whether another one is idle
// or not.
func (p *Pool) Warm(payload []byte, done func(runtimeapi.Answer)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Environments++
	p.busier()
	go p.start(&call{payload, done})
}

// Mark begins the counts anew.
func (p *Pool) Mark() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Busiest, p.stats.ColdStarts, p.stats.Throttled = p.stats.Busy, 0, 0
}

// Stats are the counts of now.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

func (p *Pool) busier() {
	p.stats.Busy++
	p.stats.Busiest = max(p.stats.Busiest, p.stats.Busy)
}

// take takes the right to add an environment.
func (p *Pool) take() bool {
	now := p.now()
	p.tokens = min(burst, p.tokens+burst*float64(now.Sub(p.filled))/float64(refill))
	p.filled = now
	if p.tokens < 1 {
		return false
	}
	p.tokens--
	return true
}
