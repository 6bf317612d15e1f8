package pool

import (
	"sync"

	"github.com/paysluice/paysluice/test/quality/runtimeapi"
)

// start launches an environment for its first invocation, which waits for it
// even if another becomes idle before.
func (p *Pool) start(first *call) {
	var mu sync.Mutex
	takeFirst := func() *call {
		mu.Lock()
		defer mu.Unlock()
		c := first
		first = nil
		return c
	}
	gone := func(err error) {
		p.mu.Lock()
		p.stats.Environments--
		if len(p.waiting) > 0 { // it might have taken them
			p.coldStart(p.nextWaiting())
		}
		p.mu.Unlock()
		if c := takeFirst(); c != nil {
			p.finished()
			c.done(runtimeapi.Answer{At: p.now(), Err: err})
		}
	}
	if err := p.launch(func(e Environment) {
		if c := takeFirst(); c != nil {
			p.begin(e, c)
			return
		}
		p.release(e)
	}, gone); err != nil {
		gone(err)
	}
}

// nextWaiting is the invocation that has waited longest; mu is
// held.
func (p *Pool) nextWaiting() *call {
	if len(p.waiting) == 0 {
		return nil
	}
	c := p.waiting[0]
	p.waiting = p.waiting[1:]
	return c
}

func (p *Pool) begin(e Environment, c *call) {
	if !e.Begin(c.payload, p.now().Add(p.limits.Timeout), func(a runtimeapi.Answer) {
		p.finished()
		c.done(a)
	}) {
		p.finished()
		c.done(runtimeapi.Answer{At: p.now(), Err: runtimeapi.ErrExited})
	}
}

func (p *Pool) finished() {
	p.mu.Lock()
	p.stats.Busy--
	p.mu.Unlock()
}

// release takes back an environment that asks for an invocation.
func (p *Pool) release(e Environment) {
	p.mu.Lock()
	c := p.nextWaiting()
	if c == nil {
		p.idle = append(p.idle, e)
	}
	p.mu.Unlock()
	if c != nil {
		p.begin(e, c)
	}
}
