package paypal

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/paysluice/paysluice/handlers/provider"
)

const (
	// maxCertificate is how much of a response is read, in bytes. PayPal's
	// certificates have 3 KB.
	maxCertificate = 64 << 10

	// fetchTimeout bounds everything that is fetched for one certificate. The
	// processor has 9 s: up to 3 s for the secret and 3 s for the queue.
	fetchTimeout = 2 * time.Second

	// How long a failure stays cached: a refusal, and one that may be temporary.
	refusedTTL     = time.Minute
	unavailableTTL = 10 * time.Second

	// maxCached bounds the number of cached answers. PayPal uses a handful of
	// certificates.
	maxCached = 64

	// maxUnlisted is how many unlisted certificate URLs of one environment are
	// fetched within unlistedWindow. Anybody can send made-up ones. A steady
	// flood of them keeps out a genuine certificate that is not cached yet,
	// unless the secret lists it.
	maxUnlisted    = 10
	unlistedWindow = time.Minute
)

// Fetch returns the content at an https URL of PayPal or of its certificate
// authority. The error is CertRefused when the host says that there is nothing,
// CertUnreachable for everything else.
type Fetch func(ctx context.Context, url string) ([]byte, error)

// NewFetcher returns a Fetch over HTTPS. It follows no redirect, uses the proxy
// in HTTPS_PROXY and trusts the system's roots. The context bounds its time.
func NewFetcher() Fetch {
	client := &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			MaxResponseHeaderBytes: maxCertificate,
			// The next fetch is weeks away.
			DisableKeepAlives: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return func(ctx context.Context, url string) ([]byte, error) { return get(ctx, client, url) }
}

// get keeps the URL out of its errors, because they are logged and the URL came
// in a header.
func get(ctx context.Context, client *http.Client, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: not a URL", provider.CertRefused)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", provider.CertUnreachable, errors.Unwrap(err)) // without the *url.Error
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusGone:
		return nil, fmt.Errorf("%w: status %d", provider.CertRefused, response.StatusCode)
	default:
		// PayPal's hosts answer 403 and 429 to servers that they limit, also for a
		// certificate that exists (shopware5/SwagPaymentPayPalUnified#53,
		// cubecart/v6#3292).
		return nil, fmt.Errorf("%w: status %d", provider.CertUnreachable, response.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxCertificate+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", provider.CertUnreachable, err)
	}
	if len(data) > maxCertificate {
		return nil, fmt.Errorf("%w: more than %d bytes", provider.CertUnreachable, maxCertificate)
	}
	return data, nil
}

// A source says where a certificate is and what it must chain to.
type source struct {
	url         string
	environment environment // of url
	listed      bool        // in the secret's certUrls
	extra       caBundle
}

// A keyCache caches the public keys of certificates, and failures to get them.
// Concurrent requests for one certificate share one fetch.
type keyCache struct {
	fetch Fetch

	mu       sync.Mutex
	entries  map[cacheKey]*cacheEntry
	unlisted map[string]*rateLimit // by environment name
}

// A cacheKey includes the extra CA bundle, so that a key is forgotten when the
// root that it was verified with is removed from the secret.
type cacheKey struct {
	url   string
	extra [sha256.Size]byte
}

type cacheEntry struct {
	started time.Time     // of the fetch
	done    chan struct{} // closed when the fields below are set
	key     *rsa.PublicKey
	err     error
	expires time.Time // zero while the fetch is under way

	// verified reports whether the URL had a valid certificate before.
	verified bool
}

// usable reports whether an entry's answer holds or is under way. An entry of the
// future means that the clock was set back. It counts as expired.
func (e *cacheEntry) usable(now time.Time) bool {
	return e.expires.IsZero() || !now.Before(e.started) && !now.After(e.expires)
}

func newKeyCache(fetch Fetch) *keyCache {
	c := &keyCache{fetch: fetch, entries: map[cacheKey]*cacheEntry{}, unlisted: map[string]*rateLimit{}}
	for _, e := range environments() {
		c.unlisted[e.name] = &rateLimit{}
	}
	return c
}

