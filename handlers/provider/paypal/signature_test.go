package paypal_test

import (
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
	"github.com/paysluice/paysluice/test/header"
)

// vectors are testdata/signatures.json; each case names its source.
type vectors struct {
	Intermediate string `json:"intermediate_pem"`
	Root         string `json:"root_pem"`
	Vectors      []struct {
		ID        string            `json:"id"`
		Expect    string            `json:"expect"`
		Headers   map[string]string `json:"headers"`
		WebhookID string            `json:"webhook_id"`
		Cert      string            `json:"cert_pem"`
		At        time.Time         `json:"verify_chain_at"`
		Body      string            `json:"body_base64"`
	}
}

func readVectors(t testing.TB) vectors {
	t.Helper()
	var v vectors
	require.NoError(t, json.Unmarshal(readFile(t, "testdata/signatures.json"), &v))
	require.NotEmpty(t, v.Vectors)
	return v
}

// TestVectors verifies what PayPal signed, with its chain from the secret,
// fetched from DigiCert's host and served by PayPal. In the last two the root is
// pinned: the system of these tests does not know it.
func TestVectors(t *testing.T) {
	file := readVectors(t)
	for _, v := range file.Vectors {
		body, err := base64.StdEncoding.DecodeString(v.Body)
		require.NoError(t, err)
		for how, source := range map[string]struct {
			served map[string][]byte
			extra  string
		}{
			"chain from the secret": {
				served: map[string][]byte{v.Headers["PAYPAL-CERT-URL"]: []byte(v.Cert)},
				extra:  file.Intermediate + "\n" + file.Root,
			},
			"chain from DigiCert": {
				served: map[string][]byte{
					v.Headers["PAYPAL-CERT-URL"]: []byte(v.Cert),
					"https://cacerts.digicert.com/DigiCertSHA2ExtendedValidationServerCA.crt": []byte(file.Intermediate),
					"https://cacerts.digicert.com/DigiCertHighAssuranceEVRootCA.crt":          []byte(file.Root),
				},
			},
			"chain from PayPal, its root included": {
				served: map[string][]byte{
					v.Headers["PAYPAL-CERT-URL"]: []byte(v.Cert + "\n" + file.Intermediate + "\n" + file.Root),
				},
			},
		} {
			t.Run(v.ID+" "+how, func(t *testing.T) {
				verifier := newVerifier(t, paypal.New(serving(source.served)), []byte(source.extra),
					entry{"retired", "0000000000000000A", "sandbox"}, entry{"shop", v.WebhookID, "sandbox"})
				h := header.Of(v.Headers)

				require.Equal(t, "valid", v.Expect)
				origin, err := verifier.Verify(t.Context(), h, body, v.At)
				require.NoError(t, err)
				assert.Equal(t, provider.Origin{Endpoint: "shop", Livemode: new(false)}, origin)

				_, err = verifier.Verify(t.Context(), h, append(body, '\n'), v.At)
				assert.ErrorIs(t, err, provider.SignatureMismatch)
				_, err = verifier.Verify(t.Context(), h, body, v.At.AddDate(0, 2, 0))
				assert.ErrorIs(t, err, provider.TimestampStale)
			})
		}
	}
}

