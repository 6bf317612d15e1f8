package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/test/emulator"
)

// errUnexpected: the stack did something else than it should.
var errUnexpected = errors.New("not as it should be")

// demo deploys the stack, sends it webhooks, shows what became of each, and
// stops it.
func (l local) demo(ctx context.Context, port int) (err error) {
	e, err := l.start(ctx, emulator.Options{Port: port})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Stop()) }()
	stack, secret, err := l.deploy(ctx, e, "demo")
	if err != nil {
		return err
	}
	return l.show(ctx, stack, secret)
}

// attempt is one request and what should become of it.
type attempt struct {
	name, what string
	header     http.Header
	body       []byte
	status     int
	outcome    string // in words
	// function is the one that decides, and then writes a log line with the
	// member logged: value. "" when no function need be reached.
	function, logged string
	value            any
}

func attempts(first delivery, secret string) []attempt {
	now := first.created
	again, other := first, first
	again.pending--
	other.eventID = newEventID()
	return []attempt{{
		name: "accepted", what: "a signed payment_intent.succeeded",
		header: signed(first.body(), secret, now), body: first.body(),
		status: http.StatusOK, outcome: "stored",
		function: contract.ConsumerName, logged: contract.MetricStored, value: 1,
	}, {
		name: "duplicate", what: "the same event, delivered and signed again",
		header: signed(again.body(), secret, now.Add(time.Second)), body: again.body(),
		status: http.StatusOK, outcome: "recognised, not stored again",
		function: contract.ConsumerName, logged: contract.MetricDuplicates, value: 1,
	}, {
		name: "forged", what: "signed with another secret",
		header: signed(other.body(), newSecret(), now), body: other.body(),
		status: http.StatusUnauthorized, outcome: "refused by the processor, which checks the signature",
		function: contract.ProcessorName(contract.Stripe()), logged: "reason", value: provider.SignatureMismatch,
	}, {
		name: "stale", what: "signed ten minutes ago",
		header: signed(other.body(), secret, now.Add(-10*time.Minute)), body: other.body(),
		status: http.StatusUnauthorized, outcome: "refused by the authorizer, which checks headers",
		function: contract.AuthorizerName, logged: "reason", value: provider.TimestampStale,
	}, {
		name: "unsigned", what: "without a Stripe-Signature header",
		header: unsigned(), body: other.body(),
		status: http.StatusUnauthorized, outcome: "refused, there is nothing to check",
	}}
}

// show sends webhooks one after the other, checks what becomes of each, and
// prints it. The error is errUnexpected with what was expected and what came.
func (l local) show(ctx context.Context, stack *emulator.Stack, secret string) error {
	first := delivery{eventID: newEventID(), created: time.Now(), pending: 2}
	const line = "%-10s %-43s %-7v %s\n"
	fmt.Fprintf(l.out, "\n"+line, "webhook", "", "answer", "")
	for _, a := range attempts(first, secret) {
		if err := try(ctx, stack, a); err != nil {
			return fmt.Errorf("the %s webhook: %w", a.name, err)
		}
		fmt.Fprintf(l.out, line, a.name, a.what, a.status, a.outcome)
	}
	if err := l.showRow(ctx, stack, first); err != nil {
		return fmt.Errorf("the table: %w", err)
	}
	return l.showQueues(ctx, stack)
}

func try(ctx context.Context, stack *emulator.Stack, a attempt) error {
	status, answer, err := stack.Post(ctx, contract.Stripe(), a.header, a.body)
	if err != nil {
		return err
	}
	if status != a.status {
		return fmt.Errorf("%w: expected the answer %d, got %d: %s", errUnexpected, a.status, status, answer)
	}
	if a.function == "" {
		return nil
	}
	return emulator.Await(ctx, func(ctx context.Context) error {
		lines, err := stack.Logs(ctx, a.function)
		if err == nil && !emulator.Logged(lines, a.logged, a.value) {
			err = fmt.Errorf("%w: expected %s to log %s: %v, got:\n%s",
				errUnexpected, a.function, a.logged, a.value, strings.Join(lines, "\n"))
		}
		return err
	})
}
