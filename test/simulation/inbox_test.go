package simulation_test

import (
	"sync"
	"time"
)

// inbox is what goroutines of the handlers tell the driver, which looks when
// none of them runs. It is the one thing that both touch.
type inbox struct {
	mu       sync.Mutex
	calls    []*call
	gaveUp   []*call
	returned []returned
	dead     map[*process]bool
	broken   []string // promises, each with what broke it
}

// returned says that a handler has.
type returned struct {
	by *process
	at time.Time
}

// submit takes a call from a process, unless that is dead.
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

func (i *inbox) bury(p *process) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.dead[p] = true
}

func (i *inbox) breaks(text string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.broken = append(i.broken, text)
}

// empty is what has come since the last time.
func (i *inbox) empty() (calls, gaveUp []*call, handlers []returned, broken []string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	calls, gaveUp, handlers, broken = i.calls, i.gaveUp, i.returned, i.broken
	i.calls, i.gaveUp, i.returned, i.broken = nil, nil, nil, nil
	return calls, gaveUp, handlers, broken
}
