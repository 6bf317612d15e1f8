package simulation_test

import (
	"cmp"
	"slices"
	"sync"
	"testing/synctest"
	"time"
)

// Limits of concurrent processes.
const (
	maxProcessors = 4
	maxConsumers  = 3
	maxArchivers  = 2
)

// run takes steps until nothing is left to do or a promise is broken.
func (w *world) run() {
	for len(w.broken) == 0 && !w.idle() {
		w.step()
	}
}

// idle reports whether nothing is left to do: the sender has no webhooks left
// to send, the queues are empty and no invocation runs.
func (w *world) idle() bool {
	for _, m := range w.mappings {
		if w.sqs.Len(m.url) > 0 || busy(m.processes) > 0 {
			return false
		}
	}
	return w.stripe.done() && w.operator.done() && len(w.late) == 0 && busy(w.processors) == 0 && w.publishing.idle()
}

// step waits until every goroutine is blocked and then does one thing, drawn
// from all that could happen next.
func (w *world) step() {
	synctest.Wait()
	w.collect()
	w.finishInvocations()
	if w.happens(w.faults.outage) && time.Since(w.throttledUntil) > quiet {
		w.throttledUntil = time.Now().Add(time.Duration(w.rng.Int64N(int64(longestOutage))))
		w.note("the table throttles")
	}

	var choices []func()
	for i := range w.calls {
		choices = append(choices, func() { w.arrive(i) })
	}
	if w.stripe.due() && busy(w.processors) < maxProcessors {
		choices = append(choices, w.deliver)
	}
	for _, m := range w.mappings {
		if time.Now().After(m.nextPoll) && busy(m.processes) < m.limit {
			choices = append(choices, func() { w.poll(m) })
		}
	}
	for _, r := range w.publishing.readers {
		if r.due() {
			choices = append(choices, func() { w.publishing.read(r) })
		}
	}
	if w.happens(w.faults.stray) {
		choices = append(choices, w.publishing.stray)
	}
	if len(w.late) > 0 {
		choices = append(choices, w.applyLate)
	}
	if w.operator.due() {
		choices = append(choices, w.operator.act)
	}
	switch {
	case len(choices) == 0:
		w.sleep(5 * time.Second)
	case w.rng.IntN(20) == 0:
		w.sleep(50 * time.Millisecond)
	default:
		choices[w.rng.IntN(len(choices))]()
	}
}

// sleep advances the time by at most limit. Random nanoseconds keep two steps
// from having the same time, which would leave their order to the scheduler.
func (w *world) sleep(limit time.Duration) {
	time.Sleep(time.Duration(1 + w.rng.Int64N(int64(limit))))
}

// collect empties the inbox. The handlers' goroutines ran in any order, so it
// sorts their calls into an order that depends only on the seed.
func (w *world) collect() {
	calls, gaveUp, handlers, broken := w.inbox.empty()
	w.broken = append(w.broken, broken...)
	for _, c := range gaveUp {
		c.abandoned = true
	}
	for _, r := range handlers {
		r.by.returnedAt = r.at
	}
	slices.SortFunc(calls, func(a, b *call) int {
		return cmp.Or(cmp.Compare(a.by.name, b.by.name), cmp.Compare(a.op, b.op), cmp.Compare(a.subject, b.subject))
	})
	abandoned := func(c *call) bool { return c.abandoned }
	w.calls = slices.DeleteFunc(append(w.calls, calls...), abandoned)
	w.stuck = slices.DeleteFunc(w.stuck, abandoned)
}

// arrive draws the fate of a call and carries it out.
func (w *world) arrive(i int) {
	c := w.calls[i]
	w.calls = slices.Delete(w.calls, i, i+1)
	kind := fine
	if !w.calm {
		kind = w.faults.fate(w.rng)
	}
	if kind == fine && c.op == putItem && time.Now().Before(w.throttledUntil) {
		kind = throttled
	}
	if kind == fine && (c.op == publish || c.op == putEvents) && time.Now().Before(w.publishing.downUntil) {
		kind = throttled
	}
	w.note(c.by.name, c.op, c.subject, string(kind))
	w.seen[c.op+": "+string(kind)]++
	if fatal(c.op, kind) {
		c.by.excuse(c.subject)
	}
	switch kind {
	case fine:
		c.answer <- c.apply()
	case sentTwice:
		_ = c.apply() // the lost response
		c.answer <- c.apply()
	case refused:
		c.answer <- refusal(c.op, w.rng)
	case throttled:
		c.answer <- throttling(c.op)
	case answerLost:
		_ = c.apply()
		c.answer <- connectionReset()
	case stuck:
		w.stuck = append(w.stuck, c)
	case stuckAfter:
		_ = c.apply()
		w.stuck = append(w.stuck, c)
	case late:
		w.stuck, w.late = append(w.stuck, c), append(w.late, c)
	case crashBefore, crashAfter:
		if kind == crashAfter {
			_ = c.apply()
		}
		c.answer <- errCrash
		c.abandoned = true
		w.kill(c.by)
	}
}

