package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	description "github.com/paysluice/paysluice/cmd/paysluice/local"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// errUnexpected reports that the stack did not do what the demo says.
var errUnexpected = errors.New("unexpected result")

// demo deploys the stack, sends it webhooks of all providers with paysluice send,
// checks and prints the results, and stops the stack.
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
	stack, err := l.deploy(ctx, shared.Endpoint, "demo", nil)
	if err != nil {
		return err
	}
	if err := l.storeSecrets(ctx, stack, shared.PayPal); err != nil {
		return err
	}
	c, err := newCommand(ctx, l.root, stack, shared.PayPal)
	if err != nil {
		return err
	}
	return l.show(ctx, stack, c)
}

// storeSecrets stores a new secret in the stack for each provider.
func (l local) storeSecrets(ctx context.Context, stack *emulator.Stack, paypal description.PayPal) error {
	return l.step("Storing a signing secret for each provider", func() error {
		for _, s := range []senders.Sender{
			senders.Stripe(), senders.PayPalWith(paypal), senders.Square(stack.Outputs["SquareUrl"]),
		} {
			if err := stack.PutSecret(ctx, s.Provider, s.Document(s.NewSecret())); err != nil {
				return err
			}
		}
		return nil
	})
}

// command is paysluice with --local for one stack.
type command struct{ program, folder string }

// newCommand builds paysluice in a folder of the stack, which it describes there.
func newCommand(ctx context.Context, root string, stack *emulator.Stack, paypal description.PayPal) (command, error) {
	folder := filepath.Join(stack.Dir, "operator")
	if err := os.MkdirAll(filepath.Join(folder, description.Dir), 0o700); err != nil {
		return command{}, err
	}
	if err := description.Write(filepath.Join(folder, description.Dir), stack.State(paypal)); err != nil {
		return command{}, err
	}
	program, err := emulator.BuildCommand(ctx, root, folder)
	return command{program, folder}, err
}

// run runs paysluice and returns what it prints.
func (c command) run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, c.program, append(args, "--local")...)
	cmd.Dir = c.folder
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("paysluice %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, nil
}

// sent is what paysluice send prints about a webhook.
type sent struct {
	EventID, Outcome string
	Status           int
}

// send sends one webhook and waits for what becomes of it. An answer that paysluice
// does not expect is an error.
func (c command) send(ctx context.Context, p contract.Provider, args ...string) (sent, error) {
	out, err := c.run(ctx, append([]string{"send", p.Name, "--wait", "-o", "json"}, args...)...)
	var all []sent
	if err == nil {
		err = json.Unmarshal(out, &all)
	}
	if err == nil && len(all) != 1 {
		err = fmt.Errorf("%w: paysluice send printed %d answers", errUnexpected, len(all))
	}
	if err != nil {
		return sent{}, err
	}
	return all[0], nil
}

// payment is a provider's event type about a payment, and where its body has the
// amount.
type payment struct {
	provider contract.Provider
	typ      string
	amounts  []string // values for --set: 49.99 dollars
}

func payments() []payment {
	return []payment{
		{contract.Stripe(), "payment_intent.succeeded", []string{"data.object.amount=4999", "data.object.amount_received=4999"}},
		{contract.PayPal(), "PAYMENT.CAPTURE.COMPLETED", []string{`resource.amount.value="49.99"`}},
		{contract.Square(), "payment.updated", []string{
			"data.object.payment.amount_money.amount=4999", "data.object.payment.total_money.amount=4999",
		}},
	}
}

// body writes a new body into a file and returns both.
func (c command) body(ctx context.Context, p payment) (file string, body []byte, err error) {
	args := []string{"send", p.provider.Name, p.typ, "--dry-run"}
	for _, amount := range p.amounts {
		args = append(args, "--set", amount)
	}
	out, err := c.run(ctx, args...)
	if err != nil {
		return "", nil, err
	}
	body = bytes.TrimSuffix(out, []byte("\n"))
	file = filepath.Join(c.folder, p.provider.Name+".json")
	return file, body, os.WriteFile(file, body, 0o600)
}

// attempt is one webhook and its expected result.
type attempt struct {
	name, what string
	args       []string // of paysluice send
	status     int
	outcome    string // that paysluice prints
	result     string // in words
	// function logs the reason. There is none where API Gateway may answer alone.
	function string
	reason   provider.Reason
}

