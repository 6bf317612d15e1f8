package main

import (
	"flag"
	"io"
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
	assert.Equal(t, filled, string(page), "make load, coldstart, bench, profile and ablation write it")
	plot, err := os.ReadFile(plotOf(file))
	require.NoError(t, err)
	assert.Equal(t, report.Plot(all.Load[0]), string(plot))
}

// TestResultsElsewhereLeaveThePage: what is measured for another file is not what
// the page is about, unless somebody says so.
func TestResultsElsewhereLeaveThePage(t *testing.T) {
	root := t.TempDir() // which has no page to write to
	elsewhere := filepath.Join(root, "elsewhere.json")
	for _, row := range []struct {
		why   string
		args  []string
		wants bool
	}{
		{"results alone", []string{"-results", elsewhere}, false},
		{"and a page", []string{"-results", elsewhere, "-docs", documentFile}, true},
	} {
		var f outputFlags
		set := flag.NewFlagSet("", flag.ContinueOnError)
		f.define(set)
		require.NoError(t, set.Parse(row.args))
		err := f.write(root, measured.Results{Batch: &measured.Batch{Write: 9}}, io.Discard)
		assert.Equal(t, row.wants, err != nil, row.why)
		assert.FileExists(t, elsewhere)
	}
}

func TestMerge(t *testing.T) {
	before := measured.Results{Load: []measured.Load{{Rate: 1}}, Batch: &measured.Batch{Write: 1}, ColdStart: &measured.ColdStart{Rounds: 1}}
	anew := measured.Results{Load: []measured.Load{{Rate: 2}, {Rate: 3}}, Batch: &measured.Batch{CPUOne: 2}}

	all := merge(before, anew)

	assert.Equal(t, anew.Load, all.Load, "all runs of a load are one part")
	assert.Equal(t, anew.Batch, all.Batch, "nothing of the old one is left in it")
	assert.Equal(t, before.ColdStart, all.ColdStart, "what was not measured stays")
}