// applyLate applies a call that its caller gave up.
func (w *world) applyLate() {
	i := w.rng.IntN(len(w.late))
	c := w.late[i]
	w.late = slices.Delete(w.late, i, i+1)
	w.note(c.by.name, c.op, c.subject, "takes effect late")
	_ = c.apply()
}

// deliver sends the next webhook to a processor.
func (w *world) deliver() {
	p := w.warm(&w.processors, w.newProcessor)
	d, r := w.stripe.next()
	w.note(p.name, "receives", r.RequestID, d.what)
	p.serve(d, r)
}

// finishInvocations handles the responses of invocations that have ended.
func (w *world) finishInvocations() {
	for _, p := range slices.Clone(w.processors) {
		if w.ended(p) {
			w.stripe.answered(p)
			w.processors = w.release(w.processors, p)
		}
	}
	for _, r := range w.publishing.readers {
		if r.process != nil && w.ended(r.process) {
			w.publishing.finish(r)
			w.release([]*process{r.process}, r.process)
		}
	}
	for _, m := range w.mappings {
		for _, p := range slices.Clone(m.processes) {
			if w.ended(p) {
				w.finishBatch(m, p)
				m.processes = w.release(m.processes, p)
			}
		}
	}
}

// ended reports whether an invocation is over. Lambda kills a function that has
// not responded at its deadline; the handlers promise to respond before.
func (w *world) ended(p *process) bool {
	if !p.running {
		return false
	}
	returned := !p.returnedAt.IsZero() && p.returnedAt.Before(p.deadline)
	if !p.dead && !returned && !time.Now().Before(p.deadline) {
		w.violate("a function responds before its deadline: %s did not", p.name)
		w.kill(p)
	}
	return p.dead || returned
}

// release keeps a process for the next invocation, unless it crashed or Lambda
// retires it.
func (w *world) release(all []*process, p *process) []*process {
	p.running = false
	p.cancel()
	if p.dead || w.happens(w.faults.retire) {
		w.note(p.name, "ends")
		return slices.DeleteFunc(all, func(other *process) bool { return other == p })
	}
	return all
}

func busy(all []*process) int {
	n := 0
	for _, p := range all {
		if p.running {
			n++
		}
	}
	return n
}

// warm returns an idle process, or starts one.
func (w *world) warm(all *[]*process, start func() *process) *process {
	var idle []*process
	for _, p := range *all {
		if !p.running {
			idle = append(idle, p)
		}
	}
	if len(idle) == 0 {
		p := start()
		*all = append(*all, p)
		return p
	}
	return idle[w.rng.IntN(len(idle))]
}

// kill crashes a process. None of its calls takes effect from here on.
func (w *world) kill(p *process) {
	p.dead = true
	w.inbox.markDead(p)
	for _, c := range slices.Concat(w.calls, w.stuck) {
		if c.by == p && !c.abandoned {
			c.answer <- errCrash
			c.abandoned = true
		}
	}
}

// inbox collects what the handlers' goroutines tell the driver. The driver reads
// it while all of them are blocked. Nothing else is shared between them.
type inbox struct {
	mu       sync.Mutex
	calls    []*call
	gaveUp   []*call
	returned []returned
	dead     map[*process]bool
	broken   []string
}

// returned records when a handler returned.
type returned struct {
	by *process
	at time.Time
}

// submit adds a call of a process. It reports false if the process is dead.
func (i *inbox) submit(c *call) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.dead[c.by] {
		return false
	}
	i.calls = append(i.calls, c)
	return true
}

func (i *inbox) giveUp(c *call) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.gaveUp = append(i.gaveUp, c)
}

func (i *inbox) handlerReturned(p *process) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.returned = append(i.returned, returned{p, time.Now()})
}

func (i *inbox) markDead(p *process) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.dead[p] = true
}

func (i *inbox) violate(text string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.broken = append(i.broken, text)
}

// empty returns and removes everything in the inbox.
func (i *inbox) empty() (calls, gaveUp []*call, handlers []returned, broken []string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	calls, gaveUp, handlers, broken = i.calls, i.gaveUp, i.returned, i.broken
	i.calls, i.gaveUp, i.returned, i.broken = nil, nil, nil, nil
	return calls, gaveUp, handlers, broken
}
