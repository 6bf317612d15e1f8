package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/document"
	"github.com/paysluice/paysluice/test/load/internal/report"
	"github.com/paysluice/paysluice/test/measured"
)

// TestPageIsCurrent holds tables and plot to the committed results.
func TestPageIsCurrent(t *testing.T) {
	all, err := measured.Read(filepath.Join("..", "..", measured.File))
	require.NoError(t, err)
	file := filepath.Join("..", "..", documentFile)
	page, err := os.ReadFile(file)
	require.NoError(t, err)

	filled, err := document.Fill(string(page), report.Sections(all))

	require.NoError(t, err)
	assert.Equal(t, filled, string(page), "make load, make coldstart and make bench write it")
	plot, err := os.ReadFile(plotOf(file))
	require.NoError(t, err)
	assert.Equal(t, report.Plot(all.Load[0]), string(plot))
}
