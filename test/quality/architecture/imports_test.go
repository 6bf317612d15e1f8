// Package architecture holds the rules about the code's structure that neither
// the compiler nor a linter enforces, and shows that depguard enforces those
// in .depguard.yml.
package architecture

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	root   = "../../.."
	module = "github.com/paysluice/paysluice"
	rules  = ".depguard.yml"
)

// A list whose folders were renamed would match no file and allow everything.
func TestImportRulesNameFoldersThatExist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, rules))
	require.NoError(t, err)
	folders := regexp.MustCompile(`"!?\*\*/([a-z/]+)/\*`).FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, folders)
	for _, folder := range folders {
		assert.DirExists(t, filepath.Join(root, folder[1]), "%s names a folder that does not exist", rules)
	}
}

// Every list denies its example in a module of empty packages.
func TestImportRulesDeny(t *testing.T) {
	examples := []struct{ list, file, imported string }{
		{"template", "template/a.go", module + "/handlers/event"},
		{"template", "template/b.go", module + "/cmd/gentemplate"},
		{"cfn", "template/cfn/a.go", module + "/handlers/contract"},
		{"cfn", "template/cfn/b_test.go", module + "/handlers/event"},
		{"goformation", "template/c.go", "github.com/awslabs/goformation/v7"},
		{"goformation", "template/d_test.go", "github.com/awslabs/goformation/v7/cloudformation"},
		{"goformation", "test/flow/a_test.go", "github.com/awslabs/goformation/v7/intrinsics"},
		{"generator", "template/e.go", "github.com/aws/aws-lambda-go/events"},
		{"generator", "cmd/gentemplate/a.go", "github.com/aws/aws-sdk-go-v2/config"},
		{"functions", "handlers/aws/table/a.go", module + "/template/cfn"},
		{"functions", "cmd/lambdas/consumer/a.go", "github.com/awslabs/goformation/v7/cloudformation/sqs"},
		{"modules", "handlers/function/b.go", "golang.org/x/time/rate"},
		{"sources", "handlers/reconcile/source/a.go", "github.com/plutov/paypal/v4"},
		{"handlers", "handlers/aws/table/b_test.go", module + "/cmd/gentemplate"},
		{"leaves", "handlers/contract/a.go", "github.com/aws/aws-lambda-go/events"},
		{"leaves", "handlers/event/a.go", "golang.org/x/text/currency"},
		{"leaves", "handlers/event/b.go", module + "/handlers/contract"},
		{"readers", "handlers/event/ledger/a.go", module + "/handlers/provider/decode"},
		{"providers", "handlers/provider/a.go", "github.com/aws/aws-lambda-go/events"},
		{"providers", "handlers/provider/stripe/a_test.go", "github.com/aws/aws-sdk-go-v2/config"},
		{"registry", "handlers/processor/a.go", module + "/handlers/provider/stripe"},
		{"registry", "cmd/lambdas/processor/a.go", module + "/handlers/provider/square"},
		{"sdk", "handlers/function/a.go", "github.com/aws/aws-sdk-go-v2/config"},
		{"sdk", "handlers/event/c.go", "github.com/aws/smithy-go"},
		{"start", "handlers/consumer/a_test.go", "github.com/aws/aws-lambda-go/lambda"},
		{"http", "handlers/aws/secret/a.go", "net/http/httputil"},
		{"commands", "cmd/paysluice/internal/cli/a.go", "github.com/aws/aws-sdk-go-v2/service/s3"},
		{"commands", "cmd/paysluice/internal/console/a.go", "github.com/aws/smithy-go"},
		{"terminal", "cmd/gentemplate/c.go", "github.com/spf13/cobra"},
		{"terminal", "test/flow/c.go", "golang.org/x/term"},
		{"shipped", "handlers/provider/stripe/b.go", "github.com/stripe/stripe-go/v85/webhook"},
		{"shipped", "handlers/provider/square/a.go", "github.com/square/square-go-sdk/webhooks/client"},
		{"shipped", "cmd/paysluice/a.go", "github.com/stretchr/testify/require"},
		{"shipped", "template/cfn/c.go", "testing"},
		{"shipped", "cmd/paysluice/b.go", "net/http/httptest"},
		{"shipped", "cmd/paysluice/c.go", module + "/test/flow"},
	}
	allowed := []struct{ why, file, imported string }{
		{"the names that both sides share", "template/f.go", module + "/handlers/contract"},
		{"a service of goformation", "template/g.go", "github.com/awslabs/goformation/v7/cloudformation/sqs"},
		{"the registry", "handlers/provider/all/a.go", module + "/handlers/provider/stripe"},
		{"a reference implementation in a test", "handlers/provider/stripe/c_test.go", "github.com/stripe/stripe-go/v85/webhook"},
		{"a main starts a function", "cmd/lambdas/processor/b.go", "github.com/aws/aws-lambda-go/lambda"},
		{"tokens of PayPal's API", "handlers/reconcile/source/b.go", "golang.org/x/oauth2/clientcredentials"},
		{"what commands call", "cmd/paysluice/internal/query/a.go", "github.com/aws/aws-sdk-go-v2/service/s3"},
		{"a command", "cmd/paysluice/internal/cli/b.go", "github.com/spf13/cobra"},
		{"the function's own package", "handlers/processor/b.go", "github.com/aws/aws-sdk-go-v2/config"},
	}
	m := newModule(t)
	for _, e := range examples {
		m.add(e.file, e.imported)
	}
	for _, a := range allowed {
		m.add(a.file, a.imported)
	}
	m.add("test/flow/b.go", "testing")
	found := m.depguard()
	tested := map[string]bool{}
	for _, e := range examples {
		tested[e.list] = true
		assert.Regexp(t, regexp.QuoteMeta(e.file)+`:\S+ import '`+regexp.QuoteMeta(e.imported)+`' is not allowed from list '`+e.list+"'", found)
	}
	for _, a := range allowed {
		assert.NotContains(t, found, a.file, a.why)
	}
	text, err := os.ReadFile(filepath.Join(root, rules))
	require.NoError(t, err)
	for _, list := range regexp.MustCompile(`(?m)^(\w+):$`).FindAllStringSubmatch(string(text), -1) {
		assert.True(t, tested[list[1]], "the list %s has no example", list[1])
	}
}

