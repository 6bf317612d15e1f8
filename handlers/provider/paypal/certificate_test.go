package paypal_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
)

func TestFetch(t *testing.T) {
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	good := bundle(leaf)
	hosts.Serve("https://example.net/cert", good)
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://example.net/cert")
			w.WriteHeader(code)
			_, _ = w.Write(good)
		}
	}

	for _, tt := range []struct {
		why      string
		response http.HandlerFunc
		want     error
	}{
		{"PEM", content(good), nil},
		{"DER", content(append(leaf.Certificate.Raw, authority.Intermediate.Certificate.Raw...)), nil},
		{"not found", status(http.StatusNotFound), provider.CertRefused},
		{"gone", status(http.StatusGone), provider.CertRefused},
		{"redirect to the certificate", status(http.StatusFound), provider.CertUnreachable},
		{"moved for good", status(http.StatusMovedPermanently), provider.CertUnreachable},
		{"unauthorized", status(http.StatusUnauthorized), provider.CertUnreachable},
		{"forbidden, as PayPal's API answers servers", status(http.StatusForbidden), provider.CertUnreachable},
		{"bad request", status(http.StatusBadRequest), provider.CertUnreachable},
		{"too many requests", status(http.StatusTooManyRequests), provider.CertUnreachable},
		{"another success", status(http.StatusAccepted), provider.CertUnreachable},
		{"internal error", status(http.StatusInternalServerError), provider.CertUnreachable},
		{"empty", content(nil), provider.CertUnreachable},
		{"page, as a genuine URL served once", content([]byte("<html>not found</html>")), provider.CertUnreachable},
		{"PEM of a key", content([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")), provider.CertUnreachable},
		{"truncated", content(good[:len(good)/4]), provider.CertUnreachable},
		{"4 MB after the certificate", content(append(good, make([]byte, 4<<20)...)), provider.CertUnreachable},
		{"1 MB of headers", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Padding", strings.Repeat("x", 1<<20))
			_, _ = w.Write(good)
		}, provider.CertUnreachable},
		{"connection breaks", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "3000")
			_, _ = w.Write(good[:100])
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, provider.CertUnreachable},
		{"no response", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, provider.CertUnreachable},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			for _, listed := range []bool{false, true} {
				want := tt.want
				if want != nil && listed {
					want = provider.CertUnreachable // the operator vouches for the URL
				}
				err := verifyServed(t, leaf, tt.response, nil, listed)
				if want == nil {
					assert.NoError(t, err)
				} else {
					assert.ErrorIs(t, err, want, "listed: %v", listed)
				}
			}
		})
	}
}

// TestMissingCertificateThatWasThere: PayPal's host answers 404 for a while for a
// certificate that this environment has verified before.
func TestMissingCertificateThatWasThere(t *testing.T) {
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	host := &memoryHost{content: map[string][]byte{certURL: bundle(leaf)}}
	v := newVerifier(t, newProvider(host.fetch), nil, shop)
	require.NoError(t, verify(t, v, signer(leaf), epoch))

	expired := authority.Intermediate.Certificate.NotAfter
	delete(host.content, certURL)
	for n := range 3 {
		now := expired.Add(time.Duration(n+1) * time.Minute)
		assert.ErrorIs(t, verify(t, v, signer(leaf), now), provider.CertUnreachable, "attempt %d", n)
	}
	assert.Equal(t, 4, host.total)
	assert.ErrorIs(t, verify(t, v, at(liveCerts+"NEVER", signer(leaf)), epoch), provider.CertRefused)
}

func TestFetchAuthenticatesTheHost(t *testing.T) {
	impostor := paypaltest.NewHosts(paypaltest.NewAuthority(epoch))
	defer impostor.Close()
	_, err := paypal.NewFetcher()(t.Context(), strings.Replace(impostor.ServerURL(), "127.0.0.1", "localhost", 1))
	assert.ErrorIs(t, err, provider.CertUnreachable)
	assert.ErrorContains(t, err, "unknown authority")

	_, err = paypal.NewFetcher()(t.Context(), "https://\x7f")
	assert.ErrorIs(t, err, provider.CertRefused, "not a URL")
}

// TestConcurrentRequestsShareOneFetch: the fetch goes on for the others when the
// request that started it times out.
func TestConcurrentRequestsShareOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leaf := authority.Issue(paypaltest.LiveName, epoch)
		host := &memoryHost{content: map[string][]byte{certURL: bundle(leaf)}}
		v := newVerifier(t, newProvider(func(ctx context.Context, url string) ([]byte, error) {
			time.Sleep(time.Second)
			require.NoError(t, ctx.Err())
			return host.fetch(ctx, url)
		}), nil, shop)
		h := signed(signer(leaf), nil, epoch)
		start := time.Now()

		hurried, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := v.Verify(hurried, h, nil, epoch)
		assert.ErrorIs(t, err, provider.CertUnreachable)
		assert.ErrorIs(t, err, context.DeadlineExceeded)

		var others sync.WaitGroup
		for range 50 {
			others.Go(func() {
				_, err := v.Verify(t.Context(), h, nil, epoch)
				assert.NoError(t, err)
			})
		}
		others.Wait()
		assert.Equal(t, time.Second, time.Since(start))
		assert.Equal(t, 1, host.total)
	})
}

