package profile

import (
	"context"
	"fmt"

	"github.com/paysluice/paysluice/test/measured"
)

// Program is what was profiled.
type Program struct {
	// Name is the function's.
	Name string
	// Provider is whose webhooks it was given.
	Provider string
	// Handler is for the handler alone, in memory, and not the whole function.
	Handler bool
	// Path is the program.
	Path string
	// Profiles are files of pprof's, which count together.
	Profiles []string
	// Ignore matches functions that are not a part of what is asked about;
	// empty is for none.
	Ignore string
}

// Of is where the time of a program went. The error is ErrNoFunction when the
// program has no longer the functions that its stages are named by.
func Of(ctx context.Context, p Program) (measured.Profiled, error) {
	stages := stagesOf(p.Provider, p.Handler)
	if err := check(p.Path, stages); err != nil {
		return measured.Profiled{}, fmt.Errorf("%s: %w", p.Name, err)
	}
	files, err := samples(ctx, byFile, p)
	if err != nil {
		return measured.Profiled{}, fmt.Errorf("%s: %w", p.Name, err)
	}
	functions, err := samples(ctx, byFunction, p)
	if err != nil {
		return measured.Profiled{}, fmt.Errorf("%s: %w", p.Name, err)
	}
	return measured.Profiled{
		Name:   p.Name,
		Time:   total(files).Seconds(),
		Areas:  areaShares(files),
		Stages: stageShares(functions, stages),
	}, nil
}
