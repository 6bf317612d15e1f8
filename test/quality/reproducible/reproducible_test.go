// Package reproducible shows that equal sources give equal zips, whoever
// builds them and wherever.
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

	// A clone, built by somebody without settings.
	plain := filepath.Join(tmp, "plain")
	sources.Copy(t, "../../..", plain)
	commit(t, plain, "one")
	version := command(t, plain, nil, paysluice, "package")

	// A clone elsewhere, at another commit, and a builder with settings of all
	// kinds. Its cache is empty, so that everything really is compiled again.
	clone := filepath.Join(tmp, "some", "where", "deeper", "clone")
	sources.Copy(t, "../../..", clone)
	commit(t, clone, "another")
	config := filepath.Join(tmp, "config") // of go env -w (os.UserConfigDir)
	require.NoError(t, os.MkdirAll(filepath.Join(config, "go"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(config, "go", "env"), []byte("GOFLAGS=-gcflags=-N\nGOARM64=v9.0\n"), 0o644))
	work := filepath.Join(tmp, "some", "go.work")
	require.NoError(t, os.WriteFile(work, []byte("go 1.26.0\n\nuse ./where/deeper/clone\n"), 0o644))
	hostile := []string{
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
	assert.Equal(t, version, command(t, clone, hostile, paysluice, "package"))
	for _, binary := range contract.Binaries() {
		assert.True(t, bytes.Equal(zip(t, plain, version, binary), zip(t, clone, version, binary)), binary)
	}

	// One line of one function.
	main := filepath.Join(plain, "cmd", "lambdas", contract.ConsumerBinary, "main.go")
	sources.Edit(t, main, "cannot start", "cannot begin")
	next := command(t, plain, nil, paysluice, "package")
	assert.NotEqual(t, version, next, "other code is another version")
	for _, binary := range contract.Binaries() {
		same := bytes.Equal(zip(t, plain, version, binary), zip(t, plain, next, binary))
		assert.Equal(t, binary != contract.ConsumerBinary, same, "%s: only what changed is built differently", binary)
	}
}

// commit makes a repository with one commit and a tag, which go build would
// stamp into a binary. It asks git for them: where there is no git on the PATH
// there is nothing to stamp.
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

// command runs a program with env besides the test's own environment, and
// returns what it prints to stdout.
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
	content, err := os.ReadFile(filepath.Join(dir, "out", version, binary+".zip"))
	require.NoError(t, err)
	return content
}
