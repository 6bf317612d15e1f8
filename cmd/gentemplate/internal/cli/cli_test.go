package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/template"
)

func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// write writes a file into the working directory, a temporary one.
func write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
}

const table = "Resources: {T: {Type: 'AWS::DynamoDB::Table', Properties: {TableName: a}}}"

func TestTemplate(t *testing.T) {
	committed, err := os.ReadFile("../../../../out/stack.json")
	require.NoError(t, err)
	code, stdout, stderr := run(t)
	assert.Equal(t, 0, code, stderr)
	assert.Equal(t, string(committed), stdout)

	code, stdout, _ = run(t, "-diagram")
	assert.Equal(t, 0, code)
	assert.Contains(t, stdout, "```mermaid")
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"-h"}, {"diff", "-h"}, {"policy", "-h"}} {
		code, stdout, stderr := run(t, args...)
		assert.Equal(t, 0, code)
		assert.Contains(t, stdout, "Usage: gentemplate")
		assert.Empty(t, stderr)
	}
}

func TestDiff(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "old.yaml", table)
	write(t, "new.yaml", "Resources: {T: {Type: 'AWS::DynamoDB::Table', Properties: {TableName: b}}}")
	write(t, "options.json", `{"Providers": ["stripe"], "Retired": ["paypal"], "Tags": {"a": "b"}, "MemoryMB": {"event-consumer": 512}}`)
	text, err := template.JSON(template.Options{})
	require.NoError(t, err)
	write(t, "stack.json", string(text))

	for _, row := range []struct {
		why            string
		args           []string
		code           int
		stdout, stderr string
	}{
		{"the same", []string{"old.yaml", "old.yaml"}, exitDone, `^$`, `^$`},
		{"the code prints the same", []string{"stack.json"}, exitDone, `^$`, `^$`},
		{"dangerous", []string{"old.yaml", "new.yaml"}, exitDangerous, `^loses data: T\n`, `^$`},
		{"flags after arguments", []string{"old.yaml", "new.yaml", "-o", "json"}, exitDangerous, `"worst": "lost-data"`, `^$`},
		{"other options", []string{"--options", "options.json", "stack.json"}, exitDangerous, `SquareSecret`, `^$`},
		{"no template", []string{}, exitFailed, `^$`, `takes OLD`},
		{"no such file or revision", []string{"old.json"}, exitFailed, `^$`, `^gentemplate: old.json: no template`},
		{"no such new one", []string{"old.yaml", "new.json"}, exitFailed, `^$`, `^gentemplate: new.json: no template`},
		{"no such format", []string{"-o", "html", "old.yaml", "new.yaml"}, exitFailed, `^$`, `use text, markdown or json`},
		{"no such flag", []string{"-x", "old.yaml"}, exitFailed, `^$`, `-x`},
		{"no price table", []string{"-prices", "none.json", "old.yaml", "new.yaml"}, exitFailed, `^$`, `no price table`},
	} {
		t.Run(row.why, func(t *testing.T) {
			code, stdout, stderr := run(t, append([]string{"diff"}, row.args...)...)
			assert.Equal(t, row.code, code)
			assert.Regexp(t, row.stdout, stdout)
			assert.Regexp(t, row.stderr, stderr)
		})
	}
}

func TestOptions(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "old.yaml", table)
	for why, text := range map[string]string{
		"no JSON": "{", "an unknown provider": `{"Providers": ["adyen"]}`, "what the template refuses": `{"MemoryMB": {"x": 1}}`,
	} {
		write(t, "options.json", text)
		code, _, stderr := run(t, "diff", "-options", "options.json", "old.yaml")
		assert.Equal(t, exitFailed, code, why)
		assert.Regexp(t, `^gentemplate: NEW: `, stderr, why)
	}
	_, err := readOptions(filepath.Join("none", "options.json"))
	assert.ErrorIs(t, err, errOptions)
}

func TestUnknownCommand(t *testing.T) {
	code, _, stderr := run(t, "dif")
	assert.Equal(t, exitFailed, code)
	assert.Equal(t, "gentemplate: unknown command \"dif\": see 'gentemplate -h'\n", stderr)
}

func TestPolicy(t *testing.T) {
	for _, row := range []struct {
		why            string
		args           []string
		code           int
		stdout, stderr string
	}{
		{"a policy", []string{"-account", "123456789012", "EnvironmentSuffix=prod"}, exitDone, `arn:aws:sqs:us-east-1:123456789012:webhook-queue-prod`, `^$`},
		{"a service role", []string{"-service-role", "EnvironmentSuffix=prod"}, exitDone, `"ServiceRole": `, `^$`},
		{"no parameter", []string{"Suffix=prod"}, exitFailed, `^$`, `not a Parameter=value of the template, see its Parameters: "Suffix=prod"`},
		{"no value", []string{"EnvironmentSuffix"}, exitFailed, `^$`, `not a Parameter=value`},
		{"no such flag", []string{"-x"}, exitFailed, `^$`, `-x`},
	} {
		t.Run(row.why, func(t *testing.T) {
			code, stdout, stderr := run(t, append([]string{"policy"}, row.args...)...)
			assert.Equal(t, row.code, code)
			assert.Regexp(t, row.stdout, stdout)
			assert.Regexp(t, row.stderr, stderr)
		})
	}
}

// full is an output that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestFullOutput(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "old.yaml", table)
	write(t, "new.yaml", "Resources: {T: {Type: T}}")
	for _, args := range [][]string{nil, {"diff", "old.yaml", "new.yaml"}} {
		var stderr bytes.Buffer
		assert.Equal(t, exitFailed, Run(t.Context(), args, full{}, &stderr))
		assert.Equal(t, "gentemplate: full\n", stderr.String())
	}
}
