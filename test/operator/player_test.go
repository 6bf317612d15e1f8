package operator_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/emulator"
)

var (
	playedBlock = regexp.MustCompile("(?ms)^```(console|sh)\n(.*?)^```$")
	continued   = regexp.MustCompile(`\s*\\\n\s*`)
)

// plan tells the player how to run the commands of a page. A key is a command in one line, or
// its beginning and "…". "#2" after it means its second occurrence. Each key must be on the page.
type plan struct {
	before, after map[string]func()
	// terminals are what commands have in place of the session's input.
	terminals map[string]*os.File
	// refused says why neither emulator nor test can run a command: it must fail.
	refused map[string]string
	// elsewhere names the test, step or make target that runs a command.
	elsewhere map[string]string
	// replace has what commands run with, by what the page says.
	replace map[string]string
}

// take removes a command's entry and returns it.
func take[V any](entries map[string]V, command string) (V, bool) {
	for key := range entries {
		begin, short := strings.CutSuffix(key, "…")
		if key == command || short && strings.HasPrefix(command, begin) {
			entry := entries[key]
			delete(entries, key)
			return entry, true
		}
	}
	var no V
	return no, false
}

// example is a command of a page, and the output that the page shows.
type example struct{ command, output string }

// examples splits a block. A command ends where bash takes it for complete, the output at
// the next prompt.
func examples(kind, block string) (all []example) {
	lines := slices.Collect(strings.Lines(block))
	for len(lines) > 0 {
		var e example
		e.command, lines = strings.TrimPrefix(lines[0], "$ "), lines[1:]
		for len(lines) > 0 && (strings.HasSuffix(e.command, "\\\n") || exec.Command("bash", "-n", "-c", e.command).Run() != nil) {
			e.command, lines = e.command+lines[0], lines[1:]
		}
		for kind == "console" && len(lines) > 0 && !strings.HasPrefix(lines[0], "$ ") {
			e.output, lines = e.output+lines[0], lines[1:]
		}
		e.output = strings.TrimSuffix(e.output, "\n")
		all = append(all, e)
	}
	return all
}

// player plays one page.
type player struct {
	session
	plan
	t          *testing.T
	root, page string
	times      map[string]int // that each command ran
}

// play runs the commands of a page in their order in one shell, as a reader does: those of
// blocks with the info string sh, which must succeed, and those of console, in which each
// line must be a line of the output, in order. A page may leave lines out, but not the rest
// of a wrapped text, and an event has one id in a block.
func (s session) play(t *testing.T, page string, known plan) {
	t.Helper()
	root, err := emulator.Root()
	require.NoError(t, err)
	file := filepath.Join(root, page)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for old := range known.replace {
		assert.Contains(t, string(text), old, "%s: a replacement for nothing", page)
	}
	if known.replace == nil {
		known.replace = map[string]string{}
	}
	for old, with := range map[string]string{"-prod": "-" + stack.Suffix, "123456789012": "000000000000"} {
		known.replace[old] = cmp.Or(known.replace[old], with)
	}
	s.dir = cmp.Or(s.dir, t.TempDir())
	s.env = append(s.env, tools(t, root)...)
	p := player{s, known, t, root, page, map[string]int{}}
	changed := playedBlock.ReplaceAllStringFunc(string(text), func(block string) string {
		parts := playedBlock.FindStringSubmatch(block)
		written, prompt, shown := "```"+parts[1]+"\n", map[string]string{"console": "$ "}[parts[1]], map[string]string{}
		for _, e := range examples(parts[1], parts[2]) {
			output := e.output
			if command := strings.TrimSpace(e.command); command != "" && !strings.HasPrefix(command, "#") {
				output = p.perform(e, prompt != "", shown)
			}
			if written += prompt + e.command; output != "" {
				written += output + "\n"
			}
		}
		return written + "```"
	})
	assert.NotEmpty(t, p.times, page)
	for what, left := range map[string]int{"before": len(known.before), "after": len(known.after), "terminals": len(known.terminals), "refused": len(known.refused), "elsewhere": len(known.elsewhere)} {
		assert.Zero(t, left, "%s has no command for some entries: %s: %+v", page, what, known)
	}
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(changed), 0o644))
	}
}

// perform runs one command with its entries, and returns the output for the page.
func (p player) perform(e example, shows bool, shown map[string]string) string {
	name := strings.TrimSpace(continued.ReplaceAllString(e.command, " "))
	if p.times[name]++; p.times[name] > 1 {
		name += fmt.Sprintf(" #%d", p.times[name])
	}
	where := p.page + ": " + name
	if by, ok := take(p.elsewhere, name); ok {
		search := exec.Command("grep", "-rqE", `(func |^)`+regexp.QuoteMeta(by)+`\b[ (:]`, "test", "cmd", ".ci/steps", "Makefile")
		search.Dir = p.root
		assert.NoError(p.t, search.Run(), "%s: no test, step or target has the name %s", where, by)
		return e.output
	}
	if prepare, ok := take(p.before, name); ok {
		prepare()
	}
	p.terminal, _ = take(p.terminals, name)
	start := time.Now()
	got, err := p.bash(e.command)
	p.t.Logf("%s: %s", time.Since(start).Round(100*time.Millisecond), where)
	if why, ok := take(p.refused, name); ok {
		assert.Error(p.t, err, "%s: it works, although %s", where, why)
	} else if shows {
		e.output = p.compare(where, e.output, got, shown)
	} else {
		require.NoError(p.t, err, "%s: %s", where, got)
	}
	if check, ok := take(p.after, name); ok {
		check()
	}
	return e.output
}

// bash runs a command with the variables of those before it, and returns stdout and stderr as
// a terminal shows them.
func (p player) bash(command string) (string, error) {
	var pairs []string
	for _, old := range slices.Backward(slices.Sorted(maps.Keys(p.replace))) { // the longer one of two with one beginning
		pairs = append(pairs, old, p.replace[old])
	}
	command = strings.NewReplacer(pairs...).Replace(command)
	cmd := p.program(p.t, "bash", "-euo", "pipefail", "-c", "set -a\n[ ! -e \"$TOOLS/state\" ] || . \"$TOOLS/state\"\n"+command+"\nexport -p > \"$TOOLS/state\"")
	var out locked
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return strings.ReplaceAll(out.String(), "[y/N] ", "[y/N] y\n"), err // as somebody types it
}

// tools returns the environment in which commands find paysluice, go with its caches, and the
// aws command, which talks to the emulator and asks every second when it waits.
func tools(t *testing.T, root string) []string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Symlink(binary, filepath.Join(dir, "paysluice")))
	argv, _ := stack.AWSCommand()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "aws"), fmt.Appendf(nil, `#!%s -IB
import sys
sys.path.insert(0, %q)
import aws
aws.wait_by_the_second()
sys.exit(aws.create_clidriver().main(["--endpoint-url", %q] + sys.argv[1:]))
`, argv[0], filepath.Join(root, "test", "emulator"), stack.Endpoint.URL), 0o755))
	out, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	require.NoError(t, err)
	caches := strings.Fields(string(out))
	return []string{"TOOLS=" + dir, "PATH=" + dir + ":" + os.Getenv("PATH"), "GOCACHE=" + caches[0], "GOMODCACHE=" + caches[1], "AWS_PAGER=", "NO_PROXY=127.0.0.1"}
}
