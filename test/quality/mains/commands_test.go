package mains

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestGentemplatePrintsTheCommittedTemplate(t *testing.T) {
	committed, err := os.ReadFile("../../../out/stack.json")
	require.NoError(t, err)
	got := run(t, "gentemplate", nil)
	assert.Equal(t, 0, got.code, got.stderr)
	assert.Empty(t, got.stderr)
	assert.True(t, string(committed) == got.stdout,
		"out/stack.json is not current: run make template")
}

func TestGentemplateDrawsTheCommittedPage(t *testing.T) {
	committed, err := os.ReadFile("../../../docs/stack.md")
	require.NoError(t, err)
	got := run(t, "gentemplate", nil, "-diagram")
	assert.Equal(t, 0, got.code, got.stderr)
	assert.Equal(t, string(committed), got.stdout,
		"docs/stack.md is not current: run make template")
}

func TestGentemplateExitsWithTheVerdict(t *testing.T) {
	dir := t.TempDir()
	file := func(name, queue string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte("Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: "+queue+"}}}"), 0o644))
		return path
	}
	old, new := file("old.yaml", "a"), file("new.yaml", "b")
	assert.Equal(t, 0, run(t, "gentemplate", nil, "diff", old, old).code)
	assert.Equal(t, 3, run(t, "gentemplate", nil, "diff", old, new).code, "a queue's messages are lost")
	assert.Equal(t, 1, run(t, "gentemplate", nil, "diff", "nowhere").code)
}

func TestGentemplateFailsWhenItsOutputDoes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "read-only")
	require.NoError(t, os.WriteFile(path, nil, 0o644))
	readOnly, err := os.Open(path)
	require.NoError(t, err)
	defer readOnly.Close()

	var stderr bytes.Buffer
	cmd := command(t, "gentemplate", nil)
	cmd.Stdout, cmd.Stderr = readOnly, &stderr
	assert.Equal(t, 1, exitCode(t, cmd.Run()))
	assert.Regexp(t, `^gentemplate: .+\n$`, stderr.String())
}

func TestPaysluiceExitCodes(t *testing.T) {
	for _, test := range []struct {
		why            string
		args           []string
		code           int
		stdout, stderr string // patterns
	}{
		{"help", []string{"help"}, 0, `^paysluice operates a stack`, `^$`},
		{"a failed command: not in the module", []string{"package"}, 1, `^$`, `^paysluice package: .+\n$`},
		{"an invalid command line", []string{"pack"}, 2, `^$`, `^paysluice: .+\n$`},
	} {
		t.Run(test.why, func(t *testing.T) {
			got := run(t, "paysluice", nil, test.args...)
			assert.Equal(t, test.code, got.code)
			assert.Regexp(t, test.stdout, got.stdout)
			assert.Regexp(t, test.stderr, got.stderr)
		})
	}
}
