package operator_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/emulator"
)

// deployer returns the session of somebody who has the aws command.
func deployer(t *testing.T, name string) session {
	t.Helper()
	root_, err := emulator.Root()
	require.NoError(t, err)
	s := root()
	s.env = append(append(s.env, "PAYSLUICE_STACK="+name), tools(t, root_)...)
	return s
}

// TestDeployAndDestroy: a first deployment, one more, and the end.
func TestDeployAndDestroy(t *testing.T) {
	if testing.Short() {
		t.Skip("aws cloudformation looks every 30 seconds whether it is done: two minutes")
	}
	t.Parallel()
	root, err := emulator.Root()
	require.NoError(t, err)
	zips, err := emulator.BuildZips(t.Context(), root)
	require.NoError(t, err)
	const name = "paysluice-first"
	_, arch, _ := strings.Cut(strings.TrimSuffix(filepath.Base(zipOf(t, zips, "archiver")), ".zip"), "-")
	s := deployer(t, "")
	args := []string{"deploy", "--template", filepath.Join(root, "out", "stack.json"), "--out", filepath.Dir(zips), "--code-version", filepath.Base(zips)}
	r := s.run(t, append(args, "--suffix", "first", "--bucket", "code-first", "--make-bucket", "--arch", arch, "--set", "ManageApiGatewayAccount=false")...)
	require.Equal(t, 0, r.code, r.stderr)
	assert.Contains(t, r.stdout, "StripeUrl\thttps://")
	assert.Contains(t, r.stderr, "paysluice doctor checks the rest")

	s = deployer(t, name)
	args = append(args, "--set", "LogLevel=INFO")
	r = s.run(t, append(args, "--dry-run")...)
	require.Equal(t, 0, r.code, r.stderr)
	assert.Empty(t, r.stdout)
	assert.Contains(t, r.stderr, "+ aws cloudformation deploy --stack-name "+name+" --template-file ")
	r = s.run(t, args...)
	require.Equal(t, 0, r.code, r.stderr)
	assert.Contains(t, r.stdout, "StripeUrl\thttps://", "bucket, suffix and architecture stay")

	protection := "update-termination-protection"
	aws(t, "cloudformation", protection, "--enable-termination-protection", "--stack-name", name)
	r = s.run(t, "destroy", "--yes")
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "the stack is protected: first run aws cloudformation "+protection+" --no-enable-termination-protection --stack-name "+name)
	aws(t, "cloudformation", protection, "--no-enable-termination-protection", "--stack-name", name)

	r = s.with("paysluice-operator\n").run(t, "destroy")
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stdout, "events    about 0 (the count is up to six hours old)\n")
	assert.Contains(t, r.stdout, "secrets   3: PayPal, Square, Stripe\n")
	assert.Contains(t, r.stderr, "not confirmed: nothing was done")
	r = s.run(t, "destroy", "--dry-run")
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Contains(t, r.stderr, "+ aws cloudformation delete-stack --stack-name arn:")

	r = s.with(name+"\n").run(t, "destroy")
	require.Equal(t, 0, r.code, r.stderr)
	r = s.run(t, "destroy", "--yes")
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "no such stack")
}

// zipOf returns a function's zip in a folder of BuildZips.
func zipOf(t *testing.T, zips, binary string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(zips, binary+"-*.zip"))
	require.NoError(t, err)
	require.Len(t, found, 1)
	return found[0]
}

func TestDeployRefuses(t *testing.T) {
	t.Parallel()
	root_, err := emulator.Root()
	require.NoError(t, err)
	template := filepath.Join(root_, "out", "stack.json")
	built := t.TempDir() // a build for arm64
	require.NoError(t, os.Mkdir(filepath.Join(built, "00"), 0o755))
	for _, binary := range contract.Binaries() {
		require.NoError(t, os.WriteFile(filepath.Join(built, "00", binary+"-arm64.zip"), nil, 0o600))
	}
	broken := filepath.Join(t.TempDir(), "x.json")
	require.NoError(t, os.WriteFile(broken, []byte("{"), 0o600))
	for _, row := range []struct {
		why  string
		args []string
		code int
		says string
	}{
		{"another folder", []string{"deploy"}, 2, "run this in the root folder of paysluice's sources"},
		{"no template", []string{"deploy", "--template", broken}, 2, "is no template"},
		{"a parameter that does not exist", []string{"deploy", "--template", template, "--set", "Loglevel=INFO"}, 2, "--set Loglevel=INFO: must be Parameter=value with a parameter of "},
		{"a build that does not exist", []string{"deploy", "--template", template, "--code-version", "00"}, 2, "--code-version: "},
		{"zips of another architecture than Architecture", []string{"deploy", "--template", template, "--code-version", "00", "--out", built, "--arch", "x86_64"}, 2, "that is for x86_64"},
		{"another Architecture than that of the zips", []string{"deploy", "--template", template, "--set", "Architecture=x86_64"}, 2, "--set Architecture=x86_64: use --arch"},
		{"a first deployment without a name", []string{"deploy", "--template", template, "--stack", "new"}, 2, "A first deployment needs --suffix and --bucket"},
		{"the suffix of another stack", []string{"deploy", "--template", template, "--suffix", "other"}, 2, "the stack paysluice-operator has the suffix operator, not other: another suffix would replace"},
		{"no sources", []string{"deploy", "--template", template}, 1, "no folder cmd/lambdas here"},
		{"the local stack", []string{"deploy", "--local"}, 2, "the local stack is deployed by make up"},
		{"the local stack", []string{"destroy", "--local"}, 2, "the local stack is deleted by make down"},
	} {
		r := paysluice(t, row.args...)
		assert.Equal(t, row.code, r.code, row.why)
		assert.Contains(t, r.stderr, row.says, row.why)
	}

	s := root()
	s.env = append(s.env, "PAYSLUICE_STACK=", "PATH=/nonexistent")
	r := s.run(t, "deploy", "--template", template, "--suffix", "new", "--bucket", "b", "--make-bucket", "--dry-run", "--region", "us-east-1")
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Contains(t, r.stderr, "+ version=$(paysluice package --out out --arch arm64)\n+ aws s3 mb s3://b --region us-east-1\n")
	assert.Contains(t, r.stderr, " --parameter-overrides Architecture=arm64 CodeBucket=b \"CodeVersion=$version\" EnvironmentSuffix=new --region us-east-1\n")

	deploy := []string{"deploy", "--template", template, "--suffix", "new", "--bucket", "no-such-bucket", "--out", built, "--code-version", "00"}
	r = s.run(t, deploy...)
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "no aws command on the PATH")
	r = deployer(t, "").run(t, append(deploy, "--make-bucket", "--bucket", "Not_A_Bucket")...)
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "the aws command failed; its message is above: aws s3 mb")

	r = user(t).run(t, deploy...)
	assert.Contains(t, r.stderr, "access denied: cloudformation:DescribeStacks")
	r = user(t, allow("*", "cloudformation:DescribeStacks")).run(t, "destroy")
	assert.Contains(t, r.stderr, "access denied: dynamodb:DescribeTable")
}
