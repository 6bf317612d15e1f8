package flow_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/quality/sources"
)

// TestAFurtherProviderIsOnePackageOneDescriptorOneLine adds a provider with a
// signature scheme of its own to a copy of the repository, deploys that as a
// second stack, and takes an event from its endpoint to its table.
func TestAFurtherProviderIsOnePackageOneDescriptorOneLine(t *testing.T) {
	root := copySources(t)
	require.NoError(t, os.CopyFS(root, os.DirFS(filepath.Join("testdata", "acme"))))
	sources.Edit(t, filepath.Join(root, "handlers", "contract", "provider.go"), "return []Provider{", "return []Provider{Acme(), ")
	registry := filepath.Join(root, "handlers", "providers", "providers.go")
	sources.Edit(t, registry, "provider.Set{", "provider.Set{acme.New(), ")
	sources.Edit(t, registry, "import (", "import (\n\t\"github.com/paysluice/paysluice/handlers/provider/acme\"")
	other := deployCopy(t, root, "fourth")

	acme := contract.Provider{Title: "Acme"} // by which the stack's outputs name it
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	require.NoError(t, other.PutSecret(t.Context(), acme, []byte(public)))

	body := []byte(`{"notice":"n1","payment":"p1","seconds":1780000000}`)
	signed := acmeHeader(private, body)
	status, answer, err := other.Post(t.Context(), acme, signed, body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, "%s", answer)
	status, _, err = other.Post(t.Context(), acme, signed, append(body, ' '))
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, status)

	var rows []event.Event
	require.Eventually(t, func() bool {
		rows, err = other.Events(t.Context())
		return err == nil && len(rows) > 0
	}, 30*time.Second, 200*time.Millisecond)
	require.Len(t, rows, 1)
	assert.Equal(t, "acme:n1", rows[0].ID)
	assert.Equal(t, "p1", rows[0].PaymentID)
	assert.Equal(t, body, rows[0].Payload)
}

// deployCopy deploys a copy of the repository beside the stack that all tests
// share.
func deployCopy(t *testing.T, root, suffix string) *emulator.Stack {
	t.Helper()
	zips, err := emulator.BuildZips(t.Context(), root)
	require.NoError(t, err)
	template, err := emulator.GenerateTemplate(t.Context(), root)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "stack.json")
	require.NoError(t, os.WriteFile(file, template, 0o600))
	other, err := stack.Deploy(t.Context(), emulator.Deployment{
		Template: file, Zips: zips, Suffix: suffix,
		Parameters: map[string]string{"ManageApiGatewayAccount": "false"},
	})
	require.NoError(t, err)
	return other
}

func acmeHeader(key ed25519.PrivateKey, body []byte) http.Header {
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	signature := ed25519.Sign(key, append([]byte(stamp+"\n"), body...))
	return http.Header{
		"Acme-Time":      {stamp},
		"Acme-Signature": {base64.StdEncoding.EncodeToString(signature)},
	}
}
