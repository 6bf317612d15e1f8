package paypal

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
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

	// refusedTTL is how long a refusal stays cached.
	refusedTTL = time.Minute
	// unavailableTTL is how long a failure stays cached that may be temporary.
	unavailableTTL = 10 * time.Second

	// maxCached bounds the number of cached answers. PayPal uses a handful of
	// certificates.
	maxCached = 64
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
	fetch  Fetch
	shared *shared

	mu      sync.Mutex
	entries map[cacheKey]*cacheEntry
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

func newKeyCache(fetch Fetch, store Store) *keyCache {
	return &keyCache{fetch: fetch, shared: newShared(store), entries: map[cacheKey]*cacheEntry{}}
}

// get returns the public key of a certificate. The error is CertRefused,
// CertLimited, CertUnreachable, PayPalChain or an untrustedError.
func (c *keyCache) get(ctx context.Context, s source, now time.Time) (*rsa.PublicKey, error) {
	e := c.entry(ctx, s, now)
	select {
	case <-e.done:
		return e.key, e.err
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", provider.CertUnreachable, ctx.Err())
	}
}

// entry returns the cached entry, or starts a fetch and returns its entry.
func (c *keyCache) entry(ctx context.Context, s source, now time.Time) *cacheEntry {
	c.mu.Lock()
	defer c.mu.Unlock()

	key := cacheKey{s.url, s.extra.sum}
	old := c.entries[key]
	if old != nil && old.usable(now) {
		return old
	}
	c.evict()
	e := &cacheEntry{started: now, done: make(chan struct{}), verified: old != nil && (old.verified || old.key != nil)}
	c.entries[key] = e
	// Other callers wait for the answer too, so it outlives this one's context.
	go c.fill(context.WithoutCancel(ctx), e, s, now)
	return e
}

func (c *keyCache) fill(ctx context.Context, e *cacheEntry, s source, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	key, expires, err := c.find(ctx, s, e.verified, now)
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

// find returns the key of a certificate that the stack shares, or else fetches the
// certificate and shares it. It also returns the time at which the first certificate
// of the chain expires.
//
// A shared certificate is checked as a fetched one is: writing to the store does not
// make a certificate trusted.
func (c *keyCache) find(ctx context.Context, s source, verified bool, now time.Time) (*rsa.PublicKey, time.Time, error) {
	if data := c.shared.certificate(ctx, s.url); data != nil {
		if k, err := checkCertificate(ctx, nothing, data, s, now); err == nil {
			return k.key, k.expires, nil
		}
	}
	k, err := c.fetchCertificate(ctx, s, verified, now)
	if err != nil {
		return nil, time.Time{}, err
	}
	c.shared.keep(ctx, s.url, k.served)
	return k.key, k.expires, nil
}

// fetchCertificate fetches and checks a certificate, with a permit unless it is listed.
func (c *keyCache) fetchCertificate(ctx context.Context, s source, verified bool, now time.Time) (checkedKey, error) {
	if !s.listed && !c.shared.mayFetch(ctx, s.environment, now) {
		return checkedKey{}, fmt.Errorf("%w: the stack fetches at most %d unknown ones of the %s environment in a minute",
			provider.CertLimited, maxUnlisted, s.environment.name)
	}
	data, err := c.fetch(ctx, s.url)
	if errors.Is(err, provider.CertRefused) && (s.listed || verified) {
		err = fmt.Errorf("%w: it was there before: %v", provider.CertUnreachable, err)
	}
	if err != nil {
		return checkedKey{}, err
	}
	return checkCertificate(ctx, c.fetch, data, s, now)
}

// nothing is a Fetch for chains that are complete.
func nothing(context.Context, string) ([]byte, error) { return nil, provider.CertRefused }

// A checkedKey is the key of a certificate with a trusted chain.
type checkedKey struct {
	key     *rsa.PublicKey
	expires time.Time           // of the first certificate of the chain that expires
	served  []*x509.Certificate // by PayPal's host and the issuer's, leaf first
}

// checkCertificate checks the content of a source and fetches missing issuers.
//
// Only two findings are the sender's fault, CertRefused: there is nothing at a URL
// that is neither listed nor verified before, or the certificate there cannot have
// signed. All else can happen to a genuine webhook, which PayPal must send again. A
// genuine URL has answered with something that is no certificate
// (paypal/PayPal-Python-SDK#130).
func checkCertificate(ctx context.Context, fetch Fetch, data []byte, s source, now time.Time) (checkedKey, error) {
	served, err := parseCertificates(data)
	if err != nil {
		return checkedKey{}, fmt.Errorf("%w: not a certificate", provider.CertUnreachable)
	}
	key, err := checkLeaf(served[0], s.environment, now)
	if err != nil {
		return checkedKey{}, err
	}
	expires, issuers, err := checkChain(ctx, fetch, served, s, now)
	if err != nil {
		return checkedKey{}, err
	}
	return checkedKey{key, expires, append(served, issuers...)}, nil
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
