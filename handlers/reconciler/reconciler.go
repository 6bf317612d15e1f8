// Package reconciler compares, every few hours, the events that the providers list with
// those that the stack stored.
//
// A schedule invokes it more often than it compares. An invocation starts a comparison
// that is due, or resumes the one that an earlier invocation did not finish. Its records
// in the bucket are its whole state.
package reconciler

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/reconcile"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
)

const (
	// AttemptTimeout bounds one attempt of a call of AWS.
	AttemptTimeout = 20 * time.Second
	// SendTimeout bounds sending or storing one missing event, including retries.
	SendTimeout = 30 * time.Second
	// ProofTime is how long a refill waits until everything is stored: the function's
	// default.
	ProofTime = 2 * time.Minute
	// margin is reserved at the end of an invocation for the record and the metrics.
	margin = 20 * time.Second
)

// Records keeps the state of comparisons. No object is replaced.
type Records interface {
	// Keys returns the keys that begin with prefix and sort after the key after.
	Keys(ctx context.Context, prefix, after string) iter.Seq2[string, error]
	Get(ctx context.Context, key string) ([]byte, error)
	// Create puts a new object. It returns an error if there is one.
	Create(ctx context.Context, key string, data []byte) error
}

// Target is a provider whose webhooks the stack receives.
type Target struct {
	Provider provider.Provider
	URL      string // of its webhooks
}

// Handler compares all providers.
type Handler struct {
	Targets []Target
	// APIKeys returns the keys by provider, nil for one that is left out on purpose.
	APIKeys func(context.Context) (map[string]*source.Key, error)
	// Open returns the API of a provider. notify receives a line for each repeated
	// request.
	Open    func(p contract.Provider, k source.Key, notify func(string)) (source.Source, error)
	Table   reconcile.Table
	Archive reconcile.Archive
	Records Records
	// Refill gets missing events in; its copy serves one comparison. Nil leaves them
	// missing.
	Refill        *reconcile.Refill
	Every         time.Duration // between the starts of two comparisons
	RetentionDays int           // after which the table's events expire; 0 is for ever
	// ProofTime is how long a refill waits until everything is stored.
	ProofTime time.Duration
	Sleep     func(context.Context, time.Duration) error
	Now       func() time.Time
	Log       *slog.Logger
	Metrics   *function.Metrics
}

// Outcome is the state of a provider's comparison at the end of an invocation.
type Outcome struct {
	// State is one of the constants below.
	State string `json:"state"`
	// Reasons are the codes of contract.UnreconciledReasons that hold for the provider.
	Reasons []string `json:"reasons,omitempty"`
	// Report is the key of the last finished report.
	Report string `json:"report,omitempty"`
	// Missing are the events that the last finished comparison left missing, or more if
	// the current one has found more.
	Missing int `json:"missing"`
	// Lost are the events of Missing that the provider does not deliver by itself.
	Lost int `json:"lost"`
	// Next is the first time that the current comparison has not reached.
	Next *time.Time `json:"next,omitempty"`

	counts []function.Count // of a comparison that this invocation finished
	// unread reports whether Lost is unknown, because the records could not be read.
	unread bool
}

// States of an Outcome.
const (
	StateOff      = "off"      // the secret says null: the provider is left out on purpose
	StateNoKey    = "no key"   // the secret has neither a key of the provider nor null
	StateFailed   = "failed"   // the log says why
	StateBusy     = "busy"     // another invocation continues the comparison
	StateRunning  = "running"  // a later invocation continues it
	StateFinished = "finished" // this invocation finished it
	StateIdle     = "idle"     // the next comparison is not due
)

