package cli

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/cli")

// referenceDir has one page for each command.
const referenceDir = "../../../../docs/cli"

// docs/cli is generated from the commands: go test ./cmd/paysluice/internal/cli -update
func TestReference(t *testing.T) {
	t.Setenv("PAYSLUICE_STACK", "")
	root := (&app{format: "table"}).root()
	pages := map[string]string{"README.md": overview(root)}
	for _, c := range root.Commands() {
		pages[c.Name()+".md"] = page(c, 1)
	}
	if *update {
		require.NoError(t, os.RemoveAll(referenceDir))
		require.NoError(t, os.MkdirAll(referenceDir, 0o755))
	}
	for name, want := range pages {
		path := filepath.Join(referenceDir, name)
		if *update {
			require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
		}
		got, err := os.ReadFile(path)
		require.NoError(t, err, "run go test ./cmd/paysluice/internal/cli -update")
		assert.Equal(t, want, string(got), "run go test ./cmd/paysluice/internal/cli -update")
	}
	entries, err := os.ReadDir(referenceDir)
	require.NoError(t, err)
	assert.Len(t, entries, len(pages), "a page of a command that does not exist")
}

func overview(root *cobra.Command) string {
	var text strings.Builder
	fmt.Fprintf(&text, "# paysluice\n\n%s\n\n", root.Long)
	text.WriteString("| command | does |\n|---|---|\n")
	for _, c := range root.Commands() {
		fmt.Fprintf(&text, "| [%s](%s.md) | %s |\n", c.Name(), c.Name(), c.Short)
	}
	fmt.Fprintf(&text, "\n## Flags of every command\n\n```\n%s```\n", root.PersistentFlags().FlagUsages())
	return text.String()
}

// page returns a command and its subcommands as Markdown.
func page(c *cobra.Command, level int) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s\n\n", strings.Repeat("#", level), c.CommandPath())
	description := c.Long
	if description == "" {
		description = c.Short + "."
	}
	fmt.Fprintf(&text, "%s\n\n", description)
	if c.Runnable() && !c.HasAvailableSubCommands() {
		fmt.Fprintf(&text, "```\n%s\n```\n\n", c.UseLine())
	}
	if c.Example != "" {
		fmt.Fprintf(&text, "Examples:\n\n```sh\n%s\n```\n\n", strings.ReplaceAll(strings.TrimPrefix(c.Example, "  "), "\n  ", "\n"))
	}
	if flags := c.LocalNonPersistentFlags(); flags.HasAvailableFlags() {
		fmt.Fprintf(&text, "```\n%s```\n\n", flags.FlagUsages())
	}
	for _, child := range c.Commands() {
		if child.IsAvailableCommand() {
			text.WriteString(page(child, level+1))
		}
	}
	if level == 1 {
		return strings.TrimRight(text.String(), "\n") + "\n"
	}
	return text.String()
}

// parse parses a command line and returns its command, nil if it is not of paysluice.
func parse(t *testing.T, line string) *cobra.Command {
	t.Helper()
	command := regexp.MustCompile(` [<>|#]+ .*`).ReplaceAllString(strings.TrimSpace(line), "")
	if i := strings.LastIndex(line, " | paysluice "); i >= 0 {
		command = line[i+3:]
	}
	words := strings.Fields(strings.ReplaceAll(command, "go run ./cmd/paysluice", "paysluice"))
	if len(words) == 0 || words[0] != "paysluice" {
		return nil
	}
	a := &app{out: &bytes.Buffer{}, err: &bytes.Buffer{}, format: "table"}
	found, rest, err := a.root().Find(words[1:])
	require.NoError(t, err, line)
	require.NoError(t, found.ParseFlags(rest), line)
	require.NoError(t, found.ValidateArgs(found.Flags().Args()), line)
	return found
}

// A help text fits a terminal of 80 columns. Examples are single lines, so that they can be pasted.
func TestHelpIsNarrow(t *testing.T) {
	t.Setenv("PAYSLUICE_STACK", "")
	visit((&app{format: "table"}).root(), func(c *cobra.Command) {
		var help bytes.Buffer
		require.Equal(t, exitDone, Run(t.Context(), append(strings.Fields(c.CommandPath())[1:], "--help"), nil, &help, &help))
		for line := range strings.Lines(strings.ReplaceAll(help.String(), c.Example, "")) {
			if !strings.HasPrefix(line, `Use "`) { // cobra's own, with the command's path
				assert.LessOrEqual(t, len(strings.TrimSpace(line)), textWidth, "%s: %s", c.CommandPath(), line)
			}
		}
	})
}

// Each example of a help text parses, so that it can be pasted.
func TestExamplesParse(t *testing.T) {
	examples := 0
	visit((&app{}).root(), func(c *cobra.Command) {
		for line := range strings.Lines(c.Example) {
			if found := parse(t, line); found != nil {
				assert.Equal(t, c.CommandPath(), found.CommandPath(), "an example of another command: %s", line)
				examples++
			}
		}
		if c.Runnable() && !c.HasSubCommands() && c.Name() != "replay" {
			assert.NotEmpty(t, c.Example, "%s has no example", c.CommandPath())
		}
	})
	assert.Positive(t, examples)
}

// So does each command of the pages. test/operator runs those with a prompt.
func TestPagesParse(t *testing.T) {
	names, err := filepath.Glob("../../../../docs/*.md")
	require.NoError(t, err)
	parsed := 0
	for _, name := range append(names, "../../../../README.md") {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		fenced := false
		for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
			fenced = fenced != strings.HasPrefix(line, "```")
			command, indented := strings.CutPrefix(line, "    ")
			if !indented {
				command = strings.TrimPrefix(line, "$ ")
			}
			_, substitution, assigned := strings.Cut(command, "=$(")
			if assigned {
				command = strings.TrimSuffix(strings.TrimSpace(substitution), ")")
			}
			if (fenced || indented) && !strings.HasPrefix(command, "paysluice-") && !strings.Contains(command, ": ") && parse(t, command) != nil {
				parsed++
			}
		}
	}
	assert.Greater(t, parsed, 20)
}
