package traffic_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
	"github.com/paysluice/paysluice/test/load/internal/functions"
	"github.com/paysluice/paysluice/test/load/internal/traffic"
)

// Every webhook is of the size that is claimed, and what it says: the
// providers' own code takes it.
func TestMake(t *testing.T) {
	authority := paypaltest.NewAuthority(time.Now())
	hosts := paypaltest.NewHosts(authority)
	defer hosts.Close()
	source, err := traffic.New(authority, hosts)
	require.NoError(t, err)
	asked := []int{0, 1, 2, 2, 0, 1}
	made, err := source.Make(t.Context(), traffic.BodySize, asked)
	require.NoError(t, err)
	set := all.All(all.Settings{})
	ids := map[string]bool{}
	for i, w := range made {
		assert.Equal(t, asked[i], w.Provider)
		ids[w.EventID] = true
		p, err := set.ByName(contract.Providers()[w.Provider].Name)
		require.NoError(t, err)

		var a events.APIGatewayCustomAuthorizerRequestTypeRequest
		require.NoError(t, json.Unmarshal(w.Authorizer, &a))
		assert.NoError(t, p.CheckHeaders(providertest.MultiHeader(a.MultiValueHeaders), time.Now()))
		assert.NoError(t, p.CheckHeaders(providertest.MultiHeader(a.MultiValueHeaders), time.Now().Add(traffic.MaxAge)))

		var r events.APIGatewayProxyRequest
		require.NoError(t, json.Unmarshal(w.Processor, &r))
		t.Logf("%s: a proxy event of %d bytes, an authorizer's of %d", w.EventID, len(w.Processor), len(w.Authorizer))
		// PayPal's five headers stand there twice, as all do.
		assert.InDelta(t, 5500, len(w.Processor), 800)
		body, err := base64.StdEncoding.DecodeString(r.Body)
		require.NoError(t, err)
		assert.Len(t, body, traffic.BodySize)
		e, err := p.Event(body, provider.Origin{})
		require.NoError(t, err)
		assert.Equal(t, w.EventID, e.ID)
	}
	assert.Len(t, ids, len(made), "each is another event")

	secrets, err := source.Secrets()
	require.NoError(t, err)
	for _, p := range contract.Providers() {
		assert.Contains(t, secrets, functions.SecretARN(p))
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = source.Make(ctx, traffic.BodySize, asked)
	assert.ErrorIs(t, err, context.Canceled)
}
