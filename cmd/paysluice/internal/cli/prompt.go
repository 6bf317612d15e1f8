package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

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

// maxInput bounds the bytes of a capture or a secret: HAR files have many requests.
const maxInput = 64 << 20

// stdinFlag is the flag of commands that read a secret from stdin.
const stdinFlag = "--secret-stdin"

// read reads the file of a flag, or stdin for -. The error is the context's if that ends
// before stdin does. A secret is not read from a terminal, which would show it.
func (a *app) read(ctx context.Context, flag, name string) ([]byte, error) {
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		defer file.Close()
		return readInput(flag, file)
	}
	secret := strings.Contains(flag, "secret")
	if _, terminal := a.terminal(); terminal && secret {
		return nil, usagef("%s reads a pipe or a file, because a terminal would show the secret: "+
			"pass show stripe | paysluice …", flag)
	}
	type input struct {
		text []byte
		err  error
	}
	inputs := make(chan input, 1)
	go func() { // a read of a terminal or a pipe cannot be canceled
		text, err := readInput(flag, a.in)
		inputs <- input{text, err}
	}()
	select {
	case got := <-inputs:
		if secret && got.err == nil && len(bytes.TrimSpace(got.text)) == 0 {
			got.err = fmt.Errorf("%s: stdin is empty: pass the secret through a pipe or a file", flag)
		}
		return got.text, got.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func readInput(flag string, from io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(from, maxInput+1))
	if err == nil && len(text) > maxInput {
		err = fmt.Errorf("%s: it has more than %d MB", flag, maxInput>>20)
	}
	return text, err
}
