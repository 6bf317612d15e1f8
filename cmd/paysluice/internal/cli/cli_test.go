package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	for _, test := range []struct {
		name           string
		args           []string
		code           int
		stdout, stderr string // contained; "" for no output
	}{
		{"help", []string{"help"}, 0, "  package ", ""},
		{"help as a flag", []string{"--help"}, 0, "Exit codes: 0 done", ""},
		{"the version, for a report", []string{"--version"}, 0, "paysluice ", ""},
		{"a command's flags", []string{"package", "-h"}, 0, "--arch architecture", ""},
		{"no command", []string{}, 2, "", "paysluice: no command given: see paysluice help\n"},
		{"no command of events", []string{"events"}, 2, "", "paysluice events: events needs a command: list, get, payload, tail, export, republish or erase"},
		{"a typo", []string{"pakage"}, 2, "", "paysluice: unknown command \"pakage\" for \"paysluice\": see paysluice help\n"},
		{"an unknown flag", []string{"package", "-x"}, 2, "", "paysluice package: unknown shorthand flag: 'x' in -x: see paysluice help\n"},
		{"a flag of an older release", []string{"package", "-arch", "sparc"}, 2, "", "paysluice: -arch is spelled --arch now; the next release refuses one hyphen\n"},
		{"an invalid value", []string{"package", "--arch", "sparc"}, 2, "", `"sparc" for "--arch" flag: must be arm64 or x86_64`},
		{"an argument too many", []string{"package", "out"}, 2, "", `paysluice package: it takes no argument: leave "out" out: see paysluice help`},
		{"help for a command", []string{"help", "events", "list"}, 0, "paysluice events list [flags]", ""},
		{"help for a typo", []string{"help", "evnts"}, 2, "", "paysluice help: unknown command \"evnts\" for \"paysluice\": see paysluice help\n"},
		{"help for a typo below a command", []string{"help", "events", "lst"}, 2, "", `unknown command "lst" for "paysluice events"`},
		{"an unknown policy", []string{"policy", "all"}, 2, "", "paysluice policy: name one policy: read-only or operator: see"},
		{"both times of trace", []string{"trace", "x", "--since", "foo", "--until", "bar"}, 2, "", "or RFC 3339; --until: \"bar\" must be"},
		{"a provider of failures", []string{"failures", "list", "--provider", "p"}, 2, "", "--provider must be one of stripe, paypal, square, unknown: see"},
		{"its completion", []string{"__complete", "failures", "stats", "--provider", ""}, 0, "square\nunknown\n", "ShellCompDirectiveNoFileComp"},
		{"that of events", []string{"__complete", "events", "list", "--provider", ""}, 0, "square\n:4\n", "ShellCompDirectiveNoFileComp"},
		{"an empty flag, which would select everything", []string{"replay", "--resume=", "--payment", ""}, 2, "", "paysluice replay: --payment and --resume are empty: give each a value, or leave it out: see paysluice help\n"},
		{"one empty flag", []string{"trace", "x", "--since", ""}, 2, "", "paysluice trace: --since is empty: give it a value, or leave it out: see paysluice help\n"},
		{"an empty argument", []string{"failures", "unpublished", "", "--remove"}, 2, "", "paysluice failures unpublished: an argument is empty: see paysluice help\n"},
		{"a command that fails", []string{"package"}, 1, "", "paysluice package: no folder cmd/lambdas here"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			var stdout, stderr bytes.Buffer
			assert.Equal(t, test.code, Run(t.Context(), test.args, nil, &stdout, &stderr))
			contains(t, test.stdout, stdout.String())
			contains(t, test.stderr, stderr.String())
		})
	}
}

func contains(t *testing.T, want, got string) {
	t.Helper()
	if want == "" {
		assert.Empty(t, got)
		return
	}
	assert.Contains(t, got, want)
}

func TestPackagePrintsOnlyTheCodeVersion(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("go.mod", []byte("module example.com/functions\n\ngo 1.26.0\n"), 0o644))
	for _, b := range contract.Binaries() {
		dir := filepath.Join("cmd", "lambdas", b)
		require.NoError(t, os.MkdirAll(dir, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n\nfunc main() {}\n"), 0o644))
	}
	var stdout, stderr bytes.Buffer
	require.Equal(t, 0, Run(t.Context(), []string{"package", "--out", "zips"}, nil, &stdout, &stderr), stderr.String())
	assert.Regexp(t, `^[0-9a-f]{20}\n$`, stdout.String())
	for _, b := range contract.Binaries() {
		assert.FileExists(t, filepath.Join("zips", string(bytes.TrimSpace(stdout.Bytes())), b+"-arm64.zip"))
	}
}

func TestRunReportsAnInterrupt(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.MkdirAll("cmd/lambdas", 0o755))
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("interrupt signal received"))
	var stdout, stderr bytes.Buffer
	assert.Equal(t, 130, Run(ctx, []string{"package"}, nil, &stdout, &stderr))
	assert.Equal(t, "paysluice package: interrupt signal received\n", stderr.String())
	assert.Empty(t, stdout.String())
}

func TestFilterRejectsFlags(t *testing.T) {
	for _, row := range []struct{ args, says string }{
		{"--provider strip", "--provider must be one of stripe, paypal, square"},
		{"--category payment", "--category payment does not exist: docs/events.md lists them"},
		{"--continued", "--continued needs --until"},
		{"--livemode yes", "--livemode must be true or false"},
		{"--limit -1", "--limit must be 0 or more"},
		{"--since yesterday", `--since: "yesterday" must be a time before now such as 90m, 2h or 3d`},
		{"--until -2h", `--until: "-2h" must be a time before now`},
		{"--since 2999-01-01", `--since: "2999-01-01" is in the future`},
		{"--since 1h --until 2h", "--until must be after --since"},
		{"--provider x --limit -1", "square; --limit must be 0 or more: see paysluice help"},
		{"--local --region eu-west-1", "--local names the stack that make up left running"},
		{"-o xml", "must be table, json, ndjson or csv"},
	} {
		var stdout, stderr bytes.Buffer
		code := Run(t.Context(), append([]string{"events", "list"}, strings.Fields(row.args)...), nil, &stdout, &stderr)
		assert.Equal(t, exitUsage, code, row.args)
		assert.Contains(t, stderr.String(), row.says)
		assert.Equal(t, 1, strings.Count(stderr.String(), "\n"))
	}
}

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"": {}, "90m": now.Add(-90 * time.Minute), "3d": now.AddDate(0, 0, -3), "0.5d": now.Add(-12 * time.Hour),
		"2026-02-01": time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC), "2026-02-01T01:00:00+01:00": time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC),
	} {
		got, err := parseTime(text, now)
		require.NoError(t, err, text)
		assert.True(t, want.Equal(got), "%s: %s", text, got)
	}
	for _, text := range []string{"-1d", "d", "1", "2026-02-30", "200000d"} {
		_, err := parseTime(text, now)
		assert.ErrorIs(t, err, errTime, text)
	}
}

func TestEventFields(t *testing.T) {
	e := event.Event{ID: "stripe:1", PayloadRef: "oversize/x", Livemode: new(true)}
	assert.Equal(t, [][2]string{{"eventId", "stripe:1"}, {"livemode", "true"}, {"payload", "in the bucket: oversize/x"}}, fields(e, 0))
	e.ErasedAt = 1772366400000
	assert.Contains(t, fields(e, 0), [2]string{"payload", "erased on 2026-03-01 12:00:00"})
}
