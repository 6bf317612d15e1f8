package envelope_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/provider/envelope"
)

func TestClean(t *testing.T) {
	longest := strings.Repeat("x", envelope.MaxText)
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
		assert.Equal(t, want, envelope.Clean(text), "%q", text)
	}
}

func TestRelated(t *testing.T) {
	assert.Equal(t, map[string]string{"order": "o_1"},
		envelope.Related(map[string]string{"order": "o_1", "invoice": "", "customer": "c\x00"}))
	assert.Nil(t, envelope.Related(map[string]string{"order": ""}), "an event without related ids has no such field")
	assert.Nil(t, envelope.Related(nil))
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, " ~": true, "Connect (EU) #2": true,
		"\x1f": false, "\x7f": false, "é": false, "a\n": false, "\xff": false,
	} {
		assert.Equal(t, want, envelope.Printable(text), "%q", text)
	}
}
