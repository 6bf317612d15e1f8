package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/emulator"
)

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

	shared, err := emulator.StartShared(t.Context(), emulator.Options{Root: root})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, shared.Stop()) })
	var out bytes.Buffer
	l := local{root: root, out: &out}
	var stack *emulator.Stack
	var sender command
	commands := map[string]func() error{
		"make up": func() error { // without a process of its own
			out.WriteString("Starting MiniStack … 1.0 s\n")
			stack, err = l.deploy(t.Context(), shared.Endpoint, "local", published())
			if err == nil {
				err = l.storeSecrets(t.Context(), stack, shared.PayPal)
			}
			if err == nil {
				sender, err = newCommand(t.Context(), root, stack, shared.PayPal)
			}
			return err
		},
		"make subscriber": func() error { return l.subscribe(t.Context(), stack) },
		"go run ./cmd/paysluice send stripe payment_intent.succeeded --local --wait": func() error {
			printed, err := sender.run(t.Context(), "send", "stripe", "payment_intent.succeeded", "--wait")
			out.Write(printed)
			return errors.Join(err, awaitPayment(t.Context(), stack, root))
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
