// Package architecture holds the directions between packages, which the
// compiler does not.
package architecture

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheModuleKeepsTheRules(t *testing.T) {
	all, err := sources(os.DirFS("../../.."))
	require.NoError(t, err)
	require.NotEmpty(t, all)
	for _, s := range all {
		for _, r := range rules() {
			for _, violation := range r.violations(s) {
				t.Error(violation)
			}
		}
		for _, violation := range state(s) {
			t.Error(violation)
		}
	}
}

func TestFoldersNamedByRulesExist(t *testing.T) {
	coming := []string{"./handlers/archiver", "./handlers/emptier", "./handlers/provider/paypal"}
	for _, r := range rules() {
		for _, pattern := range append(r.in, r.except...) {
			if _, err := os.Stat("../../../" + strings.TrimSuffix(pattern, "...")); err != nil {
				assert.Contains(t, coming, pattern, "%s: no such folder", r.name)
			}
		}
	}
}

// Every rule has an example that breaks it, so that a pattern that matches
// nothing is noticed.
func TestRulesBite(t *testing.T) {
	examples := map[string][]struct{ file, imported string }{
		"template knows names, not handlers": {
			{"template/api.go", module + "/handlers/event"},
			{"template/api.go", module + "/cmd/gentemplate"},
		},
		"cfn is a kit": {
			{"template/cfn/check.go", module + "/handlers/contract"},
			{"template/cfn/check_test.go", module + "/template"},
		},
		"goformation by its service packages": {
			{"template/api.go", "github.com/awslabs/goformation/v7/cloudformation"},
			{"template/api_test.go", "github.com/awslabs/goformation/v7"},
		},
		"generating calls nothing": {
			{"template/api.go", "github.com/aws/aws-sdk-go-v2/aws"},
			{"cmd/gentemplate/main.go", "github.com/aws/aws-sdk-go-v2/config"},
		},
		"functions do not carry the template": {
			{"handlers/aws/table/table.go", module + "/template"},
			{"cmd/lambdas/consumer/main.go", "github.com/awslabs/goformation/v7/cloudformation/sqs"},
		},
		"handlers are not programs": {
			{"handlers/aws/table/table_test.go", module + "/cmd/paysluice/internal/cli"},
		},
		"contract is a leaf": {
			{"handlers/contract/metric.go", module + "/handlers/event"},
			{"handlers/contract/metric.go", "github.com/aws/aws-lambda-go/events"},
		},
		"event is plain Go": {
			{"handlers/event/event.go", module + "/handlers/contract"},
			{"handlers/event/event.go", "golang.org/x/text/currency"},
		},
		"providers know no cloud": {
			{"handlers/provider/stripe/stripe.go", "github.com/aws/aws-lambda-go/events"},
			{"handlers/provider/header.go", "github.com/aws/aws-lambda-go/events"},
		},
		"one registry": {
			{"handlers/processor/processor.go", module + "/handlers/provider/stripe"},
			{"cmd/lambdas/processor/main.go", module + "/handlers/provider/square"},
		},
		"AWS SDK behind few doors": {
			{"handlers/function/log.go", "github.com/aws/aws-sdk-go-v2/aws"},
			{"handlers/event/event.go", "github.com/aws/smithy-go"},
		},
		"only mains start": {
			{"handlers/consumer/consumer.go", "github.com/aws/aws-lambda-go/lambda"},
		},
		"functions call nobody over HTTP": {
			{"handlers/aws/secret/reader.go", "net/http"},
			{"handlers/provider/stripe/stripe.go", "net/http/httputil"},
		},
		"test libraries stay in tests": {
			{"handlers/provider/stripe/stripe.go", "github.com/stripe/stripe-go/v85/webhook"},
			{"handlers/provider/square/verify.go", "github.com/square/square-go-sdk/webhooks/client"},
			{"cmd/paysluice/main.go", "github.com/stretchr/testify/require"},
			{"template/cfn/check.go", "testing"},
		},
		"shipped code imports no test tools": {
			{"cmd/paysluice/main.go", module + "/test/quality/runtimeapi"},
		},
	}
	for _, r := range rules() {
		assert.NotEmpty(t, examples[r.name], "%s has no example", r.name)
		for _, example := range examples[r.name] {
			s := parse(t, example.file, "import \""+example.imported+"\"\nvar _ = http.Get")
			assert.Len(t, r.violations(s), 1, "%s: %s may import %s", r.name, example.file, example.imported)
		}
	}
}

func TestRulesAllow(t *testing.T) {
	for _, allowed := range []struct{ why, file, text string }{
		{"the way to build a stack", "template/queue.go", `import ("` + module + `/handlers/contract"; "github.com/awslabs/goformation/v7/cloudformation/sqs")`},
		{"status codes are names", "handlers/processor/answer.go", "import \"net/http\"\nconst ok = http.StatusOK"},
		{"methods are names", "template/api.go", "import \"net/http\"\nconst post = http.MethodPost"},
		{"the one registry", "handlers/provider/all/all.go", `import "` + module + `/handlers/provider/stripe"`},
		{"what providers share", "handlers/provider/stripe/event.go", `import "` + module + `/handlers/provider/decode"`},
		{"an oracle in a test", "handlers/provider/stripe/stripe_test.go", `import "github.com/stripe/stripe-go/v85/webhook"`},
		{"a name that only begins like a forbidden one", "cmd/paysluice/main.go", `import "testingx"`},
	} {
		for _, r := range rules() {
			assert.Empty(t, r.violations(parse(t, allowed.file, allowed.text)), allowed.why)
		}
	}
}

func TestStateBites(t *testing.T) {
	for _, test := range []struct {
		why, file, text string
		found           int
	}{
		{"a variable", "handlers/x/x.go", "var cache = map[string]int{}", 1},
		{"two without a value", "handlers/x/x.go", "var a, b int", 2},
		{"something else that is called New", "handlers/x/x.go", "var c = cache.New()", 1},
		{"a call of an own function", "handlers/x/x.go", "var c = load()", 1},
		{"an init", "cmd/x/main.go", "func init() {}", 1},
		{"sentinel errors", "handlers/x/x.go", "var (\n\tErrA = errors.New(\"a\")\n\tErrB = fmt.Errorf(\"b: %w\", ErrA)\n)", 0},
		{"a check at compile time", "handlers/x/x.go", "var _ fmt.Stringer = T{}", 0},
		{"a constant and a local variable", "handlers/x/x.go", "const c = 1\nfunc f() { var x int; _ = x }", 0},
		{"a method called init", "handlers/x/x.go", "func (T) init() {}", 0},
		{"tests keep what they like", "handlers/x/x_test.go", "var golden = true", 0},
		{"and their helpers", "test/x/x.go", "var golden = true", 0},
	} {
		assert.Len(t, state(parse(t, test.file, test.text)), test.found, test.why)
	}
}

func TestSourcesSkipWhatGoSkips(t *testing.T) {
	text := &fstest.MapFile{Data: []byte("package x")}
	all, err := sources(fstest.MapFS{
		"a/a.go": text, "a/testdata/b.go": text, ".venv/c.go": text, "a/_d.go": text, "a/e.txt": text,
	})
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.Equal(t, "a/a.go", all[0].name)

	_, err = sources(fstest.MapFS{"a/a.go": {Data: []byte("no Go")}})
	assert.Error(t, err, "what cannot be read cannot be judged")
}

func parse(t *testing.T, name, text string) source {
	t.Helper()
	all, err := sources(fstest.MapFS{name: {Data: []byte("package x\n" + text)}})
	require.NoError(t, err)
	require.Len(t, all, 1)
	return all[0]
}
