package architecture

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSteps runs .ci/steps.sh, which runs every make target's list.
func TestSteps(t *testing.T) {
	for _, row := range []struct {
		why, list, says string
		passes          bool
	}{
		{"comments and steps that pass", "# why\n\na 9 echo hello\nb 9 true\n", `(?s)hello.*\na +\d+ s .*\nb +\d+ s .*\ntotal`, true},
		{"what follows a failure does not run", "a 9 cat; false\nb 9 touch ran\n", `\na: failed`, false},
		{"a step that hangs is stopped, with what it started", "a 1 sleep 99 & sleep 98\nb 9 touch ran\n", `\na: took longer than its limit of 1 s`, false},
	} {
		t.Run(row.why, func(t *testing.T) {
			list := filepath.Join(t.TempDir(), "list")
			require.NoError(t, os.WriteFile(list, []byte(row.list), 0o600))
			begin := time.Now()
			out, err := exec.CommandContext(t.Context(), filepath.Join(root, ".ci", "steps.sh"), list).CombinedOutput()
			assert.Equal(t, row.passes, err == nil, "%s", out)
			assert.Regexp(t, row.says, string(out))
			assert.NotContains(t, string(out), "touch ran")
			assert.Less(t, time.Since(begin), time.Minute, "the pipe ends only with every process that has it")
		})
	}
}
