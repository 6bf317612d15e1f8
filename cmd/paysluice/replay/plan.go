package replay

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// Selection says what a plan contains.
type Selection struct {
	failure.Filter
	// Conflicts also sends messages if the table has other content under their key. The
	// consumer stores one if somebody has removed that row, and returns it to the
	// archive otherwise.
	Conflicts bool `json:"conflicts,omitempty"`
	// OtherMode also sends events of another mode than the secret's entry.
	OtherMode bool `json:"otherMode,omitempty"`
	// Keys, at most MaxKeys, select single messages. The Filter is then not used.
	Keys []string `json:"keys,omitempty"`
	// EventIDs are the events of a republication, all of the Filter without one.
	EventIDs []string `json:"eventIds,omitempty"`
	// ReceivedSince and ReceivedUntil bound the receipt of a republication's events.
	ReceivedSince time.Time `json:"receivedSince,omitzero"`
	ReceivedUntil time.Time `json:"receivedUntil,omitzero"`
}

// Group counts the archived messages of one provider, reason and fate, or the stored
// events of one provider and category.
type Group struct {
	Provider string `json:"provider"`
	Reason   string `json:"failureReason,omitempty"`
	Category string `json:"category,omitempty"`
	// Skipped says why the messages are not sent, "" for those that are.
	Skipped string `json:"skipped,omitempty"`
	Count   int    `json:"count"`
	// Samples are the first keys, or all of those that were selected.
	Samples []string `json:"samples"`
}

const (
	// maxSamples is the number of samples of a group.
	maxSamples = 3
	// MaxKeys bounds the messages that are selected one by one.
	MaxKeys = 1000
)

// ErrKeys reports a selection with too many keys, or with keys that no archived message has.
var ErrKeys = errors.New("invalid selection")

// Check returns an ErrKeys if the selection is not possible.
func (s Selection) Check() error {
	if n := len(s.Keys); n > MaxKeys {
		return fmt.Errorf("%w: at most %d messages can be selected one by one, and %d are: select them by provider, reason and time", ErrKeys, MaxKeys, n)
	}
	for _, key := range s.Keys {
		if !failure.IsKey(key) {
			return fmt.Errorf("%w: a key of the archive looks like stripe/2026/11/01/….json, unlike %s", ErrKeys, key)
		}
	}
	return nil
}

// Reasons for skipping a message that do not depend on the failure.
const (
	skippedStored    = "the table has it"
	skippedGlacier   = "it is in Glacier: restore it with paysluice failures restore"
	skippedRestoring = "its restore from Glacier is under way"
	skippedTwice     = "another archived message has the same event"
	skippedKey       = "its key is not its own"

	skippedUnreadable = "the row is not an event"
)

// Plan lists the messages that a run would send.
type Plan struct {
	Selection Selection `json:"selection"`
	Groups    []Group   `json:"groups"`
	Entries   []Entry   `json:"-"`
}

// Total returns the number of messages that are sent, and of those that are not.
func (p Plan) Total() (sent, skipped int) {
	for _, g := range p.Groups {
		if g.Skipped == "" {
			sent += g.Count
		} else {
			skipped += g.Count
		}
	}
	return sent, skipped
}

// Plan reads the archive and the table and sends nothing. An event that the table
// has is not sent, and an event with several archived messages is sent once.
func (e *Engine) Plan(ctx context.Context, s Selection, progress func(Progress)) (Plan, error) {
	if err := s.Check(); err != nil {
		return Plan{}, err
	}
	messages := e.Archive.List(ctx, s.Filter)
	if len(s.Keys) > 0 {
		messages = e.Archive.Select(ctx, s.Keys)
	}
	p := planner{engine: e, selection: s, groups: tally{}, planned: map[string]bool{}}
	done := 0
	for f, err := range messages {
		if err != nil {
			return Plan{}, err
		}
		if done++; done%100 == 0 {
			progress(Progress{Stage: Planning, Done: done})
		}
		if err := p.add(ctx, f); err != nil {
			return Plan{}, err
		}
	}
	if err := p.flush(ctx); err != nil {
		return Plan{}, err
	}
	return Plan{Selection: s, Groups: p.groups.sorted(), Entries: p.entries}, nil
}

