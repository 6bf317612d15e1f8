package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// send sends the running stack one new event, signed with the first entry of
// the secret that is in the stack, and prints the row that it becomes.
func (l local) send(ctx context.Context) error {
	stack, err := l.attach()
	if err != nil {
		return err
	}
	var document struct {
		Endpoints []struct{ Secret string }
	}
	if err := stack.Secret(ctx, contract.Stripe(), &document); err != nil {
		return fmt.Errorf("read the signing secret in the stack: %w", err)
	}
	if len(document.Endpoints) == 0 {
		return errors.New("the secret in the stack has no endpoints: put one, as make up explains")
	}
	s := senders.Stripe()
	id := s.NewID()
	body := s.Body(id, 4999, senders.Created)
	header := s.Header(body, document.Endpoints[0].Secret, time.Now())
	status, answer, err := stack.Post(ctx, s.Provider, header, body)
	if err != nil {
		return err
	}
	fmt.Fprintf(l.out, "answer %d %s\n", status, answer)
	if status != http.StatusOK {
		return fmt.Errorf("%w: expected the answer 200", errUnexpected)
	}
	row, err := awaitEvent(ctx, stack, s.EventID(id))
	if err != nil {
		return err
	}
	l.printEvent(row)
	return nil
}

func awaitEvent(ctx context.Context, stack *emulator.Stack, id string) (row event.Event, err error) {
	err = emulator.Await(ctx, func(ctx context.Context) error {
		rows, err := stack.Events(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(rows, func(e event.Event) bool { return e.ID == id })
		if i < 0 {
			return fmt.Errorf("%w: expected a row %s, there is none yet", errUnexpected, id)
		}
		row = rows[i]
		return nil
	})
	return row, err
}
