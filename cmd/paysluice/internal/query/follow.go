package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
)

const (
	// StreamRetention is how long the table's stream keeps a record (DynamoDB Developer
	// Guide, "Change data capture for DynamoDB Streams").
	StreamRetention = 24 * time.Hour
	// streamOverlap is how far the events that are read from the table reach into the
	// stream. The stream loses records while the caller handles these events.
	streamOverlap = time.Hour
)

// Place is how far a follower has come. The zero value is the end of the stream. A place
// that has only ReceivedAt begins with the events that were received then.
type Place struct {
	// Shards has the last sequence number that was handled of each shard of the stream. It
	// is nil in a place at which a follower begins.
	Shards map[string]string `json:"shards"`
	// ReceivedAt is the latest ReceivedAt of the events that were handled, in epoch
	// milliseconds, and Begin before the first.
	ReceivedAt int64 `json:"receivedAt"`
	// Begin is when the follower began, in epoch milliseconds. It decides which records of
	// a shard are new if none of the shard was handled.
	Begin int64 `json:"begin"`
}

// Begun returns the place of a follower that begins at p and has handled nothing.
func (p Place) Begun(now time.Time) Place {
	if p.Shards == nil {
		p.Begin = cmp.Or(p.ReceivedAt, now.UnixMilli())
		p.ReceivedAt = p.Begin
	}
	return p.clone()
}

// clone returns a copy that has Shards.
func (p Place) clone() Place {
	shards := map[string]string{}
	maps.Copy(shards, p.Shards)
	p.Shards = shards
	return p
}

// Follower follows the events that arrive in the table.
type Follower struct {
	streams Streams
	store   *Store
	stack   *stack.Stack
	poll    time.Duration
}

// NewFollower returns a follower of the store's table. It reads the stream every poll.
func NewFollower(s *stack.Stack, store *Store, poll time.Duration) *Follower {
	return &Follower{dynamodbstreams.NewFromConfig(s.AWS.Config), store, s, poll}
}

// Arrival is a stored event, with its payload, and the place behind it.
type Arrival struct {
	event.Event
	Place Place `json:"-"`
}

// Follow returns the events that were stored after a place until the context ends.
// They are in the order in which they were stored, as far as they are read at one time. A
// caller that saves each arrival's place after handling it misses no event of the stream,
// and handles one twice at most if it was interrupted. Events before the stream's 24 hours
// are read from the table in the order of their receipt: those that were received after
// the place. A table.ErrItem does not end the sequence; its arrival has the place behind
// the row.
func (f *Follower) Follow(ctx context.Context, from Place) iter.Seq2[Arrival, error] {
	return func(yield func(Arrival, error) bool) {
		for {
			p := f.newPass(from, yield)
			err := p.follow(ctx)
			if expired(err) {
				from, err = p.place, function.Sleep(ctx, f.poll)
			}
			if err == nil {
				continue
			}
			if !errors.Is(err, errStopped) {
				yield(Arrival{}, err)
			}
			return
		}
	}
}

// errStopped reports that the caller wants no more events.
var errStopped = errors.New("stopped")

// pass follows the stream until an iterator expires.
type pass struct {
	*Follower
	yield   func(Arrival, error) bool
	place   Place
	readers map[string]*shard
	listed  map[itemKey]bool // events that the table has given
	// atEnd says that the pass begins at the end of the stream.
	atEnd bool
	// Events that were received before since and stored before started are left out.
	since   int64
	started time.Time
}

func (f *Follower) newPass(from Place, yield func(Arrival, error) bool) *pass {
	now := f.store.now()
	p := &pass{Follower: f, yield: yield, place: from.Begun(now), readers: map[string]*shard{}, listed: map[itemKey]bool{}, started: now}
	if from.Shards == nil {
		p.since, p.atEnd = from.ReceivedAt, from.ReceivedAt == 0
	}
	return p
}

