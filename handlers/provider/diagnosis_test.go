package provider_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
)

func TestEachCauseHasARemedy(t *testing.T) {
	remedies := map[string]provider.Cause{}
	for _, c := range []provider.Cause{
		provider.OtherURL, provider.OtherKey, provider.KeyForm, provider.OtherEnvironment, provider.Simulator, provider.Certificate,
		provider.BodyEncoding, provider.BodyEnd, provider.Clock, provider.SignedTime, provider.RepeatedHeader, provider.Scheme,
		provider.SignatureEncoding, provider.MissingHeader, provider.MalformedHeader, provider.NoCause,
	} {
		assert.Empty(t, remedies[c.Remedy()], "%s has the remedy of another", c)
		remedies[c.Remedy()] = c
	}
	assert.Equal(t, "clock (likely): Late.", provider.NewDiagnosis(provider.Clock, provider.Likely, "Late.").String())
}

// TestProveTriesAllWithinItsEffort: the time does not tell which one holds.
func TestProveTriesAllWithinItsEffort(t *testing.T) {
	tried := 0
	try := func(cause provider.Cause, holds bool) provider.Hypothesis {
		return provider.Hypothesis{Cause: cause, Cost: 10, Holds: func() bool { tried++; return holds }}
	}
	all := []provider.Hypothesis{try("a", false), try("b", true), try("c", true)}
	for effort, want := range map[int]struct {
		tried int
		cause provider.Cause
	}{9: {0, ""}, 19: {1, ""}, 20: {2, "b"}, 30: {3, "b"}} {
		tried = 0
		d, ok := provider.Prove(effort, slices.Values(all))
		assert.Equal(t, want.tried, tried)
		assert.Equal(t, want.cause, d.Cause)
		assert.Equal(t, want.cause != "", ok)
	}
}

func TestSuppose(t *testing.T) {
	for reason, want := range map[provider.Reason]provider.Cause{
		provider.HeaderMissing: provider.MissingHeader, provider.HeaderRepeated: provider.RepeatedHeader, provider.HeaderMalformed: provider.MalformedHeader,
		provider.TimestampStale: provider.Clock, provider.TimestampFuture: provider.Clock,
		provider.AlgorithmRefused: provider.SignatureEncoding, provider.CertURLRefused: provider.Certificate, provider.CertRefused: provider.Certificate,
		provider.PayPalChain: provider.NoCause, provider.SignatureMismatch: provider.NoCause,
	} {
		d := provider.Case{Err: fmt.Errorf("%w: it", reason), Body: []byte("{}")}.Suppose()
		assert.Equal(t, want, d.Cause, reason)
		assert.NotEqual(t, provider.Proven, d.Certainty)
	}
	for _, body := range []string{"", `{"a":`, "x"} {
		assert.Equal(t, provider.BodyEncoding, provider.Case{Err: provider.SignatureMismatch, Body: []byte(body)}.Suppose().Cause)
	}
}

func TestAgeText(t *testing.T) {
	now := time.Unix(1775001600, 0)
	assert.Equal(t, "3601 s (1h0m1s) before the clock's time", provider.AgeText(now.Add(-3601*time.Second), now))
	assert.Equal(t, "5 s (5s) after the clock's time", provider.AgeText(now.Add(5*time.Second), now))
}

func TestShifts(t *testing.T) {
	shifts := provider.Shifts()
	assert.Equal(t, []int64{900, -900}, shifts[:2], "time zones before seconds")
	assert.Len(t, shifts, 2*(56+300))
}

func TestParseSum(t *testing.T) {
	want := [32]byte{0: 0xfb, 1: 0xff, 31: 1}
	for _, text := range []string{
		hex.EncodeToString(want[:]), strings.ToUpper(hex.EncodeToString(want[:])), base64.StdEncoding.EncodeToString(want[:]),
		base64.RawStdEncoding.EncodeToString(want[:]), base64.URLEncoding.EncodeToString(want[:]),
	} {
		sum, ok := provider.ParseSum(text)
		assert.True(t, ok, text)
		assert.Equal(t, want, sum)
	}
	for _, text := range []string{"", "00", "?", strings.Repeat("A", 44)} {
		_, ok := provider.ParseSum(text)
		assert.False(t, ok, text)
	}
}

func TestShownURL(t *testing.T) {
	for url, want := range map[string]string{
		"https://a.example.com":                    "https://a.example.com",
		"https://a.example.com/":                   "https://a.example.com/",
		"https://u:hush@a.example.com/b?t=hush&c=": "https://a.example.com/b?…",
		"http://a.example.com?hush":                "http://a.example.com?…",
	} {
		assert.Equal(t, want, provider.ShownURL(url))
	}
}

func TestHeaderWith(t *testing.T) {
	h := providertest.MultiHeader(map[string][]string{"A": {"1", "2"}, "B": {"3"}}).With("a", "4")
	assert.Equal(t, []string{"4"}, h.Values("A"))
	assert.Equal(t, []string{"3"}, h.Values("b"))
}

// TestVariants: what was signed is among the variants of what arrived.
func TestVariants(t *testing.T) {
	for _, a := range providertest.Alterations() {
		found := ""
		for v := range provider.Variants([]byte(a.Arrived)) {
			assert.NotEqual(t, a.Arrived, string(v.Body), "the body itself is none")
			if string(v.Body) == a.Signed && found == "" {
				found = v.As
				assert.Equal(t, a.Cause, v.Cause, a.Why)
			}
		}
		assert.NotEmpty(t, found, a.Why)
	}
	for _, body := range []string{``, `{`, `"\ud800"`, `"\ud800\u0041"`, `"\u00zz\"`, `{"a":"\ud83d"}`, "\"\xff\"", `"\u0100"`, `"Ā"`} {
		for v := range provider.Variants([]byte(body)) {
			assert.NotEqual(t, body, string(v.Body))
		}
	}
	// The search can end at each variant.
	total := 0
	for range provider.Variants([]byte(`"é"`)) {
		total++
	}
	for most := range total {
		n := 0
		for range provider.Variants([]byte(`"é"`)) {
			if n++; n > most {
				break
			}
		}
		assert.Equal(t, most+1, n)
	}
}
