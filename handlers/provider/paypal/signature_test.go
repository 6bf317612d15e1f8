package paypal_test

import (
	"crypto"
	"encoding/json"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
)

// vectors is testdata/signatures.json, where each case names its source.
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
		Body      []byte            `json:"body_base64"`
	}
}

func readVectors(t testing.TB) vectors {
	t.Helper()
	var v vectors
	require.NoError(t, json.Unmarshal(readFile(t, "testdata/signatures.json"), &v))
	require.NotEmpty(t, v.Vectors)
	return v
}

// TestVectors verifies webhooks that PayPal signed, with each source of a chain.
// Without the secret's root the chain ends at a pinned one, because the system of
// these tests does not know DigiCert's.
func TestVectors(t *testing.T) {
	file := readVectors(t)
	for _, v := range file.Vectors {
		require.Equal(t, "valid", v.Expect)
		url := v.Headers[certURLHeader]
		for _, chain := range []struct {
			from   string
			served map[string][]byte
			extra  string
		}{
			{
				from:   "the secret",
				served: map[string][]byte{url: []byte(v.Cert)},
				extra:  file.Intermediate + "\n" + file.Root,
			},
			{
				from: "DigiCert",
				served: map[string][]byte{
					url: []byte(v.Cert),
					digicert + "DigiCertSHA2ExtendedValidationServerCA.crt": []byte(file.Intermediate),
					digicert + "DigiCertHighAssuranceEVRootCA.crt":          []byte(file.Root),
				},
			},
			{
				from:   "PayPal",
				served: map[string][]byte{url: []byte(v.Cert + "\n" + file.Intermediate + "\n" + file.Root)},
			},
		} {
			t.Run(v.ID+" with the chain from "+chain.from, func(t *testing.T) {
				verifier := newVerifier(t, newProvider(serving(chain.served)), []byte(chain.extra),
					entry{"retired", "0000000000000000A", "sandbox"}, entry{"shop", v.WebhookID, "sandbox"})
				h := providertest.Header(v.Headers)

				origin, err := verifier.Verify(t.Context(), h, v.Body, v.At)
				require.NoError(t, err)
				assert.Len(t, origin.SignedSHA256, 64)
				assert.Equal(t, provider.Origin{Endpoint: "shop", Livemode: new(false), SignedSHA256: origin.SignedSHA256}, origin)
				_, err = verifier.Verify(t.Context(), h, append(v.Body, '\n'), v.At)
				assert.ErrorIs(t, err, provider.SignatureMismatch)
			})
		}
	}
}

// TestEnvironments: a certificate vouches only for webhooks of its environment.
func TestEnvironments(t *testing.T) {
	live := authority.Issue(paypaltest.LiveName, epoch)
	sandbox := authority.Issue(paypaltest.SandboxName, epoch)
	p := newProvider(serving(map[string][]byte{
		certURL:               bundle(live),
		liveCerts + "SANDBOX": bundle(sandbox),
		sandboxCerts + "CERT": bundle(sandbox),
	}))
	test := entry{"test", webhookID, "sandbox"}
	good := signer(live)
	simulator, stranger := good, good
	simulator.WebhookID = "WEBHOOK_ID"
	stranger.Key = paypaltest.NewAuthority(epoch).Issue("x", epoch).Key

	for _, tt := range []struct {
		why     string
		entries []entry
		signer  paypal.Signer
		want    any // the endpoint, or the reason
	}{
		{"live, beside an entry of the sandbox", []entry{test, shop}, good, "shop"},
		{"sandbox, beside an entry of live", []entry{shop, test}, at(sandboxCerts+"CERT", good), "test"},

		{"sandbox, but the secret has live only: nothing is fetched", []entry{shop}, at(sandboxCerts+"MISSING", good), provider.SignatureMismatch},
		{"live, but the secret has sandbox only: nothing is fetched", []entry{test}, at(liveCerts+"MISSING", good), provider.SignatureMismatch},
		{"sandbox certificate on the live host", []entry{shop}, at(liveCerts+"SANDBOX", good), provider.CertRefused},
		{"the dashboard's simulator", []entry{shop}, simulator, provider.SignatureMismatch},
		{"another key than the certificate's", []entry{shop}, stranger, provider.SignatureMismatch},
		{"no certificate there", []entry{shop}, at(liveCerts+"MISSING", good), provider.CertRefused},
		{"URL that is not PayPal's", []entry{shop}, at("https://169.254.169.254/latest", good), provider.CertURLRefused},
	} {
		t.Run(tt.why, func(t *testing.T) {
			origin, err := newVerifier(t, p, nil, tt.entries...).Verify(t.Context(), signed(tt.signer, nil, epoch), nil, epoch)
			if reason, ok := tt.want.(provider.Reason); ok {
				assert.ErrorIs(t, err, reason)
				assert.Empty(t, origin)
				return
			}
			require.NoError(t, err)
			origin.SignedSHA256 = ""
			assert.Equal(t, provider.Origin{Endpoint: tt.want.(string), Livemode: new(tt.want == "shop")}, origin)
		})
	}
}

// TestForgedBodySharesTheSignature is the attack that SignedSHA256 is for: whoever
// has one genuine transmission makes another body with its CRC-32.
func TestForgedBodySharesTheSignature(t *testing.T) {
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	v := newVerifier(t, newProvider(serving(map[string][]byte{certURL: bundle(leaf)})), nil, shop, entry{"second", "0000000000000000A", "live"})
	body := []byte(`{"id":"WH-1","create_time":"2026-03-01T00:00:00Z","event_type":"PAYMENT.CAPTURE.COMPLETED"}`)
	forged := paypaltest.Forge([]byte(`{"id":"WH-2","create_time":"2026-03-02T00:00:00Z","event_type":"PAYMENT.CAPTURE.COMPLETED","x":"`+
		paypaltest.Forgeable+`"}`), body)
	require.True(t, json.Valid(forged))
	headers := signed(signer(leaf), body, epoch)
	verified := func(h provider.Header, body []byte) string {
		origin, err := v.Verify(t.Context(), h, body, epoch)
		require.NoError(t, err)
		require.Len(t, origin.SignedSHA256, 64)
		return origin.SignedSHA256
	}

	genuine := verified(headers, body)

	assert.Equal(t, genuine, verified(headers, forged), "the signature fits both")
	second := signer(leaf)
	second.WebhookID = "0000000000000000A"
	assert.NotEqual(t, genuine, verified(signed(second, body, epoch), body), "another webhook of the same event is another delivery")
	assert.NotEqual(t, genuine, verified(signed(signer(leaf), body, epoch.Add(time.Second)), body), "signed anew")
}

// failingKey is a key that cannot sign.
type failingKey struct{ crypto.Signer }

var errEntropy = errors.New("no entropy")

func (failingKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, errEntropy }

func TestSignReturnsTheKeysError(t *testing.T) {
	_, err := paypal.Signer{Key: failingKey{}}.Sign(nil, epoch)
	assert.ErrorIs(t, err, errEntropy)
}

func TestEachDeliveryHasAnID(t *testing.T) {
	s := signer(authority.Issue(paypaltest.LiveName, epoch))
	assert.Equal(t, s.TransmissionID, providertest.Sign(s, nil, epoch)[idHeader])
	s.TransmissionID = ""
	assert.NotEqual(t, providertest.Sign(s, nil, epoch)[idHeader], providertest.Sign(s, nil, epoch)[idHeader])
}
