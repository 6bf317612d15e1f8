package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/paysluice/paysluice/test/performance/internal/pricing"
	"github.com/paysluice/paysluice/test/performance/internal/result"
	"github.com/paysluice/paysluice/test/performance/internal/stack"
)

// pages returns the generated files by name: those that the results have figures for.
func (c *command) pages() (map[string][]byte, error) {
	r, err := result.Read(c.measured())
	if err != nil {
		return nil, fmt.Errorf("%w: measure first", err)
	}
	all := map[string][]byte{}
	if r.Load != nil {
		all["load.md"] = []byte(r.LoadPage())
		if all["latency.svg"], err = r.Load.Plot(); err != nil {
			return nil, err
		}
	}
	if r.ColdStart != nil {
		all["coldstart.md"] = []byte(r.ColdStartPage())
	}
	if r.Compare != nil {
		all["compare.md"] = []byte(r.ComparePage())
	}
	if r.Load == nil || r.ColdStart == nil || r.Sizes == nil {
		return all, nil
	}
	s, err := stack.Read(filepath.Join(c.root, "out", "stack.json"))
	if err != nil {
		return nil, err
	}
	published, err := c.figures()
	if err != nil {
		return nil, err
	}
	model, err := pricing.New(s, r, published)
	if err != nil {
		return nil, err
	}
	all["cost.md"], all["scale.md"] = []byte(model.CostPage()), []byte(model.ScalePage())
	return all, nil
}

// errStale is returned for pages that are not what the tables say.
var errStale = errors.New("the pages are not current: run go run . tables in test/performance and read what changed")

func (c *command) tables(_ context.Context, args []string) error {
	check := c.flags.Lookup("check") // also called at the end of other commands
	if check == nil {
		c.flags.Bool("check", false, "write nothing and fail if a page is not current")
		check = c.flags.Lookup("check")
	}
	if err := c.parse(args); err != nil {
		return err
	}
	pages, err := c.pages()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		path := filepath.Join(c.results, name)
		if check.Value.String() == "true" {
			text, err := os.ReadFile(path)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			if string(text) != string(pages[name]) {
				return fmt.Errorf("%w: %s", errStale, name)
			}
			continue
		}
		if err := os.WriteFile(path, pages[name], 0o644); err != nil {
			return err
		}
		fmt.Fprintln(c.stderr, "wrote", path)
	}
	return nil
}
