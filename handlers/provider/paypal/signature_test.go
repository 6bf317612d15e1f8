package paypal_test

import (
	"crypto"
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
				verifier := newVerifier(t, paypal.New(serving(chain.served)), []byte(chain.extra),
					entry{"retired", "0000000000000000A", "sandbox"}, entry{"shop", v.WebhookID, "sandbox"})
				h := providertest.Header(v.Headers)

				origin, err := verifier.Verify(t.Context(), h, v.Body, v.At)
				require.NoError(t, err)
				assert.Equal(t, provider.Origin{Endpoint: "shop", Livemode: new(false)}, origin)
				_, err = verifier.Verify(t.Context(), h, append(v.Body, '\n'), v.At)
				assert.ErrorIs(t, err, provider.SignatureMismatch)
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
		liveCerts + "SANDBOX": bundle(sandbox),
		sandboxCerts + "CERT": bundle(sandbox),
	}))
	other, test := entry{"other", "OTHER", "live"}, entry{"test", webhookID, "sandbox"}
	good := signer(live)
	forWebhook := func(id string) paypal.Signer {
		s := good
		s.WebhookID = id
		return s
	}
	withKey := func(key crypto.Signer) paypal.Signer {
		s := good
		s.Key = key
		return s
	}

	for _, tt := range []struct {
		why     string
		entries []entry
		signer  paypal.Signer
		body    []byte
		want    any // the endpoint, or the reason
	}{
		{"one webhook", []entry{shop}, good, body, "shop"},
		{"the matching entry names the endpoint", []entry{other, test, shop}, good, body, "shop"},
		{"rotation: the old webhook still sends", []entry{shop, other}, forWebhook("OTHER"), body, "other"},
		{"empty body", []entry{shop}, good, nil, "shop"},
		{"body that is not text", []entry{shop}, good, []byte("\x00\xff"), "shop"},
		{"sandbox", []entry{shop, test}, at(sandboxCerts+"CERT", good), body, "test"},

		{"retired webhook", []entry{other}, good, body, provider.SignatureMismatch},
		{"sandbox, but the secret has live only: nothing is fetched", []entry{shop}, at(sandboxCerts+"MISSING", good), body, provider.SignatureMismatch},
		{"live, but the secret has sandbox only: nothing is fetched", []entry{test}, at(liveCerts+"MISSING", good), body, provider.SignatureMismatch},
		{"sandbox certificate on the live host", []entry{shop}, at(liveCerts+"SANDBOX", good), body, provider.CertRefused},
		{"the dashboard's simulator", []entry{shop}, forWebhook("WEBHOOK_ID"), body, provider.SignatureMismatch},
		{"another key than the certificate's", []entry{shop}, withKey(paypaltest.NewAuthority(epoch).Issue("x", epoch).Key), body, provider.SignatureMismatch},
		{"no certificate there", []entry{shop}, at(liveCerts+"MISSING", good), body, provider.CertRefused},
		{"headers are checked too", []entry{shop}, at("https://169.254.169.254/latest", good), body, provider.CertURLRefused},
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

// TestMutations changes one byte of the body or of a header of signed webhooks.
func TestMutations(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	v := newVerifier(t, paypal.New(serving(map[string][]byte{certURL: bundle(leaf)})), nil, shop)
	names := []string{idHeader, timeHeader, signatureHeader, algorithmHeader, versionHeader}
	change := func(text string) string {
		b := []byte(text)
		b[random.IntN(len(b))] ^= byte(1 + random.IntN(255))
		return string(b)
	}
	reasons := map[provider.Reason]int{}

	for n := range 500 {
		body := make([]byte, 1+random.IntN(2000))
		for i := range body {
			body[i] = byte(random.Uint32())
		}
		headers, err := signer(leaf).Sign(body, fmt.Sprint("id-", n), epoch)
		require.NoError(t, err)
		_, err = v.Verify(t.Context(), providertest.Header(headers), body, epoch)
		require.NoError(t, err, "body %d", n)

		if name := names[random.IntN(len(names))]; n%2 == 0 {
			headers[name] = change(headers[name])
		} else {
			body = []byte(change(string(body)))
		}
		_, err = v.Verify(t.Context(), providertest.Header(headers), body, epoch)
		require.Equal(t, provider.Rejected, provider.ReasonOf(err).Class(), "mutation %d: %v", n, err)
		reasons[provider.ReasonOf(err)]++
	}
	assert.Greater(t, reasons[provider.SignatureMismatch], 250, "most mutations reach the signature check")
	assert.Greater(t, reasons[provider.HeaderMalformed], 10)
}

// failingKey is a key that cannot sign.
type failingKey struct{ crypto.Signer }

var errEntropy = errors.New("no entropy")

func (failingKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, errEntropy }

func TestSignReturnsTheKeysError(t *testing.T) {
	_, err := paypal.Signer{Key: failingKey{}}.Sign(nil, "id", epoch)
	assert.ErrorIs(t, err, errEntropy)
}
