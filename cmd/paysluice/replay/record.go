package replay

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
)

// Schema is the version of the records.
const Schema = "paysluice.replay/1"

// The record of a run has no payload. The bucket's policy denies to replace an
// object, so the record grows by objects below {contract.ReplaysPrefix}{id}/:
//
//	entries.json        the events, put first
//	start.json          a Record
//	notes/000001.json   a note before each batch and at the end
const (
	entriesName = "entries.json"
	startName   = "start.json"
	notesName   = "notes/"
)

// Kind is a kind of run.
type Kind string

// All kinds.
const (
	Replay        Kind = ""          // of the archive, to the queue
	Republication Kind = "republish" // of stored events, to the topic or the bus
)

// command returns the command that makes runs of a kind.
func (k Kind) command() string {
	if k == Republication {
		return "paysluice events republish"
	}
	return "paysluice replay"
}

// Records keeps the records of the runs of one kind in the bucket of a stack.
type Records struct {
	Kind        Kind
	Objects     Objects
	BucketName  string
	Concurrency int // calls at a time, at least 1
	Now         func() time.Time
}

// Record describes a run when it starts.
type Record struct {
	Schema    string    `json:"schema"`
	Kind      Kind      `json:"kind,omitempty"`
	ID        string    `json:"id"`
	Who       string    `json:"who"` // ARN
	StartedAt time.Time `json:"startedAt"`
	Plan
	Total int `json:"total"` // messages to send
}

// note has the results of messages and says which are sent next. Numbers are positions
// in the entries.
type note struct {
	At time.Time `json:"at"`
	// Writer tells the notes of two processes apart.
	Writer  string         `json:"writer"`
	Sent    []int          `json:"sent,omitempty"`
	Unsent  []int          `json:"unsent,omitempty"`
	Dropped map[int]string `json:"dropped,omitempty"` // not to be sent, and why
	// Sending may be sent from now on. Without a later note nobody knows whether they
	// were.
	Sending []int  `json:"sending,omitempty"`
	Done    int    `json:"done"`              // sent and dropped so far
	NotSent int    `json:"notSent,omitempty"` // of Done, those that were dropped
	Proof   *Proof `json:"proof,omitempty"`
}

// state says what became of an entry in a run.
type state int

const (
	unsent state = iota
	unknown
	sent
	dropped
)

// Run is one run of a plan. One goroutine uses it.
type Run struct {
	Record
	Entries []Entry

	at      time.Time // of the record, by S3's clock
	states  []state
	dropped map[int]string
	notes   int
	writer  string
}

// Done returns the number of messages that need no more sending.
func (r *Run) Done() int { return len(r.in(sent, dropped)) }

// Sent returns the number of messages that were sent.
func (r *Run) Sent() int { return len(r.in(sent)) }

// Dropped returns the number of messages that are not to be sent.
func (r *Run) Dropped() int { return len(r.in(dropped)) }

// sending returns the progress of the sending.
func (r *Run) sending() Progress {
	return Progress{Stage: Sending, Done: r.Done(), Total: len(r.Entries), Failed: r.Dropped()}
}

// Unpublished returns how many of Dropped webhook-unpublished names.
func (r *Run) Unpublished() int {
	n := 0
	for _, i := range r.in(dropped) {
		if strings.HasPrefix(r.dropped[i], notPublished) {
			n++
		}
	}
	return n
}

// Unreadable returns why rows of Dropped are not events. Each text names the row's key.
func (r *Run) Unreadable() []string {
	var all []string
	for _, i := range r.in(dropped) {
		if why, found := strings.CutPrefix(r.dropped[i], unreadable); found {
			all = append(all, why)
		}
	}
	return all
}

// in returns the positions of the entries in some states.
func (r *Run) in(states ...state) []int {
	var all []int
	for i, s := range r.states {
		if slices.Contains(states, s) {
			all = append(all, i)
		}
	}
	return all
}

