package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/document"
	"github.com/paysluice/paysluice/test/measured"
)

const root = "../.."

// docs/cost.md is what is read before anybody pays, and docs/scaling.md before a
// peak: both must be what the template, the code, the measurements, the prices and
// the limits say.
func TestPageIsCurrent(t *testing.T) {
	for name, p := range pages() {
		t.Run(name, func(t *testing.T) {
			tables, err := p.tables(root, filepath.Join(root, measured.File))
			require.NoError(t, err)
			stale, err := document.Stale(filepath.Join(root, p.file), tables)
			require.NoError(t, err)
			if stale != "" {
				t.Fatalf("%s is not what is computed: %s\nIf the change is meant, read what the page says about its tables, and update them:\n\n\tmake %s\n", p.file, stale, name)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	assert.ErrorIs(t, write(root, measured.File, ""), errUsage)
	assert.Error(t, write(root, "nothing.json", "cost"), "what was measured is needed")
}
