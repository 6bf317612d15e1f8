// Command gentemplate prints paysluice's CloudFormation template:
//
//	go run ./cmd/gentemplate > out/stack.json
//
// With -diagram it prints docs/stack.md, a page with a diagram of the stack:
//
//	go run ./cmd/gentemplate -diagram > docs/stack.md
//
// diff says what an update from one template to another does:
//
//	go run ./cmd/gentemplate diff main
package main

import (
	"context"
	"os"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/cli"
)

func main() {
	os.Exit(cli.Run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}
