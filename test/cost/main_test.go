package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/cost/bill"
	"github.com/paysluice/paysluice/test/document"
	"github.com/paysluice/paysluice/test/measured"
)

const root = "../.."

// docs/cost.md is what is read before anybody pays, so it must be what the
// template, the code, the measurements and the prices say.
func TestPageIsCurrent(t *testing.T) {
	in, err := bill.Read(root, filepath.Join(root, measured.File))
	require.NoError(t, err)
	stale, err := document.Stale(filepath.Join(root, page), tables(in))
	require.NoError(t, err)
	if stale != "" {
		t.Fatalf("%s is not what is computed: %s\nIf the change is meant, read what the page says about its tables, and update them:\n\n\tmake cost\n", page, stale)
	}
}

func TestExact(t *testing.T) {
	for _, row := range []struct {
		why  string
		usd  float64
		want string
	}{
		{"cents", 3.5, "3.50"},
		{"all digits of a GB-second", 0.0000133334, "0.0000133334"},
		{"a tenth of a cent and more", 0.625, "0.625"},
	} {
		t.Run(row.why, func(t *testing.T) { assert.Equal(t, row.want, exact(row.usd)) })
	}
}

func TestKilobytes(t *testing.T) {
	assert.Equal(t, "1 KB", kilobytes(1024))
	assert.Equal(t, "2.5 KB", kilobytes(2560))
	assert.Equal(t, "10 KB", kilobytes(10240))
}
