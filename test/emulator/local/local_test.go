package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/emulator"
)

// times are a step's seconds, also those that a slow step prints while it runs. ids are new
// in each run.
var (
	times = regexp.MustCompile(`(… \d+ s )*… \d+\.\d s`)
	ids   = regexp.MustCompile(`evt_\w+ +`)
)

// TestReadmeShowsTheDemo compares each line of the README's output with the demo's, in
// order. The README leaves lines out.
func TestReadmeShowsTheDemo(t *testing.T) {
	root, err := emulator.Root()
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	shown := regexp.MustCompile("(?s)```console\n\\$ make demo\n(.*?)```").FindSubmatch(text)
	require.NotNil(t, shown)

	var out bytes.Buffer
	require.NoError(t, local{root: root, out: &out}.demo(t.Context(), 0))

	normal := func(text string) string {
		return ids.ReplaceAllString(times.ReplaceAllString(strings.TrimRight(text, " \n"), "… n s"), "evt_ ")
	}
	rest := slices.Collect(strings.Lines(out.String()))
	for line := range strings.Lines(string(shown[1])) {
		at := slices.IndexFunc(rest, func(printed string) bool { return normal(printed) == normal(line) })
		require.GreaterOrEqual(t, at, 0, "make demo does not print, or not at this place: %s\n%s", line, out.String())
		rest = rest[at+1:]
	}
}
