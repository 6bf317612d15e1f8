// Command scaling writes the tables of docs/scaling.md: from 10 to 100,000
// events a second, which of AWS's limits the stack reaches first, by the
// template, the sizes that its code makes and the durations that were measured.
//
//	go run ./test/scaling
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/paysluice/paysluice/test/cost/bill"
	"github.com/paysluice/paysluice/test/document"
	"github.com/paysluice/paysluice/test/measured"
)

// page is where the tables are, from the repository's root.
const page = "docs/scaling.md"

func main() {
	results := flag.String("results", measured.File, "what was measured")
	flag.Parse()
	if err := run(".", *results); err != nil {
		fmt.Fprintln(os.Stderr, "scaling:", err)
		os.Exit(1)
	}
}

// run writes the page below root.
func run(root, results string) error {
	p, err := read(root, results)
	if err != nil {
		return err
	}
	return document.Write(filepath.Join(root, page), tables(p))
}

func read(root, results string) (plan, error) {
	in, err := bill.Read(root, results)
	if err != nil {
		return plan{}, err
	}
	l, err := readLimits(filepath.Join(root, "test", "scaling", "limits.json"))
	return plan{Inputs: in, limits: l}, err
}
