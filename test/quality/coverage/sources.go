package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strings"
)

// filesWithStatements lists the Go files below root that must stand in a
// profile, whatever build constraints they carry: all but those of test/, of
// tests, and of folders that go itself passes over.
func filesWithStatements(root fs.FS) ([]string, error) {
	var files []string
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := name != "." && strings.ContainsAny(entry.Name()[:1], "._")
		if entry.IsDir() && (hidden || name == "test" || entry.Name() == "testdata") {
			return fs.SkipDir
		}
		if entry.IsDir() || hidden || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err == nil && hasStatements(file) {
			files = append(files, name)
		}
		return err
	})
	return files, err
}

func hasStatements(file *ast.File) bool {
	found := false
	ast.Inspect(file, func(n ast.Node) bool {
		if body, ok := n.(*ast.BlockStmt); ok && len(body.List) > 0 {
			found = true
		}
		return !found
	})
	return found
}
