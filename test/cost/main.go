// Command cost writes the tables of docs/cost.md: what the stack costs by the
// template, the sizes that its code makes, the durations that were measured and
// AWS's list prices.
//
//	go run ./test/cost
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
const page = "docs/cost.md"

func main() {
	results := flag.String("results", measured.File, "what was measured")
	flag.Parse()
	if err := run(".", *results); err != nil {
		fmt.Fprintln(os.Stderr, "cost:", err)
		os.Exit(1)
	}
}

// run writes the page below root.
func run(root, results string) error {
	in, err := bill.Read(root, results)
	if err != nil {
		return err
	}
	return document.Write(filepath.Join(root, page), tables(in))
}
