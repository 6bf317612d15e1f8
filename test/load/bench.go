package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/load/internal/hotpaths"
	"github.com/paysluice/paysluice/test/load/internal/machine"
	"github.com/paysluice/paysluice/test/measured"
)

// benchCommand times the hot paths, each beside its floor.
func benchCommand(ctx context.Context, root string, args []string, stdout, stderr io.Writer) error {
	var output outputFlags
	var o hotpaths.Options
	set := flag.NewFlagSet("load bench", flag.ContinueOnError)
	set.SetOutput(stderr)
	output.define(set)
	set.IntVar(&o.Count, "count", 5, "how often each is run; the fastest counts, since whatever else runs only adds")
	set.StringVar(&o.Time, "benchtime", "200ms", "how long each run takes")
	set.StringVar(&o.Paths, "bench", "", "the paths to run, as in go test -bench HotPaths/PATHS; what they take is only printed")
	if err := set.Parse(args); err != nil {
		return err
	}
	if set.NArg() > 0 || o.Count < 1 {
		return fmt.Errorf("%w: there is at least one run", errFlags)
	}
	if o.Paths != "" {
		output.partial()
	}
	zips, err := emulator.BuildZips(ctx, root)
	if err != nil {
		return err
	}
	got := measured.HotPaths{Runs: o.Count, Time: o.Time}
	if got.Machine, err = machine.This(ctx, time.Now(), filepath.Base(zips)); err != nil {
		return err
	}
	if got.Paths, err = hotpaths.Run(ctx, root, o, stderr); err != nil {
		return err
	}
	return output.write(root, measured.Results{HotPaths: &got}, stdout)
}
