package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// cents is the amount of every payment, in hundredths of a dollar.
const cents = 4999

// errUnexpected reports that the stack did not do what the demo says.
var errUnexpected = errors.New("unexpected result")

// demo deploys the stack, sends it webhooks of all providers, checks and prints
// the results, and stops the stack.
func (l local) demo(ctx context.Context, port int) (err error) {
	var shared *emulator.Shared
	err = l.step("Starting MiniStack", func() error {
		shared, err = emulator.StartShared(ctx, emulator.Options{Root: l.root, Port: port})
		return err
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shared.Stop()) }()
	stack, err := l.deploy(ctx, shared.Endpoint, "demo")
	if err != nil {
		return err
	}
	var accounts []account
	err = l.step("Storing a signing secret for each provider", func() error {
		accounts, err = openAccounts(ctx, stack,
			senders.Stripe(), senders.PayPalWith(shared.PayPal), senders.Square(stack.Outputs["SquareUrl"]))
		return err
	})
	if err != nil {
		return err
	}
	return l.show(ctx, stack, accounts)
}

// account is a sender and the secret that it shares with the stack.
type account struct {
	senders.Sender
	secret string
}

// openAccounts stores a new secret in the stack for each sender.
func openAccounts(ctx context.Context, stack *emulator.Stack, all ...senders.Sender) ([]account, error) {
	var accounts []account
	for _, s := range all {
		a := account{s, s.NewSecret()}
		if err := stack.PutSecret(ctx, s.Provider, s.Document(a.secret)); err != nil {
			return nil, err
		}
		accounts = append(accounts, a)
	}
	return accounts, nil
}

// attempt is one request and its expected result.
type attempt struct {
	name, what string
	header     http.Header
	body       []byte
	status     int
	result     string // in words
	// functions may decide the result; the one that does logs a line with the
	// member logged: value. There are none when no function needs to be invoked.
	functions []string
	logged    string
	value     any
}

// attempts returns the requests for a new event with that id.
func (a account) attempts(id string, now time.Time) []attempt {
	body := a.Body(id, cents, senders.Created)
	again, other := a.Redelivered(body), a.Body(a.NewID(), cents, senders.Created)
	unsigned := a.Header(other, a.secret, now)
	unsigned.Del(a.SignatureHeader)
	all := []attempt{{
		name: "accepted", what: "a succeeded payment",
		header: a.Header(body, a.secret, now), body: body,
		status: http.StatusOK, result: "stored",
		functions: []string{contract.ConsumerName}, logged: contract.MetricStored, value: 1,
	}, {
		name: "duplicate", what: "the same event again",
		header: a.Header(again, a.secret, now.Add(time.Second)), body: again,
		status: http.StatusOK, result: "recognised, not stored again",
		// A processor remembers the bytes that it accepted; the consumer sees the others.
		functions: []string{contract.ProcessorName(a.Provider), contract.ConsumerName}, logged: contract.MetricDuplicates, value: 1,
	}, {
		name: "forged", what: "signed with another secret",
		header: a.Header(other, a.NewSecret(), now), body: other,
		status: http.StatusUnauthorized, result: "rejected by the processor",
		functions: []string{contract.ProcessorName(a.Provider)}, logged: "reason", value: provider.SignatureMismatch,
	}, {
		name: "unsigned", what: "no signature header",
		header: unsigned, body: other,
		status: http.StatusUnauthorized, result: "rejected: a header is missing",
	}}
	if a.Stale > 0 { // Square signs no time
		all = append(all, attempt{
			name: "stale", what: "signed " + formatAge(a.Stale) + " ago",
			header: a.Header(other, a.secret, now.Add(-a.Stale)), body: other,
			status: http.StatusUnauthorized, result: "rejected by the authorizer",
			functions: []string{contract.AuthorizerName}, logged: "reason", value: provider.TimestampStale,
		})
	}
	return all
}

