package source

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	object := func(name string, value any) any { return map[string]any{name: value} }
	for _, row := range []struct {
		why, text string
		want      any
	}{
		{"JSON, scalars as text", `{"a": [1, 10.0, true, "x", null]}`, object("a", []any{"1", "10", "true", "x", nil})},
		{"a number that has no short form", `{"a": 1e999}`, object("a", "1e999")},
		{"YAML, scalars as text", "a: [1, 10.0, True, x, ~]", object("a", []any{"1", "10", "true", "x", nil})},
		{"a policy's version is no date", "Version: 2012-10-17", object("Version", "2012-10-17")},
		{"short forms", "a: !Sub '${B}-x'\nb: !GetAtt C.Arn\nc: !Ref D\nd: !Condition E",
			map[string]any{"a": object("Fn::Sub", "${B}-x"), "b": object("Fn::GetAtt", "C.Arn"), "c": object("Ref", "D"), "d": object("Condition", "E")}},
		{"nested short forms", "a: !Join ['', [!Ref B, x]]", object("a", object("Fn::Join", []any{"", []any{object("Ref", "B"), "x"}}))},
		{"a short form with an object", "a: !Transform {Name: N}", object("a", object("Fn::Transform", object("Name", "N")))},
		{"a key that is a number", "1: x", object("1", "x")},
		{"anchors", "a: &x {b: c}\nd: *x", map[string]any{"a": object("b", "c"), "d": object("b", "c")}},
	} {
		t.Run(row.why, func(t *testing.T) {
			got, err := Parse([]byte(row.text))
			require.NoError(t, err)
			assert.Equal(t, row.want, got)
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for why, text := range map[string]string{
		"broken JSON": `{"a"`, "broken YAML": "a: [", "nothing": "",
		"endless nesting":            "a: " + strings.Repeat("[", maxDepth+2) + strings.Repeat("]", maxDepth+2),
		"an alias inside its anchor": "a: &x {b: [*x]}",
		"aliases that multiply":      "a: &a [" + strings.Repeat("x, ", 99) + "x]\nb: &b [" + strings.Repeat("*a, ", 99) + "*a]\nc: &c [" + strings.Repeat("*b, ", 99) + "*b]",
	} {
		_, err := Parse([]byte(text))
		assert.ErrorIs(t, err, ErrSource, why)
	}
}

func TestRead(t *testing.T) {
	t.Chdir(t.TempDir())
	git := func(args ...string) {
		out, err := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	require.NoError(t, os.Mkdir("out", 0o755))
	require.NoError(t, os.WriteFile(filepath.FromSlash(committed), []byte("committed"), 0o644))
	require.NoError(t, os.WriteFile("other.yaml", []byte("other"), 0o644))
	git("init", "-q", "-b", "main")
	git("add", ".")
	git("commit", "-qm", "stack: first")
	require.NoError(t, os.WriteFile("other.yaml", []byte("changed"), 0o644))

	for name, want := range map[string]string{"other.yaml": "changed", "main": "committed", "HEAD:other.yaml": "other"} {
		text, err := Read(t.Context(), name)
		require.NoError(t, err, name)
		assert.Equal(t, want, string(text), name)
	}
	for why, name := range map[string]string{"no revision": "nowhere", "an option for git": "--output=x", "a folder": "out"} {
		_, err := Read(t.Context(), name)
		assert.ErrorIs(t, err, ErrSource, why)
	}
}
