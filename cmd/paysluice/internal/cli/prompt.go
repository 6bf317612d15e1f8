package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"
)

// prompt asks for a secret on the terminal and does not show it. An interrupt
// restores the terminal.
func (a *app) prompt(ctx context.Context, what string) ([]byte, error) {
	terminal, ok := a.terminal()
	if !ok {
		return nil, usagef("stdin is no terminal to ask for a secret: use --secret-stdin")
	}
	before, _ := term.GetState(terminal) // IsTerminal has read it
	fmt.Fprintf(a.err, "%s (not shown): ", what)
	type answer struct {
		text []byte
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := term.ReadPassword(terminal)
		answers <- answer{text, err}
	}()
	select {
	case got := <-answers:
		fmt.Fprintln(a.err)
		if got.err == nil && len(got.text) == 0 {
			got.err = errors.New("the secret is empty")
		}
		return got.text, got.err
	case <-ctx.Done():
		_ = term.Restore(terminal, before)
		fmt.Fprintln(a.err)
		return nil, context.Cause(ctx)
	}
}

// terminal returns the descriptor of stdin if that is a terminal.
func (a *app) terminal() (descriptor int, ok bool) {
	file, ok := a.in.(*os.File)
	if !ok {
		return 0, false
	}
	descriptor = int(file.Fd())
	return descriptor, term.IsTerminal(descriptor)
}
