package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/paysluice/paysluice/handlers/reconcile"
)

// compared has the stack, provider and flags of a comparison. One that resumes needs equal ones.
type compared struct {
	Stack      string `json:"stack"`
	Provider   string `json:"provider"`
	Account    string `json:"account"`
	WebhookURL string `json:"webhookUrl"`
	AllTypes   bool   `json:"allTypes"`
	Thin       bool   `json:"thin"`
	Sandbox    bool   `json:"sandbox"`
}

func (r *reconciliation) compared() compared {
	f := r.flags
	return compared{r.stack.ID, r.provider.Name, f.account, f.url, f.allTypes, f.thin, f.sandbox}
}

// keptPlace is the place of a comparison in a file, with what was compared.
type keptPlace struct {
	compared
	reconcile.Place
	// Refill is nil until the comparison is complete and its refill has begun.
	Refill *keptRefill `json:"refill,omitempty"`
}

// keptRefill is how far a refill has come.
type keptRefill struct {
	Place       reconcile.Place `json:"place"`
	Store       bool            `json:"store"` // the flag
	Redelivered int             `json:"redelivered"`
	Refilled    int             `json:"refilled"`
}

// start returns the place at which a comparison begins: the place in the file, or the
// start of the range.
func (r *reconciliation) start(since, until time.Time) (reconcile.Place, error) {
	var kept keptPlace
	path := r.flags.place
	if path == "" {
		return reconcile.Start(since, until), r.checkRetention(since)
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		fresh := reconcile.Start(since, until)
		if err := r.checkRetention(since); err != nil {
			return fresh, err
		}
		return fresh, r.keep(fresh, nil)
	}
	if err != nil {
		return reconcile.Place{}, err
	}
	if err := json.Unmarshal(text, &kept); err != nil {
		return reconcile.Place{}, fmt.Errorf("%s is not the place of a comparison: name another file: %w", path, err)
	}
	if kept.compared != r.compared() {
		return reconcile.Place{}, usagef("%s is the place of another comparison: name another file, or repeat the stack, PROVIDER, "+
			"--account, --webhook-url, --all-types, --thin and --sandbox of the other", path)
	}
	if kept.Refill != nil && !r.flags.refill { // its counts are those before the refill
		return reconcile.Place{}, usagef("%s is the place of a refill: add --refill, or name another file", path)
	}
	fmt.Fprintf(r.app.err, "resuming at %s; the range is %s to %s\n", kept.Next.Format(time.RFC3339),
		kept.Since.Format(time.RFC3339), kept.Until.Format(time.RFC3339))
	r.resumed = kept.Refill
	return kept.Place, r.checkRetention(kept.Next)
}

// keep writes the place of the comparison, and of its refill, to the file.
func (r *reconciliation) keep(p reconcile.Place, refill *keptRefill) error {
	if r.flags.place == "" {
		return nil
	}
	return replaceFile(r.flags.place, keptPlace{r.compared(), p, refill})
}

// replaceFile writes JSON to a file. It replaces the file as a whole, so that a kill
// leaves the old content or the new one.
func replaceFile(path string, content any) error {
	text, err := json.Marshal(content)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
