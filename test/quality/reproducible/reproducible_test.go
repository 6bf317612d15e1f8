// Package reproducible tests that the same sources give the same zips on every
// machine.
package reproducible

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/quality/sources"
)

func TestEqualSourcesGiveEqualZips(t *testing.T) {
	tmp := t.TempDir()
	paysluice := filepath.Join(tmp, "paysluice")
	command(t, "../../..", nil, "go", "build", "-buildvcs=false", "-o", paysluice, "./cmd/paysluice")

	// A clone and a builder without settings.
	plain := filepath.Join(tmp, "plain")
	sources.Copy(t, "../../..", plain)
	commit(t, plain, "one")
	version := command(t, plain, nil, paysluice, "package")

	// A clone in another folder at another commit, and a builder with many
	// settings. The empty cache makes go compile everything again.
	clone := filepath.Join(tmp, "some", "where", "deeper", "clone")
	sources.Copy(t, "../../..", clone)
	commit(t, clone, "another")
	config := filepath.Join(tmp, "config") // of go env -w (os.UserConfigDir)
	require.NoError(t, os.MkdirAll(filepath.Join(config, "go"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(config, "go", "env"), []byte("GOFLAGS=-gcflags=-N\nGOARM64=v9.0\n"), 0o644))
	work := filepath.Join(tmp, "some", "go.work")
	require.NoError(t, os.WriteFile(work, []byte("go 1.26.0\n\nuse ./where/deeper/clone\n"), 0o644))
	settings := []string{
		"XDG_CONFIG_HOME=" + config,
		"GOFLAGS=-mod=mod -buildvcs=true -tags=debug",
		"GOWORK=" + work,
		"GOEXPERIMENT=nodwarf5",
		"GOFIPS140=latest",
		"GOARM64=v8.1",
		"GODEBUG=http2client=0",
		"GOAMD64=v3",
		"CGO_ENABLED=1",
		"GOCACHE=" + filepath.Join(tmp, "cache"),
	}
	assert.Equal(t, version, command(t, clone, settings, paysluice, "package"))
	for _, binary := range contract.Binaries() {
		assert.True(t, bytes.Equal(zip(t, plain, version, binary), zip(t, clone, version, binary)), binary)
	}

	// A change of one line in one function.
	main := filepath.Join(plain, "cmd", "lambdas", contract.ConsumerBinary, "main.go")
	sources.Edit(t, main, "cannot start", "cannot begin")
	next := command(t, plain, nil, paysluice, "package")
	assert.NotEqual(t, version, next, "different code has a different version")
	for _, binary := range contract.Binaries() {
		same := bytes.Equal(zip(t, plain, version, binary), zip(t, plain, next, binary))
		assert.Equal(t, binary != contract.ConsumerBinary, same, "%s: only the changed function has a different zip", binary)
	}
}

// commit makes dir a repository with one commit and a tag, which go build could
// put into a binary. It does nothing where git is not installed.
func commit(t *testing.T, dir, message string) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		return
	}
	identity := []string{"-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"}
	command(t, dir, nil, "git", "init", "--quiet")
	command(t, dir, nil, "git", "add", ".")
	command(t, dir, nil, "git", append(identity, "commit", "--quiet", "--message", message)...)
	command(t, dir, nil, "git", "tag", "v1.2.3-"+message)
}

// command runs a program with env in addition to the test's environment, and
// returns its standard output.
func command(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), "%s %s\n%s", name, strings.Join(args, " "), &stderr)
	return strings.TrimSpace(stdout.String())
}

func zip(t *testing.T, dir, version, binary string) []byte {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "out", version, binary+"-*.zip"))
	require.NoError(t, err)
	require.Len(t, found, 1)
	content, err := os.ReadFile(found[0])
	require.NoError(t, err)
	return content
}