// get returns the public key of a certificate. The error is CertRefused,
// CertLimited, CertUnreachable, PayPalChain or PayPalChainUnlisted.
func (c *keyCache) get(ctx context.Context, s source, now time.Time) (*rsa.PublicKey, error) {
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

// entry returns the cached entry, or starts a fetch and returns its entry.
func (c *keyCache) entry(ctx context.Context, s source, now time.Time) (*cacheEntry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()

	key := cacheKey{s.url, s.extra.sum}
	old := c.entries[key]
	if old != nil && old.usable(now) {
		return old, nil
	}
	if !s.listed && !c.unlisted[s.environment.name].allow(now) {
		return nil, fmt.Errorf("%w: more than %d unlisted ones of the %s environment within %v",
			provider.CertLimited, maxUnlisted, s.environment.name, unlistedWindow)
	}
	c.evict()
	e := &cacheEntry{started: now, done: make(chan struct{}), verified: old != nil && (old.verified || old.key != nil)}
	c.entries[key] = e
	// Other callers wait for the answer too, so it outlives this one's context.
	go c.fill(context.WithoutCancel(ctx), e, s, now)
	return e, nil
}

func (c *keyCache) fill(ctx context.Context, e *cacheEntry, s source, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	key, expires, err := fetchKey(ctx, c.fetch, s, e.verified, now)
	switch {
	case err == nil:
	case provider.ReasonOf(err) == provider.CertRefused:
		expires = now.Add(refusedTTL)
	default:
		expires = now.Add(unavailableTTL)
	}

	c.mu.Lock()
	e.key, e.err, e.expires = key, err, expires
	c.mu.Unlock()
	close(e.done)
}

// fetchKey fetches and checks a certificate. It returns its key and the time at
// which the first certificate of its chain expires.
//
// Only two findings are the sender's fault, CertRefused: there is nothing at a URL
// that is neither listed nor verified before, or the certificate there cannot have
// signed. All else can happen to a genuine webhook, which PayPal must send again. A
// genuine URL has answered with something that is no certificate
// (paypal/PayPal-Python-SDK#130).
func fetchKey(ctx context.Context, fetch Fetch, s source, verified bool, now time.Time) (*rsa.PublicKey, time.Time, error) {
	data, err := fetch(ctx, s.url)
	if errors.Is(err, provider.CertRefused) && (s.listed || verified) {
		err = fmt.Errorf("%w: it was there before: %v", provider.CertUnreachable, err)
	}
	if err != nil {
		return nil, time.Time{}, err
	}
	served, err := parseCertificates(data)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("%w: not a certificate", provider.CertUnreachable)
	}
	key, err := checkLeaf(served[0], s.environment, now)
	if err != nil {
		return nil, time.Time{}, err
	}
	expires, err := checkChain(ctx, fetch, served, s, now)
	if err != nil {
		return nil, time.Time{}, err
	}
	return key, expires, nil
}

// evict makes room for one entry by removing the one that expires first.
// Failures expire within refusedTTL, so made-up URLs do not displace the
// certificates in use.
func (c *keyCache) evict() {
	if len(c.entries) < maxCached {
		return
	}
	var first cacheKey
	for key, e := range c.entries {
		if !e.expires.IsZero() && (first.url == "" || e.expires.Before(c.entries[first].expires)) {
			first = key
		}
	}
	delete(c.entries, first)
}

// A rateLimit allows maxUnlisted events within a sliding unlistedWindow.
type rateLimit struct {
	times [maxUnlisted]time.Time
	next  int
}

func (l *rateLimit) allow(now time.Time) bool {
	// A negative age means that the clock was set back. It counts as expired.
	if age := now.Sub(l.times[l.next]); 0 <= age && age < unlistedWindow {
		return false
	}
	l.times[l.next] = now
	l.next = (l.next + 1) % maxUnlisted
	return true
}
