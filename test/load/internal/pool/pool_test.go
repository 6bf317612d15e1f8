package pool_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/load/internal/pool"
	"github.com/paysluice/paysluice/test/quality/runtimeapi"
)

const (
	initTime = 100 * time.Millisecond
	callTime = 10 * time.Millisecond
	timeout  = 9 * time.Second
)

// lambda starts environments whose answers say which of them it was.
type lambda struct {
	mu       sync.Mutex
	launched int
	broken   error // of launching
	dies     error // of init
}

type environment struct {
	name byte
	idle func(pool.Environment)
}

func (l *lambda) launch(idle func(pool.Environment), gone func(error)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return l.broken
	}
	e := &environment{name: 'A' + byte(l.launched), idle: idle}
	l.launched++
	go func() {
		time.Sleep(initTime)
		if l.dies != nil {
			gone(l.dies)
			return
		}
		idle(e)
	}()
	return nil
}

func (e *environment) Begin(_ []byte, deadline time.Time, done func(runtimeapi.Answer)) bool {
	go func() {
		if time.Until(deadline) != timeout {
			panic("the deadline is the function's timeout from now")
		}
		time.Sleep(callTime)
		done(runtimeapi.Answer{Body: []byte{e.name}, At: time.Now()})
		e.idle(e)
	}()
	return true
}

// invoke says which environment answered, and after how long.
func invoke(p *pool.Pool, answered func(name string, took time.Duration, err error)) {
	begin := time.Now()
	p.Invoke(nil, func(a runtimeapi.Answer) { answered(string(a.Body), a.At.Sub(begin), a.Err) })
}

func TestScaling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lambda{}
		p := pool.New(l.launch, pool.Limits{Timeout: timeout, Concurrency: 10}, time.Now)
		var got []string
		var times []time.Duration
		note := func(name string, took time.Duration, err error) {
			assert.NoError(t, err)
			got, times = append(got, name), append(times, took)
		}

		invoke(p, note)
		settle(time.Second)
		assert.Equal(t, []string{"A"}, got)
		assert.Equal(t, initTime+callTime, times[0], "a cold start is part of the invocation")
		assert.Equal(t, pool.Stats{Environments: 1, Busiest: 1, ColdStarts: 1}, p.Stats())

		p.Mark()
		invoke(p, note)
		settle(time.Second)
		assert.Equal(t, callTime, times[1], "a warm one is taken again")
		assert.Equal(t, pool.Stats{Environments: 1, Busiest: 1}, p.Stats())

		invoke(p, note)
		settle(time.Millisecond)
		invoke(p, note)
		settle(time.Second)
		assert.Equal(t, []string{"A", "A", "A", "B"}, got)
		assert.Equal(t, initTime+callTime, times[3],
			"an invocation waits for the environment that was started for it, though A was idle sooner")

		for range 3 {
			invoke(p, note)
			settle(time.Second)
		}
		assert.Equal(t, []string{"B", "B", "B"}, got[4:], "the one that was used last is used again")
		assert.Equal(t, pool.Stats{Environments: 2, Busiest: 2, ColdStarts: 1}, p.Stats())
	})
}

func TestThrottling(t *testing.T) {
	for _, test := range []struct {
		why                 string
		concurrency, at1, n int
		wait                time.Duration
		throttled           int
	}{
		{why: "within the concurrency", concurrency: 5, at1: 5, throttled: 0},
		{why: "one too many", concurrency: 5, at1: 6, throttled: 1},
		{why: "1,000 environments at once", concurrency: 5000, at1: 1001, throttled: 1},
		{why: "100 more a second later", concurrency: 5000, at1: 1000, wait: time.Second, n: 1101, throttled: 1},
		{why: "what is not used is not saved up", concurrency: 5000, at1: 1, wait: time.Hour, n: 1002, throttled: 1},
	} {
		t.Run(test.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &lambda{}
				p := pool.New(l.launch, pool.Limits{Timeout: timeout, Concurrency: test.concurrency}, time.Now)
				throttled := 0
				for range test.at1 {
					invoke(p, func(_ string, took time.Duration, err error) {
						if errors.Is(err, pool.ErrThrottled) {
							throttled++
							assert.Zero(t, took, "Lambda says so at once")
						}
					})
				}
				settle(test.wait)
				for range test.n {
					invoke(p, func(_ string, _ time.Duration, err error) {
						if errors.Is(err, pool.ErrThrottled) {
							throttled++
						}
					})
				}
				assert.Equal(t, test.throttled, throttled)
				assert.Equal(t, test.throttled, p.Stats().Throttled)
				settle(time.Minute)
			})
		})
	}
}

func TestStartsAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lambda{}
		const apart = 115 * time.Millisecond
		p := pool.New(l.launch, pool.Limits{Timeout: timeout, Concurrency: 5, Apart: apart}, time.Now)
		var got []string
		var times []time.Duration
		throttled := 0
		call := func() {
			invoke(p, func(name string, took time.Duration, err error) {
				if err != nil {
					throttled++
					return
				}
				got, times = append(got, name), append(times, took)
			})
		}
		for range 6 {
			call()
		}
		settle(apart)
		call()
		settle(time.Second)

		assert.Equal(t, 1, throttled, "those that wait count as the environments that they would have")
		assert.Equal(t, []string{"A", "A", "A", "A", "A", "B"}, got)
		assert.Equal(t, []time.Duration{
			initTime + callTime, initTime + 2*callTime, // A takes what waits
			initTime + 3*callTime, initTime + 4*callTime, initTime + 5*callTime - apart,
			apart + initTime + callTime, // the third, which had waited longest when B might be started
		}, times)
		assert.Equal(t, pool.Stats{Environments: 2, Busiest: 5, ColdStarts: 2, Throttled: 1}, p.Stats())
	})
}

func TestWarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lambda{}
		p := pool.New(l.launch, pool.Limits{Timeout: timeout, Concurrency: 10}, time.Now)
		for range 3 {
			p.Warm(nil, func(a runtimeapi.Answer) { assert.NoError(t, a.Err) })
			settle(time.Second)
		}
		assert.Equal(t, pool.Stats{Environments: 3, Busiest: 1}, p.Stats(), "each its own, and none of them a cold start")
		invoke(p, func(name string, took time.Duration, _ error) {
			assert.Equal(t, "C", name)
			assert.Equal(t, callTime, took)
		})
		settle(time.Second)
		assert.Equal(t, pool.Stats{Environments: 3, Busiest: 1}, p.Stats())
	})
}

func TestAnEnvironmentThatDoesNotStartFailsItsInvocation(t *testing.T) {
	broken := errors.New("broken")
	for why, l := range map[string]*lambda{"no process": {broken: broken}, "init fails": {dies: broken}} {
		synctest.Test(t, func(t *testing.T) {
			p := pool.New(l.launch, pool.Limits{Timeout: timeout, Concurrency: 10}, time.Now)
			var got error
			invoke(p, func(_ string, _ time.Duration, err error) { got = err })
			settle(time.Second)
			require.ErrorIs(t, got, broken, why)
			assert.Equal(t, pool.Stats{Busiest: 1, ColdStarts: 1}, p.Stats(), why)
		})
	}
}

// settle lets time pass, and what happened meanwhile be seen.
func settle(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
