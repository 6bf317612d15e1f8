package emulator

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// servesHosts is the variable that makes this test's program play PayPal's hosts.
const servesHosts = "PAYSLUICE_PLAYS_PAYPAL"

func TestPayPalHostsEndWithTheirLeash(t *testing.T) {
	if os.Getenv(servesHosts) != "" {
		require.NoError(t, ServePayPalHosts(os.Stdin, os.Stdout))
		return
	}
	t.Setenv(servesHosts, "yes")
	h, err := StartPayPalHosts(os.Args[0], "-test.run=^TestPayPalHostsEndWithTheirLeash$")
	require.NoError(t, err)
	proxy, err := url.Parse(h.Proxy)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(h.PayPal.Root))
	client := http.Client{Transport: &http.Transport{
		Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true,
	}}
	response, err := client.Get(h.PayPal.CertURL)
	require.NoError(t, err)
	defer response.Body.Close()
	served, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Equal(t, string(h.PayPal.Certificate), string(served))

	require.NoError(t, h.Leash.Close())
	require.Eventually(t, func() bool {
		again, err := client.Get(h.PayPal.CertURL)
		if err == nil {
			again.Body.Close()
		}
		return err != nil
	}, time.Minute, 50*time.Millisecond)
}

func TestPayPalHostsThatDoNotStart(t *testing.T) {
	_, err := StartPayPalHosts("false")
	assert.ErrorContains(t, err, "play PayPal's hosts: EOF")
	_, err = StartPayPalHosts("no-such-program")
	assert.ErrorContains(t, err, "play PayPal's hosts: ")
}
