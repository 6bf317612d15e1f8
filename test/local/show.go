package main

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/test/emulator"
)

// showRow prints the one row that the table should hold: first's, with exactly
// the bytes that were sent.
func (l local) showRow(ctx context.Context, stack *emulator.Stack, first delivery) error {
	rows, err := stack.Events(ctx)
	if err != nil {
		return err
	}
	if len(rows) != 1 {
		return fmt.Errorf("%w: expected 1 row, got %d", errUnexpected, len(rows))
	}
	row := rows[0]
	for _, field := range []struct {
		name      string
		want, got any
	}{
		{"eventId", event.NewID("stripe", first.eventID), row.ID},
		{"timestamp", first.created.Unix() * 1000, row.Timestamp},
		{"category", event.Category("payment.succeeded"), row.Category},
		{"amount", "49.99", row.Amount},
		{"currency", "EUR", row.Currency},
	} {
		if field.want != field.got {
			return fmt.Errorf("%w: expected %s %v, got %v", errUnexpected, field.name, field.want, field.got)
		}
	}
	if !bytes.Equal(row.Payload, first.body()) {
		return fmt.Errorf("%w: the payload is not what was sent", errUnexpected)
	}
	fmt.Fprintf(l.out, "\n%s holds one row:\n\n", stack.Outputs["TableName"])
	l.printEvent(row)
	fmt.Fprintln(l.out, "\nIts payload is, byte for byte, what was sent.")
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
