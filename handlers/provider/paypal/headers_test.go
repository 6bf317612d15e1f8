package paypal_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
)

const (
	idHeader        = "PAYPAL-TRANSMISSION-ID"
	timeHeader      = "PAYPAL-TRANSMISSION-TIME"
	signatureHeader = "PAYPAL-TRANSMISSION-SIG"
	certURLHeader   = "PAYPAL-CERT-URL"
	algorithmHeader = "PAYPAL-AUTH-ALGO"
	versionHeader   = "PAYPAL-AUTH-VERSION"
)

func headerValues() []providertest.HeaderValue {
	zeros := func(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }
	return []providertest.HeaderValue{
		{Header: idHeader, Why: "as in PayPal's documentation", Value: "69cd13f0-d67a-11e5-baa3-778b53f4ae55"},
		{Header: idHeader, Why: "longest", Value: strings.Repeat("x", 50)},
		{Header: idHeader, Why: "too long", Value: strings.Repeat("x", 51), Want: provider.HeaderMalformed},
		{Header: idHeader, Why: "separator of the signed text", Value: "a|b", Want: provider.HeaderMalformed},
		{Header: idHeader, Why: "leading space", Value: " dfb3be50", Want: provider.HeaderMalformed},
		{Header: idHeader, Why: "control character", Value: "dfb3\x00be50", Want: provider.HeaderMalformed},
		{Header: idHeader, Why: "not ASCII", Value: "dfb3é", Want: provider.HeaderMalformed},

		{Header: timeHeader, Why: "fraction and offset", Value: epoch.In(time.FixedZone("", 7200)).Format("2006-01-02T15:04:05.000Z07:00")},
		{Header: timeHeader, Why: "PayPal's last retry", Value: epoch.AddDate(0, 0, -3).Format(time.RFC3339)},
		{Header: timeHeader, Why: "date only", Value: "2015-05-18", Want: provider.HeaderMalformed},
		{Header: timeHeader, Why: "Unix seconds", Value: "1431963913", Want: provider.HeaderMalformed},
		{Header: timeHeader, Why: "month 19, as the simulator sent once", Value: "2018-19-12T00:00:00Z", Want: provider.HeaderMalformed},
		{Header: timeHeader, Why: "separator of the signed text", Value: "2015-05-18T15:45:13Z|x", Want: provider.HeaderMalformed},
		{Header: timeHeader, Why: "fraction of 100 digits", Value: "2015-05-18T15:45:13." + strings.Repeat("0", 100) + "Z", Want: provider.HeaderMalformed},
		{Header: timeHeader, Why: "first year", Value: "0000-01-01T00:00:00Z", Want: provider.TimestampStale},
		{Header: timeHeader, Why: "last year", Value: "9999-12-31T23:59:59Z", Want: provider.TimestampFuture},

		{Header: signatureHeader, Why: "key of 8192 bits", Value: zeros(1024)},
		{Header: signatureHeader, Why: "longer than any signature", Value: zeros(1027), Want: provider.HeaderMalformed},
		{Header: signatureHeader, Why: "not base64", Value: "secret!", Want: provider.HeaderMalformed},
		{Header: signatureHeader, Why: "URL encoding", Value: "_-__", Want: provider.HeaderMalformed},
		{Header: signatureHeader, Why: "no padding", Value: "QQ", Want: provider.HeaderMalformed},
		{Header: signatureHeader, Why: "second spelling of the same bytes", Value: "QR==", Want: provider.HeaderMalformed},
		{Header: signatureHeader, Why: "line break, which Go's decoder skips", Value: "QUFB\nQUFB", Want: provider.HeaderMalformed},

		{Header: certURLHeader, Why: "sandbox", Value: sandboxCerts + "CERT-360caa42-fca2a594-90621ab1"},
		{Header: certURLHeader, Why: "longest name", Value: liveCerts + strings.Repeat("x", 128)},
		{Header: certURLHeader, Why: "name too long", Value: liveCerts + strings.Repeat("x", 129), Want: provider.CertURLRefused},
		{Header: certURLHeader, Why: "no name", Value: liveCerts, Want: provider.CertURLRefused},
		{Header: certURLHeader, Why: "http", Value: "http" + strings.TrimPrefix(certURL, "https"), Want: provider.CertURLRefused},
		{Header: certURLHeader, Why: "longer host", Value: "https://api.paypal.com.example.net/v1/notifications/certs/CERT", Want: provider.CertURLRefused},
		{Header: certURLHeader, Why: "another host of PayPal's", Value: "https://api-m.paypal.com/v1/notifications/certs/CERT", Want: provider.CertURLRefused},
		{Header: certURLHeader, Why: "host in capitals", Value: "https://API.PAYPAL.COM/v1/notifications/certs/CERT", Want: provider.CertURLRefused},
		{Header: certURLHeader, Why: "instance metadata", Value: "https://169.254.169.254/v1/notifications/certs/CERT", Want: provider.CertURLRefused},
		{Header: certURLHeader, Why: "PayPal's host as user information", Value: "https://api.paypal.com@example.net/v1/notifications/certs/CERT", Want: provider.CertURLRefused},
		{Header: certURLHeader, Why: "port", Value: "https://api.paypal.com:443/v1/notifications/certs/CERT", Want: provider.CertURLRefused},
		{Header: certURLHeader, Why: "query", Value: certURL + "?x=1", Want: provider.CertURLRefused},
		{Header: certURLHeader, Why: "fragment", Value: certURL + "#x", Want: provider.CertURLRefused},
		{Header: certURLHeader, Why: "another path", Value: "https://api.paypal.com/v1/notifications/webhooks/CERT", Want: provider.CertURLRefused},
		{Header: certURLHeader, Why: "parent folder", Value: liveCerts + "..", Want: provider.CertURLRefused},
		{Header: certURLHeader, Why: "second path segment", Value: certURL + "/x", Want: provider.CertURLRefused},
		{Header: certURLHeader, Why: "encoded slash", Value: liveCerts + "..%2fx", Want: provider.CertURLRefused},
		{Header: certURLHeader, Why: "backslash", Value: liveCerts + `..\x`, Want: provider.CertURLRefused},
		{Header: certURLHeader, Why: "leading space", Value: " " + certURL, Want: provider.CertURLRefused},
		{Header: certURLHeader, Why: "line break", Value: certURL + "\n", Want: provider.CertURLRefused},

		{Header: algorithmHeader, Why: "one that PayPal's old SDKs accept", Value: "SHA1withRSA", Want: provider.AlgorithmRefused},
		{Header: algorithmHeader, Why: "none", Value: "none", Want: provider.AlgorithmRefused},
		{Header: algorithmHeader, Why: "capitals", Value: "SHA256WITHRSA", Want: provider.AlgorithmRefused},
		{Header: algorithmHeader, Why: "two", Value: "SHA256withRSA,SHA1withRSA", Want: provider.AlgorithmRefused},
		{Header: versionHeader, Why: "older", Value: "v1", Want: provider.AlgorithmRefused},
		{Header: versionHeader, Why: "empty, as if missing", Value: ""},
	}
}

