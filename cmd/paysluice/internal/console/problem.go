package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/webhook"
	"github.com/paysluice/paysluice/cmd/paysluice/replay"
	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/aws/table"
)

var (
	errNoPage  = errors.New("the console has no such page")
	errRequest = errors.New("invalid address")
	errForm    = errors.New("invalid form")
)

// problem tells a viewer why something is not shown and what to do.
type problem struct {
	Title string
	Text  string
	// Statement is the policy statement that is missing.
	Statement string
	Back      string // URL of the page before, "" if it is not known
	err       error
}

// newProblem returns the problem of an error.
func newProblem(err error) *problem {
	p := &problem{Title: "This could not be read", Text: err.Error(), err: err}
	for _, class := range []error{query.ErrNotFound, errRequest, errForm, replay.ErrKeys} { // the title says it
		p.Text = strings.TrimPrefix(p.Text, class.Error()+": ")
	}
	denied, isDenied := errors.AsType[*stack.Denied](err)
	switch {
	case isDenied:
		p.Title = "Access denied"
		p.Text = fmt.Sprintf("Your AWS identity may not call %s on %s. Ask for this policy statement, or use the policies of docs/operator-policies.md.", denied.Action, denied.Resource)
		p.Statement = denied.Statement()
	case errors.Is(err, webhook.ErrNoAnswer):
		p.Title = "No answer arrived"
		p.Text = "The webhook may have arrived all the same. Send it again: unless you change the form, it is the same event, which is stored once. " + err.Error()
	case errors.Is(err, replay.ErrUnrecorded):
		p.Title = "The replay's record is not complete"
	case errors.Is(err, context.DeadlineExceeded): // stack.Explain makes it an ErrUnreachable too
		p.Title = "AWS did not answer in time"
		p.Text = late(err)
	case errors.Is(err, stack.ErrUnreachable):
		p.Title = "AWS cannot be reached"
		p.Text = "Check the network, then reload the page. " + err.Error()
	case errors.Is(err, stack.ErrCredentials):
		p.Title = "No valid AWS credentials"
	case errors.Is(err, query.ErrNotFound), errors.Is(err, errNoPage), errors.Is(err, replay.ErrNotFound), errors.Is(err, failure.ErrMissing):
		p.Title = "Not found"
	case refusesSend(err):
		p.Title = "Nothing is sent from here"
	case errors.Is(err, errRunning):
		p.Title = "Another replay is running"
	case errors.Is(err, errEnding):
		p.Title = "The console is ending"
	case errors.Is(err, errReadOnly):
		p.Title = "Not allowed"
	case errors.Is(err, errErased):
		p.Title = "There is no body"
	case errors.Is(err, errRequest):
		p.Title = "This address is not valid"
	case errors.Is(err, errForm), errors.Is(err, replay.ErrKeys):
		p.Title = "Check the form"
	case errors.Is(err, table.ErrItem):
		p.Title = "Some rows are not events"
	case errors.Is(err, bucket.ErrPayload):
		p.Title = "The body is not the one that was received"
	}
	lines := strings.Split(p.Text, "\n") // of joined errors
	left := len(lines) - maxRows         // only rows that are not events are so many
	lines = lines[:min(len(lines), maxRows)]
	for i := range lines {
		lines[i] = sentence(lines[i])
	}
	if left > 0 {
		lines = append(lines, fmt.Sprintf("And %s. paysluice events list --limit 0 names all, with the same filter.", counted(left, "more row")))
	}
	p.Text = strings.Join(lines, "\n")
	return p
}

// limited is the error of a read with another limit than readTimeout, or of a replay, which
// has several: 0.
type limited struct {
	error
	limit time.Duration
}

func (l limited) Unwrap() error { return l.error }

// late says how long AWS did not answer.
func late(err error) string {
	limit := readTimeout
	if l, ok := errors.AsType[limited](err); ok {
		limit = l.limit
	}
	if limit == 0 {
		return "The replay stopped, because a call was not answered in time. Check the network, then resume it."
	}
	return fmt.Sprintf("There was no answer within %s. Check the network, then reload the page.", formatAge(limit))
}

// sentence gives an error's text a capital letter and a full stop. A URL at its
// beginning stays as it is.
func sentence(text string) string {
	_, size := utf8.DecodeRuneInString(text)
	if word, _, _ := strings.Cut(text, " "); !strings.Contains(word, ":") {
		text = strings.ToUpper(text[:size]) + text[size:]
	}
	if last, _ := utf8.DecodeLastRuneInString(text); unicode.IsLetter(last) || unicode.IsDigit(last) {
		text += "."
	}
	return text
}

// refusesSend reports whether an error tells why nothing is sent to the stack.
func refusesSend(err error) bool {
	return errors.Is(err, errNoSend) || errors.Is(err, webhook.ErrNoTestStack) || errors.Is(err, webhook.ErrPayPal)
}

// down reports whether AWS does not answer.
func (p *problem) down() bool {
	return p != nil && (errors.Is(p.err, stack.ErrUnreachable) || errors.Is(p.err, context.DeadlineExceeded))
}

// status returns the status of a page that shows nothing but the problem.
func (p *problem) status() int {
	switch {
	case errors.Is(p.err, query.ErrNotFound), errors.Is(p.err, errNoPage), errors.Is(p.err, replay.ErrNotFound), errors.Is(p.err, failure.ErrMissing):
		return http.StatusNotFound
	case errors.Is(p.err, errErased):
		return http.StatusGone
	case errors.Is(p.err, errRunning), errors.Is(p.err, errEnding):
		return http.StatusConflict
	case errors.Is(p.err, errRequest), errors.Is(p.err, errForm), errors.Is(p.err, replay.ErrKeys):
		return http.StatusBadRequest
	case errors.Is(p.err, stack.ErrDenied), errors.Is(p.err, errReadOnly), refusesSend(p.err):
		return http.StatusForbidden
	}
	return http.StatusBadGateway
}

// section is a part of a page with a failure of its own.
type section[T any] struct {
	Value   T
	Problem *problem
}

// read returns a section.
func read[T any](value T, err error) section[T] {
	if err != nil {
		return section[T]{Problem: newProblem(err)}
	}
	return section[T]{Value: value}
}
