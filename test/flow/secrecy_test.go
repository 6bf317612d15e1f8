package flow_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
)

// TestNothingSecretIsLogged sends marked secrets, signatures and payloads every
// way through the functions and looks for them in all that these have logged
// for the whole run.
func TestNothingSecretIsLogged(t *testing.T) {
	require.NoError(t, exercise(t.Context()))
	forged, _ := newWebhook()
	forged.secret = "whsec_marked_forged"
	deliver(t, forged, http.StatusUnauthorized)
	requireQueueEmpty(t)

	for _, function := range []string{
		contract.AuthorizerName, contract.ProcessorName(contract.Stripe()), contract.ConsumerName,
	} {
		lines, err := stack.Logs(t.Context(), function)
		require.NoError(t, err)
		log := strings.Join(lines, "\n")
		require.NotEmpty(t, log, "%s logs nothing", function)
		assert.NotContains(t, log, "marked", "%s logs a secret or a payload", function)
		assert.NotContains(t, log, "v1=", "%s logs a signature", function)
	}
}
