package paypal_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"hash/crc32"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
	"github.com/paysluice/paysluice/test/header"
)

// FuzzCheckHeaders: accepted headers name one of PayPal's certificates and have
// one meaning; all others are rejected with a reason.
func FuzzCheckHeaders(f *testing.F) {
	for _, v := range readVectors(f).Vectors {
		f.Add(v.Headers[idHeader], v.Headers[timeHeader], v.Headers[signatureHeader], v.Headers[certURLHeader], v.At.Unix())
	}
	f.Add("a|b", "2018-19-12T00:00:00Z", "QR==", "https://api.paypal.com@example.net/v1/notifications/certs/x", int64(0))
	f.Add("\x00", "2026-04-01T00:00:00,5Z", "QUFB\n", certURL+"%2f..", int64(-1<<62))
	f.Add("a", "2026-04-01T00:00:00Z", "QQ==", certURL, int64(1775001600))

	f.Fuzz(func(t *testing.T, id, stamp, signature, url string, now int64) {
		h := header.Of(map[string]string{
			idHeader: id, timeHeader: stamp, signatureHeader: signature, certURLHeader: url, algorithmHeader: "SHA256withRSA",
		})
		if err := paypal.New(nil).CheckHeaders(h, time.Unix(now, 0)); err != nil {
			assert.Equal(t, provider.Rejected, provider.ReasonOf(err).Class(), "%v", err)
			return
		}
		assert.Regexp(t, `^https://api\.(sandbox\.)?paypal\.com/v1/notifications/certs/[A-Za-z0-9_-]{1,128}$`, url)
		assert.NotContains(t, id+stamp, "|")
		assert.LessOrEqual(t, len(signature), 1368)
	})
}

// FuzzVerifier: a document becomes a verifier or is refused as empty or
// malformed. No verifier accepts the simulator.
func FuzzVerifier(f *testing.F) {
	f.Add([]byte(with("extraRootsPem", quote(f, string(authority.Root.PEM())))))
	f.Add([]byte(`{"webhooks":[{"label":"a","webhookId":"WEBHOOK_ID","environment":"live"}]}`))
	f.Add([]byte(`{"webhooks":{"label":"a"},"extraRootsPem":[]}`))
	f.Add([]byte(" "))
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	p := paypal.New(serving(map[string][]byte{certURL: bundle(leaf)}))
	simulator := signer(leaf)
	simulator.WebhookID = "WEBHOOK_ID"
	h := signed(f, simulator, nil, epoch)

	f.Fuzz(func(t *testing.T, document []byte) {
		v, err := p.Verifier(document)
		if err != nil {
			assert.Equal(t, provider.Unavailable, provider.ReasonOf(err).Class(), "%v", err)
			assert.Nil(t, v)
			return
		}
		_, err = v.Verify(t.Context(), h, nil, epoch)
		assert.Error(t, err)
	})
}

// FuzzVerify: a body passes only under its own headers.
func FuzzVerify(f *testing.F) {
	f.Add([]byte(`{"id":"WH-1"}`), []byte(`{"id":"WH-2"}`))
	f.Add([]byte{}, []byte{0})
	f.Add([]byte("\xff"), []byte("\xff"))
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	v := newVerifier(f, paypal.New(serving(map[string][]byte{certURL: bundle(leaf)})), nil, shop)

	f.Fuzz(func(t *testing.T, body, other []byte) {
		h := signed(t, signer(leaf), body, epoch)
		_, err := v.Verify(t.Context(), h, body, epoch)
		assert.NoError(t, err)
		if crc32.ChecksumIEEE(body) != crc32.ChecksumIEEE(other) { // PayPal signs the CRC-32
			_, err = v.Verify(t.Context(), h, other, epoch)
			assert.ErrorIs(t, err, provider.SignatureMismatch)
		}
	})
}

