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
	fmt.Fprintf(a.err, "%s [y/N] ", question)
	answer := make(chan string, 1)
	go func() { // a read of a terminal cannot be canceled
		line, _ := bufio.NewReader(a.in).ReadString('\n')
		answer <- line
	}()
	line := ""
	select {
	case line = <-answer:
	case <-ctx.Done():
		fmt.Fprintln(a.err)
		return ctx.Err()
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	case "":
		return fmt.Errorf("%w; --yes confirms without a question", errDeclined)
	}
	return errDeclined
}
