package reconciler

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/reconcile"
)

// Schema is the version of the records.
const Schema = "paysluice.reconciliation/1"

// The record of a comparison has no payload. The bucket's policy denies to replace an
// object, so it grows by objects below {contract.ReconciliationsPrefix}{provider}/{run}/:
//
//	findings/000001-{writer}.ndjson  a line for each finding of a window
//	notes/000001.json                the place after a window
//	report.json                      the result
const (
	findingsName = "findings/"
	notesName    = "notes/"
	reportName   = "report.json"
	// runLayout is the time with which a run starts, its name.
	runLayout = "20060102T150405Z"
)

// errBusy reports that another invocation has written the next note.
var errBusy = errors.New("another invocation continues the comparison")

// Report is the result of one comparison.
type Report struct {
	Schema    string    `json:"schema"`
	Provider  string    `json:"provider"`
	StartedAt time.Time `json:"startedAt"`
	EndedAt   time.Time `json:"endedAt"`
	Since     time.Time `json:"since"`
	Until     time.Time `json:"until"`
	// MarginSeconds is the age below which an absent event is on the way.
	MarginSeconds int `json:"marginSeconds"`
	reconcile.Report
	// Refill is the result of the refill, nil without one.
	Refill *refilled `json:"refill,omitempty"`
	// OldestMissing is the time of the oldest missing event, 0 without one.
	OldestMissing int64 `json:"oldestMissing"`
	// Gap is a range before Since that no comparison of the provider has.
	Gap *Gap `json:"gap,omitempty"`
	// NotCompared are the providers that the secret of the API keys does not name.
	NotCompared []string `json:"notCompared,omitempty"`
	// Findings are the keys of the objects that name every missing, different and unknown
	// event, a JSON object a line.
	Findings []string `json:"findings"`
}

// Gap is a range [From, To) of the provider's time. The provider or the table no longer
// had its events when it could have been compared.
type Gap struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// reasons returns why a finished comparison does not show that everything arrived.
func (r Report) reasons() (codes []string) {
	if r.Listed == 0 && r.Unknown > 0 { // the provider's list is off, or is of another account
		codes = append(codes, contract.UnreconciledNothingListed)
	}
	if r.Unreadable > 0 {
		codes = append(codes, contract.UnreconciledUnreadable)
	}
	if r.Missing > 0 && r.Refill != nil && r.Refill.Failed > 0 {
		codes = append(codes, contract.UnreconciledRefillFailed)
	}
	if r.Gap != nil {
		codes = append(codes, contract.UnreconciledGap)
	}
	return codes
}

// refilled counts the events of a refill.
type refilled struct {
	// Found are the missing events before it.
	Found       int `json:"found"`
	Redelivered int `json:"redelivered"`
	Stored      int `json:"stored"`
	// Failed are the attempts that failed. The log says why.
	Failed int `json:"failed,omitempty"`
}

// note is the state of a comparison that is not finished.
type note struct {
	Schema string    `json:"schema"`
	At     time.Time `json:"at"`
	// Writer tells the notes of two invocations apart.
	Writer string          `json:"writer"`
	Place  reconcile.Place `json:"place"`
	// Proving reports whether everything was refilled and is compared once more.
	Proving       bool      `json:"proving,omitempty"`
	Refill        *refilled `json:"refill,omitempty"`
	Findings      []string  `json:"findings,omitempty"`
	OldestMissing int64     `json:"oldestMissing,omitempty"`
	Gap           *Gap      `json:"gap,omitempty"`
	previous
}

// previous is the part of a note about the last finished comparison.
type previous struct {
	PreviousReport  string    `json:"previousReport,omitempty"`
	PreviousMissing int       `json:"previousMissing,omitempty"`
	PreviousLost    int       `json:"previousLost,omitempty"`
	PreviousUntil   time.Time `json:"previousUntil,omitzero"`
	PreviousOldest  int64     `json:"previousOldestMissing,omitempty"`
	PreviousReasons []string  `json:"previousReasons,omitempty"`
}

// history has the keys of a provider's newest records in the bucket.
type history struct {
	run      string // the newest
	note     string // key of its newest note
	notes    int
	report   string // key of the newest report
	finished bool   // the report is of run
}

// find reads the keys of the comparisons that started after a time. One that starts in the
// future was written with a wrong clock, or by somebody who wants no comparison to be due.
func (w *worker) find(ctx context.Context, after time.Time) (h history, err error) {
	prefix := w.prefix()
	from := ""
	if !after.IsZero() {
		from = prefix + after.UTC().Format(runLayout)
	}
	for key, err := range w.Records.Keys(ctx, prefix, from) {
		if err != nil {
			return history{}, err
		}
		run, name, _ := strings.Cut(strings.TrimPrefix(key, prefix), "/")
		if run > w.latest().Format(runLayout) { // as later ones are
			break
		}
		if run != h.run {
			h = history{run: run, report: h.report}
		}
		switch {
		case strings.HasPrefix(name, notesName):
			h.note, h.notes = key, h.notes+1
		case name == reportName:
			h.report, h.finished = key, true
		}
	}
	return h, nil
}

func (w *worker) prefix() string {
	return contract.ReconciliationsPrefix + w.target.Provider.Descriptor().Name + "/"
}

// read decodes a record.
func (w *worker) read(ctx context.Context, key string, into any) error {
	text, err := w.Records.Get(ctx, key)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// write notes the state. The error is errBusy if another invocation wrote that note.
func (w *worker) write(ctx context.Context) error {
	w.now.Schema, w.now.At, w.now.Writer = Schema, w.Now().UTC(), w.writer
	text, _ := json.Marshal(w.now) // its times are in years of four digits
	key := fmt.Sprintf("%s%s/%s%06d.json", w.prefix(), w.run, notesName, w.notes+1)
	if err := w.Records.Create(ctx, key, text); err != nil {
		var there note
		switch {
		case w.read(ctx, key, &there) != nil:
			return err
		case there.Writer != w.writer:
			return errBusy
		}
		// Only the answer to an earlier attempt was lost.
	}
	w.notes++
	return nil
}

// keep writes the findings of a window. Their key has the writer, because an invocation
// that ended before its note leaves an object behind.
func (w *worker) keep(ctx context.Context, found []reconcile.Example) error {
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for _, e := range found {
		_ = encoder.Encode(e) // texts and a number
		if e.State == reconcile.StateMissing && (w.now.OldestMissing == 0 || e.Timestamp < w.now.OldestMissing) {
			w.now.OldestMissing = e.Timestamp
		}
	}
	if len(found) == 0 {
		return nil
	}
	key := fmt.Sprintf("%s%s/%s%06d-%s.ndjson", w.prefix(), w.run, findingsName, w.notes+1, strings.ToLower(rand.Text()))
	w.now.Findings = append(w.now.Findings, key)
	return w.Records.Create(ctx, key, lines.Bytes())
}