// scratch is a module of packages that contain only imports. Every package of
// another module is a module of its own, next to it.
type scratch struct {
	t        *testing.T
	dir      string
	required map[string]bool
}

func newModule(t *testing.T) *scratch {
	m := &scratch{t: t, dir: t.TempDir(), required: map[string]bool{}}
	text, err := os.ReadFile(filepath.Join(root, rules))
	require.NoError(t, err)
	m.write(rules, string(text))
	m.write("go.mod", "module "+module+"\n\ngo 1.26.0\n")
	return m
}

// add writes a file with one import, and the imported package.
func (m *scratch) add(file, imported string) {
	m.write(file, "package p\n\nimport _ \""+imported+"\"\n")
	if inside, ok := strings.CutPrefix(imported, module+"/"); ok {
		m.write(inside+"/p.go", "package p\n")
		return
	}
	if !strings.Contains(imported, ".") || m.required[imported] {
		return
	}
	m.required[imported] = true
	stub := "stubs/" + imported
	m.write(stub+"/p.go", "package p\n")
	m.write(stub+"/go.mod", "module "+imported+"\n\ngo 1.26.0\n")
	version := "v0.0.0"
	if major := regexp.MustCompile(`/v(\d+)$`).FindStringSubmatch(imported); major != nil {
		version = "v" + major[1] + ".0.0"
	}
	gomod, err := os.ReadFile(filepath.Join(m.dir, "go.mod"))
	require.NoError(m.t, err)
	m.write("go.mod", string(gomod)+"require "+imported+" "+version+"\nreplace "+imported+" => ./"+stub+"\n")
}

func (m *scratch) write(file, text string) {
	path := filepath.Join(m.dir, filepath.FromSlash(file))
	require.NoError(m.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(m.t, os.WriteFile(path, []byte(text), 0o644))
}

// depguard returns what depguard reports about the module.
func (m *scratch) depguard() string {
	tools, err := filepath.Abs(filepath.Join(root, ".ci", "tools", "go.mod"))
	require.NoError(m.t, err)
	cmd := exec.CommandContext(m.t.Context(), "go", "tool", "-modfile="+tools, "depguard", "./...")
	cmd.Dir = m.dir
	out, err := cmd.CombinedOutput()
	exit, ok := errors.AsType[*exec.ExitError](err)
	require.True(m.t, ok, "depguard reports nothing")
	require.Equal(m.t, 3, exit.ExitCode(), "%s", out) // findings, and no error while loading
	return string(out)
}
