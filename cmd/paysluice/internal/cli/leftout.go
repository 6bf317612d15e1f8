package cli

import (
	"fmt"
	"io"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
)

// are returns "1 event is" or "3 events are".
func are(n int, noun string) string {
	if n == 1 {
		return counted(n, noun) + " is"
	}
	return counted(n, noun) + " are"
}

// partOf returns "1 of 3 events is" or "2 of 3 events are".
func partOf(n, total int, noun string) string {
	verb := "are"
	if n == 1 || total == 1 {
		verb = "is"
	}
	return fmt.Sprintf("%d of %s %s", n, counted(total, noun), verb)
}

// leftOut counts the rows that a command leaves out because they are not events.
type leftOut struct {
	to io.Writer
	n  int
}

func (a *app) leftOut() *leftOut { return &leftOut{to: a.err} }

// note names a row by the error of query.Readable.
func (l *leftOut) note(err error) {
	l.n++
	fmt.Fprintf(l.to, "left out: %s\n", output.Printable(err.Error()))
}

// result returns the error of a command, errFound instead of nil after a row was left out.
func (l *leftOut) result(err error) error {
	if err == nil && l.n > 0 {
		return errFound
	}
	return err
}
