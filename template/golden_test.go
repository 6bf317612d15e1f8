package template

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// out/stack.json is what gets deployed, so it must be what Build makes.
func TestCommittedTemplateIsCurrent(t *testing.T) {
	const file = "../out/stack.json"
	committed, err := os.ReadFile(file)
	require.NoError(t, err)
	built, err := JSON(Options{})
	require.NoError(t, err)
	if string(committed) != string(built) {
		t.Fatalf("out/stack.json is not what the code builds.\n%s\nIf the change is meant, update the file:\n\n"+
			"\tgo run ./cmd/gentemplate > out/stack.json\n", firstDifference(string(committed), string(built)))
	}
}

// firstDifference shows where two texts part, three lines of each.
func firstDifference(committed, built string) string {
	a, b := strings.Split(committed, "\n"), strings.Split(built, "\n")
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	show := func(title string, lines []string) string {
		return title + ":\n\t" + strings.Join(lines[n:min(n+3, len(lines))], "\n\t") + "\n"
	}
	return fmt.Sprintf("They differ from line %d on.\n", n+1) + show("committed", a) + show("built", b)
}

func TestFirstDifference(t *testing.T) {
	for name, row := range map[string]struct{ committed, built, want string }{
		"a changed line":          {"a\nb\nc\n", "a\nX\nc\n", "line 2 on.\ncommitted:\n\tb\n\tc\n\t\nbuilt:\n\tX\n\tc\n\t\n"},
		"one is cut short":        {"a\n", "a\nb\n", "line 2 on.\ncommitted:\n\t\nbuilt:\n\tb\n\t\n"},
		"an empty committed file": {"", "a\n", "line 1 on.\ncommitted:\n\t\nbuilt:\n\ta\n\t\n"},
		"no newline at its end":   {"a", "a\n", "line 2 on.\ncommitted:\n\t\nbuilt:\n\t\n"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, firstDifference(row.committed, row.built), row.want)
		})
	}
}
