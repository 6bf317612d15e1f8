package paypal_test

import (
	"crypto/x509"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
)

// A flood makes Lambda start many instances. Together they fetch no more than one.
func TestFloodOverManyInstances(t *testing.T) {
	const instances, minutes = 100, 3
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	host, shared := &memoryHost{content: map[string][]byte{certURL: bundle(leaf)}}, &paypaltest.Store{}
	instance := func() provider.Verifier { return newVerifier(t, paypal.New(host.fetch, shared), nil, shop) }
	require.NoError(t, verify(t, instance(), signer(leaf), epoch))

	flooded := make([]provider.Verifier, instances)
	for n := range flooded {
		flooded[n] = instance()
	}
	sent := signed(signer(leaf), nil, epoch)
	for second := range minutes * 60 {
		now := epoch.Add(time.Duration(second) * time.Second)
		for n, v := range flooded {
			_, err := v.Verify(t.Context(), sent.With(certURLHeader, fmt.Sprintf("%s%d-%d", liveCerts, n, second)), nil, now)
			assert.Contains(t, []provider.Reason{provider.CertRefused, provider.CertLimited}, provider.ReasonOf(err))
		}
	}

	assert.Equal(t, minutes*10, host.total, "ten a minute for the stack, the genuine one included")
	assert.LessOrEqual(t, shared.Creates(), 2+instances*minutes*10, "an instance asks for each permit once")
	now := epoch.Add(minutes * time.Minute)
	for n := range 10 { // the flood goes on
		require.Error(t, verify(t, flooded[n], at(fmt.Sprint(liveCerts, "X", n), signer(leaf)), now))
	}
	assert.NoError(t, verify(t, instance(), signer(leaf), now), "a new instance reads the genuine certificate from the store")
	assert.Equal(t, 1, host.requests[certURL])
}

// A chain with an issuer that was fetched is complete in the store.
func TestCertificateIsFetchedOnceForTheStack(t *testing.T) {
	issuer := digicert + "Intermediate.crt"
	leaf := authority.Issue(paypaltest.LiveName, epoch, issuedBy(issuer))
	host := &memoryHost{content: map[string][]byte{certURL: leaf.PEM(), issuer: authority.Intermediate.Certificate.Raw}}
	shared := &paypaltest.Store{}
	for range 5 {
		assert.NoError(t, verify(t, newVerifier(t, paypal.New(host.fetch, shared), nil, shop), signer(leaf), epoch))
	}
	assert.Equal(t, map[string]int{certURL: 1, issuer: 1}, host.requests)

	shared.Plant(leaf.Certificate.Raw) // without its issuer, which the name in it would lead to
	assert.NoError(t, verify(t, newVerifier(t, paypal.New(host.fetch, shared), nil, shop), signer(leaf), epoch))
	assert.Equal(t, map[string]int{certURL: 2, issuer: 2}, host.requests, "a certificate that is not complete is fetched, with a permit")
}

// Whoever can write to the store cannot make a certificate trusted. What it holds is
// worth no more than an answer of PayPal's host.
func TestSharedCertificateIsChecked(t *testing.T) {
	stranger := paypaltest.NewAuthority(epoch)
	genuine := authority.Issue(paypaltest.LiveName, epoch)
	key := stranger.Issue(paypaltest.LiveName, epoch).Key // an authority has one for all its certificates
	expired := func(c *x509.Certificate) { c.NotAfter = epoch.Add(-time.Second) }
	for why, planted := range map[string]paypaltest.Issued{
		"another authority's, with its root": stranger.Issue(paypaltest.LiveName, epoch),
		"another host's":                     authority.IssueFor(key, "api.paypal.com", epoch),
		"the sandbox's":                      authority.IssueFor(key, paypaltest.SandboxName, epoch),
		"expired":                            authority.IssueFor(key, paypaltest.LiveName, epoch, expired),
	} {
		shared := &paypaltest.Store{}
		require.NoError(t, verify(t, newVerifier(t, paypal.New(serving(map[string][]byte{certURL: bundle(genuine)}), shared), nil, shop), signer(genuine), epoch))
		shared.Plant(slices.Concat(planted.Certificate.Raw, authority.Intermediate.Certificate.Raw,
			stranger.Intermediate.Certificate.Raw, stranger.Root.Certificate.Raw))
		p := paypal.New(serving(map[string][]byte{certURL: bundle(genuine)}), shared)
		assert.ErrorIs(t, verify(t, newVerifier(t, p, nil, shop), signer(planted), epoch), provider.SignatureMismatch, why)
		assert.NoError(t, verify(t, newVerifier(t, p, nil, shop), signer(genuine), epoch), "%s: the genuine one is fetched", why)
	}
}

// TestSharedCertificateNeedsItsRoot: a certificate that one instance verified with a
// root of the secret is not trusted by an instance without it.
func TestSharedCertificateNeedsItsRoot(t *testing.T) {
	stranger, shared := paypaltest.NewAuthority(epoch), &paypaltest.Store{}
	leaf := stranger.Issue(paypaltest.LiveName, epoch)
	fetch := serving(map[string][]byte{certURL: append(leaf.PEM(), stranger.Intermediate.PEM()...)})
	require.NoError(t, verify(t, newVerifier(t, paypal.New(fetch, shared), stranger.Root.PEM(), shop), signer(leaf), epoch))
	assert.ErrorIs(t, verify(t, newVerifier(t, paypal.New(fetch, shared), nil, shop), signer(leaf), epoch), provider.PayPalChain)
}

// Without the store, nothing that a stranger names is fetched. What the operator
// listed is.
func TestStoreIsDown(t *testing.T) {
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	for _, listed := range []bool{false, true} {
		host := &memoryHost{content: map[string][]byte{certURL: bundle(leaf)}}
		members := map[string]any{"webhooks": []entry{shop}}
		if listed {
			members["certUrls"] = []string{certURL}
		}
		err := verify(t, verifierOf(t, paypal.New(host.fetch, &paypaltest.Store{Down: true}), members), signer(leaf), epoch)
		if listed {
			assert.NoError(t, err)
		} else {
			assert.ErrorIs(t, err, provider.CertLimited)
			assert.Zero(t, host.total)
		}
	}
}

// A tool without a stack has no store. It is limited too.
func TestWithoutAStore(t *testing.T) {
	host := &memoryHost{}
	v := newVerifier(t, paypal.New(host.fetch, nil), nil, shop)
	for n := range 11 {
		want := provider.CertRefused
		if n == 10 {
			want = provider.CertLimited
		}
		require.ErrorIs(t, verify(t, v, at(fmt.Sprint(liveCerts, n), signer(authority.Issue(paypaltest.LiveName, epoch))), epoch), want)
	}
	assert.Equal(t, 10, host.total)
}
