package main

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// show sends each provider's webhooks one after the other, checks what becomes
// of each, and prints it. The error is errUnexpected with what was expected and
// what came.
func (l local) show(ctx context.Context, stack *emulator.Stack, accounts []account) error {
	const line = "  %-10s %-32s %-7v %s\n"
	sent := map[string][]byte{} // by the event's id
	for _, a := range accounts {
		id := a.NewID()
		sent[a.EventID(id)] = a.Body(id, 4999, senders.Created)
		fmt.Fprintf(l.out, "\n%s\n\n", a.Provider.Title)
		for _, attempt := range a.attempts(id, time.Now()) {
			if err := try(ctx, stack, a.Provider, attempt); err != nil {
				return fmt.Errorf("%s's %s webhook: %w", a.Provider.Title, attempt.name, err)
			}
			fmt.Fprintf(l.out, line, attempt.name, attempt.what, attempt.status, attempt.outcome)
		}
	}
	if err := l.showRows(ctx, stack, sent); err != nil {
		return fmt.Errorf("the table: %w", err)
	}
	return l.showQueues(ctx, stack)
}

// showRows prints the rows that the table should hold: one for each accepted
// event, with exactly the bytes that were sent.
func (l local) showRows(ctx context.Context, stack *emulator.Stack, sent map[string][]byte) error {
	rows, err := stack.Events(ctx)
	if err != nil {
		return err
	}
	if len(rows) != len(sent) {
		return fmt.Errorf("%w: expected %d rows, got %d", errUnexpected, len(sent), len(rows))
	}
	fmt.Fprintf(l.out, "\n%s holds one row for each accepted event:\n", stack.Outputs["TableName"])
	for _, row := range rows {
		if !bytes.Equal(row.Payload, sent[row.ID]) {
			return fmt.Errorf("%w: the payload of %s is not what was sent", errUnexpected, row.ID)
		}
		want := event.Money{Amount: "49.99", Currency: "USD"}
		if row.Category != event.PaymentSucceeded || row.Money != want {
			return fmt.Errorf("%w: expected %s of %v, got %s of %v", errUnexpected, event.PaymentSucceeded, want, row.Category, row.Money)
		}
		fmt.Fprintln(l.out)
		l.printEvent(row)
	}
	fmt.Fprintln(l.out, "\nEvery payload is, byte for byte, what was sent.")
	return nil
}

// printEvent prints what people look for first in a row.
func (l local) printEvent(e event.Event) {
	for _, field := range [][2]string{
		{"eventId", e.ID},
		{"timestamp", readable(e.Timestamp)},
		{"type", e.Type},
		{"category", string(e.Category)},
		{"object", fmt.Sprintf("%s %s, %s", e.ObjectType, e.ObjectID, e.ObjectStatus)},
		{"paymentId", e.PaymentID},
		{"amount", e.Amount + " " + e.Currency},
		{"endpoint", e.Endpoint},
		{"receivedAt", readable(e.ReceivedAt)},
		{"payload", fmt.Sprintf("%d bytes", len(e.Payload))},
	} {
		fmt.Fprintf(l.out, "  %-11s %s\n", field[0], field[1])
	}
}

func readable(epochMillis int64) string {
	return fmt.Sprintf("%d (%s)", epochMillis, time.UnixMilli(epochMillis).UTC().Format(time.RFC3339))
}

// showQueues checks that nothing waits and nothing failed.
func (l local) showQueues(ctx context.Context, stack *emulator.Stack) error {
	for _, output := range []string{"QueueUrl", "DeadLetterQueueUrl"} {
		err := emulator.Await(ctx, func(ctx context.Context) error {
			depth, err := stack.Depth(ctx, output)
			if err == nil && depth != 0 {
				err = fmt.Errorf("%w: expected no message in %s, got %d", errUnexpected, stack.Outputs[output], depth)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	fmt.Fprintln(l.out, "Both queues are empty: nothing waits, nothing failed.")
	return nil
}
