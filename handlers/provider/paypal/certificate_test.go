package paypal_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
)

// hostsOf is a Fetch whose answers a test sets and counts.
type hostsOf struct {
	mu      sync.Mutex
	content map[string][]byte
	failure error
	asked   map[string]int
	total   int
}

func (h *hostsOf) fetch(_ context.Context, url string) ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.asked == nil {
		h.asked = map[string]int{}
	}
	h.asked[url]++
	h.total++
	if h.failure != nil {
		return nil, h.failure
	}
	return serving(h.content)(context.Background(), url)
}

// from is a signer whose certificate is at another URL.
func from(s paypal.Signer, url string) paypal.Signer {
	s.CertURL = url
	return s
}

// verifyAt verifies an empty body, signed and received at that time.
func verifyAt(t testing.TB, v provider.Verifier, s paypal.Signer, at time.Time) error {
	t.Helper()
	_, err := v.Verify(t.Context(), signed(t, s, nil, at), nil, at)
	return err
}

var shop = entry{"shop", webhookID, "live"}

// TestOneFetchForConcurrentRequests: a certificate's first use in a busy moment
// is one request to PayPal.
func TestOneFetchForConcurrentRequests(t *testing.T) {
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	url := liveCerts + "Concurrent"
	var waiting atomic.Int32
	hosts.Handle(url, func(w http.ResponseWriter, _ *http.Request) {
		for start := time.Now(); waiting.Load() < 50 && time.Since(start) < time.Second; {
			time.Sleep(time.Millisecond)
		}
		_, _ = w.Write(bundle(leaf))
	})
	v := newVerifier(t, paypal.New(paypal.NewFetcher()), nil, shop)
	h := signed(t, from(signer(leaf), url), nil, epoch)

	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			waiting.Add(1)
			_, err := v.Verify(t.Context(), h, nil, epoch)
			assert.NoError(t, err)
		})
	}
	all.Wait()
	assert.Equal(t, 1, hosts.Asked(url))
}

// TestOneCallerGivesUp: the caller who asked first may leave, and the answer
// still comes for the others.
func TestOneCallerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leaf := authority.Issue(paypaltest.LiveName, epoch)
		slow := func(ctx context.Context, _ string) ([]byte, error) {
			select {
			case <-time.After(time.Second):
				return bundle(leaf), nil
			case <-ctx.Done():
				return nil, fmt.Errorf("%w: %w", provider.CertUnreachable, ctx.Err())
			}
		}
		v := newVerifier(t, paypal.New(slow), nil, shop)
		h := signed(t, signer(leaf), nil, epoch)

		hurried, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := v.Verify(hurried, h, nil, epoch)
		assert.ErrorIs(t, err, provider.CertUnreachable)
		assert.ErrorIs(t, err, context.DeadlineExceeded)

		start := time.Now()
		_, err = v.Verify(t.Context(), h, nil, epoch)
		assert.NoError(t, err)
		assert.Equal(t, 900*time.Millisecond, time.Since(start), "it joined the look-up under way")
	})
}

// TestLookUpTime: everything that is fetched for one certificate, issuers
// included, takes two seconds at most.
func TestLookUpTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leaf := authority.Issue(paypaltest.LiveName, epoch, issuedBy(issuerOnHTTP))
		slow := func(ctx context.Context, url string) ([]byte, error) {
			if url == certURL {
				time.Sleep(1500 * time.Millisecond)
				return leaf.PEM(), nil
			}
			<-ctx.Done()
			return nil, fmt.Errorf("%w: %w", provider.CertUnreachable, ctx.Err())
		}
		start := time.Now()
		err := verifyAt(t, newVerifier(t, paypal.New(slow), nil, shop), signer(leaf), epoch)
		assert.ErrorIs(t, err, provider.CertUnreachable)
		assert.Equal(t, 2*time.Second, time.Since(start))
	})
}

// TestCertificatesAreKept: until the first of the chain expires, across new
// readings of the secret, and not when other anchors vouched for them.
func TestCertificatesAreKept(t *testing.T) {
	stranger := paypaltest.NewAuthority(epoch)
	ends := epoch.AddDate(0, 1, 0)
	leaf := stranger.Issue(paypaltest.LiveName, epoch, func(c *x509.Certificate) { c.NotAfter = ends })
	host := &hostsOf{content: map[string][]byte{certURL: append(leaf.PEM(), stranger.Intermediate.PEM()...)}}
	p := paypal.New(host.fetch)

	for _, at := range []time.Time{epoch, epoch.Add(time.Hour), ends} {
		assert.NoError(t, verifyAt(t, newVerifier(t, p, stranger.Root.PEM(), shop), signer(leaf), at))
	}
	assert.Equal(t, 1, host.total)
	err := verifyAt(t, newVerifier(t, p, stranger.Root.PEM(), shop), signer(leaf), ends.Add(time.Second))
	assert.ErrorIs(t, err, provider.CertRefused, "it was kept, and has expired")
	assert.Equal(t, 2, host.total)

	err = verifyAt(t, newVerifier(t, p, nil, shop), signer(leaf), epoch)
	assert.ErrorIs(t, err, provider.PayPalChain, "the root has been taken out of the secret")
	renewed := append(stranger.Root.PEM(), '\n')
	assert.NoError(t, verifyAt(t, newVerifier(t, p, renewed, shop), signer(leaf), epoch), "and put back: at once")
}

