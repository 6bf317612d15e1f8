package cli

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/zips"
	"github.com/paysluice/paysluice/handlers/contract"
)

func runPackage(ctx context.Context, flags *flag.FlagSet, args []string, stdout, stderr io.Writer) error {
	o := zips.Options{Binaries: contract.Binaries(), Progress: stderr}
	flags.StringVar(&o.Out, "out", "out", "`folder` that takes {CodeVersion}/{binary}.zip; older versions in it stay")
	flags.TextVar(&o.Arch, "arch", zips.ARM64, "`architecture` of the functions, as in the stack's parameter Architecture: arm64 or x86_64 (also amd64)")
	if err := parse(flags, args); err != nil {
		return err
	}
	version, err := zips.Build(ctx, o)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, version)
	return err
}
