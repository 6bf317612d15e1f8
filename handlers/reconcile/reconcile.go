// Package reconcile compares the events that a provider lists with those that the
// stack stored. The command line runs it; so can a function.
package reconcile

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
)

// Table reads the stored events. A row that is not an event has only its key.
type Table interface {
	// Same returns the rows that have the key of one of the events, by event id and
	// without payload.
	Same(ctx context.Context, events []event.Event) (map[string]event.Event, error)
	// ByID returns the rows with an event id, complete.
	ByID(ctx context.Context, id string) ([]event.Event, error)
	// Between returns the events of a provider in [from, to) by the provider's time.
	// They have the columns of contract.DayColumns.
	Between(ctx context.Context, provider string, from, to time.Time) iter.Seq2[event.Event, error]
}

// Archive lists the keys of archived messages.
type Archive interface {
	// Keys returns the keys that begin with prefix and sort after the key after.
	Keys(ctx context.Context, prefix, after string) iter.Seq2[string, error]
}

// Counts are numbers of events.
type Counts struct {
	// Listed is the number of events that the provider lists. Each is counted in one
	// of the fields from Stored to Missing.
	Listed int `json:"listed"`
	// Stored are in the table.
	Stored int `json:"stored"`
	// Different are in the table under their id, with other content.
	Different int `json:"different"`
	// Archived are in the bucket: the consumer could not store them.
	Archived int `json:"archived"`
	// OnTheWay are younger than the margin and not stored yet.
	OnTheWay int `json:"onTheWay"`
	// NotExpected were not to be sent to the stack: no endpoint subscribed to their
	// type, or it was made later.
	NotExpected int `json:"notExpected"`
	// Unreadable have no readable id, type or time, or are larger than a webhook.
	Unreadable int `json:"unreadable"`
	// Missing were due and are nowhere.
	Missing int `json:"missing"`
	// StillRetried are the events of Missing that the provider may deliver by itself: they
	// are young enough, and its list does not say that no delivery is pending.
	StillRetried int `json:"stillRetried"`
	// Unknown are in the table and not in the list.
	Unknown int `json:"unknown"`
}

// Lost returns how many of Missing the provider does not deliver by itself.
func (c Counts) Lost() int { return c.Missing - c.StillRetried }

func (c *Counts) add(o Counts) {
	c.Listed += o.Listed
	c.Stored += o.Stored
	c.Different += o.Different
	c.Archived += o.Archived
	c.OnTheWay += o.OnTheWay
	c.NotExpected += o.NotExpected
	c.Unreadable += o.Unreadable
	c.Missing += o.Missing
	c.StillRetried += o.StillRetried
	c.Unknown += o.Unknown
}

// States of an Example.
const (
	StateMissing   = "missing"
	StateDifferent = "different"
	StateUnknown   = "unknown"
)

// Example is an event that is missing, different or unknown.
type Example struct {
	State     string `json:"state"`
	ID        string `json:"eventId"`
	Type      string `json:"type"`
	Timestamp int64  `json:"timestamp"`
}

// maxExamples bounds the examples of a report.
const maxExamples = 100

// Report is the result of a comparison.
type Report struct {
	Counts
	Types    map[string]*Counts `json:"types"`
	Examples []Example          `json:"examples"`
}

// maxTypes bounds the types of a report. A provider documents some hundreds.
const maxTypes = 2000

// count adds one event of a type.
func (r *Report) count(eventType string, one Counts) {
	r.add(one)
	r.addType(eventType, one)
}

// addType adds to a type's counts, to those of the type "" if there are too many types.
func (r *Report) addType(eventType string, more Counts) {
	if r.Types == nil {
		r.Types = map[string]*Counts{}
	}
	if r.Types[eventType] == nil && len(r.Types) >= maxTypes {
		eventType = ""
	}
	if r.Types[eventType] == nil {
		r.Types[eventType] = &Counts{}
	}
	r.Types[eventType].add(more)
}

// keep adds an example, if there is room.
func (r *Report) keep(e Example) {
	if len(r.Examples) < maxExamples {
		r.Examples = append(r.Examples, e)
	}
}

// merge adds another report.
func (r *Report) merge(o Report) {
	r.add(o.Counts)
	for name, c := range o.Types {
		r.addType(name, *c)
	}
	for _, e := range o.Examples {
		r.keep(e)
	}
}

// Comparison compares one account's events of a provider.
type Comparison struct {
	Provider provider.Provider
	Source   source.Source
	Table    Table
	Archive  Archive
	// Subscription decides which events were due. Nil expects all.
	Subscription *source.Subscription
	// Account is the connected account or merchant that was asked for.
	Account string
	Now     func() time.Time
	// Missing, if not nil, is called with each missing event. It may see an event twice.
	Missing func(context.Context, event.Event) error
	// Findings, if not nil, is called after each window with all its examples and with the
	// time at which it begins, before Progress.
	Findings func(from time.Time, found []Example) error
	// Progress, if not nil, is called with the place after each window.
	Progress func(Place) error
}

// Place is how far a comparison of [Since, Until) has come. It is a comparison's
// whole state: one that was interrupted resumes from its last place.
type Place struct {
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
	// Next is the first time that is not compared yet.
	Next time.Time `json:"next"`
	// Step is the length of the next window.
	Step   time.Duration `json:"step"`
	Report Report        `json:"report"`
}

// Start returns the place before the first window. Providers compare whole seconds.
func Start(since, until time.Time) Place {
	since = since.UTC().Truncate(time.Second)
	return Place{Since: since, Until: until.UTC().Truncate(time.Second), Next: since, Step: firstStep}
}

// maxBody is more than a webhook can have: Lambda accepts requests of 6 MB (Lambda
// Developer Guide, "Lambda quotas").
const maxBody = 6 << 20

var errLarge = errors.New("no webhook is so large")

// event translates a listed event, as the processor translates a webhook.
func (c *Comparison) event(l source.Listed) (event.Event, error) {
	if len(l.Body) > maxBody {
		return event.Event{}, errLarge
	}
	e, err := c.Provider.Event(l.Body, provider.Origin{Livemode: new(c.Source.Facts().Live)})
	if err != nil {
		return event.Event{}, err
	}
	if e.Account == "" {
		e.Account = l.Account
	}
	if e.APIVersion == "" {
		e.APIVersion = l.APIVersion
	}
	e.Payload, e.PayloadSHA256 = l.Body, event.HashPayload(l.Body)
	return e, nil
}
