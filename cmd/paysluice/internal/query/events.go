package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// payloadTimeout bounds the read of one payload from S3.
const payloadTimeout = time.Minute

// Events returns the events that a filter selects, newest first by the provider's
// time. They have the columns of contract.DayColumns and no payload; Event has
// all. An event without a time is listed at the end of the day of its receipt. A row
// that is not an event is a table.ErrItem beside the row's key, and the sequence goes
// on; Readable leaves such rows out. Any other error ends the sequence.
func (s *Store) Events(ctx context.Context, f Filter) iter.Seq2[event.Event, error] {
	all := s.days(ctx, f)
	if f.Payment != "" {
		all = s.payments(ctx, f, false)
	}
	return limit(all, f.Limit)
}

// Payment returns the events of a payment, oldest first.
func (s *Store) Payment(ctx context.Context, f Filter) iter.Seq2[event.Event, error] {
	return limit(s.payments(ctx, f, true), f.Limit)
}

// Versions returns the events with an id and all their fields, oldest first. An id has
// more than one if the provider sent it with several times.
func (s *Store) Versions(ctx context.Context, id string) iter.Seq2[event.Event, error] {
	c := s.open(partition{key: contract.EventIDAttribute, value: id, ascending: true, from: earliest, to: latest})
	return s.merge(ctx, []*cursor{c}, true)
}

// Named returns the versions of each id. The last error is ErrNotFound for an id without
// one.
func (s *Store) Named(ctx context.Context, ids ...string) iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		for _, id := range ids {
			found := false
			for e, err := range s.Versions(ctx, id) {
				found = true
				if !yield(e, err) {
					return
				}
			}
			if !found {
				do := cmp.Or(Unprefixed(id), ": paysluice trace "+id+" looks in the logs and in the archive")
				yield(event.Event{}, fmt.Errorf("%w: no event %s in table %s%s", ErrNotFound, id, s.stack.Outputs["TableName"], do))
				return
			}
		}
	}
}

// Unprefixed returns what to add to a message about an id that no event can have, "" for
// other ids.
func Unprefixed(id string) string {
	if of, _, found := strings.Cut(id, ":"); found && slices.ContainsFunc(contract.Providers(), func(p contract.Provider) bool { return p.Name == of }) {
		return ""
	}
	return ": an event's id begins with its provider, such as stripe:evt_1PgcT2"
}

// Event returns the versions of an id as a list, or the first error.
func (s *Store) Event(ctx context.Context, id string) ([]event.Event, error) {
	var found []event.Event
	for e, err := range s.Named(ctx, id) {
		if err != nil {
			return nil, err
		}
		found = append(found, e)
	}
	return found, nil
}

// Payload returns the raw body of an event of Event. The error is
// bucket.ErrPayload for a body that does not match its hash.
func (s *Store) Payload(ctx context.Context, e event.Event) ([]byte, error) {
	return bucket.NewPayloads(s.objects, s.stack.Outputs["BucketName"], payloadTimeout).Payload(ctx, e)
}

// IsLost reports whether an error of a row or of its payload is final: the row is not an
// event, the bucket does not have the payload, or the payload does not match its hash.
func IsLost(err error) bool {
	_, missing := errors.AsType[*types.NoSuchKey](err)
	return missing || errors.Is(err, table.ErrItem) || errors.Is(err, bucket.ErrPayload)
}

// clockSkew is how far a provider's clock may be ahead.
const clockSkew = 10 * time.Minute

// EndOfDay returns the end of the UTC day, and of the next one shortly before. A list that
// ends with a day needs no range in the partitions of that day, and no partition of the next.
func EndOfDay(now time.Time) time.Time {
	return now.Add(clockSkew).UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
}

// Window returns the range of f, with the defaults of the missing bounds.
func (s *Store) Window(f Filter) (since, until time.Time) {
	since, until = f.Since, f.Until
	switch {
	case !until.IsZero():
	case !f.ReceivedUntil.IsZero():
		until = f.ReceivedUntil.Add(24 * time.Hour) // a provider's clock may be ahead
	default:
		until = EndOfDay(s.now())
	}
	if since.IsZero() && !f.ReceivedSince.IsZero() {
		since = f.ReceivedSince.Add(-LongestResend)
	}
	if since.IsZero() {
		since = until.Add(-DefaultWindow)
		if first := s.stack.CreatedAt.Add(-LongestRetry); since.Before(first) {
			since = first
		}
	}
	return since.UTC(), until.UTC()
}

