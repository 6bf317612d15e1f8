package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	description "github.com/paysluice/paysluice/cmd/paysluice/local"
	"github.com/paysluice/paysluice/test/emulator"
)

// TestMain lets up start this program as the one that plays PayPal's hosts.
func TestMain(m *testing.M) {
	if slices.Equal(os.Args[1:], []string{paypalHosts}) {
		main()
		return
	}
	os.Exit(m.Run())
}

// different hides what differs between runs: times, ids and amounts.
var different = regexp.MustCompile(`(… \d+ s )*… \d+\.\d s|(evt|pi)_\w+|\d+\.\d\d|\s+\d+ `)

// TestConsumingPage plays the commands with which docs/consuming.md begins, and compares what
// they print. The page leaves lines out.
func TestConsumingPage(t *testing.T) {
	root, err := emulator.Root()
	require.NoError(t, err)
	page, err := os.ReadFile(filepath.Join(root, "docs", "consuming.md"))
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)```console\n(.*?)```").FindSubmatch(page)
	require.NotNil(t, block)

	t.Setenv("PAYSLUICE_STACK", "another") // make up's console is of its own stack all the same
	var out bytes.Buffer
	l := local{root: root, out: &out, detached: emulator.Detached{Dir: filepath.Join(t.TempDir(), description.Dir)}}
	t.Cleanup(func() { require.NoError(t, l.down()) })
	var link string
	commands := map[string]func() error{
		"make up": func() error {
			err := l.up(t.Context(), 0)
			link = regexp.MustCompile(`http://127\.0\.0\.1:\d+/\?token=\w+`).FindString(out.String())
			return err
		},
		"make subscriber": func() error {
			stack, err := l.attach()
			if err != nil {
				return err
			}
			return l.subscribe(t.Context(), stack)
		},
		"go run ./cmd/paysluice send stripe payment_intent.succeeded --local --wait": func() error {
			paysluice := command{filepath.Join(l.detached.Dir, "paysluice"), l.detached.Dir}
			printed, err := paysluice.run(t.Context(), "send", "stripe", "payment_intent.succeeded", "--wait")
			out.Write(printed)
			stack, attachErr := l.attach()
			if err = errors.Join(err, attachErr); err != nil {
				return err
			}
			return awaitPayment(t.Context(), stack, root)
		},
	}
	normal := func(line string) string { return strings.TrimSpace(different.ReplaceAllString(line, "…")) }
	for example := range strings.SplitSeq(strings.TrimPrefix(string(block[1]), "$ "), "\n$ ") {
		name, want, _ := strings.Cut(strings.TrimSpace(example), "\n")
		require.Contains(t, commands, name)
		out.Reset()
		require.NoError(t, commands[name]())
		rest := slices.Collect(strings.Lines(out.String()))
		for line := range strings.Lines(want) {
			at := slices.IndexFunc(rest, func(printed string) bool { return normal(printed) == normal(line) })
			require.GreaterOrEqual(t, at, 0, "%s does not print, or not at this place: %s\n%s", name, line, out.String())
			rest = rest[at+1:]
		}
	}

	// The console of make up ends with the stack, also after a crash of the emulator.
	opened := func() (*http.Response, error) { return http.Get(link) }
	answer, err := opened()
	require.NoError(t, err)
	answer.Body.Close()
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	log, err := os.ReadFile(filepath.Join(l.detached.Dir, "console.log"))
	require.NoError(t, err)
	assert.NotContains(t, string(log), "token", "the log has no link")
	state, err := description.Read(l.detached.Dir)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(state.PID, syscall.SIGKILL))
	require.NoError(t, l.down())
	_, err = opened()
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
}

// awaitPayment waits until the subscriber has counted a payment.
func awaitPayment(ctx context.Context, stack *emulator.Stack, root string) error {
	subscriber, err := stack.Subscribe(ctx, root)
	if err != nil {
		return err
	}
	return emulator.Await(ctx, func(ctx context.Context) error {
		payments, err := subscriber.Payments(ctx)
		if err == nil && len(payments) == 0 {
			err = errUnexpected
		}
		return err
	})
}
