// Package static runs checkov and cdk-nag on the template without its
// suppressions. Their findings must be exactly the suppressed ones, resource by
// resource. So the template has no other finding and no suppression is obsolete.
package static

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "../../.."

func TestCheckovFindsOnlyTheSuppressed(t *testing.T) {
	stack := readStack(t)
	checkov := installed(t, ".venv-checkov/bin/checkov")
	out := run(t, checkov, "--framework", "cloudformation", "--file", stack.withoutSuppressions(t, "checkov"),
		"--compact", "--quiet", "--skip-download", "--output", "json")
	var report struct {
		Results struct {
			FailedChecks []struct {
				ID       string `json:"check_id"`
				Resource string
			} `json:"failed_checks"`
		}
		Summary struct {
			Passed        int
			ParsingErrors int `json:"parsing_errors"`
		}
	}
	require.NoError(t, json.Unmarshal(out, &report))
	require.Zero(t, report.Summary.ParsingErrors)
	require.Greater(t, report.Summary.Passed, 50, "checkov did not check the stack")

	found := []string{}
	for _, f := range report.Results.FailedChecks {
		found = append(found, f.Resource[strings.LastIndex(f.Resource, ".")+1:]+" "+f.ID)
	}
	var suppressed []string
	for id, r := range stack.Resources {
		for _, s := range r.Metadata.Checkov.Skip {
			assert.NotEmpty(t, s.Comment, "%s %s has no reason", id, s.ID)
			suppressed = append(suppressed, id+" "+s.ID)
		}
	}
	assert.ElementsMatch(t, suppressed, found)
}

func TestNagFindsOnlyTheSuppressed(t *testing.T) {
	stack := readStack(t)
	installed(t, ".ci/nag/node_modules/cdk-nag")
	var found []struct{ Resource, Rule, Error string }
	require.NoError(t, json.Unmarshal(run(t, "node", root+"/.ci/nag/nag.js", stack.withoutSuppressions(t, "cdk_nag")), &found))

	findings := []string{}
	for _, f := range found {
		assert.Empty(t, f.Error, "%s %s", f.Resource, f.Rule)
		findings = append(findings, f.Resource+" "+f.Rule)
	}
	var suppressed []string
	for id, r := range stack.Resources {
		for _, s := range r.Metadata.Nag.Rules {
			assert.NotEmpty(t, s.Reason, "%s %s has no reason", id, s.ID)
			for _, finding := range s.AppliesTo {
				suppressed = append(suppressed, fmt.Sprintf("%s %s[%s]", id, s.ID, finding))
			}
			if s.AppliesTo == nil {
				suppressed = append(suppressed, id+" "+s.ID)
			}
		}
	}
	assert.ElementsMatch(t, suppressed, findings)
}

// stack is the part of out/stack.json that holds suppressions.
type stack struct {
	text      []byte
	Resources map[string]struct {
		Metadata struct {
			Checkov struct {
				Skip []struct{ ID, Comment string }
			}
			Nag struct {
				Rules []struct {
					ID, Reason string
					AppliesTo  []string `json:"applies_to"`
				} `json:"rules_to_suppress"`
			} `json:"cdk_nag"`
		}
	}
}

func readStack(t *testing.T) stack {
	t.Helper()
	var s stack
	var err error
	s.text, err = os.ReadFile(filepath.Join(root, "out", "stack.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(s.text, &s))
	return s
}

// withoutSuppressions writes the stack without the suppressions of one checker to
// a file.
func (s stack) withoutSuppressions(t *testing.T, checker string) (file string) {
	t.Helper()
	var template map[string]any
	require.NoError(t, json.Unmarshal(s.text, &template))
	removed := 0
	for _, r := range template["Resources"].(map[string]any) {
		if metadata, ok := r.(map[string]any)["Metadata"].(map[string]any); ok && metadata[checker] != nil {
			delete(metadata, checker)
			removed++
		}
	}
	require.NotZero(t, removed)
	text, err := json.Marshal(template)
	require.NoError(t, err)
	file = filepath.Join(t.TempDir(), "stack.json")
	require.NoError(t, os.WriteFile(file, text, 0o644))
	return file
}

// installed returns the path of a tool that make tools installs.
func installed(t *testing.T, path string) string {
	t.Helper()
	path = filepath.Join(root, filepath.FromSlash(path))
	_, err := os.Stat(path)
	require.NoError(t, err, "the tool is not installed: run make tools")
	return path
}

// run returns the output of a checker, which exits with 1 when it has findings.
func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 {
		require.NoError(t, err, "%s\n%s", name, &stderr)
	}
	return out.Bytes()
}
