package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/load/internal/command"
	"github.com/paysluice/paysluice/test/load/internal/profile"
	"github.com/paysluice/paysluice/test/measured"
)

// workloadPackage has the hot paths with AWS in memory, from the root.
const workloadPackage = "test/workload"

// buildHandlers builds the program that runs hot paths over and over. -trimpath
// is that of the functions: areas are found by it.
func (b *Bench) buildHandlers(ctx context.Context, root string) (string, error) {
	path := filepath.Join(b.dir, "handlers.test")
	_, err := command.Run(ctx, root, nil, "go", "test", "-c", "-trimpath", "-o", path, "./"+workloadPackage)
	return path, err
}

// profileHandler runs a handler as the Lambda runtime calls it, an event's JSON
// in and an answer's out, with the function's settings of the Go runtime.
func (b *Bench) profileHandler(ctx context.Context, root string, p program, o ProfileOptions) (measured.Profiled, error) {
	provider := contract.Providers()[p.provider].Name
	folder, err := emptied(filepath.Join(o.Folder, provider+"-handler"))
	if err != nil {
		return measured.Profiled{}, err
	}
	fmt.Fprintf(b.progress, "%s without network, for %v …\n", p.name, o.Handler)
	file := filepath.Join(folder, "handler.pprof")
	runtimeSettings := slices.DeleteFunc(slices.Clone(p.env), func(variable string) bool { return !strings.HasPrefix(variable, "GO") })
	if _, err := command.Run(ctx, filepath.Join(root, workloadPackage), runtimeSettings, p.binary.Path,
		"-test.run=^$", "-test.bench=^BenchmarkHotPaths$/^function$/^processor$/^"+provider+"$/^work$",
		"-test.benchtime="+o.Handler.String(), "-test.cpuprofile="+file); err != nil {
		return measured.Profiled{}, err
	}
	return profile.Of(ctx, profile.Program{
		Name: p.name, Provider: provider, Handler: true, Path: p.binary.Path, Profiles: []string{file},
		// What is made before anything is measured: keys, signatures, bodies.
		Ignore: `test/workload\.(All|Latency)$`,
	})
}
