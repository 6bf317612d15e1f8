package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/paysluice/paysluice/test/performance/internal/allocation"
)

func (c *command) allocations(ctx context.Context, args []string) error {
	update := c.flags.Bool("update", false, "write what is counted into allocations.txt")
	if err := c.parse(args); err != nil {
		return err
	}
	path := filepath.Join(c.module, "allocations.txt")
	now, err := allocation.Run(ctx, c.root)
	if err != nil {
		return err
	}
	if *update {
		return os.WriteFile(path, now, 0o644)
	}
	base, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	table, err := allocation.Compare(base, now)
	fmt.Fprint(c.stdout, table)
	return err
}
