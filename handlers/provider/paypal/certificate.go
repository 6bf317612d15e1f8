package paypal

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"github.com/paysluice/paysluice/handlers/provider"
)

// Fetch gets what is at an https URL of PayPal's or its authority's. The error
// is CertRefused when the host's answer is none or cannot be a certificate,
// CertUnreachable when there was no answer of the host's own.
type Fetch func(ctx context.Context, url string) ([]byte, error)

const (
	// lookUpTime bounds all that is fetched for one certificate. Beside it, the
	// processor has 3 s for the secret and 3 s for the queue in its 9 s.
	lookUpTime = 2 * time.Second

	// How long a bad answer stands: what PayPal refuses, and what may be over
	// in a moment.
	refusedFor     = time.Minute
	unavailableFor = 10 * time.Second

	// maxEntries bounds the memory that certificates take. PayPal uses a
	// handful of them.
	maxEntries = 64
)

// source is where a certificate comes from and what it must lead to.
type source struct {
	url         string
	environment environment // of url
	listed      bool        // by the operator: not one that a stranger made up
	extra       anchors
}

// certificates remembers the keys behind certificate URLs. It is safe for
// concurrent use: several requests for one URL wait for one look-up.
type certificates struct {
	fetch Fetch

	mu      sync.Mutex
	entries map[entryKey]*entry
	unknown map[string]*limit // by environment name
}

// entryKey separates what was verified with other anchors: a key must not
// outlive the root that vouched for it.
type entryKey struct {
	url     string
	anchors [sha256.Size]byte
}

// entry is the answer to a look-up.
type entry struct {
	done  chan struct{} // closed once the answer stands
	key   *rsa.PublicKey
	err   error
	until time.Time // the answer's last moment; zero before it stands
}

func newCertificates(fetch Fetch) *certificates {
	return &certificates{
		fetch:   fetch,
		entries: make(map[entryKey]*entry),
		unknown: map[string]*limit{live().name: {}, sandbox().name: {}},
	}
}

// key is the public key of the certificate at a source. The error is
// CertRefused, CertLimited, CertUnreachable or PayPalChain.
func (c *certificates) key(ctx context.Context, s source, now time.Time) (*rsa.PublicKey, error) {
	e, err := c.entry(ctx, s, now)
	if err != nil {
		return nil, err
	}
	select {
	case <-e.done:
		return e.key, e.err
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", provider.CertUnreachable, ctx.Err())
	}
}

// entry finds the answer, or has it looked up.
func (c *certificates) entry(ctx context.Context, s source, now time.Time) (*entry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()

	at := entryKey{s.url, s.extra.sum}
	if e := c.entries[at]; e != nil && (e.until.IsZero() || !now.After(e.until)) {
		return e, nil
	}
	if !s.listed && !c.unknown[s.environment.name].allow(now) {
		return nil, fmt.Errorf("%w: more than %d unknown ones of the %s environment within %v",
			provider.CertLimited, limitCount, s.environment.name, limitTime)
	}
	c.makeRoom()
	e := &entry{done: make(chan struct{})}
	c.entries[at] = e
	// The answer is not only for the caller who happened to ask first.
	go c.fill(context.WithoutCancel(ctx), e, s, now)
	return e, nil
}

func (c *certificates) fill(ctx context.Context, e *entry, s source, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, lookUpTime)
	defer cancel()
	key, until, err := c.lookUp(ctx, s, now)
	switch {
	case err == nil:
	case provider.ReasonOf(err) == provider.CertRefused:
		until = now.Add(refusedFor)
	default:
		until = now.Add(unavailableFor)
	}

	c.mu.Lock()
	e.key, e.err, e.until = key, err, until
	c.mu.Unlock()
	close(e.done)
}

func (c *certificates) lookUp(ctx context.Context, s source, now time.Time) (*rsa.PublicKey, time.Time, error) {
	data, err := c.fetch(ctx, s.url)
	if err != nil {
		return nil, time.Time{}, err
	}
	served, err := parseCertificates(data)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("%w: not a certificate", provider.CertRefused)
	}
	key, err := signingKey(served[0], s.environment, now)
	if err != nil {
		return nil, time.Time{}, err
	}
	until, err := c.trust(ctx, served, s, now)
	if err != nil {
		return nil, time.Time{}, err
	}
	return key, until, nil
}

// makeRoom forgets the answer that ends first. Refusals end within a minute,
// so strangers cannot push out the certificates that are in use.
func (c *certificates) makeRoom() {
	if len(c.entries) < maxEntries {
		return
	}
	var first entryKey
	for at, e := range c.entries {
		if !e.until.IsZero() && (first.url == "" || e.until.Before(c.entries[first].until)) {
			first = at
		}
	}
	delete(c.entries, first)
}

// What strangers can make an environment of PayPal be asked for: a window that
// slides. Who comes first is served, so a steady flood of made-up names keeps
// out a certificate that is not remembered yet, unless the secret lists it.
const (
	limitCount = 10
	limitTime  = time.Minute
)

// limit allows limitCount times within limitTime.
type limit struct {
	times [limitCount]time.Time
	next  int
}

func (l *limit) allow(now time.Time) bool {
	// A clock that was set back must not close the window for as long.
	if since := now.Sub(l.times[l.next]); 0 <= since && since < limitTime {
		return false
	}
	l.times[l.next] = now
	l.next = (l.next + 1) % limitCount
	return true
}
