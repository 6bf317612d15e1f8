package paypal_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
)

const (
	idHeader        = "PAYPAL-TRANSMISSION-ID"
	timeHeader      = "PAYPAL-TRANSMISSION-TIME"
	signatureHeader = "PAYPAL-TRANSMISSION-SIG"
	certURLHeader   = "PAYPAL-CERT-URL"
	algorithmHeader = "PAYPAL-AUTH-ALGO"
	versionHeader   = "PAYPAL-AUTH-VERSION"
)

// checkHeaders checks the headers of a webhook that is sent now, of which one has
// other values.
func checkHeaders(name string, values ...string) error {
	headers := map[string][]string{
		idHeader:        {"dfb3be50-fd74-11e4-8bf3-77339302725b"},
		timeHeader:      {epoch.UTC().Format(time.RFC3339)},
		signatureHeader: {zeros(256)},
		certURLHeader:   {certURL},
		algorithmHeader: {"SHA256withRSA"},
		versionHeader:   {"v2"},
	}
	headers[name] = values
	return paypal.New(nil).CheckHeaders(providertest.MultiHeader(headers), epoch)
}

func zeros(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }

func TestCheckHeadersPresence(t *testing.T) {
	assert.NoError(t, checkHeaders(versionHeader), "PayPal's verification API does not ask for the version")
	assert.NoError(t, checkHeaders(versionHeader, ""))
	assert.ErrorIs(t, checkHeaders(versionHeader, "v2", "v2"), provider.HeaderRepeated)
	for _, name := range contract.PayPal().IdentityHeaders {
		assert.ErrorIs(t, checkHeaders(name), provider.HeaderMissing, name)
		assert.ErrorIs(t, checkHeaders(name, ""), provider.HeaderMissing, name)
		assert.ErrorIs(t, checkHeaders(name, "a", "a"), provider.HeaderRepeated, name)
	}
}