// days lists by day, newest day first, and reads no day before it is needed.
func (s *Store) days(ctx context.Context, f Filter) iter.Seq2[event.Event, error] {
	since, until := s.Window(f)
	from, to := since.UnixMilli(), until.UnixMilli()-1
	received := to
	if f.Continued {
		received = until.Add(-time.Millisecond).Truncate(24*time.Hour).Add(24*time.Hour).UnixMilli() - 1
	}
	return func(yield func(event.Event, error) bool) {
		// pass reports whether the sequence continues. An event without a time counts by
		// the time of its receipt.
		pass := func(cursors []*cursor) bool {
			for e, err := range s.merge(ctx, cursors, false) {
				if err == nil && e.Timestamp == 0 && (e.ReceivedAt < from || e.ReceivedAt > received) {
					continue
				}
				if !yield(e, err) || err != nil && !errors.Is(err, table.ErrItem) {
					return false
				}
			}
			return true
		}
		for day := until.Add(-time.Millisecond).Truncate(24 * time.Hour); day.Add(24 * time.Hour).After(since); day = day.AddDate(0, 0, -1) {
			last := int64(latest)
			if day.Add(24 * time.Hour).After(until) {
				last = to
			}
			// Events without a time have the sort key 0, which a range from since on has not.
			if !day.Before(since) {
				if !pass(s.day(f, day, earliest, last)) {
					return
				}
			} else if !pass(s.day(f, day, from, last)) || !pass(s.day(f, day, 0, 0)) {
				return
			}
		}
	}
}

// day returns cursors for the partitions of a day, with the range of their sort key. Only
// the first and the last day of a listing have one.
func (s *Store) day(f Filter, day time.Time, from, to int64) []*cursor {
	p := partition{index: contract.DayIndex, key: contract.DayKeyAttribute, filter: f.conditions(), from: from, to: to}
	var all []*cursor
	for _, provider := range f.providers() {
		for _, key := range table.DayKeys(provider, day) {
			p.value = key
			all = append(all, s.open(p))
		}
	}
	return all
}

// payments lists the events of one payment.
func (s *Store) payments(ctx context.Context, f Filter, ascending bool) iter.Seq2[event.Event, error] {
	var all []*cursor
	for _, provider := range f.providers() {
		p := partition{
			index: contract.PaymentIndex, key: contract.PaymentKeyAttribute, value: event.NewID(provider, f.Payment),
			ascending: ascending, filter: f.conditions(), from: earliest, to: latest,
		}
		if !f.Since.IsZero() {
			p.from = f.Since.UnixMilli()
		}
		if !f.Until.IsZero() {
			p.to = f.Until.UnixMilli() - 1
		}
		all = append(all, s.open(p))
	}
	return s.merge(ctx, all, ascending)
}

// concurrency is the number of first pages that are read at a time.
const concurrency = 48

// merge returns the items of cursors in the order of their timestamps.
func (s *Store) merge(ctx context.Context, all []*cursor, ascending bool) iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		first, limited := errgroup.WithContext(ctx)
		first.SetLimit(concurrency)
		for _, c := range all {
			first.Go(func() error { return c.fill(limited) })
		}
		if err := first.Wait(); err != nil {
			yield(event.Event{}, err)
			return
		}
		for {
			all = slices.DeleteFunc(all, func(c *cursor) bool { return len(c.items) == 0 })
			if len(all) == 0 {
				return
			}
			next := slices.MinFunc(all, func(a, b *cursor) int { return order(a.items[0].Event, b.items[0].Event, ascending) })
			r := next.items[0]
			next.items = next.items[1:]
			if !yield(r.Event, r.err) {
				return
			}
			if err := next.fill(ctx); err != nil {
				yield(event.Event{}, err)
				return
			}
		}
	}
}

// limit ends a sequence after n events, or at its end if n is 0. Errors do not count.
func limit(all iter.Seq2[event.Event, error], n int) iter.Seq2[event.Event, error] {
	if n == 0 {
		return all
	}
	return func(yield func(event.Event, error) bool) {
		left := n
		for e, err := range all {
			if err == nil {
				left--
			}
			if !yield(e, err) || left == 0 {
				return
			}
		}
	}
}

// order compares two events by time, then by id, so that listings are stable.
func order(a, b event.Event, ascending bool) int {
	by := cmp.Or(cmp.Compare(a.Timestamp, b.Timestamp), cmp.Compare(a.ID, b.ID))
	if ascending {
		return by
	}
	return -by
}