// TestChainEndsWithItsIntermediate: a leaf outlives no issuer.
func TestChainEndsWithItsIntermediate(t *testing.T) {
	leaf := authority.Issue(paypaltest.LiveName, epoch, func(c *x509.Certificate) { c.NotAfter = epoch.AddDate(9, 0, 0) })
	host := &hostsOf{content: map[string][]byte{certURL: bundle(leaf)}}
	v := newVerifier(t, paypal.New(host.fetch), nil, shop)
	ends := authority.Intermediate.Certificate.NotAfter

	assert.NoError(t, verifyAt(t, v, signer(leaf), ends))
	err := verifyAt(t, v, signer(leaf), ends.Add(time.Second))
	assert.ErrorIs(t, err, provider.PayPalChain)
}

// TestBadAnswersAreKept for a while that fits their kind.
func TestBadAnswersAreKept(t *testing.T) {
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	for _, tt := range []struct {
		failure error
		kept    time.Duration
	}{
		{provider.CertRefused, time.Minute},
		{provider.CertUnreachable, 10 * time.Second},
	} {
		host := &hostsOf{content: map[string][]byte{certURL: bundle(leaf)}, failure: tt.failure}
		v := newVerifier(t, paypal.New(host.fetch), nil, shop)
		require.ErrorIs(t, verifyAt(t, v, signer(leaf), epoch), tt.failure)
		host.failure = nil
		assert.ErrorIs(t, verifyAt(t, v, signer(leaf), epoch.Add(tt.kept)), tt.failure)
		assert.Equal(t, 1, host.total)
		assert.NoError(t, verifyAt(t, v, signer(leaf), epoch.Add(tt.kept+1)))
	}
}

// TestLookUpUnderWayKeepsItsPlace: who asks for a certificate that is being
// fetched waits for it, however many others came in the meantime.
func TestLookUpUnderWayKeepsItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leaf := authority.Issue(paypaltest.LiveName, epoch)
		host := &hostsOf{content: map[string][]byte{certURL: bundle(leaf)}}
		answered := make(chan struct{})
		slow := func(ctx context.Context, url string) ([]byte, error) {
			data, err := host.fetch(ctx, url)
			if url == certURL {
				<-answered
			}
			return data, err
		}
		v := newVerifier(t, paypal.New(slow), nil, shop)
		var waiting sync.WaitGroup
		ask := func(at time.Time) {
			waiting.Go(func() { assert.NoError(t, verifyAt(t, v, signer(leaf), at)) })
			synctest.Wait()
		}

		at := epoch
		ask(at)
		for n := range 100 {
			at = at.Add(7 * time.Second)
			require.ErrorIs(t, verifyAt(t, v, from(signer(leaf), fmt.Sprint(liveCerts, n)), at), provider.CertRefused)
		}
		ask(at)
		close(answered)
		waiting.Wait()
		assert.Equal(t, 1, host.asked[certURL])
	})
}

// TestMemoryIsBounded: what is used keeps its place when there are more
// certificates than places.
func TestMemoryIsBounded(t *testing.T) {
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	short := authority.Issue(paypaltest.LiveName, epoch, func(c *x509.Certificate) { c.NotAfter = epoch.AddDate(0, 5, 0) })
	host := &hostsOf{content: map[string][]byte{certURL: bundle(leaf)}}
	v := newVerifier(t, paypal.New(host.fetch), nil, shop)
	require.NoError(t, verifyAt(t, v, signer(leaf), epoch))

	const many = 200
	for n := range many {
		url := fmt.Sprint(liveCerts, n)
		host.content[url] = bundle(short)
		require.NoError(t, verifyAt(t, v, from(signer(short), url), epoch.Add(time.Duration(n)*7*time.Second)))
	}
	at := epoch.Add(many * 7 * time.Second)
	require.NoError(t, verifyAt(t, v, signer(leaf), at))
	assert.Equal(t, 1, host.asked[certURL], "the one that lasts longest stays")

	again := host.total
	for n := range many {
		url := fmt.Sprint(liveCerts, n)
		require.NoError(t, verifyAt(t, v, from(signer(short), url), at.Add(time.Duration(n)*7*time.Second)))
	}
	assert.GreaterOrEqual(t, host.total-again, many-64, "the others were forgotten")
}
