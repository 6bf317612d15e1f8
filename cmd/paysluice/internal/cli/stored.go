package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/event"
)

// stored returns the versions of an event that the table has. The error of one that only the
// archive has says why it is there.
func (a *app) stored(ctx context.Context, id string) (*query.Store, []event.Event, error) {
	s, err := a.find(ctx)
	if err != nil {
		return nil, nil, err
	}
	store := query.New(s, a.now)
	found, err := store.Event(ctx, id)
	if !errors.Is(err, query.ErrNotFound) || query.Unprefixed(id) != "" {
		return store, found, err
	}
	archived, problem := query.Failures(s).Find(ctx, id)
	if problem != nil {
		return nil, nil, fmt.Errorf("%w; the archive could not be searched: %w", err, problem)
	}
	if len(archived) > 0 {
		last := slices.MaxFunc(archived, func(x, y failure.Failure) int { return cmp.Compare(x.ArchivedAt, y.ArchivedAt) })
		err = fmt.Errorf("%w: %s is not stored: it was archived on %s, and docs/reasons.md explains the reason %s; %s has the message, and %s sends it again",
			query.ErrNotFound, id, formatTime(last.ArchivedAt, time.DateTime), last.Reason,
			shell([]string{"paysluice", "failures", "show", id}), shell([]string{"paysluice", "replay", last.Key}))
	}
	return nil, nil, err
}
