package processor

import (
	"errors"
	"sync"
	"time"

	"github.com/paysluice/paysluice/handlers/provider"
)

// errRepeated reports a webhook that this environment sent to a queue a moment ago.
var errRepeated = errors.New("the same bytes were accepted within the last minutes")

const (
	// recentTime is how long a webhook is remembered. A delivery that is repeated
	// without end causes at most one message per environment in this time.
	recentTime = 10 * time.Minute
	// maxRecent bounds the memory: about 300 bytes for each webhook.
	maxRecent = 4096
)

// content identifies a verified body. Two entries of the secret may verify the
// same bytes. The event names the entry, and the entry's environment decides
// whether it is stored.
type content struct {
	payloadSHA256, endpoint        string
	live, sandbox, storesOtherMode bool
}

func contentOf(payloadSHA256 string, o provider.Origin) content {
	c := content{payloadSHA256: payloadSHA256, endpoint: o.Endpoint, storesOtherMode: o.StoreOtherMode}
	if o.Livemode != nil {
		c.live, c.sandbox = *o.Livemode, !*o.Livemode
	}
	return c
}

// recent remembers the webhooks that a queue has accepted from this environment.
// When it is full, it forgets the oldest. The zero value is empty.
type recent struct {
	mu    sync.Mutex
	known map[content]accepted
	order []content // by time of acceptance, a ring when it is full
	next  int       // the oldest of a full ring
}

type accepted struct {
	eventID string // "" for a body that is not an event
	at      time.Time
}

// find returns the event id of a webhook that was accepted within recentTime.
func (r *recent) find(c content, now time.Time) (eventID string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, ok := r.known[c]
	// A negative age means that the clock was set back. It counts as expired.
	age := now.Sub(a.at)
	return a.eventID, ok && 0 <= age && age < recentTime
}

// add remembers a webhook that a queue has accepted.
func (r *recent) add(c content, eventID string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil {
		r.known = map[content]accepted{}
	}
	if _, ok := r.known[c]; !ok {
		if len(r.order) < maxRecent {
			r.order = append(r.order, c)
		} else {
			delete(r.known, r.order[r.next])
			r.order[r.next] = c
			r.next = (r.next + 1) % maxRecent
		}
	}
	r.known[c] = accepted{eventID: eventID, at: now}
}
