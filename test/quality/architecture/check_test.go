package architecture

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

const module = "github.com/paysluice/paysluice"

// source is one file of the module.
type source struct {
	name string // from the module's root
	ast  *ast.File
}

func (s source) isTest() bool { return strings.HasSuffix(s.name, "_test.go") }

// sources parses every Go file below root that the go command would look at.
func sources(root fs.FS) ([]source, error) {
	var all []source
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := entry.Name()
		hidden := name != "." && (base[0] == '.' || base[0] == '_' || base == "testdata")
		if entry.IsDir() && hidden {
			return fs.SkipDir
		}
		if entry.IsDir() || hidden || path.Ext(name) != ".go" {
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		all = append(all, source{name, file})
		return err
	})
	return all, err
}

// violations are the imports of s that a rule forbids.
func (r rule) violations(s source) []string {
	folder := "./" + path.Dir(s.name)
	if s.isTest() && !r.tests || !matches(r.in, folder) || matches(r.except, folder) {
		return nil
	}
	var found []string
	for _, imported := range imports(s) {
		if matches(r.forbid, imported) && !matches(r.but, imported) {
			found = append(found, fmt.Sprintf("%s imports %s: %s (%s)", s.name, imported, r.name, r.why))
		}
	}
	return found
}

// imports are the paths that s imports, those of this module beginning with
// "./". net/http is left out when only its names of statuses and methods are
// used.
func imports(s source) []string {
	var paths []string
	for _, spec := range s.ast.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value) // the parser saw to it
		if imported == "net/http" && spec.Name == nil && onlyConstants(s.ast) {
			continue
		}
		if rest, ok := strings.CutPrefix(imported, module+"/"); ok {
			imported = "./" + rest
		}
		paths = append(paths, imported)
	}
	return paths
}

func onlyConstants(file *ast.File) bool {
	only := true
	ast.Inspect(file, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := selector.X.(*ast.Ident); ok && x.Name == "http" {
				name := selector.Sel.Name
				only = only && name != "StatusText" && (strings.HasPrefix(name, "Status") || strings.HasPrefix(name, "Method"))
			}
		}
		return true
	})
	return only
}

// matches reports whether one of the patterns covers an import path or folder.
func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if pattern == "std" {
			first, _, _ := strings.Cut(name, "/")
			return !strings.Contains(first, ".")
		}
		if prefix, ok := strings.CutSuffix(pattern, "..."); ok {
			return strings.HasPrefix(name+"/", prefix)
		}
		return name == pattern
	})
}

// state lists what a package of shipped code keeps or does before main: every
// package-level variable that is not a sentinel error or a check that a type
// has an interface, and every func init.
func state(s source) []string {
	if s.isTest() || strings.HasPrefix(s.name, "test/") {
		return nil
	}
	var found []string
	for _, declaration := range s.ast.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Name.Name == "init" && d.Recv == nil {
				found = append(found, s.name+" has a func init: do it where it is needed")
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if variable, ok := spec.(*ast.ValueSpec); ok && d.Tok == token.VAR {
					found = append(found, variables(s.name, variable)...)
				}
			}
		}
	}
	return found
}

func variables(file string, spec *ast.ValueSpec) []string {
	var found []string
	for i, name := range spec.Names {
		if name.Name == "_" || i < len(spec.Values) && isError(spec.Values[i]) {
			continue
		}
		found = append(found, fmt.Sprintf("%s keeps state in the package variable %s: make it a constant, a function or a field", file, name.Name))
	}
	return found
}

// isError recognises errors.New(…) and fmt.Errorf(…).
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
	return ok && slices.Contains([]string{"errors.New", "fmt.Errorf"}, from.Name+"."+selector.Sel.Name)
}
