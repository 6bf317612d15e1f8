package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"

	"github.com/paysluice/paysluice/test/document"
	"github.com/paysluice/paysluice/test/load/internal/report"
	"github.com/paysluice/paysluice/test/measured"
)

// Files that results are written to, from the repository's root.
const (
	documentFile = "docs/performance.md"
	plotFile     = "performance-latency.svg" // beside the document
)

// outputFlags say where results go, besides standard output.
type outputFlags struct {
	results, document string
	set               *flag.FlagSet
}

func (f *outputFlags) define(set *flag.FlagSet) {
	f.set = set
	set.StringVar(&f.results, "results", measured.File, "the file of results, whose other parts are kept; empty for none")
	set.StringVar(&f.document, "docs", documentFile, "the document that takes the tables, and the plot beside it, and by itself only those of -results' default; empty for none")
}

// write prints what was got and puts it among the results that are there.
func (f outputFlags) write(root string, got measured.Results, stdout io.Writer) error {
	report.Print(stdout, got)
	if f.results == "" {
		return nil
	}
	path := f.in(root, f.results)
	all, err := measured.Read(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	all = merge(all, got)
	if err := all.Write(path); err != nil {
		return err
	}
	if f.document == "" || f.results != measured.File && !f.given("docs") {
		return nil
	}
	return writeDocument(f.in(root, f.document), all)
}

// partial is for results that are not to take the place of whole ones: they are
// only printed, unless somebody says where to put them.
func (f *outputFlags) partial() {
	if !f.given("results") {
		f.results = ""
	}
}

// given reports whether a flag is on the command line.
func (f outputFlags) given(name string) (found bool) {
	f.set.Visit(func(on *flag.Flag) { found = found || on.Name == name })
	return found
}

// in is a path that is meant from the root unless it is absolute.
func (f outputFlags) in(root, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(root, path)
}

// merge replaces the parts that were measured anew, whichever there are.
func merge(all, got measured.Results) measured.Results {
	parts, anew := reflect.ValueOf(&all).Elem(), reflect.ValueOf(got)
	for i := range anew.NumField() {
		if part := anew.Field(i); !part.IsZero() {
			parts.Field(i).Set(part)
		}
	}
	return all
}

// writeDocument writes the tables between the document's markers, and the plot
// of the first load run.
func writeDocument(path string, all measured.Results) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	filled, err := document.Update(string(text), report.Sections(all))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := os.WriteFile(path, []byte(filled), 0o644); err != nil || len(all.Load) == 0 {
		return err
	}
	return os.WriteFile(plotOf(path), []byte(report.Plot(all.Load[0])), 0o644)
}

// plotOf is the plot beside a document.
func plotOf(document string) string { return filepath.Join(filepath.Dir(document), plotFile) }