func formatAge(d time.Duration) string {
	if d >= 24*time.Hour {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	return fmt.Sprintf("%d minutes", d/time.Minute)
}

// try sends a request, checks its status and waits for the expected log line.
func try(ctx context.Context, stack *emulator.Stack, p contract.Provider, a attempt) error {
	status, answer, err := stack.Post(ctx, p, a.header, a.body)
	if err != nil {
		return err
	}
	if status != a.status {
		return fmt.Errorf("%w: the status should be %d and is %d: %s", errUnexpected, a.status, status, answer)
	}
	if a.functions == nil {
		return nil
	}
	return emulator.Await(ctx, func(ctx context.Context) error {
		var logged []string
		for _, function := range a.functions {
			lines, err := stack.Logs(ctx, function)
			if err != nil {
				return err
			}
			if emulator.Logged(linesOf(lines, p), a.logged, a.value) {
				return nil
			}
			logged = append(logged, lines...)
		}
		return fmt.Errorf("%w: %s should log %s: %v and logged:\n%s",
			errUnexpected, strings.Join(a.functions, " or "), a.logged, a.value, strings.Join(logged, "\n"))
	})
}

// linesOf returns the lines about one provider in a shared function's log.
func linesOf(lines []string, p contract.Provider) []string {
	var own []string
	for _, line := range lines {
		if strings.Contains(line, `"`+p.Name+`"`) {
			own = append(own, line)
		}
	}
	return own
}

// show sends each provider's webhooks, checks each result and prints it. The
// error is errUnexpected for a wrong result.
func (l local) show(ctx context.Context, stack *emulator.Stack, accounts []account) error {
	const line = "  %-10s %-28s %-5v %s\n"
	fmt.Fprintln(l.out, `
The authorizer checks a webhook's headers, then the processor its signature.`)
	var ids []string
	sent := map[string][]byte{} // by event id
	for _, a := range accounts {
		id := a.NewID()
		ids = append(ids, a.EventID(id))
		sent[a.EventID(id)] = a.Body(id, cents, senders.Created)
		fmt.Fprintf(l.out, "\n%s\n", a.Provider.Title)
		for _, attempt := range a.attempts(id, time.Now()) {
			if err := try(ctx, stack, a.Provider, attempt); err != nil {
				return fmt.Errorf("%s, %s webhook: %w", a.Provider.Title, attempt.name, err)
			}
			fmt.Fprintf(l.out, line, attempt.name, attempt.what, attempt.status, attempt.result)
		}
	}
	if err := l.showRows(ctx, stack, ids, sent); err != nil {
		return fmt.Errorf("table %s: %w", stack.Outputs["TableName"], err)
	}
	return l.checkQueues(ctx, stack)
}

// showRows checks and prints the table's rows: one for each accepted event, with
// exactly the bytes that were sent.
func (l local) showRows(ctx context.Context, stack *emulator.Stack, ids []string, sent map[string][]byte) error {
	rows, err := stack.Events(ctx)
	if err != nil {
		return err
	}
	if len(rows) != len(sent) {
		return fmt.Errorf("%w: it should have %d rows and has %d", errUnexpected, len(sent), len(rows))
	}
	slices.SortFunc(rows, func(a, b event.Event) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
	fmt.Fprintf(l.out, "\nTable %s has one row for each accepted event:\n\n", stack.Outputs["TableName"])
	want := event.Money{Amount: "49.99", Currency: "USD"}
	for _, row := range rows {
		if !bytes.Equal(row.Payload, sent[row.ID]) {
			return fmt.Errorf("%w: the payload of %s differs from the bytes sent", errUnexpected, row.ID)
		}
		if row.Category != event.PaymentSucceeded || row.Money != want {
			return fmt.Errorf("%w: %s should be %s of %v and is %s of %v", errUnexpected, row.ID, event.PaymentSucceeded, want, row.Category, row.Money)
		}
		fmt.Fprintf(l.out, "  %-40s %s  %s %s\n", row.ID, row.Category, row.Amount, row.Currency)
	}
	fmt.Fprintf(l.out, "\nThe first row:\n\n")
	l.printEvent(rows[0])
	fmt.Fprintln(l.out, "\nEvery payload equals, byte for byte, the body that was sent.")
	return nil
}

// printEvent prints a row's main fields.
func (l local) printEvent(e event.Event) {
	for _, field := range [][2]string{
		{"eventId", e.ID},
		{"timestamp", formatTime(e.Timestamp)},
		{"type", e.Type},
		{"category", string(e.Category)},
		{"object", fmt.Sprintf("%s %s, %s", e.ObjectType, e.ObjectID, e.ObjectStatus)},
		{"paymentId", e.PaymentID},
		{"amount", e.Amount + " " + e.Currency},
		{"endpoint", e.Endpoint},
		{"receivedAt", formatTime(e.ReceivedAt)},
		{"payload", fmt.Sprintf("%d bytes", len(e.Payload))},
	} {
		fmt.Fprintf(l.out, "  %-11s %s\n", field[0], field[1])
	}
}

func formatTime(epochMillis int64) string {
	return fmt.Sprintf("%d (%s)", epochMillis, time.UnixMilli(epochMillis).UTC().Format(time.RFC3339))
}

// checkQueues waits until both queues are empty.
func (l local) checkQueues(ctx context.Context, stack *emulator.Stack) error {
	for _, output := range []string{"QueueUrl", "DeadLetterQueueUrl"} {
		err := emulator.Await(ctx, func(ctx context.Context) error {
			depth, err := stack.Depth(ctx, output)
			if err == nil && depth != 0 {
				err = fmt.Errorf("%w: %s should be empty and has %d messages", errUnexpected, stack.Outputs[output], depth)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	fmt.Fprintln(l.out, "The queue and its dead-letter queue are empty.")
	return nil
}
