package replay

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/publisher"
)

const (
	// maxInvocation bounds the images in one invocation. A request has at most 6 MB
	// (Lambda Developer Guide, "Lambda quotas").
	maxInvocation = 5 << 20
	// maxStops is how often in a row the publisher may stop before its first record.
	maxStops = 4

	// noLonger, notPublished and unreadable say why an event of a run is not sent.
	noLonger     = "the table has it no longer"
	notPublished = "not published: " // and a reason of docs/reasons.md
	unreadable   = "unreadable: "    // and the error of the row
)

// ErrStopped reports that the publisher cannot publish for now.
var ErrStopped = errors.New("event-publisher does not publish; its log says why")

// Events reads the stored events with a list of keys.
type Events interface {
	Full(context.Context, iter.Seq2[event.Event, error]) iter.Seq2[event.Event, error]
}

// Function is the subset of the Lambda API that a Republisher calls.
type Function interface {
	Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
}

// Republisher sends stored events to the stack's topic or bus again, through the
// publisher. Subscribers take an event that they have for a duplicate, so an interrupted
// batch is sent again.
type Republisher struct {
	Records
	Events       Events
	Function     Function
	FunctionName string

	Rate int // events a second at most, 1 to MaxRate
	// Sleep waits. It returns the context's error if that ends first.
	Sleep func(context.Context, time.Duration) error
}

// Plan counts the events of a list, which a selection describes, and sends nothing. Run
// drops the rows that are not events.
func (p *Republisher) Plan(s Selection, list iter.Seq2[event.Event, error], progress func(Progress)) (Plan, error) {
	plan := Plan{Selection: s}
	groups := tally{}
	for e, err := range list {
		entry := Entry{Provider: e.Provider, EventID: e.ID, Timestamp: e.Timestamp}
		kind := Group{Provider: e.Provider, Category: string(e.Category)}
		switch {
		case errors.Is(err, table.ErrItem):
			entry.Provider, _, _ = strings.Cut(e.ID, ":")
			entry.Unreadable = err.Error()
			kind = Group{Provider: entry.Provider, Skipped: skippedUnreadable}
		case err != nil:
			return Plan{}, err
		}
		groups.add(kind, e.ID, maxSamples)
		plan.Entries = append(plan.Entries, entry)
		if len(plan.Entries)%100 == 0 {
			progress(Progress{Stage: Planning, Done: len(plan.Entries)})
		}
	}
	plan.Groups = groups.sorted()
	return plan, nil
}

// Run sends the events of a run that are not sent yet, and records each batch. It stops
// after a failure, or when the context ends; another call resumes it.
func (p *Republisher) Run(ctx context.Context, r *Run, progress func(Progress)) error {
	size, stops := min(maxBatch, p.Rate), 0
	for left := r.in(unsent); len(left) > 0; left = r.in(unsent) {
		start := p.Now()
		n, err := p.publish(ctx, r, left[:min(size, len(left))])
		if err != nil {
			return err
		}
		done := len(n.Sent) + len(n.Dropped)
		if done > 0 {
			// What was sent is recorded after an interrupt, too.
			late, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
			err := p.write(late, r, n)
			cancel()
			if err != nil {
				return err
			}
			progress(r.sending())
			stops = 0
		} else if stops++; stops > maxStops {
			return fmt.Errorf("%w: it stopped at %s", ErrStopped, r.Entries[left[0]].EventID)
		}
		pause := time.Duration(done)*time.Second/time.Duration(p.Rate) - p.Now().Sub(start)
		if stops > 0 {
			pause = time.Second << stops
		}
		if err := p.Sleep(ctx, max(0, pause)); err != nil {
			return err
		}
	}
	return nil
}

// publish invokes the publisher with the events at some positions, as many as fit.
func (p *Republisher) publish(ctx context.Context, r *Run, positions []int) (note, error) {
	n := note{Dropped: map[int]string{}}
	rows, err := p.rows(ctx, r, positions)
	if err != nil {
		return note{}, err
	}
	batch, size := publisher.Batch{Replay: r.ID}, 0
	var in []int // positions of the batch
	for _, position := range positions {
		entry := r.Entries[position]
		row, found := rows[rowKey{entry.EventID, entry.Timestamp}]
		switch why := cmp.Or(entry.Unreadable, row.unreadable); {
		case why != "":
			n.Dropped[position] = unreadable + why
			continue
		case !found:
			n.Dropped[position] = noLonger
			continue
		}
		keys, image := table.EncodeImage(table.ToItem(row.Event))
		if size += len(image); size > maxInvocation && len(in) > 0 {
			break
		}
		in = append(in, position)
		batch.Records = append(batch.Records, publisher.Record{EventName: publisher.Inserted, Change: publisher.Change{
			SequenceNumber: strconv.Itoa(position), Keys: keys, NewImage: image,
		}})
	}
	if len(in) > 0 {
		done, refused, err := p.invoke(ctx, batch, in)
		if err != nil {
			return note{}, err
		}
		for _, position := range done {
			if reason, found := refused[strconv.Itoa(position)]; found {
				n.Dropped[position] = notPublished + reason
				continue
			}
			n.Sent = append(n.Sent, position)
		}
	}
	return n, nil
}

// rowKey is the key of an event in the table.
type rowKey struct {
	id string
	at int64
}

// row is an event, or the reason why a row is not an event.
type row struct {
	event.Event
	unreadable string
}

// rows returns the rows at some positions that the table still has.
func (p *Republisher) rows(ctx context.Context, r *Run, positions []int) (map[rowKey]row, error) {
	rows := map[rowKey]row{}
	keys := func(yield func(event.Event, error) bool) {
		for _, position := range positions {
			if !yield(event.Event{ID: r.Entries[position].EventID, Timestamp: r.Entries[position].Timestamp}, nil) {
				return
			}
		}
	}
	for e, err := range p.Events.Full(ctx, keys) {
		found := row{Event: e}
		if errors.Is(err, table.ErrItem) {
			found.unreadable = err.Error()
		} else if err != nil {
			return nil, err
		}
		rows[rowKey{e.ID, e.Timestamp}] = found
	}
	return rows, nil
}

// invoke returns the positions before the first one at which the publisher stopped, and by
// sequence number the reasons of those that it named in webhook-unpublished.
func (p *Republisher) invoke(ctx context.Context, batch publisher.Batch, positions []int) (done []int, refused map[string]string, err error) {
	text, _ := json.Marshal(batch) // strings and valid JSON cannot fail
	out, err := p.Function.Invoke(ctx, &lambda.InvokeInput{FunctionName: &p.FunctionName, Payload: text})
	if err != nil {
		return nil, nil, err
	}
	if failure := aws.ToString(out.FunctionError); failure != "" {
		return nil, nil, fmt.Errorf("%w: %s: %s", ErrStopped, failure, out.Payload)
	}
	var response publisher.Response
	if err := json.Unmarshal(out.Payload, &response); err != nil {
		return nil, nil, fmt.Errorf("%w: its response is not one of the publisher: %w", ErrStopped, err)
	}
	refused = map[string]string{}
	for _, r := range response.Unpublished {
		refused[r.SequenceNumber] = r.Reason
	}
	if len(response.BatchItemFailures) == 0 {
		return positions, refused, nil
	}
	first := response.BatchItemFailures[0].ItemIdentifier
	position, _ := strconv.Atoi(first)
	at := slices.Index(positions, position)
	if at < 0 {
		return nil, nil, fmt.Errorf("%w: it names no event of the batch: %q", ErrStopped, first)
	}
	return positions[:at], refused, nil
}
