package decode_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/provider/decode"
)

func TestClean(t *testing.T) {
	longest := strings.Repeat("x", decode.MaxText)
	for text, want := range map[string]string{
		"":                "",
		"pi_1":            "pi_1",
		"Gold / jährlich": "Gold / jährlich", // a merchant's own name of a plan
		longest:           longest,
		longest + "x":     "",
		"a\x00":           "",
		"a\n":             "",
		"\u0085":          "", // a control character beyond ASCII
	} {
		assert.Equal(t, want, decode.Clean(text), "%q", text)
	}
}

func TestRelated(t *testing.T) {
	assert.Equal(t, map[string]string{"order": "o_1"},
		decode.Related(map[string]string{"order": "o_1", "invoice": "", "customer": "c\x00"}))
	assert.Nil(t, decode.Related(map[string]string{"order": ""}), "an event without related ids has no such field")
	assert.Nil(t, decode.Related(nil))
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, " ~": true, "Connect (EU) #2": true,
		"\x1f": false, "\x7f": false, "é": false, "a\n": false, "\xff": false,
	} {
		assert.Equal(t, want, decode.Printable(text), "%q", text)
	}
}
