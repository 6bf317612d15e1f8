package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/reconcile"
)

// refilled lists seven events of Stripe and returns the ids that are sent to the queue.
func refilled(t *testing.T) (r *reconciled, sent *[]string) {
	t.Helper()
	r, sent = newReconciled(t, contract.Stripe()), &[]string{}
	for n := 2; n <= 7; n++ {
		r.list(fmt.Sprint("e", n), time.Duration(100-n)*time.Minute)
	}
	r.refuse = func(id string) string {
		*sent = append(*sent, id)
		return ""
	}
	return r, sent
}

func TestRefillContinuesAfterAFailure(t *testing.T) {
	r, _ := refilled(t)
	r.refuse = func(id string) string { return map[string]string{"e3": "InvalidMessageContents"}[id] }
	r.read = func() { r.stored, r.queued = append(r.stored, r.queued...), nil } // before the first look of the proof
	require.Equal(t, exitFound, r.run(t, "--refill --yes --wait 1ms -o json"), &r.stderr)
	assert.Contains(t, r.stderr.String(), "0 to be delivered again, 6 sent to webhook-queue, 1 failed\n")
	assert.Contains(t, r.stderr.String(), "not refilled: stripe:e3 charge.succeeded: ")
	var got reconciliationResult
	require.NoError(t, json.Unmarshal(r.stdout.Bytes(), &got))
	assert.Equal(t, []int{6, 1, 6, 1}, []int{got.Stored, got.Missing, got.Refilled, got.Failed})
	require.Len(t, got.Failures, 1)
	assert.Equal(t, "stripe:e3", got.Failures[0].ID)
	assert.Contains(t, got.Failures[0].Reason, "InvalidMessageContents")

	assert.Equal(t, exitFound, r.run(t, "--refill --yes -o ndjson"), "again")
	assert.Contains(t, r.stdout.String(), `{"state":"failed","eventId":"stripe:e3","type":"charge.succeeded","timestamp":`)
	assert.Contains(t, r.stdout.String(), `"reason":"`)
	r.refuse = func(string) string { return "" }
	assert.Equal(t, exitDone, r.run(t, "--refill --yes"), "it passed")
}

// A failure that all events share ends the refill. The same command continues it.
func TestRefillEndsAfterSameFailures(t *testing.T) {
	for why, row := range map[string]struct {
		codes []string // of each attempt; the last one of all others
		calls int
		code  int
		says  string
	}{
		"no right":                  {[]string{"AccessDeniedException"}, 5, exitFailed, "the refill ended after 5 failures in a row for one reason"},
		"an error without a class":  {[]string{"InvalidMessageContents"}, 5, exitFailed, "the refill ended after 5 failures in a row"},
		"different reasons":         {[]string{"A", "A", "A", "A", "B", "A", "A"}, 7, exitFound, "0 sent to webhook-queue, 7 failed"},
		"one that works in between": {[]string{"A", "A", "A", "A", "", "A", "A"}, 7, exitFound, "1 sent to webhook-queue, 6 failed"},
	} {
		r, _ := refilled(t)
		calls := 0
		r.refuse = func(string) string {
			calls++
			return row.codes[min(calls, len(row.codes))-1]
		}
		place := filepath.Join(t.TempDir(), "place.json")
		require.Equal(t, row.code, r.run(t, "--refill --yes --wait 1ms --place "+place), "%s: %s", why, &r.stderr)
		assert.Contains(t, r.stderr.String(), row.says, why)
		assert.Equal(t, row.calls, calls, why)
		if row.code == exitFound {
			assert.NoFileExists(t, place)
			continue
		}
		r.refuse = func(string) string { return "" }
		assert.Equal(t, exitDone, r.run(t, "--refill --yes --place "+place), &r.stderr)
		assert.Contains(t, r.stderr.String(), "7 sent to webhook-queue, 0 failed")
		assert.NoFileExists(t, place)
	}
}

func TestRefillEndsWhenTheKeyIsRefused(t *testing.T) {
	r := newReconciled(t, contract.PayPal())
	for n := 2; n <= 7; n++ {
		r.list(fmt.Sprint("e", n), 80*time.Minute)
	}
	r.api.Fault = func(w http.ResponseWriter, request *http.Request, _ int) bool {
		refused := strings.HasSuffix(request.URL.Path, "/resend")
		if refused {
			w.WriteHeader(http.StatusForbidden)
		}
		return refused
	}
	assert.Equal(t, exitFailed, r.run(t, "--sandbox --refill --yes"))
	assert.Contains(t, r.stderr.String(), "the provider refuses the key: POST /v1/notifications/webhooks-events/")
	assert.Equal(t, sameFailures, strings.Count(r.stderr.String(), "not refilled: paypal:e"))
	assert.Contains(t, r.stderr.String(), "0 to be delivered again, 0 sent to webhook-queue, 5 failed\n")
}

// A refill that is killed continues after the last window that it finished.
func TestRefillIsResumed(t *testing.T) {
	r, sent := refilled(t)
	r.list("late", 20*time.Minute) // in the next window
	place := filepath.Join(t.TempDir(), "place.json")
	ctx, cancel := context.WithCancel(t.Context())
	record := r.refuse
	r.refuse = func(id string) string {
		record(id)
		if id == "late" {
			cancel()
		}
		return ""
	}
	require.Equal(t, exitInterrupted, r.runUntil(ctx, t, "--refill --yes --place "+place), &r.stderr)
	assert.Len(t, *sent, 8)
	assert.Equal(t, exitUsage, r.run(t, "--place "+place))
	assert.Contains(t, r.stderr.String(), "is the place of a refill: add --refill, or name another file")
	assert.FileExists(t, place)
	r.refuse, *sent = record, nil
	require.Equal(t, exitDone, r.run(t, "--refill --yes --place "+place+" -o json"), &r.stderr)
	assert.Contains(t, r.stderr.String(), "the refill resumes at ")
	assert.Equal(t, []string{"late"}, *sent)
	var got reconciliationResult
	require.NoError(t, json.Unmarshal(r.stdout.Bytes(), &got))
	assert.Equal(t, 8, got.Refilled, "those before the interrupt count")
	assert.NoFileExists(t, place)
}

// brokenQueue refuses each message.
type brokenQueue struct{}

func (brokenQueue) Send(context.Context, string, string) error { return errDown }

func TestFailuresThatCannotBePrinted(t *testing.T) {
	refill := refilling{Refill: &reconcile.Refill{Queue: brokenQueue{}, Now: time.Now}, tell: func(notRefilled) error { return errFull }}
	assert.ErrorIs(t, refill.event(t.Context(), event.Event{}), errFull)
}

// fewSent is a queue that refuses each second message.
type fewSent struct{ sent int }

func (q *fewSent) Send(context.Context, string, string) error {
	if q.sent++; q.sent%2 == 0 {
		return errDown
	}
	return nil
}

// A comparison that shortens a window passes its missing events again.
func TestShortenedWindowRefillsOnce(t *testing.T) {
	queue, told := &fewSent{}, 0
	refill := refilling{Refill: &reconcile.Refill{Queue: queue, Now: time.Now}, tell: func(notRefilled) error { told++; return nil }}
	for range 2 {
		for n := range 6 {
			require.NoError(t, refill.event(t.Context(), event.Event{ID: fmt.Sprint("stripe:e", n)}))
		}
	}
	assert.Equal(t, []int{6, 3, 3, 3, 3}, []int{queue.sent, refill.Stored, refill.failed, len(refill.failures), told})
}
