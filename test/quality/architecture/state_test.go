package architecture

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestShippedCode(t *testing.T) {
	files := 0
	for _, folder := range []string{"cmd", "handlers", "template"} {
		err := fs.WalkDir(os.DirFS(root), folder, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
				return err
			}
			text, err := os.ReadFile(root + "/" + name)
			if err != nil {
				return err
			}
			files++
			for _, problem := range problems(t, name, string(text)) {
				t.Errorf("%s: %s", name, problem)
			}
			return nil
		})
		require.NoError(t, err)
	}
	assert.NotZero(t, files)
}

func TestShippedCodeRulesDeny(t *testing.T) {
	for _, test := range []struct {
		why, file, text string
		found           int
	}{
		{"a variable", "handlers/x/x.go", "var cache = map[string]int{}", 1},
		{"two without a value", "handlers/x/x.go", "var a, b int", 2},
		{"a call that is not errors.New", "handlers/x/x.go", "var c = cache.New()", 1},
		{"an init function", "cmd/x/main.go", "func init() {}", 1},
		{"sentinel errors", "handlers/x/x.go", "var (\n\tErrA = errors.New(\"a\")\n\tErrB = fmt.Errorf(\"b: %w\", ErrA)\n)", 0},
		{"embedded files", "cmd/x/x.go", "//go:embed pages\nvar pages embed.FS", 0},
		{"a check at compile time", "handlers/x/x.go", "var _ fmt.Stringer = T{}", 0},
		{"a constant and a local variable", "handlers/x/x.go", "const c = 1\nfunc f() { var x int; _ = x }", 0},
		{"a method called init", "handlers/x/x.go", "func (T) init() {}", 0},
		{"an HTTP call", "handlers/x/x.go", "import \"net/http\"\nfunc f() { http.Get(\"\") }", 1},
		{"a function whose name begins like a constant's", "template/x.go", "import \"net/http\"\nfunc f() { http.StatusText(200) }", 1},
		{"another name for net/http", "template/x.go", "import web \"net/http\"\nconst ok = web.StatusOK", 1},
		{"a status and a method", "template/x.go", "import \"net/http\"\nfunc f() { f(http.StatusOK, http.MethodPost) }", 0},
		{"the AWS client", "handlers/aws/client/x.go", "import \"net/http\"\nfunc f() { http.Get(\"\") }", 0},
		{"a command", "cmd/x/main.go", "import \"net/http\"\nfunc f() { http.Get(\"\") }", 0},
		{"a file that the coverage of this platform leaves out", "cmd/x/x.go", "//go:build never", 1},
		{"a statement that the coverage gate ignores", "cmd/x/x.go", "// coverage-ignore", 1},
	} {
		assert.Len(t, problems(t, test.file, "package x\n"+test.text), test.found, test.why)
	}
}

// problems lists what a file of shipped code must not contain.
func problems(t *testing.T, name, text string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution|parser.ParseComments)
	require.NoError(t, err)
	found := append(state(file), httpCalls(name, file)...)
	if strings.Contains(text, "\n//go:build ") || strings.HasPrefix(text, "//go:build ") {
		found = append(found, "has a build constraint: the coverage gate would not see it")
	}
	if strings.Contains(text, "coverage-ignore") {
		found = append(found, "hides a statement from the coverage gate")
	}
	return found
}

// state lists package variables that are neither sentinel errors nor embedded files
// nor checks that a type implements an interface, and init functions. A package without
// state behaves the same in every test and in every invocation.
func state(file *ast.File) []string {
	var found []string
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Name.Name == "init" && d.Recv == nil {
				found = append(found, "has an init function: do it where it is needed")
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				variable, ok := spec.(*ast.ValueSpec)
				if !ok || d.Tok != token.VAR || isEmbedded(d.Doc) {
					continue
				}
				for i, name := range variable.Names {
					if name.Name == "_" || i < len(variable.Values) && isError(variable.Values[i]) {
						continue
					}
					found = append(found, fmt.Sprintf("keeps state in the package variable %s: make it a constant, a function or a field", name.Name))
				}
			}
		}
	}
	return found
}

// isEmbedded recognises a variable with the content of files.
func isEmbedded(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") })
}

// isError recognises calls of errors.New and fmt.Errorf.
func isError(value ast.Expr) bool {
	call, ok := value.(*ast.CallExpr)
	if !ok {
		return false
	}
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	from, ok := selector.X.(*ast.Ident)
	name := selector.Sel.Name
	return ok && (from.Name == "errors" && name == "New" || from.Name == "fmt" && name == "Errorf")
}

// httpCalls lists uses of net/http other than the names of statuses and
// methods, outside the packages that may call a server.
func httpCalls(name string, file *ast.File) []string {
	dir := path.Dir(name)
	if strings.HasPrefix(name, "cmd/") || dir == "handlers/aws/client" || dir == "handlers/provider/paypal" || dir == "handlers/reconcile/source" {
		return nil
	}
	var found []string
	for _, spec := range file.Imports {
		if spec.Path.Value == `"net/http"` && spec.Name != nil {
			found = append(found, "renames net/http")
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		used := selector.Sel.Name
		isName := strings.HasPrefix(used, "Status") && used != "StatusText" || strings.HasPrefix(used, "Method")
		if x, ok := selector.X.(*ast.Ident); ok && x.Name == "http" && !isName {
			found = append(found, "uses http."+used+": only handlers/aws/client, handlers/provider/paypal and handlers/reconcile/source call servers")
		}
		return true
	})
	return found
}
