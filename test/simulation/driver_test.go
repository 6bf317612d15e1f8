package simulation_test

import (
	"cmp"
	"slices"
	"testing/synctest"
	"time"
)

// Processes that run at the same time.
const (
	maxProcessors = 4
	maxConsumers  = 3
	maxArchivers  = 2
)

// run drives the world until everything that was sent has come to rest, or a
// promise is broken.
func (w *world) run() {
	for len(w.broken) == 0 && !w.atRest() {
		w.step()
	}
}

// atRest reports whether nothing is left to do: the sender was answered 200
// for everything that it will not give up, and the queues are empty.
func (w *world) atRest() bool {
	for _, m := range w.mappings {
		if w.sqs.Len(m.url) > 0 || busy(m.processes) > 0 {
			return false
		}
	}
	return w.stripe.done() && w.operator.done() && len(w.late) == 0 && busy(w.processors) == 0
}

// step lets every goroutine come to a stand and then does one thing, chosen
// among all that could happen next.
func (w *world) step() {
	synctest.Wait()
	w.collect()
	w.finish()
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
		if time.Now().After(m.lookAgain) && busy(m.processes) < m.most {
			choices = append(choices, func() { w.poll(m) })
		}
	}
	if len(w.late) > 0 {
		choices = append(choices, w.takeLateEffect)
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

// sleep lets up to most pass. No two things of a run happen at the very same
// nanosecond, so that their order is the seed's.
func (w *world) sleep(most time.Duration) {
	time.Sleep(time.Duration(1 + w.rng.Int64N(int64(most))))
}

// collect takes in what the handlers' goroutines did since the last step. They
// ran in no order, so their calls are put into one that depends on the seed
// only.
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

// arrive lets a call come to its service.
func (w *world) arrive(i int) {
	c := w.calls[i]
	w.calls = slices.Delete(w.calls, i, i+1)
	kind := fine
	if !w.calm {
		kind = w.faults.of(w.rng)
	}
	if kind == fine && c.op == putItem && time.Now().Before(w.throttledUntil) {
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
		_ = c.apply() // its answer is the one that got lost
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

// takeLateEffect lets a request take effect that was given up long ago.
func (w *world) takeLateEffect() {
	i := w.rng.IntN(len(w.late))
	c := w.late[i]
	w.late = slices.Delete(w.late, i, i+1)
	w.note(c.by.name, c.op, c.subject, "takes effect late")
	_ = c.apply()
}

// deliver hands the next webhook to a processor.
func (w *world) deliver() {
	p := w.warm(&w.processors, w.newProcessor)
	d, r := w.stripe.next()
	w.note(p.name, "receives", r.RequestID, d.what)
	p.serve(d, r)
}
