package lab

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/paysluice/paysluice/test/performance/internal/result"
	"github.com/paysluice/paysluice/test/quality/runtimeapi"
)

// Limits of a pool.
const (
	// maxEnvironments is an account's default concurrency (Lambda Developer Guide,
	// "Understanding Lambda function scaling").
	maxEnvironments = 1000
	// apart is the least time between two cold starts of a function under load. On Lambda
	// each has a machine to start on; here all share one, and a start takes as much of it
	// as twenty invocations.
	apart = 250 * time.Millisecond
)

// pool scales the environments of one function as Lambda does: an invocation takes an
// idle environment, or else starts one (Lambda Developer Guide, "Understanding Lambda
// function scaling").
type pool struct {
	world   *World
	task    Task
	output  *os.File
	timeout time.Duration

	mu         sync.Mutex
	all        []*runtimeapi.Environment
	idle       []*runtimeapi.Environment // the last was used most recently
	waiting    []*call                   // until an environment is idle
	started    time.Time                 // the last cold start
	coldStarts int
	sent, done int
	failure    error // the first
	closed     bool
	latency    *hdrhistogram.Histogram // µs

	markCPU  time.Duration
	markLogs int64
	markDone int
}

// call is an invocation. then is called with the time of a good response.
type call struct {
	payload []byte
	due     time.Time
	record  bool
	then    func(at time.Time)
}

func (w *World) newPool(t Task) (*pool, error) {
	output, err := os.CreateTemp(w.dir, "log-")
	return &pool{
		world: w, task: t, output: output, latency: newHistogram(),
		timeout: time.Duration(t.Function.TimeoutSec * float64(time.Second)),
	}, err
}

// newHistogram returns one of microseconds up to a minute with three digits.
func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, time.Minute.Microseconds(), 3)
}

func record(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(min(max(d, time.Microsecond), time.Minute).Microseconds()) // it is within its bounds
}

// invoke does not wait.
func (p *pool) invoke(c *call) {
	p.mu.Lock()
	p.sent++
	if n := len(p.idle); n > 0 {
		e := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		p.begin(e, c)
		return
	}
	p.waiting = append(p.waiting, c)
	cold := time.Since(p.started) >= apart
	if cold {
		p.started = time.Now()
		p.coldStarts++
	}
	if len(p.all)+len(p.waiting) > maxEnvironments {
		p.fail(fmt.Errorf("%w: %s has %d environments and %d invocations wait: this machine cannot keep up", ErrWrong, p.task.Name, len(p.all), len(p.waiting)))
	}
	p.mu.Unlock()
	if cold {
		go p.launch()
	}
}

// launch starts an environment. It takes the invocation that has waited longest, or
// becomes idle.
func (p *pool) launch() {
	err := atLowerPriority(func() error {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.closed {
			return nil
		}
		e, err := runtimeapi.Launch(runtimeapi.Options{
			Binary: p.task.Binary.Path, Env: p.world.environment(p.task.Function), Output: p.output, Idle: p.release,
		})
		if err == nil {
			p.all = append(p.all, e)
			go p.watch(e)
		}
		return err
	})
	if err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.fail(err)
	}
}

// watch fails the run when an environment ends by itself.
func (p *pool) watch(e *runtimeapi.Environment) {
	<-e.Exited()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.fail(fmt.Errorf("%w: a process of %s ended", ErrWrong, p.task.Name))
	}
}

// release takes an environment that asks for an invocation.
func (p *pool) release(e *runtimeapi.Environment) {
	p.mu.Lock()
	if len(p.waiting) == 0 {
		p.idle = append(p.idle, e)
		p.mu.Unlock()
		return
	}
	c := p.waiting[0]
	p.waiting = p.waiting[1:]
	p.mu.Unlock()
	p.begin(e, c)
}

func (p *pool) begin(e *runtimeapi.Environment, c *call) {
	if !e.Begin(c.payload, time.Now().Add(p.timeout), func(a runtimeapi.Answer) { p.finish(c, a) }) {
		p.finish(c, runtimeapi.Answer{At: time.Now(), Err: runtimeapi.ErrExited})
	}
}

func (p *pool) finish(c *call, a runtimeapi.Answer) {
	good := a.Err == nil && bytes.Contains(a.Body, []byte(p.task.Want))
	p.mu.Lock()
	p.done++
	if !good {
		p.fail(fmt.Errorf("%w: %s answered %.300s (%v)", ErrWrong, p.task.Name, a.Body, a.Err))
	} else if c.record {
		record(p.latency, a.At.Sub(c.due))
	}
	p.mu.Unlock()
	if good && c.then != nil {
		c.then(a.At)
	}
}

// fail keeps the first failure; mu is held.
func (p *pool) fail(err error) {
	if p.failure == nil {
		p.failure = err
	}
}

// state returns how many invocations were sent and answered, and the first failure.
func (p *pool) state() (sent, done int, failure error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sent, p.done, p.failure
}

// usage returns CPU time and log bytes of all environments, and the largest memory.
func (p *pool) usage() (cpu time.Duration, logged, memory int64, err error) {
	for _, e := range p.all {
		c, err1 := cpuTime(e.PID())
		m, err2 := peakMemory(e.PID())
		err = errors.Join(err, err1, err2)
		cpu, memory = cpu+c, max(memory, m)
	}
	info, err3 := p.output.Stat()
	if err := errors.Join(err, err3); err != nil {
		return 0, 0, 0, err
	}
	return cpu, info.Size(), memory, nil
}

// mark begins the measured window.
func (p *pool) mark() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var err error
	p.coldStarts, p.markDone = 0, p.done
	p.markCPU, p.markLogs, _, err = p.usage()
	return err
}

// measured returns what the window took. No run may have written an error.
func (p *pool) measured() (result.Function, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	cpu, logged, memory, err := p.usage()
	if err != nil {
		return result.Function{}, err
	}
	text, err := os.ReadFile(p.output.Name())
	if err != nil {
		return result.Function{}, err
	}
	if _, rest, found := bytes.Cut(text, []byte(`"level":"ERROR"`)); found {
		return result.Function{}, fmt.Errorf("%w: %s logged an error: …%.300s", ErrWrong, p.task.Name, rest)
	}
	n := float64(max(1, p.done-p.markDone))
	return result.Function{
		Name: p.task.Name, Invocations: int64(p.done - p.markDone), Latency: distribution(p.latency),
		CPU: ms(cpu-p.markCPU) / n, LogBytes: float64(logged-p.markLogs) / n,
		Memory: memory, Environments: len(p.all), ColdStarts: p.coldStarts,
	}, nil
}

func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	all := p.all
	p.mu.Unlock()
	for _, e := range all {
		e.Kill()
	}
	_ = p.output.Close()
	_ = os.Remove(p.output.Name())
}