// FuzzCertificate: a webhook passes only if PayPal's host serves the certificate
// whose key signed it.
func FuzzCertificate(f *testing.F) {
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	f.Add(bundle(leaf))
	f.Add(leaf.Certificate.Raw)
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Add([]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff})
	h := signed(f, signer(leaf), nil, epoch)

	f.Fuzz(func(t *testing.T, served []byte) {
		v := newVerifier(t, paypal.New(serving(map[string][]byte{certURL: served})), nil, shop)
		if _, err := v.Verify(t.Context(), h, nil, epoch); err != nil {
			assert.Contains(t, []provider.Reason{provider.CertRefused, provider.PayPalChain, provider.SignatureMismatch}, provider.ReasonOf(err), "%v", err)
			return
		}
		der := served
		if block, _ := pem.Decode(served); block != nil {
			der = block.Bytes
		}
		certs, err := x509.ParseCertificates(der)
		require.NoError(t, err)
		assert.Equal(t, leaf.Key.Public(), certs[0].PublicKey)
	})
}

// FuzzEvent: any body is an event that fits everywhere it goes, or is
// quarantined.
func FuzzEvent(f *testing.F) {
	addFixtures(f, func(body []byte) { f.Add(body) })
	f.Add([]byte(`{"id":"..","event_type":"a","create_time":-1}`))
	f.Add([]byte("{\"id\":\"a\",\"event_type\":\"\xff\",\"resource\":{\"amount\":{\"value\":1e999}}}"))
	f.Add([]byte(strings.Repeat(`{"resource":`, 20000)))

	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := paypal.New(nil).Event(body, provider.Origin{Endpoint: "shop"})
		if err != nil {
			assert.Equal(t, provider.Quarantined, provider.ReasonOf(err).Class(), "%v", err)
			assert.Empty(t, e)
			return
		}
		assert.Regexp(t, `^paypal:[A-Za-z0-9_.-]{1,255}$`, e.ID)
		assert.NotContains(t, e.ID, "..")
		assert.True(t, e.Category.Valid(), e.Category)
		assert.GreaterOrEqual(t, e.Timestamp, int64(0))
		assert.Equal(t, e.Amount == "", e.Currency == "")
		assert.NotContains(t, e.Amount, "-")
		for _, text := range []string{e.ObjectType, e.ObjectID, e.ObjectStatus, e.PaymentID, e.Account, e.APIVersion} {
			assert.LessOrEqual(t, len(text), 255)
		}
		for name, id := range e.Related {
			assert.NotEmpty(t, id, name)
			assert.LessOrEqual(t, len(id), 255)
		}
		e.Payload, e.PayloadSHA256 = body, event.HashPayload(body)
		decoded, err := event.Decode(event.Encode(e))
		require.NoError(t, err)
		assert.True(t, bytes.Equal(body, decoded.Payload), "the bytes survive")
	})
}

// FuzzSameEvent: the answer does not depend on the order of the two.
func FuzzSameEvent(f *testing.F) {
	addFixtures(f, func(body []byte) {
		f.Add(body, bytes.ReplaceAll(body, []byte("api.paypal.com"), []byte("api-m.paypal.com")))
	})
	f.Add([]byte(`{"a":1}`), []byte(`{"a":1.0}`))
	f.Add([]byte(`null`), []byte(``))

	f.Fuzz(func(t *testing.T, a, b []byte) {
		p := paypal.New(nil)
		assert.Equal(t, p.SameEvent(a, b), p.SameEvent(b, a))
		assert.True(t, p.SameEvent(a, a))
		if !json.Valid(a) && !bytes.Equal(a, b) {
			assert.False(t, p.SameEvent(a, b))
		}
	})
}

func addFixtures(f *testing.F, add func([]byte)) {
	f.Helper()
	files, err := filepath.Glob("testdata/events/*.json")
	require.NoError(f, err)
	for _, file := range files {
		add(readFile(f, file))
	}
}
