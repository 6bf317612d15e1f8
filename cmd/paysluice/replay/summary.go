package replay

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
)

// Summary is a line of the list of runs.
type Summary struct {
	Record
	Done    int       `json:"done"`              // sent and dropped
	NotSent int       `json:"notSent,omitempty"` // of Done, those that were dropped
	Proof   *Proof    `json:"proof,omitempty"`
	At      time.Time `json:"-"` // of the last note, zero without one
}

// Sent returns the number of messages that were sent.
func (s Summary) Sent() int { return s.Done - s.NotSent }

// Recovered returns how many archived messages of a provider the proof found stored, at least.
// Those that repeat another one of the plan are among them if no event is missing. Those that were
// not sent are left out, because another run can have sent and proved them.
func (s Summary) Recovered(provider string) (n int) {
	if s.Proof == nil {
		return 0
	}
	for _, g := range s.Groups {
		if g.Provider == provider && (g.Skipped == "" || g.Skipped == skippedTwice && len(s.Proof.Missing) == 0) {
			n += g.Count
		}
	}
	for _, m := range s.Proof.Missing {
		if strings.HasPrefix(m.Key, provider+"/") {
			n--
		}
	}
	return n - s.NotSent
}

// Runs returns the runs of the kind that started at or after a time, the newest first.
func (e *Records) Runs(ctx context.Context, since time.Time) ([]Summary, error) {
	latest, err := e.latest(ctx, contract.ReplaysPrefix, contract.ReplaysPrefix+since.UTC().Format(idLayout))
	if err != nil {
		return nil, err
	}
	ids := slices.SortedFunc(maps.Keys(latest), func(x, y string) int { return strings.Compare(y, x) })
	runs := make([]Summary, len(ids))
	err = e.each(ctx, len(ids), func(ctx context.Context, i int) (err error) {
		runs[i], err = e.summarize(ctx, ids[i], latest[ids[i]])
		return err
	})
	return slices.DeleteFunc(runs, func(s Summary) bool { return e.check(s.Record) != nil }), err
}

// Summary returns how far a run is. Unlike Load it reads neither the entries nor older notes.
// The error is ErrNotFound without a run.
func (e *Records) Summary(ctx context.Context, id string) (Summary, error) {
	latest, err := e.latest(ctx, contract.ReplaysPrefix+id+"/", "")
	if err != nil {
		return Summary{}, err
	}
	note, known := latest[id]
	if !known {
		return Summary{}, e.unknown(id)
	}
	s, err := e.summarize(ctx, id, note)
	if err != nil {
		return Summary{}, err
	}
	return s, e.check(s.Record)
}

// latest returns the key of the latest note of each run, by id, "" without one. The records'
// keys have a prefix and are after another key.
func (e *Records) latest(ctx context.Context, prefix, after string) (map[string]string, error) {
	latest := map[string]string{}
	err := e.list(ctx, prefix, after, func(key string, _ time.Time) {
		id, name, _ := strings.Cut(strings.TrimPrefix(key, contract.ReplaysPrefix), "/")
		switch {
		case name == startName:
			if _, known := latest[id]; !known {
				latest[id] = ""
			}
		case strings.HasPrefix(name, notesName):
			latest[id] = key
		}
	})
	return latest, err
}

// summarize reads the start of a run, and a note of it if that is not "".
func (e *Records) summarize(ctx context.Context, id, latest string) (Summary, error) {
	var s Summary
	if err := e.get(ctx, contract.ReplaysPrefix+id+"/"+startName, &s.Record); err != nil {
		return s, err
	}
	if latest == "" {
		return s, nil
	}
	var n note
	err := e.get(ctx, latest, &n)
	s.Done, s.NotSent, s.Proof, s.At = n.Done, n.NotSent, n.Proof, n.At
	return s, err
}
