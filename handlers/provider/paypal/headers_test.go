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
	"github.com/paysluice/paysluice/test/header"
)

// plausible are headers that could be of a webhook, signed now.
func plausible() map[string][]string {
	return map[string][]string{
		"PAYPAL-TRANSMISSION-ID":   {"dfb3be50-fd74-11e4-8bf3-77339302725b"},
		"PAYPAL-TRANSMISSION-TIME": {epoch.UTC().Format(time.RFC3339)},
		"PAYPAL-TRANSMISSION-SIG":  {base64.StdEncoding.EncodeToString(make([]byte, 256))},
		"PAYPAL-CERT-URL":          {certURL},
		"PAYPAL-AUTH-ALGO":         {"SHA256withRSA"},
		"PAYPAL-AUTH-VERSION":      {"v2"},
	}
}

func check(headers map[string][]string, now time.Time) error {
	return paypal.New(nil).CheckHeaders(header.Multi(headers), now)
}

func TestCheckHeadersPresence(t *testing.T) {
	assert.NoError(t, check(plausible(), epoch))

	without := plausible()
	delete(without, "PAYPAL-AUTH-VERSION")
	assert.NoError(t, check(without, epoch), "PayPal's own verification does not ask for the version")

	for _, name := range contract.PayPal().IdentityHeaders {
		for _, tt := range []struct {
			why    string
			values func(string) []string
			want   error
		}{
			{"missing", func(string) []string { return nil }, provider.HeaderMissing},
			{"empty", func(string) []string { return []string{""} }, provider.HeaderMissing},
			{"twice, although both would pass", func(v string) []string { return []string{v, v} }, provider.HeaderRepeated},
		} {
			headers := plausible()
			headers[name] = tt.values(headers[name][0])
			err := check(headers, epoch)
			assert.ErrorIs(t, err, tt.want, "%s %s", name, tt.why)
			assert.ErrorContains(t, err, name)
		}
	}
	repeated := plausible()
	repeated["PAYPAL-AUTH-VERSION"] = []string{"v2", "v2"}
	assert.ErrorIs(t, check(repeated, epoch), provider.HeaderRepeated)
}

