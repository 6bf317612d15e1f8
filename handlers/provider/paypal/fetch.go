package paypal

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/paysluice/paysluice/handlers/provider"
)

// maxCertificate is how many bytes are read of an answer. PayPal's are 3 KB.
const maxCertificate = 64 << 10

// NewFetcher is the Fetch over HTTPS: one GET that follows no redirect, through
// the proxy that HTTPS_PROXY names if any, to a host that the system's roots
// vouch for. The caller's context bounds its time.
func NewFetcher() Fetch {
	client := &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			MaxResponseHeaderBytes: maxCertificate,
			// The next fetch is weeks away, and a function's environment frozen
			// until then.
			DisableKeepAlives: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return func(ctx context.Context, url string) ([]byte, error) { return get(ctx, client, url) }
}

// get keeps the URL out of its errors: they are logged, and it was a header.
func get(ctx context.Context, client *http.Client, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: not a URL", provider.CertRefused)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", provider.CertUnreachable, errors.Unwrap(err)) // of *url.Error
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode >= http.StatusInternalServerError:
		return nil, fmt.Errorf("%w: answered %d", provider.CertUnreachable, response.StatusCode)
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%w: answered %d", provider.CertRefused, response.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxCertificate+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", provider.CertUnreachable, err)
	}
	if len(data) > maxCertificate {
		return nil, fmt.Errorf("%w: answered with more than %d bytes", provider.CertRefused, maxCertificate)
	}
	return data, nil
}
