package simulation_test

import (
	"slices"
	"time"
)

// finish sees to the processes whose invocation has ended, one way or other.
func (w *world) finish() {
	for _, p := range slices.Clone(w.processors) {
		if w.ended(p) {
			w.stripe.answered(p)
			w.processors = w.settle(w.processors, p)
		}
	}
	for _, m := range w.mappings {
		for _, p := range slices.Clone(m.processes) {
			if w.ended(p) {
				w.worked(m, p)
				m.processes = w.settle(m.processes, p)
			}
		}
	}
}

// ended reports whether an invocation is over. Lambda kills a function that
// has not answered at its deadline, and the handlers promise not to let it.
func (w *world) ended(p *process) bool {
	if !p.running {
		return false
	}
	returned := !p.returnedAt.IsZero() && p.returnedAt.Before(p.deadline)
	if !p.dead && !returned && !time.Now().Before(p.deadline) {
		w.breaks("a function answers before its deadline: %s did not", p.name)
		w.kill(p)
	}
	return p.dead || returned
}

// settle keeps a process for the next invocation, unless it is gone.
func (w *world) settle(all []*process, p *process) []*process {
	p.running = false
	p.cancel()
	if p.dead || w.happens(w.faults.retire) {
		w.note(p.name, "is gone")
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

// warm is an idle process, a new one if there is none.
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

// kill ends a process wherever it is: it has no effect from here on.
func (w *world) kill(p *process) {
	p.dead = true
	w.inbox.bury(p)
	for _, c := range slices.Concat(w.calls, w.stuck) {
		if c.by == p && !c.abandoned {
			c.answer <- errCrash
			c.abandoned = true
		}
	}
}