// planner decides which archived messages are sent.
type planner struct {
	engine    *Engine
	selection Selection
	groups    tally
	entries   []Entry
	planned   map[string]bool   // by stem, to send each event once
	batch     []failure.Failure // to be looked up in the table
}

// add decides on a message, or puts it into the batch.
func (p *planner) add(ctx context.Context, f failure.Failure) error {
	skipped := p.engine.rejected(f, p.selection)
	if skipped == "" {
		if stem := newEntry(f).Stem; p.planned[stem] {
			skipped = skippedTwice
		} else {
			p.planned[stem] = true
		}
	}
	if skipped != "" {
		p.count(f, skipped)
		return nil
	}
	f.Message, f.Payload = nil, nil
	if p.batch = append(p.batch, f); len(p.batch) == maxBatch {
		return p.flush(ctx)
	}
	return nil
}

// flush plans the messages of the batch that the table lacks.
func (p *planner) flush(ctx context.Context) error {
	found := make([]presence, len(p.batch))
	err := p.engine.each(ctx, len(p.batch), func(ctx context.Context, i int) (err error) {
		found[i], err = p.engine.look(ctx, newEntry(p.batch[i]))
		return err
	})
	if err != nil {
		return err
	}
	for i, f := range p.batch {
		if found[i] == present {
			p.count(f, skippedStored)
			continue
		}
		p.count(f, "")
		p.entries = append(p.entries, newEntry(f))
	}
	p.batch = p.batch[:0]
	return nil
}

// count counts a message. The groups of a selection by keys name all of them.
func (p *planner) count(f failure.Failure, skipped string) {
	p.groups.add(Group{Provider: f.Provider, Reason: f.Reason, Skipped: skipped}, f.Key, max(maxSamples, len(p.selection.Keys)))
}

// tally counts messages or events by what their group has in common.
type tally map[[4]string]*Group

// add counts one of a kind. Its group keeps up to most samples.
func (t tally) add(kind Group, sample string, most int) {
	id := [4]string{kind.Skipped, kind.Provider, kind.Reason, kind.Category}
	g := t[id]
	if g == nil {
		g = &kind
		t[id] = g
	}
	if g.Count++; len(g.Samples) < most {
		g.Samples = append(g.Samples, sample)
	}
}

// sorted returns the groups, first those that are sent.
func (t tally) sorted() []Group {
	var groups []Group
	for _, id := range slices.SortedFunc(maps.Keys(t), func(x, y [4]string) int { return slices.Compare(x[:], y[:]) }) {
		groups = append(groups, *t[id])
	}
	return groups
}

// newEntry returns the entry of a message with an event.
func newEntry(f failure.Failure) Entry {
	return Entry{
		Key: f.Key, Provider: f.Provider, Reason: f.Reason, EventID: f.EventID, Timestamp: f.Event.Timestamp,
		Stem:          strings.TrimSuffix(f.OwnKeys[0], ".json"),
		PayloadSHA256: f.Event.PayloadSHA256, ContentSHA256: f.Event.ContentSHA256,
	}
}

// rejected returns the reason why a message is not sent, "" if it is: the consumer
// would not store it, or it is under a key where the archiver does not put it.
// Whoever may write to the bucket could otherwise have old messages sent with every
// prefix.
func (e *Engine) rejected(f failure.Failure, s Selection) string {
	switch {
	case f.Storage == failure.Glacier:
		return skippedGlacier
	case f.Storage == failure.Restoring:
		return skippedRestoring
	case f.Reason == contract.ReasonConflict && !s.Conflicts:
		return "the table has different content with its key; --conflicts sends it"
	case f.Reason == contract.ReasonExpired:
		return "it is older than EventRetentionDays"
	case f.Reason == contract.ReasonSender:
		return "the processor of another provider sent it"
	case f.Reason == contract.ReasonOtherMode && !s.OtherMode:
		return "its mode is not that of the secret's entry; --other-mode sends it"
	case f.Reason == contract.ReasonSignatureReused && !s.Conflicts:
		return "another body has its signature; --conflicts sends it"
	}
	if _, err := event.Decode(string(f.Message)); err != nil {
		return "not an event that can be stored"
	}
	if !slices.Contains(f.OwnKeys, f.Key) {
		return skippedKey
	}
	if _, err := e.Providers.ByName(f.Event.Provider); err != nil {
		return err.Error()
	}
	return ""
}
