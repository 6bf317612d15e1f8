package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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
	p := Plan{Selection: s}
	planned := map[string]bool{} // by stem
	groups := map[[3]string]*Group{}
	count := func(f failure.Failure, skipped string) {
		kind := [3]string{f.Provider, f.Reason, skipped}
		g := groups[kind]
		if g == nil {
			g = &Group{Provider: f.Provider, Reason: f.Reason, Skipped: skipped}
			groups[kind] = g
		}
		if g.Count++; len(g.Samples) < maxSamples || len(s.Keys) > 0 {
			g.Samples = append(g.Samples, f.Key)
		}
	}
	done := 0
	var batch []failure.Failure
	flush := func() error {
		found := make([]presence, len(batch))
		err := e.each(ctx, len(batch), func(ctx context.Context, i int) (err error) {
			found[i], err = e.look(ctx, newEntry(batch[i]))
			return err
		})
		if err != nil {
			return err
		}
		for i, f := range batch {
			if found[i] == present {
				count(f, skippedStored)
				continue
			}
			count(f, "")
			p.Entries = append(p.Entries, newEntry(f))
		}
		batch = batch[:0]
		return nil
	}
	for f, err := range messages {
		if err != nil {
			return Plan{}, err
		}
		if done++; done%100 == 0 {
			progress(Progress{Stage: Planning, Done: done})
		}
		skipped := e.rejected(f, s)
		if skipped == "" {
			if stem := newEntry(f).Stem; planned[stem] {
				skipped = skippedTwice
			} else {
				planned[stem] = true
			}
		}
		if skipped != "" {
			count(f, skipped)
			continue
		}
		f.Message, f.Payload = nil, nil
		if batch = append(batch, f); len(batch) == maxBatch {
			if err := flush(); err != nil {
				return Plan{}, err
			}
		}
	}
	if err := flush(); err != nil {
		return Plan{}, err
	}
	for _, g := range groups {
		p.Groups = append(p.Groups, *g)
	}
	slices.SortFunc(p.Groups, func(x, y Group) int {
		return cmp.Or(cmp.Compare(x.Skipped, y.Skipped), cmp.Compare(x.Provider, y.Provider), cmp.Compare(x.Reason, y.Reason))
	})
	return p, nil
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
