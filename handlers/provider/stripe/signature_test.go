package stripe_test

import (
	"hash"
	"strings"
	"testing"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
)

func TestFullSecretAndTheLargestBody(t *testing.T) {
	entries := strings.Repeat(`{"label":"a","secret":"hush"},`, providertest.MaxEntries)
	v := newVerifier(t, `{"endpoints":[`+strings.TrimSuffix(entries, ",")+`]}`)
	providertest.RequireEffort(t, 1, func(newHash func() hash.Hash) provider.Verifier { return stripe.WithHash(v, newHash) },
		func(body []byte) provider.Header { return signed(sign(body, "another", epoch())) }, epoch())
}
