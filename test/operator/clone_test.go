package operator_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/emulator/senders"
	"github.com/paysluice/paysluice/test/quality/sources"
)

// clone returns a clone of the repository with the branch main.
func clone(t *testing.T) (dir string) {
	t.Helper()
	root, err := emulator.Root()
	require.NoError(t, err)
	dir = t.TempDir()
	sources.Copy(t, root, dir)
	for _, file := range []string{"out/stack.json", "test/performance/figures.json"} {
		text, err := os.ReadFile(filepath.Join(root, file))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), text, 0o644))
	}
	for _, args := range []string{"init -q -b main", "add .", "-c user.name=a -c user.email=a@example.com commit -q -m sources"} {
		git := exec.Command("git", append([]string{"-C", dir}, strings.Fields(args)...)...)
		out, err := git.CombinedOutput()
		require.NoError(t, err, "git %s: %s", args, out)
	}
	return dir
}

// inClone skips a test that builds the sources of a clone. make verify runs it.
func inClone(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("not run: it builds the sources a second time, in a step of make verify")
	}
}

// TestPageDeploying plays the page as somebody who has read nothing else: from an account
// without a stack to a stored webhook and back.
func TestPageDeploying(t *testing.T) {
	inClone(t)
	t.Parallel()
	s := root()
	s.dir, s.env = clone(t), append(s.env, "PAYSLUICE_STACK=paysluice-prod")
	stripe := senders.Stripe()
	arch := "arm64"
	if runtime.GOARCH == "amd64" {
		arch = "x86_64"
	}
	prod := map[string]string{"-prod": "-prod", "arm64": arch}
	s.play(t, "docs/deploying.md", plan{replace: prod, before: map[string]func(){
		"aws secretsmanager put-secret-value …": func() {
			document, err := json.Marshal(stripe.Document(stripe.NewSecret()))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(s.dir, "stripe-secret.json"), document, 0o600))
		},
		"version=$(go run ./cmd/paysluice package --arch arm64) #2": func() {
			sources.Edit(t, filepath.Join(s.dir, "handlers/consumer/consumer.go"), `"batch handled"`, `"batch was handled"`)
		},
		"aws logs delete-log-group …": func() { aws(t, "logs", "create-log-group", "--log-group-name", "/aws/apigateway/welcome") },
	}, after: map[string]func(){
		"aws secretsmanager put-secret-value …": func() {
			sent := s.run(t, "send", "stripe", "payment_intent.succeeded", "--wait")
			assert.Equal(t, 0, sent.code, sent.stderr)
			assert.Contains(t, sent.stdout, "stored")
		},
		"aws cloudformation set-stack-policy …": func() {
			s.play(t, "docs/operator-policies.md", plan{replace: map[string]string{"-prod": "-prod"}})
		},
	}})
	for _, list := range []string{
		"cloudformation list-stacks --query StackSummaries[?StackStatus!='DELETE_COMPLETE'].StackName",
		"dynamodb list-tables --query TableNames", "iam list-roles --query Roles[].RoleName",
		"logs describe-log-groups --query logGroups[].logGroupName", "s3api list-buckets --query Buckets[].Name",
	} {
		var names []string
		require.NoError(t, stack.Query(t.Context(), &names, strings.Fields(list)...))
		for _, name := range names {
			assert.NotRegexp(t, `-prod$|^my-code-bucket$|welcome$`, name, "it is left: %s", list)
		}
	}
}

// The README repeats a part of the page.
func TestReadmeDeploysLikeThePage(t *testing.T) {
	root, err := emulator.Root()
	require.NoError(t, err)
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	page, err := os.ReadFile(filepath.Join(root, "docs/deploying.md"))
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)```sh\n(.*?)```").FindSubmatch(readme)
	require.NotNil(t, block)
	assert.Contains(t, string(page), string(block[1]))
}

func TestPageReviewing(t *testing.T) {
	inClone(t)
	t.Parallel()
	s := root()
	s.dir = clone(t)
	for file, edit := range map[string][2]string{
		"handlers/contract/contract.go": {`TableName = "WebhookEvents"`, `TableName = "PaymentEvents"`},
		"template/metrics.go":           {"s.addLogMetric(logMetric{\n\t\tid: redrivenMetric", "_ = (logMetric{\n\t\tid: redrivenMetric"},
		"template/function.go": {`r := s.newRole(named(functionRoleName(f.name)), "lambda.amazonaws.com")`, `$0
	if f.id == "Consumer" {
		r.ManagedPolicyArns = []string{"arn:aws:iam::aws:policy/AmazonSQSFullAccess"}
	}`},
		"template/limits.go": {`Default:     "30"`, `Default:     "7"`},
	} {
		sources.Edit(t, filepath.Join(s.dir, file), edit[0], strings.ReplaceAll(edit[1], "$0", edit[0]))
	}
	s.play(t, "docs/reviewing.md", plan{})
}

// inRoot returns a session in the repository's root folder, with a home elsewhere.
func inRoot(t *testing.T) session {
	t.Helper()
	dir, err := emulator.Root()
	require.NoError(t, err)
	s := root()
	s.dir, s.env = dir, append(s.env, "HOME="+t.TempDir())
	return s
}

// One run of one benchmark shows that the commands fit together.
func TestPagePerformance(t *testing.T) {
	inClone(t)
	inRoot(t).play(t, "docs/performance.md", plan{replace: map[string]string{
		"-bench . -count 10 ./handlers/...": "-bench . -benchtime 1x ./handlers/event", "/tmp/": t.TempDir() + "/",
	}})
}

// What takes minutes or hours, or has a test of its own, is not run again.
func TestPagesPlayedElsewhere(t *testing.T) {
	t.Parallel()
	root().play(t, "docs/consuming.md", plan{elsewhere: map[string]string{
		"make up": "TestConsumingPage", "make subscriber": "TestConsumingPage", "make subscriber #2": "TestConsumingPage",
		"go run ./cmd/paysluice send stripe …": "TestConsumingPage",
	}})
	root().play(t, "docs/reliability.md", plan{elsewhere: map[string]string{
		"make soak  …": "TestPromise", "make soak SEED…": "TestPromise",
		"go build -o .cache/local …": ".cache/local", ".cache/local run …": "reconcile",
	}})
	root().play(t, "docs/security.md", plan{elsewhere: map[string]string{"go test -count=1 -timeout 2h …": "hostile"}})
}
