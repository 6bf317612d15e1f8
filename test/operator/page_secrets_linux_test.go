package operator_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPageSecrets(t *testing.T) {
	s := reader(t)
	for _, a := range accounts {
		restore(t, a)
	}
	stripe, square, paypal := accounts["stripe"], accounts["square"], accounts["paypal"]
	require.NoError(t, stack.PutSecret(t.Context(), stripe.Provider, map[string]any{"endpoints": []any{map[string]string{"label": "connect", "secret": stripe.secret}}}))
	typed := func() *os.File {
		keyboard, terminal := openTerminal(t)
		_, err := keyboard.WriteString(stripe.NewSecret() + "\n")
		require.NoError(t, err)
		return terminal
	}
	document, err := json.Marshal(paypal.Document(paypal.secret, paypal.NewSecret()))
	require.NoError(t, err)
	s.write(t, "paypal-secret.json", document)
	s.write(t, "square-key", []byte(square.NewSecret()))
	s.play(t, "docs/secrets.md", plan{
		replace: map[string]string{"pass show square": "cat square-key"},
		terminals: map[string]*os.File{
			"paysluice secrets add stripe main --environment live": typed(), "paysluice secrets add stripe main-2026 --environment live": typed(),
		},
		after: map[string]func(){
			"pass show square…": func() { assert.Equal(t, []string{"test", "main"}, labels(t, "square")) },
			"aws secretsmanager put-secret-value…": func() {
				var got json.RawMessage
				require.NoError(t, stack.Secret(t.Context(), paypal.Provider, &got))
				assert.JSONEq(t, string(document), string(got))
			},
			"paysluice secrets retire stripe main": func() { assert.Equal(t, []string{"connect", "main-2026"}, labels(t, "stripe")) },
		},
	})
}