// attempts returns what is sent about a payment whose body is in a file.
func attempts(p payment, file string) []attempt {
	all := []attempt{{
		name: "accepted", what: "a succeeded payment", args: []string{"--file", file},
		status: http.StatusOK, outcome: "stored", result: "stored",
	}, {
		name: "duplicate", what: "the same event again", args: []string{"--file", file},
		status: http.StatusOK, outcome: "duplicate", result: "recognised, not stored again",
	}, {
		name: "forged", what: "signed with another secret", args: []string{p.typ, "--tamper", "signature"},
		status: http.StatusUnauthorized, outcome: "rejected", result: "rejected by the processor",
		function: contract.ProcessorName(p.provider), reason: provider.SignatureMismatch,
	}, {
		name: "unsigned", what: "no signature header", args: []string{p.typ, "--tamper", "unsigned"},
		status: http.StatusUnauthorized, outcome: "rejected", result: "rejected: a header is missing",
	}}
	stale := attempt{
		name: "stale", what: "signed 10 minutes ago", args: []string{p.typ, "--tamper", "timestamp"},
		status: http.StatusUnauthorized, outcome: "rejected", result: "rejected by the authorizer",
		function: contract.AuthorizerName, reason: provider.TimestampStale,
	}
	switch p.provider.Name {
	case contract.PayPal().Name:
		stale.what = "signed 31 days ago"
	case contract.Square().Name: // signs no time but the body's
		stale.what, stale.result = "created 73 hours ago", "rejected by the processor"
		stale.function = contract.ProcessorName(p.provider)
	}
	return append(all, stale)
}

// try sends a webhook, checks its result and waits for the expected log line.
func (c command) try(ctx context.Context, stack *emulator.Stack, p contract.Provider, a attempt) (sent, error) {
	got, err := c.send(ctx, p, a.args...)
	if err != nil {
		return sent{}, err
	}
	if got.Status != a.status || got.Outcome != a.outcome {
		return sent{}, fmt.Errorf("%w: it should be %d, %s and is %d, %s", errUnexpected, a.status, a.outcome, got.Status, got.Outcome)
	}
	if a.function == "" {
		return got, nil
	}
	return got, emulator.Await(ctx, func(ctx context.Context) error {
		lines, err := stack.Logs(ctx, a.function)
		if err == nil && !emulator.Logged(linesOf(lines, p), "reason", a.reason) {
			err = fmt.Errorf("%w: %s should log the reason %s and logged:\n%s", errUnexpected, a.function, a.reason, strings.Join(lines, "\n"))
		}
		return err
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
func (l local) show(ctx context.Context, stack *emulator.Stack, c command) error {
	fmt.Fprintln(l.out, `
The authorizer checks a webhook's headers, then the processor its signature.`)
	var ids []string
	bodies := map[string][]byte{} // by event id
	for _, p := range payments() {
		file, body, err := c.body(ctx, p)
		if err != nil {
			return err
		}
		fmt.Fprintf(l.out, "\n%s\n", p.provider.Title)
		for _, a := range attempts(p, file) {
			got, err := c.try(ctx, stack, p.provider, a)
			if err != nil {
				return fmt.Errorf("%s, %s webhook: %w", p.provider.Title, a.name, err)
			}
			if bodies[got.EventID] == nil && got.Status == http.StatusOK {
				ids = append(ids, got.EventID)
				bodies[got.EventID] = body
			}
			fmt.Fprintf(l.out, "  %-10s %-28s %-5v %s\n", a.name, a.what, a.status, a.result)
		}
	}
	if err := l.showRows(ctx, stack, ids, bodies); err != nil {
		return fmt.Errorf("table %s: %w", stack.Outputs["TableName"], err)
	}
	if err := l.checkQueues(ctx, stack); err != nil {
		return err
	}
	fmt.Fprint(l.out, "\nTo see a stack in the browser: make up leaves one running and prints a link to its console.\n")
	return nil
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
		fmt.Fprintf(l.out, "  %-45s  %s  %s %s\n", row.ID, row.Category, row.Amount, row.Currency)
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
