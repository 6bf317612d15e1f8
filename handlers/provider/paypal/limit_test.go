package paypal_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
	"github.com/paysluice/paysluice/test/header"
)

// TestFloodOfUnknownCertificates: a stranger who makes up names makes few
// requests to PayPal, fills no memory, pages nobody, and does not disturb who
// uses a certificate that is known.
func TestFloodOfUnknownCertificates(t *testing.T) {
	live := authority.Issue(paypaltest.LiveName, epoch)
	sandbox := authority.Issue(paypaltest.SandboxName, epoch)
	host := &hostsOf{content: map[string][]byte{certURL: bundle(live), sandboxCerts + "CERT": bundle(sandbox)}}
	v := newVerifier(t, paypal.New(host.fetch), nil, shop, entry{"test", webhookID, "sandbox"})
	require.NoError(t, verifyAt(t, v, signer(live), epoch))

	h := headers(t, signer(live), nil, epoch)
	reasons := map[provider.Reason]int{}
	for n := range 3000 {
		at := epoch.Add(time.Duration(n) * 100 * time.Millisecond) // for five minutes
		h["PAYPAL-CERT-URL"] = fmt.Sprintf("%sCERT-%d", liveCerts, n)
		_, err := v.Verify(t.Context(), header.Of(h), nil, at)
		reasons[provider.ReasonOf(err)]++
		if n == 10 {
			require.ErrorIs(t, err, provider.CertLimited)
			assert.NoError(t, verifyAt(t, v, from(signer(sandbox), sandboxCerts+"CERT"), at),
				"the other environment has a limit of its own")
		}
		if n%100 == 0 {
			require.NoError(t, verifyAt(t, v, signer(live), at))
		}
	}
	assert.Len(t, reasons, 2)
	assert.Equal(t, 49, reasons[provider.CertRefused], "ten a minute, one of which was for the known one")
	assert.Equal(t, 2951, reasons[provider.CertLimited])
	assert.Equal(t, 1, host.asked[certURL])
	assert.Equal(t, 51, host.total, "fifty of the live environment, and the sandbox's one")
	for reason := range reasons {
		assert.Equal(t, provider.Rejected, reason.Class(), "anything else would page")
	}
}

// TestFloodBeforeTheFirstCertificate: in an environment that knows no
// certificate yet, one made-up name a second takes all that is allowed before
// PayPal's own is named, which gets through only where the secret lists it.
func TestFloodBeforeTheFirstCertificate(t *testing.T) {
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	for _, tt := range []struct {
		why      string
		certURLs []string
		want     error
	}{
		{"nothing listed", nil, provider.CertLimited},
		{"another one listed", []string{liveCerts + "CERT-OTHER"}, provider.CertLimited},
		{"PayPal's listed", []string{liveCerts + "CERT-OTHER", certURL}, nil},
	} {
		t.Run(tt.why, func(t *testing.T) {
			host := &hostsOf{content: map[string][]byte{certURL: bundle(leaf)}}
			v := verifierOf(t, paypal.New(host.fetch), map[string]any{"webhooks": []entry{shop}, "certUrls": tt.certURLs})
			for second := range 120 {
				at := epoch.Add(time.Duration(second) * time.Second)
				err := verifyAt(t, v, from(signer(leaf), fmt.Sprint(liveCerts, second)), at)
				require.Equal(t, provider.Rejected, provider.ReasonOf(err).Class())
				if second >= 9 {
					require.ErrorIs(t, verifyAt(t, v, signer(leaf), at), tt.want, "after %d s", second)
				}
			}
			assert.Equal(t, 20, host.total-host.asked[certURL], "the limit holds for all that is not listed")
		})
	}
}

// TestClockSetBack: the limit does not close for as long as a clock went back.
func TestClockSetBack(t *testing.T) {
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	host := &hostsOf{content: map[string][]byte{certURL: bundle(leaf)}}
	v := newVerifier(t, paypal.New(host.fetch), nil, shop)
	for n := range 10 {
		require.ErrorIs(t, verifyAt(t, v, from(signer(leaf), fmt.Sprint(liveCerts, n)), epoch), provider.CertRefused)
	}
	require.ErrorIs(t, verifyAt(t, v, signer(leaf), epoch), provider.CertLimited)
	assert.NoError(t, verifyAt(t, v, signer(leaf), epoch.Add(-time.Hour)))
}
