// Command paysluice is the operator's command line. paysluice help lists its
// commands.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends what does not stop at the first
	code := cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
