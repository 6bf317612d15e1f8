// Command gentemplate prints paysluice's CloudFormation template:
//
//	go run ./cmd/gentemplate > out/stack.json
//
// With -diagram it prints docs/stack.md, a page with a diagram of the stack:
//
//	go run ./cmd/gentemplate -diagram > docs/stack.md
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/diagram"
	"github.com/paysluice/paysluice/template"
)

func main() {
	draw := flag.Bool("diagram", false, "print the page with the stack's diagram")
	flag.Parse()

	text, err := template.JSON(template.Options{})
	if err == nil && *draw {
		text, err = diagram.Page(text)
	}
	if err == nil {
		_, err = os.Stdout.Write(text)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gentemplate:", err)
		os.Exit(1)
	}
}
