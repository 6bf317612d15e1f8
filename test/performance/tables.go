package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/paysluice/paysluice/test/performance/internal/figures"
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
	if r.Flood != nil {
		all["flood.md"] = []byte(r.FloodPage())
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
	s, unread := stack.Read(filepath.Join(c.root, "out", "stack.json"))
	published, err := figures.Read("figures.json")
	if err := errors.Join(unread, err); err != nil {
		return nil, err
	}
	model, err := pricing.New(s, r, published)
	if err != nil {
		return nil, err
	}
	all["cost.md"], all["scale.md"] = []byte(model.CostPage()), []byte(model.ScalePage())
	return all, nil
}

func (c *command) tables(_ context.Context, args []string) error {
	if err := c.parse(args); err != nil {
		return err
	}
	pages, err := c.pages()
	if err != nil {
		return err
	}
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(c.results, name), text, 0o644); err != nil {
			return err
		}
	}
	fmt.Fprintln(c.stderr, "wrote the pages in", c.results)
	return nil
}