// TestFetchTimeout covers the certificate and its issuers together.
func TestFetchTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leaf := authority.Issue(paypaltest.LiveName, epoch, issuedBy(digicert+"Slow.crt"))
		slow := func(ctx context.Context, url string) ([]byte, error) {
			if url == certURL {
				time.Sleep(1500 * time.Millisecond)
				return leaf.PEM(), nil
			}
			<-ctx.Done()
			return nil, fmt.Errorf("%w: %w", provider.CertUnreachable, ctx.Err())
		}
		start := time.Now()
		err := verify(t, newVerifier(t, newProvider(slow), nil, shop), signer(leaf), epoch)
		assert.ErrorIs(t, err, provider.CertUnreachable)
		assert.Equal(t, 2*time.Second, time.Since(start))
	})
}

func TestKeyIsCachedWhileItsChainIsValid(t *testing.T) {
	for _, tt := range []struct {
		why     string
		expires time.Time // of the leaf
		cached  time.Time // until
		after   error
	}{
		{"leaf expires first", epoch.AddDate(0, 1, 0), epoch.AddDate(0, 1, 0), provider.CertRefused},
		{"intermediate expires first", epoch.AddDate(9, 0, 0), authority.Intermediate.Certificate.NotAfter, provider.PayPalChain},
	} {
		leaf := authority.Issue(paypaltest.LiveName, epoch, func(c *x509.Certificate) { c.NotAfter = tt.expires })
		host := &memoryHost{content: map[string][]byte{certURL: bundle(leaf)}}
		p := newProvider(host.fetch)
		for _, now := range []time.Time{epoch, tt.cached} {
			v := newVerifier(t, p, nil, shop) // each reading of the secret makes a verifier
			assert.NoError(t, verify(t, v, signer(leaf), now), tt.why)
		}
		assert.Equal(t, 1, host.total, tt.why)
		err := verify(t, newVerifier(t, p, nil, shop), signer(leaf), tt.cached.Add(time.Second))
		assert.ErrorIs(t, err, tt.after, tt.why)
	}
}

func TestKeyIsForgottenWithItsExtraRoot(t *testing.T) {
	stranger := paypaltest.NewAuthority(epoch)
	leaf := stranger.Issue(paypaltest.LiveName, epoch)
	p := newProvider(serving(map[string][]byte{certURL: append(leaf.PEM(), stranger.Intermediate.PEM()...)}))

	assert.NoError(t, verify(t, newVerifier(t, p, stranger.Root.PEM(), shop), signer(leaf), epoch))
	for _, roots := range [][]byte{nil, authority.Root.PEM()} {
		assert.ErrorIs(t, verify(t, newVerifier(t, p, roots, shop), signer(leaf), epoch), provider.PayPalChain)
	}
}

func TestFailuresAreCached(t *testing.T) {
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	for failure, ttl := range map[error]time.Duration{
		provider.CertRefused:     time.Minute,
		provider.CertUnreachable: 10 * time.Second,
	} {
		host := &memoryHost{content: map[string][]byte{certURL: bundle(leaf)}, failure: failure}
		v := newVerifier(t, newProvider(host.fetch), nil, shop)
		require.ErrorIs(t, verify(t, v, signer(leaf), epoch), failure)
		host.failure = nil
		assert.ErrorIs(t, verify(t, v, signer(leaf), epoch.Add(ttl)), failure)
		assert.NoError(t, verify(t, v, signer(leaf), epoch.Add(ttl+1)))
	}
}

// TestEviction fetches more certificates than the cache holds, seven seconds
// apart to stay below the limit on unlisted ones.
func TestEviction(t *testing.T) {
	const many, step = 200, 7 * time.Second
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	short := authority.Issue(paypaltest.LiveName, epoch, func(c *x509.Certificate) { c.NotAfter = epoch.AddDate(0, 5, 0) })
	host := &memoryHost{content: map[string][]byte{certURL: bundle(leaf)}}
	v := newVerifier(t, newProvider(host.fetch), nil, shop)
	require.NoError(t, verify(t, v, signer(leaf), epoch))
	now := epoch
	fetchMany := func() {
		for n := range many {
			now = now.Add(step)
			url := fmt.Sprint(liveCerts, n)
			host.content[url] = bundle(short)
			require.NoError(t, verify(t, v, at(url, signer(short)), now))
		}
	}

	fetchMany()
	require.NoError(t, verify(t, v, signer(leaf), now))
	assert.Equal(t, 1, host.requests[certURL], "the entry that expires last stays")
	before := host.total
	fetchMany()
	assert.GreaterOrEqual(t, host.total-before, many-64, "64 entries are kept")
}

