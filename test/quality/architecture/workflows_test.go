package architecture

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// TestWorkflows: actions are pinned by hash, and a job that may write runs neither an
// action nor the code of the repository, which a pull request can change.
func TestWorkflows(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var workflow struct {
			On          any
			Permissions map[string]string
			Jobs        map[string]struct {
				Permissions map[string]string
				Steps       []struct{ Uses string }
			}
		}
		require.NoError(t, yaml.Unmarshal(text, &workflow))
		assert.NotContains(t, workflow.On, "pull_request_target", file)
		assert.NotNil(t, workflow.Permissions, "%s: without permissions every job gets the repository's default", file)
		assert.NotContains(t, workflow.Permissions, "pull-requests", "%s: only a job may write", file)
		for name, job := range workflow.Jobs {
			for _, step := range job.Steps {
				if step.Uses != "" {
					assert.Regexp(t, `@[0-9a-f]{40}$`, step.Uses, "%s: %s", file, name)
					assert.NotContains(t, job.Permissions, "pull-requests", "%s: %s", file, name)
				}
			}
		}
	}
}
