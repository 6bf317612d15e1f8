package cli

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
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
		fmt.Fprintf(&text, "Examples:\n\n```\n%s\n```\n\n", strings.ReplaceAll(strings.TrimPrefix(c.Example, "  "), "\n  ", "\n"))
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

// Each example of a help text parses, so that it can be pasted.
func TestExamplesParse(t *testing.T) {
	examples := 0
	visit((&app{}).root(), func(c *cobra.Command) {
		for line := range strings.Lines(c.Example) {
			command, _, _ := strings.Cut(strings.TrimSpace(line), " > ")
			command, _, _ = strings.Cut(command, " < ")
			if i := strings.LastIndex(command, " | paysluice "); i >= 0 {
				command = command[i+3:]
			}
			words := strings.Fields(command)
			if len(words) == 0 || words[0] != "paysluice" {
				continue
			}
			a := &app{out: &bytes.Buffer{}, err: &bytes.Buffer{}, format: "table"}
			found, rest, err := a.root().Find(words[1:])
			require.NoError(t, err, line)
			require.NoError(t, found.ParseFlags(rest), line)
			require.NoError(t, found.ValidateArgs(found.Flags().Args()), line)
			assert.Equal(t, c.CommandPath(), found.CommandPath(), "an example of another command: %s", line)
			examples++
		}
		if c.Runnable() && !c.HasSubCommands() && c.Name() != "replay" {
			assert.NotEmpty(t, c.Example, "%s has no example", c.CommandPath())
		}
	})
	assert.Positive(t, examples)
}
