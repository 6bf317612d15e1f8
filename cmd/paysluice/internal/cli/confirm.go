package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
)

// errDeclined reports that a question was not answered with yes.
var errDeclined = errors.New("not confirmed: nothing was done")

// confirm asks a question on stderr. The error is errDeclined unless the answer is
// yes or --yes is given, or the context's if that ends first.
func (a *app) confirm(ctx context.Context, question string) error {
	if a.yes {
		return nil
	}
	line, err := a.answer(ctx, question+" [y/N] ")
	if err != nil {
		return err
	}
	switch strings.ToLower(line) {
	case "y", "yes":
		return nil
	case "":
		return fmt.Errorf("%w; --yes confirms without a question", errDeclined)
	}
	return errDeclined
}

// confirmName asks for a name on stderr. The error is errDeclined unless the answer is
// the name or --yes is given, or the context's if that ends first.
func (a *app) confirmName(ctx context.Context, question, name string) error {
	if a.yes {
		return nil
	}
	line, err := a.answer(ctx, fmt.Sprintf("%s. To confirm, enter %s: ", question, name))
	if err == nil && line != name {
		err = errDeclined
	}
	return err
}

// answer asks a question on stderr and returns the line that is entered. The error is
// the context's if that ends first.
func (a *app) answer(ctx context.Context, question string) (string, error) {
	fmt.Fprint(a.err, question)
	if a.lines == nil {
		a.lines = bufio.NewReader(a.in)
	}
	entered := make(chan string, 1)
	go func() { // a read of a terminal cannot be canceled
		line, _ := a.lines.ReadString('\n')
		entered <- line
	}()
	select {
	case line := <-entered:
		return strings.TrimSpace(line), nil
	case <-ctx.Done():
		fmt.Fprintln(a.err)
		return "", ctx.Err()
	}
}