// Handle runs one invocation. It returns no error, because Lambda would invoke it again
// at once and the schedule does so soon.
func (h *Handler) Handle(ctx context.Context, _ json.RawMessage) (map[string]Outcome, error) {
	bounded, cancel := function.WithMargin(ctx, margin)
	defer cancel()
	var in invocation
	var err error
	if in.keys, err = h.APIKeys(bounded); err != nil {
		in.failed = reason(err)
		h.Log.ErrorContext(ctx, "API keys not read: no provider is compared", contract.ReasonProperty, in.failed, "error", err.Error())
	}
	for _, t := range h.Targets {
		name := t.Provider.Descriptor().Name
		if _, said := in.keys[name]; !said {
			in.keyless = append(in.keyless, name)
		}
	}
	outcomes := make([]Outcome, len(h.Targets))
	var running sync.WaitGroup
	for i, target := range h.Targets {
		running.Go(func() { outcomes[i] = h.target(ctx, bounded, target, in) })
	}
	running.Wait()
	all := map[string]Outcome{}
	unread := slices.ContainsFunc(outcomes, func(o Outcome) bool { return o.unread })
	for i, target := range h.Targets {
		all[target.Provider.Descriptor().Name] = outcomes[i]
		h.publish(ctx, target, outcomes[i], unread)
	}
	return all, nil
}

// invocation has the values of an invocation that are the same for all providers.
type invocation struct {
	keys    map[string]*source.Key
	keyless []string // providers that keys does not name
	failed  string   // why there are no keys
}

// target compares one provider until bounded ends.
func (h *Handler) target(ctx, bounded context.Context, t Target, in invocation) Outcome {
	name := t.Provider.Descriptor().Name
	log := h.Log.With("provider", name)
	key, said := in.keys[name]
	if said && key == nil {
		log.InfoContext(ctx, "the secret says null: this provider is not compared, on purpose")
		return Outcome{State: StateOff}
	}
	w := worker{Handler: h, target: t, log: log, keyless: in.keyless}
	err := w.load(bounded)
	w.unread = err != nil
	switch {
	case in.failed != "":
		return w.outcome(ctx, StateFailed, in.failed)
	case !said:
		log.ErrorContext(ctx, "this provider is not compared: the secret has neither its key nor null", contract.ReasonProperty, contract.UnreconciledNoKey)
		return w.outcome(ctx, StateNoKey, contract.UnreconciledNoKey)
	case err == nil:
		err = w.work(ctx, bounded, *key)
	}
	switch {
	case err == nil:
		return w.outcome(ctx, w.state)
	case errors.Is(err, errBusy):
		log.InfoContext(ctx, "another invocation continues the comparison")
		return w.outcome(ctx, StateBusy)
	}
	log.ErrorContext(ctx, "comparison not finished", contract.ReasonProperty, reason(err), "error", err.Error())
	return w.outcome(ctx, StateFailed, reason(err))
}

// publish writes the provider's metrics. Lost and Unreconciled are states, so they are
// written at each invocation; the others count. Lost is not written while it is unknown,
// and 0 not while it is unknown for any provider (unread): 0 would end a page, because the
// alarm reads the largest value of all providers.
func (h *Handler) publish(ctx context.Context, t Target, o Outcome, unread bool) {
	if o.State == StateOff {
		return
	}
	unreconciled := min(len(o.Reasons), 1)
	counts := append(o.counts, function.Count{Metric: contract.MetricUnreconciled, Value: unreconciled})
	if !o.unread && (o.Lost > 0 || !unread) {
		counts = append(counts, function.Count{Metric: contract.MetricLost, Value: o.Lost})
	}
	h.Metrics.Publish(ctx, "reconciled", t.Provider.Descriptor().Name, counts,
		slog.String("state", o.State), slog.String("report", o.Report), slog.String("reasons", strings.Join(o.Reasons, ",")))
}

// reason returns the code of an error for the log.
func reason(err error) string {
	for _, r := range []struct {
		class error
		code  string
	}{
		{provider.SecretEmpty, contract.UnreconciledKeysEmpty},
		{provider.SecretUnreachable, contract.UnreconciledKeysUnreachable},
		{source.ErrNoKeys, contract.UnreconciledKeysMalformed},
		{errKeys, contract.UnreconciledKeysMalformed},
		{source.ErrKey, contract.UnreconciledKeyRefused},
		{source.ErrNotFound, contract.UnreconciledNoEndpoint},
		{source.ErrUnavailable, contract.UnreconciledAPIUnavailable},
	} {
		if errors.Is(err, r.class) {
			return r.code
		}
	}
	return contract.UnreconciledFailed
}
