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
	file, ok := a.in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil, usagef("stdin is no terminal to ask for a secret: use --secret-stdin")
	}
	terminal := int(file.Fd())
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
