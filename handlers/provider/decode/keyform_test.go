package decode_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// TestKeyForms: what the sender signs with is among the forms of the entry's key.
func TestKeyForms(t *testing.T) {
	for _, row := range []struct{ why, key, prefix, sender string }{
		{"a file with a line break", "key", "", "key\n"},
		{"a file of Windows", "key", "", "key\r\n"},
		{"a copied space", "key", "", "key "},
		{"white space within the entry", "k ey", "", "key"},
		{"quotation marks of a shell", `"key"`, "", "key"},
		{"without the prefix", "whsec_key", "whsec_", "key"},
		{"the entry lost the prefix", "key", "whsec_", "whsec_key"},
		{"decoded as Standard Webhooks does", "whsec_aHVzaA==", "whsec_", "hush"},
		{"decoded from hex", "68757368", "", "hush"},
	} {
		var keys []string
		for _, form := range decode.KeyForms(row.key, row.prefix) {
			keys = append(keys, form.Key)
			assert.NotContains(t, form.As, row.key, "a description repeats no key")
		}
		assert.Contains(t, keys, row.sender, row.why)
		assert.NotContains(t, keys, row.key)
	}
	for _, form := range decode.KeyForms("whsec_", "whsec_") {
		assert.NotEmpty(t, form.Key, "anybody can sign with an empty key")
	}
}
