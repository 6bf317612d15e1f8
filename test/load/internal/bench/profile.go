package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/load/internal/functions"
	"github.com/paysluice/paysluice/test/load/internal/latency"
	"github.com/paysluice/paysluice/test/load/internal/profile"
	"github.com/paysluice/paysluice/test/load/internal/traffic"
	"github.com/paysluice/paysluice/test/measured"
)

// ProfileOptions are those of profiles.
type ProfileOptions struct {
	Environments int           // of each function flat out
	For          time.Duration // each environment's profile
	Handler      time.Duration // the profile of a handler alone
	// Folder takes the profiles as pprof has them. What other files are in it
	// stays there.
	Folder string
}

// ErrNoProfile: an environment has not written its profile.
var ErrNoProfile = errors.New("there are not all profiles")

// Profile measures where the CPU time of Stripe's and of Square's processor
// goes: flat out, with an AWS that answers at once, and that of their handlers
// without network. PayPal's differs from them by its signature. root is where the
// sources are.
func (b *Bench) Profile(ctx context.Context, root string, o ProfileOptions) (measured.Profile, error) {
	p := measured.Profile{Machine: b.Machine, Environments: o.Environments, Seconds: o.For.Seconds()}
	fmt.Fprintln(b.progress, "building the processor with a profiler in it …")
	variant := functions.Profiled()
	built, err := functions.BuildVariants(ctx, root, filepath.Join(b.dir, "variant"), b.Binaries[contract.ProcessorBinary], []functions.Variant{variant})
	if err != nil {
		return p, err
	}
	handlers, err := b.buildHandlers(ctx, root)
	if err != nil {
		return p, err
	}
	for i, descriptor := range contract.Providers() {
		if descriptor.Name == contract.PayPal().Name {
			continue
		}
		f, err := b.function(contract.ProcessorName(descriptor), contract.ProcessorBinary, i)
		if err != nil {
			return p, err
		}
		h := f
		f.binary = built[variant.Name]
		whole, err := b.profileFunction(ctx, f, o)
		if err != nil {
			return p, err
		}
		h.binary = functions.Binary{Path: handlers}
		alone, err := b.profileHandler(ctx, root, h, o)
		if err != nil {
			return p, err
		}
		p.Functions, p.Handlers = append(p.Functions, whole), append(p.Handlers, alone)
	}
	return p, nil
}

// profileFunction keeps environments busy until all have written their profiles.
func (b *Bench) profileFunction(ctx context.Context, p program, o ProfileOptions) (measured.Profiled, error) {
	folder, err := emptied(filepath.Join(o.Folder, p.name))
	if err != nil {
		return measured.Profiled{}, err
	}
	profiles, err := b.profiles(ctx, p, o, folder)
	if err != nil {
		return measured.Profiled{}, err
	}
	return profile.Of(ctx, profile.Program{
		Name: p.name, Provider: contract.Providers()[p.provider].Name, Path: p.binary.Path, Profiles: profiles,
	})
}

func (b *Bench) profiles(ctx context.Context, p program, o ProfileOptions, folder string) ([]string, error) {
	defer b.killAll()
	b.stub.Reset(nil)
	b.stub.SetLatencies(latency.Calls{})
	webhooks, err := b.webhooks(ctx, p, manyWebhooks, traffic.BodySize)
	if err != nil {
		return nil, err
	}
	defer lean()()
	l, err := b.loop(p, processed(webhooks), functions.ProfileVariables(folder, 2*warmup, o.For)...)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(b.progress, "%s flat out, profiled for %v …\n", p.name, o.For)
	for range o.Environments {
		if err := l.start(); err != nil {
			return nil, err
		}
	}
	for deadline := time.Now().Add(2*warmup + o.For + drainTime); ; {
		files, err := filepath.Glob(filepath.Join(folder, "*.pprof"))
		if err := firstError(err, l.failure(), pause(ctx, 20*time.Millisecond)); err != nil {
			return nil, err
		}
		if len(files) == o.Environments {
			l.stop()
			return files, l.failure()
		}
		if time.Now().After(deadline) {
			logged, _ := l.fleet.Logged()
			return nil, fmt.Errorf("%w: %d of %d environments of %s have written theirs: %.300s", ErrNoProfile, len(files), o.Environments, p.name, logged)
		}
	}
}

// emptied is that folder, with nothing in it.
func emptied(folder string) (string, error) {
	if err := os.RemoveAll(folder); err != nil {
		return "", err
	}
	return folder, os.MkdirAll(folder, 0o755)
}
