package all_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
)

// A provider that stands in only one of the two lists would have an endpoint
// without code, or code without an endpoint.
func TestRegistryAndContractListTheSameProviders(t *testing.T) {
	all := all.All(all.Settings{})
	require.Len(t, all, len(contract.Providers()))
	for i, descriptor := range contract.Providers() {
		assert.Equal(t, descriptor, all[i].Descriptor())
	}
}

func TestVerifyingAreTheSameProviders(t *testing.T) {
	verifying := all.Verifying("https://abc.execute-api.us-east-1.amazonaws.com/live/square", "", nil)
	require.Len(t, verifying, len(contract.Providers()))
	square, err := verifying.ByName(contract.Square().Name)
	require.NoError(t, err)
	_, err = square.Verifier([]byte(`{"subscriptions":[{"label":"a","signatureKey":"k","environment":"live"}]}`))
	assert.NoError(t, err, "the stack's own URL stands in for a notificationUrl")
}

func TestSetFindsProviders(t *testing.T) {
	for _, descriptor := range contract.Providers() {
		byName, err := all.All(all.Settings{}).ByName(descriptor.Name)
		require.NoError(t, err)
		assert.Equal(t, descriptor, byName.Descriptor())

		byPath, err := all.All(all.Settings{}).ByPath("/" + descriptor.Path)
		require.NoError(t, err)
		assert.Equal(t, descriptor, byPath.Descriptor())
	}
	_, err := all.All(all.Settings{}).ByName("nobody")
	require.ErrorIs(t, err, provider.ErrUnknown)
	_, err = all.All(all.Settings{}).ByPath("/nobody")
	require.ErrorIs(t, err, provider.PathUnknown)
}

func TestSigner(t *testing.T) {
	for name, header := range map[string]string{"stripe": "Stripe-Signature", "square": "x-square-hmacsha256-signature"} {
		s, err := all.Signer(name, "key", "https://api.example.com/square")
		require.NoError(t, err)
		assert.NotEmpty(t, providertest.Sign(s, nil, time.Now())[header])
	}
	_, err := all.Signer("paypal", "id", "")
	assert.ErrorIs(t, err, provider.ErrUnknown)
}
