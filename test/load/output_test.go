package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/load/internal/report"
	"github.com/paysluice/paysluice/test/measured"
)

// TestPageIsCurrent holds tables and plot to the committed results.
func TestPageIsCurrent(t *testing.T) {
	all, err := measured.Read(filepath.Join("..", "..", measured.File))
	require.NoError(t, err)
	document := filepath.Join("..", "..", documentFile)
	page, err := os.ReadFile(document)
	require.NoError(t, err)

	filled, err := report.Fill(page, report.Sections(all))

	require.NoError(t, err)
	assert.Equal(t, string(filled), string(page), "make load and make coldstart write it")
	plot, err := os.ReadFile(plotOf(document))
	require.NoError(t, err)
	assert.Equal(t, report.Plot(all.Load[0]), string(plot))
}
