package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// The requests that the demo shows must be rejected for the reason that it prints.
func TestAttemptsMatchTheirDescription(t *testing.T) {
	s := senders.Stripe()
	a := account{s, s.NewSecret()}
	document, err := json.Marshal(s.Document(a.secret))
	require.NoError(t, err)
	verifier, err := stripe.New().Verifier(document)
	require.NoError(t, err)
	want := map[string]error{
		"accepted": nil, "duplicate": nil,
		"forged": provider.SignatureMismatch, "stale": provider.TimestampStale, "unsigned": provider.HeaderMissing,
	}
	now := time.Now()

	all := a.attempts(s.NewID(), now)

	require.Len(t, all, len(want))
	for _, attempt := range all {
		_, err := verifier.Verify(t.Context(), providertest.MultiHeader(attempt.header), attempt.body, now)
		assert.ErrorIs(t, err, want[attempt.name], attempt.name)
	}
}

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
	shown := regexp.MustCompile(`(?m)^    Starting MiniStack(.*\n(?:    .*\n|\n)+)`).Find(text)
	require.NotNil(t, shown)

	var out bytes.Buffer
	require.NoError(t, local{root: root, out: &out}.demo(t.Context(), 0))

	normal := func(text string) string {
		return ids.ReplaceAllString(times.ReplaceAllString(strings.TrimRight(text, " \n"), "… n s"), "evt_ ")
	}
	rest := slices.Collect(strings.Lines(out.String()))
	for line := range strings.Lines(strings.TrimSpace(string(shown))) {
		at := slices.IndexFunc(rest, func(printed string) bool {
			return normal(printed) == normal(strings.TrimPrefix(line, "    "))
		})
		require.GreaterOrEqual(t, at, 0, "make demo does not print, or not at this place: %s\n%s", line, out.String())
		rest = rest[at+1:]
	}
}