func TestCheckHeadersValues(t *testing.T) {
	const day = 24 * time.Hour
	ago := func(age time.Duration) string { return epoch.Add(-age).Format(time.RFC3339Nano) }
	for _, tt := range []struct {
		header, why, value string
		want               error
	}{
		{idHeader, "as in PayPal's documentation", "69cd13f0-d67a-11e5-baa3-778b53f4ae55", nil},
		{idHeader, "longest", strings.Repeat("x", 50), nil},
		{idHeader, "too long", strings.Repeat("x", 51), provider.HeaderMalformed},
		{idHeader, "separator of the signed text", "a|b", provider.HeaderMalformed},
		{idHeader, "leading space", " dfb3be50", provider.HeaderMalformed},
		{idHeader, "control character", "dfb3\x00be50", provider.HeaderMalformed},
		{idHeader, "not ASCII", "dfb3é", provider.HeaderMalformed},

		{timeHeader, "fraction and offset", epoch.In(time.FixedZone("", 7200)).Format("2006-01-02T15:04:05.000Z07:00"), nil},
		{timeHeader, "date only", "2015-05-18", provider.HeaderMalformed},
		{timeHeader, "Unix seconds", "1431963913", provider.HeaderMalformed},
		{timeHeader, "month 19, as the simulator sent once", "2018-19-12T00:00:00Z", provider.HeaderMalformed},
		{timeHeader, "separator of the signed text", "2015-05-18T15:45:13Z|x", provider.HeaderMalformed},
		{timeHeader, "fraction of 100 digits", "2015-05-18T15:45:13." + strings.Repeat("0", 100) + "Z", provider.HeaderMalformed},
		{timeHeader, "PayPal's last retry", ago(3 * day), nil},
		{timeHeader, "oldest", ago(30 * day), nil},
		{timeHeader, "too old", ago(30*day + 1), provider.TimestampStale},
		{timeHeader, "first year", "0000-01-01T00:00:00Z", provider.TimestampStale},
		{timeHeader, "our clock is behind", ago(-5 * time.Minute), nil},
		{timeHeader, "further ahead than any clock is wrong", ago(-5*time.Minute - 1), provider.TimestampFuture},
		{timeHeader, "last year", "9999-12-31T23:59:59Z", provider.TimestampFuture},

		{signatureHeader, "key of 8192 bits", zeros(1024), nil},
		{signatureHeader, "longer than any signature", zeros(1027), provider.HeaderMalformed},
		{signatureHeader, "not base64", "secret!", provider.HeaderMalformed},
		{signatureHeader, "URL encoding", "_-__", provider.HeaderMalformed},
		{signatureHeader, "no padding", "QQ", provider.HeaderMalformed},
		{signatureHeader, "second spelling of the same bytes", "QR==", provider.HeaderMalformed},
		{signatureHeader, "line break, which Go's decoder skips", "QUFB\nQUFB", provider.HeaderMalformed},

		{certURLHeader, "sandbox", sandboxCerts + "CERT-360caa42-fca2a594-90621ab1", nil},
		{certURLHeader, "longest name", liveCerts + strings.Repeat("x", 128), nil},
		{certURLHeader, "name too long", liveCerts + strings.Repeat("x", 129), provider.CertURLRefused},
		{certURLHeader, "no name", liveCerts, provider.CertURLRefused},
		{certURLHeader, "http", "http" + strings.TrimPrefix(certURL, "https"), provider.CertURLRefused},
		{certURLHeader, "longer host", "https://api.paypal.com.example.net/v1/notifications/certs/CERT", provider.CertURLRefused},
		{certURLHeader, "another host of PayPal's", "https://api-m.paypal.com/v1/notifications/certs/CERT", provider.CertURLRefused},
		{certURLHeader, "host in capitals", "https://API.PAYPAL.COM/v1/notifications/certs/CERT", provider.CertURLRefused},
		{certURLHeader, "instance metadata", "https://169.254.169.254/v1/notifications/certs/CERT", provider.CertURLRefused},
		{certURLHeader, "PayPal's host as user information", "https://api.paypal.com@example.net/v1/notifications/certs/CERT", provider.CertURLRefused},
		{certURLHeader, "port", "https://api.paypal.com:443/v1/notifications/certs/CERT", provider.CertURLRefused},
		{certURLHeader, "query", certURL + "?x=1", provider.CertURLRefused},
		{certURLHeader, "fragment", certURL + "#x", provider.CertURLRefused},
		{certURLHeader, "another path", "https://api.paypal.com/v1/notifications/webhooks/CERT", provider.CertURLRefused},
		{certURLHeader, "parent folder", liveCerts + "..", provider.CertURLRefused},
		{certURLHeader, "second path segment", certURL + "/x", provider.CertURLRefused},
		{certURLHeader, "encoded slash", liveCerts + "..%2fx", provider.CertURLRefused},
		{certURLHeader, "backslash", liveCerts + `..\x`, provider.CertURLRefused},
		{certURLHeader, "leading space", " " + certURL, provider.CertURLRefused},
		{certURLHeader, "line break", certURL + "\n", provider.CertURLRefused},

		{algorithmHeader, "one that PayPal's old SDKs accept", "SHA1withRSA", provider.AlgorithmRefused},
		{algorithmHeader, "none", "none", provider.AlgorithmRefused},
		{algorithmHeader, "capitals", "SHA256WITHRSA", provider.AlgorithmRefused},
		{algorithmHeader, "two", "SHA256withRSA,SHA1withRSA", provider.AlgorithmRefused},
		{versionHeader, "older", "v1", provider.AlgorithmRefused},
	} {
		t.Run(tt.header+" "+tt.why, func(t *testing.T) {
			err := checkHeaders(tt.header, tt.value)
			if tt.want == nil {
				assert.NoError(t, err)
				return
			}
			assert.ErrorIs(t, err, tt.want)
			assert.ErrorContains(t, err, tt.header)
			assert.NotContains(t, err.Error(), "secret", "an error repeats no value")
			assert.Less(t, len(err.Error()), 300)
		})
	}
}
