// Command gentemplate prints paysluice's CloudFormation template:
//
//	go run ./cmd/gentemplate > out/stack.json
package main

import (
	"fmt"
	"os"

	"github.com/paysluice/paysluice/template"
)

func main() {
	stack, err := template.JSON(template.Options{})
	if err == nil {
		_, err = os.Stdout.Write(stack)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gentemplate:", err)
		os.Exit(1)
	}
}
