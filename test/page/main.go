// Command page writes the tables of a page that follow from the template, the
// code, what was measured and AWS's own figures.
//
//	go run ./test/page cost
//	go run ./test/page scaling
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/paysluice/paysluice/test/cost"
	"github.com/paysluice/paysluice/test/document"
	"github.com/paysluice/paysluice/test/measured"
	"github.com/paysluice/paysluice/test/scaling"
)

// errUsage: no page of that name.
var errUsage = errors.New("usage: page [-results FILE] cost|scaling")

// page is one of the pages.
type page struct {
	file string // from the repository's root
	// tables are its generated parts, by name: root is the repository, results
	// the file with what was measured.
	tables func(root, results string) (map[string]string, error)
}

func pages() map[string]page {
	return map[string]page{
		"cost":    {"docs/cost.md", cost.Tables},
		"scaling": {"docs/scaling.md", scaling.Tables},
	}
}

func main() {
	results := flag.String("results", measured.File, "what was measured")
	flag.Parse()
	name := flag.Arg(0)
	if flag.NArg() > 1 {
		name = "" // one at a time
	}
	if err := write(".", *results, name); err != nil {
		fmt.Fprintln(os.Stderr, "page:", err)
		os.Exit(1)
	}
}

func write(root, results, name string) error {
	p, known := pages()[name]
	if !known {
		return errUsage
	}
	tables, err := p.tables(root, results)
	if err != nil {
		return err
	}
	return document.Write(filepath.Join(root, p.file), tables)
}