func TestVerify(t *testing.T) {
	body := []byte("{\"id\":\"WH-1\"}\n")
	live := authority.Issue(paypaltest.LiveName, epoch)
	sandbox := authority.Issue(paypaltest.SandboxName, epoch)
	p := paypal.New(serving(map[string][]byte{
		certURL:               bundle(live),
		liveCerts + "CERT-2":  bundle(sandbox),
		sandboxCerts + "CERT": bundle(sandbox),
	}))
	shop, other := entry{"shop", webhookID, "live"}, entry{"other", "OTHER", "live"}
	test := entry{"test", webhookID, "sandbox"}
	good := signer(live)
	with := func(change func(*paypal.Signer)) paypal.Signer {
		s := good
		change(&s)
		return s
	}

	for _, tt := range []struct {
		why     string
		entries []entry
		signer  paypal.Signer
		body    []byte
		want    any // the label, or the reason
	}{
		{"the one webhook", []entry{shop}, good, body, "shop"},
		{"the entry that matches names the endpoint", []entry{other, test, shop}, good, body, "shop"},
		{"rotation: the old webhook still sends", []entry{shop, other}, with(func(s *paypal.Signer) { s.WebhookID = "OTHER" }), body, "other"},
		{"an empty body can be signed", []entry{shop}, good, nil, "shop"},
		{"any bytes can be signed", []entry{shop}, good, []byte("\x00\xff"), "shop"},
		{"the sandbox", []entry{shop, test}, with(func(s *paypal.Signer) { s.CertURL = sandboxCerts + "CERT" }), body, "test"},

		{"a retired webhook", []entry{other}, good, body, provider.SignatureMismatch},
		{"the sandbox, where only live is configured", []entry{shop}, with(func(s *paypal.Signer) { s.CertURL = sandboxCerts + "CERT" }), body, provider.SignatureMismatch},
		{"live, where only the sandbox is configured", []entry{test}, good, body, provider.SignatureMismatch},
		{"the sandbox's certificate on the live host", []entry{shop}, with(func(s *paypal.Signer) { s.CertURL = liveCerts + "CERT-2" }), body, provider.CertRefused},
		{"the dashboard's simulator", []entry{shop}, with(func(s *paypal.Signer) { s.WebhookID = "WEBHOOK_ID" }), body, provider.SignatureMismatch},
		{"a key that is not the certificate's", []entry{shop}, with(func(s *paypal.Signer) { s.Key = paypaltest.NewAuthority(epoch).Issue("x", epoch).Key }), body, provider.SignatureMismatch},
		{"a certificate that is not there", []entry{shop}, with(func(s *paypal.Signer) { s.CertURL = liveCerts + "CERT-3" }), body, provider.CertRefused},
	} {
		t.Run(tt.why, func(t *testing.T) {
			h := signed(t, tt.signer, tt.body, epoch)
			origin, err := newVerifier(t, p, nil, tt.entries...).Verify(t.Context(), h, tt.body, epoch)
			if reason, ok := tt.want.(provider.Reason); ok {
				assert.ErrorIs(t, err, reason)
				assert.Empty(t, origin)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.want, origin.Endpoint)
			assert.Equal(t, new(tt.want != "test"), origin.Livemode, "the entry's environment")
		})
	}
}

// TestVerifyChecksHeadersFirst: gate 2 alone is sufficient, and asks nobody for
// anything before.
func TestVerifyChecksHeadersFirst(t *testing.T) {
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	v := newVerifier(t, paypal.New(nil), nil, entry{"shop", webhookID, "live"})
	h := signed(t, signer(leaf), nil, epoch)

	_, err := v.Verify(t.Context(), h, nil, epoch.AddDate(0, 0, 31))
	assert.ErrorIs(t, err, provider.TimestampStale)
	_, err = v.Verify(t.Context(), provider.Header{}, nil, epoch)
	assert.ErrorIs(t, err, provider.HeaderMissing)
	_, err = v.Verify(t.Context(), signed(t, from(signer(leaf), "https://169.254.169.254/latest"), nil, epoch), nil, epoch)
	assert.ErrorIs(t, err, provider.CertURLRefused)
}

// TestMutations: of thousands of random bodies, each passes under its own
// headers, and none with one byte of body, header or webhook id changed.
func TestMutations(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	p := paypal.New(serving(map[string][]byte{certURL: bundle(leaf)}))
	v := newVerifier(t, p, nil, entry{"shop", webhookID, "live"})
	s := signer(leaf)
	reasons := map[provider.Reason]int{}

	for n := range 2000 {
		body := make([]byte, 1+random.IntN(2000))
		for i := range body {
			body[i] = byte(random.Uint32())
		}
		headers, err := s.Sign(body, fmt.Sprintf("%d-%d", n, random.Uint64()), epoch)
		require.NoError(t, err)
		_, err = v.Verify(t.Context(), header.Of(headers), body, epoch)
		require.NoError(t, err, "body %d of this seed", n)

		changed := func(text string) string {
			b := []byte(text)
			b[random.IntN(len(b))] ^= byte(1 + random.IntN(255))
			return string(b)
		}
		names := []string{
			"PAYPAL-TRANSMISSION-ID", "PAYPAL-TRANSMISSION-TIME", "PAYPAL-TRANSMISSION-SIG",
			"PAYPAL-AUTH-ALGO", "PAYPAL-AUTH-VERSION",
		}
		if name := names[random.IntN(len(names))]; n%2 == 0 {
			headers[name] = changed(headers[name])
		} else {
			body = []byte(changed(string(body)))
		}
		_, err = v.Verify(t.Context(), header.Of(headers), body, epoch)
		require.Equal(t, provider.Rejected, provider.ReasonOf(err).Class(), "mutation %d of this seed: %v", n, err)
		reasons[provider.ReasonOf(err)]++
	}
	assert.Greater(t, reasons[provider.SignatureMismatch], 1000, "most mutations must get as far as the signature")
	assert.Greater(t, reasons[provider.HeaderMalformed], 50)
}

// failing is a key that cannot sign.
type failing struct{ crypto.Signer }

func (failing) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("no entropy")
}

func TestSignReportsTheKeysError(t *testing.T) {
	_, err := paypal.Signer{Key: failing{}}.Sign(nil, "id", epoch)
	assert.ErrorContains(t, err, "no entropy")
}
