package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/paysluice/paysluice/test/load/internal/bench"
	"github.com/paysluice/paysluice/test/measured"
)

// profileFolder is where the profiles are kept, from the root; it is not
// committed.
const profileFolder = ".cache/profile"

// profileFlags are the profile command's.
type profileFlags struct {
	output  outputFlags
	options bench.ProfileOptions
}

func (f *profileFlags) parse(root string, args []string, stderr io.Writer) error {
	o := &f.options
	set := flag.NewFlagSet("load profile", flag.ContinueOnError)
	set.SetOutput(stderr)
	f.output.define(set)
	set.IntVar(&o.Environments, "environments", 8, "environments of each function flat out")
	set.DurationVar(&o.For, "for", 20*time.Second, "how long each function is profiled")
	set.DurationVar(&o.Handler, "handler", 10*time.Second, "how long each handler is profiled without network")
	set.StringVar(&o.Folder, "profiles", profileFolder, "the folder that takes the profiles")
	if err := set.Parse(args); err != nil {
		return err
	}
	o.Folder = f.output.in(root, o.Folder)
	switch {
	case set.NArg() > 0:
		return fmt.Errorf("%w: %s", errFlags, set.Arg(0))
	case o.Environments < 1 || o.For <= 0 || o.Handler <= 0:
		return fmt.Errorf("%w: times and numbers are above 0", errFlags)
	}
	return nil
}

// profileCommand measures where CPU time goes.
func profileCommand(ctx context.Context, root string, args []string, stdout, stderr io.Writer) (err error) {
	var f profileFlags
	if err := f.parse(root, args, stderr); err != nil {
		return err
	}
	b, err := bench.New(ctx, root, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	profile, err := b.Profile(ctx, root, f.options)
	if err != nil {
		return err
	}
	if err := f.output.write(root, measured.Results{Profile: &profile}, stdout); err != nil {
		return err
	}
	fmt.Fprintf(stderr, "The profiles are in %s. To look into one of its folders:\n\n\tgo tool pprof -http=: %s\n",
		f.options.Folder, filepath.Join(f.options.Folder, profile.Functions[0].Name, "*.pprof"))
	return nil
}