// apply changes the states as a note says.
func (r *Run) apply(n note) {
	set := func(positions []int, s state) {
		for _, i := range positions {
			if 0 <= i && i < len(r.states) { // anybody who may write to the bucket can have written it
				r.states[i] = s
			}
		}
	}
	set(n.Sent, sent)
	set(n.Unsent, unsent)
	for i, why := range n.Dropped {
		set([]int{i}, dropped)
		r.dropped[i] = why
	}
	set(n.Sending, unknown)
}

// NewID returns an id for a run.
func (e *Records) NewID() string {
	return e.Now().UTC().Format(idLayout) + "-" + strings.ToLower(rand.Text()[:6])
}

// Start records a run of a plan, under an id of NewID. who is the ARN of its operator. After an
// error the record may exist. To repeat the call with the same id and plan records no second run.
func (e *Records) Start(ctx context.Context, id string, p Plan, who string) (*Run, error) {
	record := Record{Schema: Schema, Kind: e.Kind, ID: id, Who: who, StartedAt: e.Now().UTC(), Plan: p, Total: len(p.Entries)}
	for _, file := range []struct {
		name  string
		value any
	}{{entriesName, p.Entries}, {startName, record}} {
		if err := e.put(ctx, contract.ReplaysPrefix+id+"/"+file.name, file.value); err != nil && !exists(err) {
			return nil, err
		}
	}
	return e.Load(ctx, id)
}

// Load reads the record of a run, to resume it. The error is ErrNotFound without
// one.
func (e *Records) Load(ctx context.Context, id string) (*Run, error) {
	r := &Run{dropped: map[int]string{}, writer: rand.Text()}
	prefix := contract.ReplaysPrefix + id + "/"
	var notes []string
	err := e.list(ctx, prefix, "", func(key string, at time.Time) {
		switch name := strings.TrimPrefix(key, prefix); {
		case name == startName:
			r.at = at
		case strings.HasPrefix(name, notesName):
			notes = append(notes, key)
		}
	})
	if err != nil {
		return nil, err
	}
	if r.at.IsZero() || strings.Contains(id, "/") {
		return nil, e.unknown(id)
	}
	if err := errors.Join(e.get(ctx, prefix+startName, &r.Record), e.get(ctx, prefix+entriesName, &r.Entries)); err != nil {
		return nil, err
	}
	if err := e.check(r.Record); err != nil {
		return nil, err
	}
	r.Plan.Entries, r.states, r.notes = r.Entries, make([]state, len(r.Entries)), len(notes)
	read := make([]note, len(notes))
	err = e.each(ctx, len(notes), func(ctx context.Context, i int) error { return e.get(ctx, notes[i], &read[i]) })
	if err != nil {
		return nil, err
	}
	for _, n := range read {
		r.apply(n)
	}
	return r, nil
}

// unknown returns the error for an id that no run has.
func (e *Records) unknown(id string) error {
	return fmt.Errorf("%w: %s; %s list shows them", ErrNotFound, id, e.Kind.command())
}

// check returns an ErrNotFound for a run of another kind.
func (e *Records) check(r Record) error {
	if r.Kind != e.Kind {
		return fmt.Errorf("%w: %s is a run of %s", ErrNotFound, r.ID, r.Kind.command())
	}
	return nil
}

// write records a note and applies it. The error is ErrBusy if another process has
// written that note.
func (e *Records) write(ctx context.Context, r *Run, n note) error {
	n.At, n.Writer = e.Now().UTC(), r.writer
	r.apply(n)
	n.Done, n.NotSent = r.Done(), r.Dropped()
	key := fmt.Sprintf("%s%s/%s%06d.json", contract.ReplaysPrefix, r.ID, notesName, r.notes+1)
	err := e.put(ctx, key, n)
	if exists(err) {
		// It is this process's own note if only the answer to an earlier attempt was lost.
		var there note
		if err := e.get(ctx, key, &there); err != nil {
			return err
		}
		if there.Writer != r.writer {
			return fmt.Errorf("%w: wait until it ends: %s list shows how far %s is", ErrBusy, e.Kind.command(), r.ID)
		}
		err = nil
	}
	if err != nil {
		return err
	}
	r.notes++
	return nil
}

// idLayout is the time with which the id of a run begins.
const idLayout = "20060102T150405Z"
