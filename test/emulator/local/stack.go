package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/paysluice/paysluice/test/emulator"
)

// local is the stack on this machine.
type local struct {
	root     string
	detached emulator.Detached
	out      io.Writer
}

// start starts an emulator. The caller stops it.
func (l local) start(ctx context.Context, o emulator.Options) (e *emulator.Emulator, err error) {
	o.Root = l.root
	err = step(l.out, "starting MiniStack", func() error {
		e, err = emulator.Start(ctx, o)
		return err
	})
	return e, err
}

// deploy builds everything from the sources and deploys it.
func (l local) deploy(ctx context.Context, e *emulator.Emulator, suffix string) (stack *emulator.Stack, err error) {
	d := emulator.Deployment{Suffix: suffix}
	err = step(l.out, "building the function zips", func() error {
		d.Zips, err = emulator.BuildZips(ctx, l.root)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = step(l.out, "generating the template", func() error {
		d.Template, err = l.template(ctx, e.Dir)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = step(l.out, "deploying it with aws cloudformation deploy", func() error {
		stack, err = e.Deploy(ctx, d)
		return err
	})
	return stack, err
}

// template is out/stack.json, or a file in dir when the sources say something
// else by now: what is deployed is always what the sources say, and a committed
// file is not changed behind its owner's back.
func (l local) template(ctx context.Context, dir string) (string, error) {
	generated, err := emulator.GenerateTemplate(ctx, l.root)
	if err != nil {
		return "", err
	}
	committed := filepath.Join(l.root, "out", "stack.json")
	if content, err := os.ReadFile(committed); err == nil && bytes.Equal(content, generated) {
		return committed, nil
	}
	fmt.Fprint(l.out, " (out/stack.json is out of date: make template updates it)")
	fresh := filepath.Join(dir, "stack.json")
	return fresh, os.WriteFile(fresh, generated, 0o600)
}
