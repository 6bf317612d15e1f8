package processor

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/paysluice/paysluice/handlers/provider"
)

// Bounds on diagnoses. Anybody can cause them with wrong signatures.
const (
	// maxHintBody is the largest body that is diagnosed, in bytes. Most events have 2
	// to 5 KB.
	maxHintBody = 16 << 10
	// hintEffort bounds the bytes that one diagnosis hashes. It takes a few
	// milliseconds of a vCPU.
	hintEffort = 2 << 20
	// hintEvery is the minimum time between two diagnoses of a function instance.
	hintEvery = time.Second
)

// hinted is a rejection with the diagnosis for the log.
type hinted struct {
	error
	hint provider.Diagnosis
}

// Unwrap returns the rejection.
func (h hinted) Unwrap() error { return h.error }

// limiter allows one diagnosis per hintEvery. The zero value is ready.
type limiter struct {
	mu   sync.Mutex
	last time.Time
}

func (l *limiter) allow(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	// A negative age means that the clock was set back. It counts as expired.
	if age := now.Sub(l.last); 0 <= age && age < hintEvery {
		return false
	}
	l.last = now
	return true
}

// explain adds a diagnosis to a mismatch. The response is the same with and
// without it.
func (h *Handler) explain(ctx context.Context, v provider.Verifier, header provider.Header, body []byte, now time.Time, err error) error {
	d, ok := v.(provider.Diagnoser)
	if !ok || provider.ReasonOf(err) != provider.SignatureMismatch || len(body) > maxHintBody || !h.hints.allow(now) {
		return err
	}
	return hinted{err, d.Diagnose(ctx, provider.Case{Header: header, Body: body, Now: now, Err: err, Effort: hintEffort})}
}

// hintOf returns the diagnosis of an error for the log, "" if it has none or its
// cause is unknown.
func hintOf(err error) string {
	h, ok := errors.AsType[hinted](err)
	if !ok || h.hint.Certainty == provider.Unknown {
		return ""
	}
	return h.hint.String()
}