func TestCheckHeadersValues(t *testing.T) {
	for _, tt := range []struct {
		why, header, value string
		want               error
	}{
		{"as in PayPal's documents", "PAYPAL-TRANSMISSION-ID", "69cd13f0-d67a-11e5-baa3-778b53f4ae55", nil},
		{"as long as it may be", "PAYPAL-TRANSMISSION-ID", strings.Repeat("x", 50), nil},
		{"too long", "PAYPAL-TRANSMISSION-ID", strings.Repeat("x", 51), provider.HeaderMalformed},
		{"a separator, which would move a part of the signed text", "PAYPAL-TRANSMISSION-ID", "a|2015-05-18T15:45:13Z", provider.HeaderMalformed},
		{"spaces", "PAYPAL-TRANSMISSION-ID", " dfb3be50", provider.HeaderMalformed},
		{"a control character", "PAYPAL-TRANSMISSION-ID", "dfb3\x00be50", provider.HeaderMalformed},
		{"not ASCII", "PAYPAL-TRANSMISSION-ID", "dfb3é", provider.HeaderMalformed},
		{"huge", "PAYPAL-TRANSMISSION-ID", strings.Repeat("x", 1<<20), provider.HeaderMalformed},

		{"fraction and offset", "PAYPAL-TRANSMISSION-TIME", epoch.In(time.FixedZone("", 7200)).Format("2006-01-02T15:04:05.000Z07:00"), nil},
		{"a date alone", "PAYPAL-TRANSMISSION-TIME", "2015-05-18", provider.HeaderMalformed},
		{"seconds since 1970", "PAYPAL-TRANSMISSION-TIME", "1431963913", provider.HeaderMalformed},
		{"no such month", "PAYPAL-TRANSMISSION-TIME", "2018-19-12T00:00:00Z", provider.HeaderMalformed},
		{"something behind it", "PAYPAL-TRANSMISSION-TIME", "2015-05-18T15:45:13Z|x", provider.HeaderMalformed},
		{"an endless fraction", "PAYPAL-TRANSMISSION-TIME", "2015-05-18T15:45:13." + strings.Repeat("0", 100) + "Z", provider.HeaderMalformed},

		{"a key of 8192 bits", "PAYPAL-TRANSMISSION-SIG", base64.StdEncoding.EncodeToString(make([]byte, 1024)), nil},
		{"longer than any", "PAYPAL-TRANSMISSION-SIG", base64.StdEncoding.EncodeToString(make([]byte, 1027)), provider.HeaderMalformed},
		{"huge", "PAYPAL-TRANSMISSION-SIG", strings.Repeat("A", 1<<20), provider.HeaderMalformed},
		{"not base64", "PAYPAL-TRANSMISSION-SIG", "secret!", provider.HeaderMalformed},
		{"base64 for URLs", "PAYPAL-TRANSMISSION-SIG", "_-__", provider.HeaderMalformed},
		{"without padding", "PAYPAL-TRANSMISSION-SIG", "QQ", provider.HeaderMalformed},
		{"another spelling of the same bytes", "PAYPAL-TRANSMISSION-SIG", "QR==", provider.HeaderMalformed},
		{"a line break, which Go's decoder skips", "PAYPAL-TRANSMISSION-SIG", "QUFB\nQUFB", provider.HeaderMalformed},

		{"the sandbox's host", "PAYPAL-CERT-URL", sandboxCerts + "CERT-360caa42-fca2a594-90621ab1", nil},
		{"as long as it may be", "PAYPAL-CERT-URL", liveCerts + strings.Repeat("x", 128), nil},
		{"too long", "PAYPAL-CERT-URL", liveCerts + strings.Repeat("x", 129), provider.CertURLRefused},
		{"huge", "PAYPAL-CERT-URL", liveCerts + strings.Repeat("x", 1<<20), provider.CertURLRefused},
		{"no name", "PAYPAL-CERT-URL", liveCerts, provider.CertURLRefused},
		{"http", "PAYPAL-CERT-URL", "http" + strings.TrimPrefix(certURL, "https"), provider.CertURLRefused},
		{"the scheme in capitals", "PAYPAL-CERT-URL", "HTTPS" + strings.TrimPrefix(certURL, "https"), provider.CertURLRefused},
		{"a file", "PAYPAL-CERT-URL", "file:///v1/notifications/certs/CERT", provider.CertURLRefused},
		{"another host", "PAYPAL-CERT-URL", "https://api.paypal.com.example.net/v1/notifications/certs/CERT", provider.CertURLRefused},
		{"another host of PayPal's", "PAYPAL-CERT-URL", "https://api-m.paypal.com/v1/notifications/certs/CERT", provider.CertURLRefused},
		{"the host in capitals", "PAYPAL-CERT-URL", "https://API.PAYPAL.COM/v1/notifications/certs/CERT", provider.CertURLRefused},
		{"the host with its final dot", "PAYPAL-CERT-URL", "https://api.paypal.com./v1/notifications/certs/CERT", provider.CertURLRefused},
		{"the metadata service", "PAYPAL-CERT-URL", "https://169.254.169.254/v1/notifications/certs/CERT", provider.CertURLRefused},
		{"user information", "PAYPAL-CERT-URL", "https://api.paypal.com@example.net/v1/notifications/certs/CERT", provider.CertURLRefused},
		{"user information before the host", "PAYPAL-CERT-URL", "https://x@api.paypal.com/v1/notifications/certs/CERT", provider.CertURLRefused},
		{"a port", "PAYPAL-CERT-URL", "https://api.paypal.com:443/v1/notifications/certs/CERT", provider.CertURLRefused},
		{"a query", "PAYPAL-CERT-URL", certURL + "?x=1", provider.CertURLRefused},
		{"a query alone", "PAYPAL-CERT-URL", liveCerts + "?x", provider.CertURLRefused},
		{"a fragment", "PAYPAL-CERT-URL", certURL + "#x", provider.CertURLRefused},
		{"another path", "PAYPAL-CERT-URL", "https://api.paypal.com/v1/notifications/webhooks/CERT", provider.CertURLRefused},
		{"a path that climbs", "PAYPAL-CERT-URL", liveCerts + "..", provider.CertURLRefused},
		{"a folder more", "PAYPAL-CERT-URL", certURL + "/x", provider.CertURLRefused},
		{"an encoded slash", "PAYPAL-CERT-URL", liveCerts + "..%2fx", provider.CertURLRefused},
		{"a backslash", "PAYPAL-CERT-URL", liveCerts + `..\x`, provider.CertURLRefused},
		{"a space before it", "PAYPAL-CERT-URL", " " + certURL, provider.CertURLRefused},
		{"a line break", "PAYPAL-CERT-URL", certURL + "\n", provider.CertURLRefused},

		{"an algorithm of PayPal's old SDKs", "PAYPAL-AUTH-ALGO", "SHA1withRSA", provider.AlgorithmRefused},
		{"none", "PAYPAL-AUTH-ALGO", "none", provider.AlgorithmRefused},
		{"in capitals", "PAYPAL-AUTH-ALGO", "SHA256WITHRSA", provider.AlgorithmRefused},
		{"two", "PAYPAL-AUTH-ALGO", "SHA256withRSA,SHA1withRSA", provider.AlgorithmRefused},
		{"an older version", "PAYPAL-AUTH-VERSION", "v1", provider.AlgorithmRefused},
		{"empty, which is not there", "PAYPAL-AUTH-VERSION", "", nil},
	} {
		t.Run(tt.header+" "+tt.why, func(t *testing.T) {
			headers := plausible()
			headers[tt.header] = []string{tt.value}
			err := check(headers, epoch)
			if tt.want == nil {
				assert.NoError(t, err)
				return
			}
			assert.ErrorIs(t, err, tt.want)
			assert.Equal(t, provider.Rejected, provider.ReasonOf(err).Class())
			assert.ErrorContains(t, err, tt.header)
			assert.NotContains(t, err.Error(), "secret", "an error repeats no value")
			assert.Less(t, len(err.Error()), 300)
		})
	}
}