// TestFetchUnderWayIsNotEvicted: a later request waits for it.
func TestFetchUnderWayIsNotEvicted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leaf := authority.Issue(paypaltest.LiveName, epoch)
		host := &memoryHost{content: map[string][]byte{certURL: bundle(leaf)}}
		answer := make(chan struct{})
		v := newVerifier(t, newProvider(func(ctx context.Context, url string) ([]byte, error) {
			if url == certURL {
				<-answer
			}
			return host.fetch(ctx, url)
		}), nil, shop)
		var waiting sync.WaitGroup
		request := func(now time.Time) {
			waiting.Go(func() { assert.NoError(t, verify(t, v, signer(leaf), now)) })
			synctest.Wait()
		}

		now := epoch
		request(now)
		for n := range 100 {
			now = now.Add(7 * time.Second)
			require.ErrorIs(t, verify(t, v, at(fmt.Sprint(liveCerts, n), signer(leaf)), now), provider.CertRefused)
		}
		request(now)
		close(answer)
		waiting.Wait()
		assert.Equal(t, 1, host.requests[certURL])
	})
}

// TestFloodOfUnlistedCertificates sends one made-up name a second for five
// minutes. They cause few fetches, page nobody and do not affect a cached
// certificate or the other environment.
func TestFloodOfUnlistedCertificates(t *testing.T) {
	live := authority.Issue(paypaltest.LiveName, epoch)
	sandbox := authority.Issue(paypaltest.SandboxName, epoch)
	host := &memoryHost{content: map[string][]byte{certURL: bundle(live), sandboxCerts + "CERT": bundle(sandbox)}}
	v := newVerifier(t, newProvider(host.fetch), nil, shop, entry{"test", webhookID, "sandbox"})
	require.NoError(t, verify(t, v, signer(live), epoch))

	reasons := map[provider.Reason]int{}
	for n := range 300 {
		now := epoch.Add(time.Duration(n) * time.Second)
		err := verify(t, v, at(fmt.Sprint(liveCerts, n), signer(live)), now)
		reasons[provider.ReasonOf(err)]++
		switch n {
		case 10:
			require.ErrorIs(t, err, provider.CertLimited)
			assert.NoError(t, verify(t, v, at(sandboxCerts+"CERT", signer(sandbox)), now), "the other environment has its own limit")
		case 299:
			assert.NoError(t, verify(t, v, signer(live), now), "the cached certificate")
		}
	}
	assert.Equal(t, map[provider.Reason]int{
		provider.CertRefused: 49, // ten a minute, of which one was the genuine certificate
		provider.CertLimited: 251,
	}, reasons)
	assert.Equal(t, 51, host.total)
}

// TestFloodBeforeTheFirstCertificate: one made-up name a second uses up the limit
// before the genuine certificate is fetched, unless the secret lists it.
func TestFloodBeforeTheFirstCertificate(t *testing.T) {
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	for _, tt := range []struct {
		why      string
		certURLs []string
		want     error
	}{
		{"nothing listed", nil, provider.CertLimited},
		{"another one listed", []string{liveCerts + "CERT-OTHER"}, provider.CertLimited},
		{"listed", []string{liveCerts + "CERT-OTHER", certURL}, nil},
	} {
		t.Run(tt.why, func(t *testing.T) {
			host := &memoryHost{content: map[string][]byte{certURL: bundle(leaf)}}
			v := verifierOf(t, newProvider(host.fetch), map[string]any{"webhooks": []entry{shop}, "certUrls": tt.certURLs})
			for second := range 60 {
				now := epoch.Add(time.Duration(second) * time.Second)
				require.Error(t, verify(t, v, at(fmt.Sprint(liveCerts, second), signer(leaf)), now))
				if second >= 9 {
					require.ErrorIs(t, verify(t, v, signer(leaf), now), tt.want, "after %d s", second)
				}
			}
			assert.Equal(t, 10, host.total-host.requests[certURL], "the others stay limited")
		})
	}
}

// TestCacheAfterTheClockWasSetBack: an answer is not used for longer than its time,
// whatever the clock says.
func TestCacheAfterTheClockWasSetBack(t *testing.T) {
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	for _, failure := range []error{nil, provider.CertRefused, provider.CertUnreachable} {
		host := &memoryHost{content: map[string][]byte{certURL: bundle(leaf)}, failure: failure}
		v := newVerifier(t, newProvider(host.fetch), nil, shop)
		require.ErrorIs(t, verify(t, v, signer(leaf), epoch.Add(time.Hour)), failure)
		requests := host.requests[certURL]
		host.failure = nil
		assert.NoError(t, verify(t, v, signer(leaf), epoch))
		assert.Equal(t, requests+1, host.requests[certURL], "%v is fetched again", failure)
	}
}

func TestLimitAfterTheClockWasSetBack(t *testing.T) {
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	v := newVerifier(t, newProvider(serving(map[string][]byte{certURL: bundle(leaf)})), nil, shop)
	for n := range 10 {
		require.ErrorIs(t, verify(t, v, at(fmt.Sprint(liveCerts, n), signer(leaf)), epoch), provider.CertRefused)
	}
	require.ErrorIs(t, verify(t, v, signer(leaf), epoch), provider.CertLimited)
	assert.NoError(t, verify(t, v, signer(leaf), epoch.Add(-time.Hour)))
}