// TestVersionIsOptional: PayPal's verification API does not ask for it.
func TestVersionIsOptional(t *testing.T) {
	headers := providertest.Sign(signer(authority.Issue(paypaltest.LiveName, epoch)), nil, epoch)
	delete(headers, versionHeader)
	assert.NoError(t, newProvider(nil).CheckHeaders(providertest.Header(headers), epoch))

	headers["paypal-auth-version"], headers[versionHeader] = "v2", "v2"
	assert.ErrorIs(t, newProvider(nil).CheckHeaders(providertest.Header(headers), epoch), provider.HeaderRepeated)
}

// FuzzCheckHeaders: an accepted header has one meaning, and the certificate's URL
// is one of PayPal's.
func FuzzCheckHeaders(f *testing.F) {
	suite().FuzzCheckHeaders(f, func(t *testing.T, name, value string) {
		switch name {
		case idHeader, timeHeader:
			assert.NotContains(t, value, "|")
		case signatureHeader:
			assert.LessOrEqual(t, len(value), 1368)
		case certURLHeader:
			assert.Regexp(t, `^https://api\.(sandbox\.)?paypal\.com/v1/notifications/certs/[A-Za-z0-9_-]{1,128}$`, value)
		case algorithmHeader:
			assert.Equal(t, "SHA256withRSA", value)
		}
	})
}