func TestCheckHeadersWindow(t *testing.T) {
	const day = 24 * time.Hour
	for _, tt := range []struct {
		why  string
		age  time.Duration
		want error
	}{
		{"now", 0, nil},
		{"the last of PayPal's retries", 3 * day, nil},
		{"resent by hand, as late as it may be", 30 * day, nil},
		{"a moment later", 30*day + 1, provider.TimestampStale},
		{"replayed years later", 3000 * day, provider.TimestampStale},
		{"our clock is behind", -5 * time.Minute, nil},
		{"further than any clock is wrong", -5*time.Minute - 1, provider.TimestampFuture},
		{"stamped for tomorrow", -day, provider.TimestampFuture},
	} {
		t.Run(tt.why, func(t *testing.T) {
			err := check(plausible(), epoch.Add(tt.age))
			if tt.want == nil {
				assert.NoError(t, err)
			} else {
				assert.ErrorIs(t, err, tt.want)
			}
		})
	}
	for stamp, want := range map[string]error{
		"0000-01-01T00:00:00Z": provider.TimestampStale,
		"9999-12-31T23:59:59Z": provider.TimestampFuture,
	} {
		headers := plausible()
		headers["PAYPAL-TRANSMISSION-TIME"] = []string{stamp}
		assert.ErrorIs(t, check(headers, epoch), want, stamp)
	}
}