// follow returns the error that ends the pass.
func (p *pass) follow(ctx context.Context) error {
	if err := p.older(ctx); err != nil {
		return err
	}
	for first := true; ; first = false {
		if err := p.discover(ctx, first && p.atEnd); err != nil {
			return err
		}
		for _, r := range p.readers {
			if err := r.read(ctx, p.streams); err != nil {
				return err
			}
		}
		for r := next(p.readers); r != nil; r = next(p.readers) {
			if err := p.handle(ctx, r); err != nil {
				return err
			}
		}
		if err := function.Sleep(ctx, p.poll); err != nil {
			return err
		}
	}
}

// give yields an event with the place behind it.
func (p *pass) give(e event.Event, err error) error {
	if err != nil && !errors.Is(err, table.ErrItem) {
		return err
	}
	if err == nil {
		p.place.ReceivedAt = max(p.place.ReceivedAt, e.ReceivedAt)
	}
	if !p.yield(Arrival{e, p.place.clone()}, err) {
		return errStopped
	}
	return nil
}

// handle moves the place behind a shard's first record and yields its event.
func (p *pass) handle(ctx context.Context, r *shard) error {
	record, at := r.records[0], created(r)
	r.records = r.records[1:]
	key, inserted, err := p.key(record)
	if err != nil {
		return err
	}
	begin := time.UnixMilli(p.place.Begin).Truncate(time.Second) // created has whole seconds
	skipped := !inserted || p.listed[key] || !r.exact && at.Before(begin)
	var found row
	if !skipped {
		rows, err := p.store.get(ctx, []event.Event{{ID: key.id, Timestamp: key.at}})
		if err != nil {
			return err
		}
		found = rows[key]
		skipped = found.ID == "" || // it is deleted by now
			found.err == nil && found.ReceivedAt < p.since && at.Before(p.started)
	}
	p.place.Shards[r.id] = aws.ToString(record.Dynamodb.SequenceNumber)
	if skipped {
		return nil
	}
	return p.give(found.Event, found.err)
}

// key returns the key of an insert's event, and false for another change.
func (p *pass) key(r types.Record) (itemKey, bool, error) {
	if r.EventName != types.OperationTypeInsert {
		return itemKey{}, false, nil
	}
	id, _ := r.Dynamodb.Keys[contract.EventIDAttribute].(*types.AttributeValueMemberS)
	at, _ := r.Dynamodb.Keys[contract.TimestampAttribute].(*types.AttributeValueMemberN)
	if id == nil || at == nil {
		return itemKey{}, false, fmt.Errorf("a record of the stream %s has no key of an event", p.stack.Outputs["TableStreamArn"])
	}
	millis, err := strconv.ParseInt(at.Value, 10, 64)
	return itemKey{id.Value, millis}, true, err
}

// older yields the events of the table that were received after the place and before the
// stream begins, in the order of their receipt. It looks again if the caller has handled
// them for longer than streamOverlap.
func (p *pass) older(ctx context.Context) error {
	for since := time.UnixMilli(p.place.ReceivedAt); since.Before(p.store.now().Add(-StreamRetention)); {
		until := p.store.now().Add(streamOverlap - StreamRetention)
		var found []event.Event
		for e, err := range p.store.Events(ctx, Filter{ReceivedSince: since, ReceivedUntil: until}) {
			p.listed[itemKey{e.ID, e.Timestamp}] = true
			if err == nil {
				found = append(found, e)
			} else if err := p.give(e, err); err != nil {
				return err
			}
		}
		slices.SortFunc(found, func(a, b event.Event) int { return cmp.Compare(a.ReceivedAt, b.ReceivedAt) })
		for e, err := range p.store.Full(ctx, sequence(found)) {
			if err := p.give(e, err); err != nil {
				return err
			}
		}
		since = until
	}
	return nil
}

// sequence returns events as a sequence without errors.
func sequence(events []event.Event) iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
	}
}
