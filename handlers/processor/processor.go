// Package processor is gate 2: it verifies a webhook's signature over the raw
// bytes, normalises the event and puts it into the queue. It answers 200 only
// after SQS has accepted the message, since a provider that was answered 200
// never sends again.
package processor

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider"
)

// What a Handler's parts may take within the function's 9 s, of which a slow
// secret takes 3.
const (
	// AttemptTimeout is of one attempt to read the secret or to send a message,
	// far above what an answer takes: a connection that died while Lambda had
	// the environment frozen says nothing, and there is time for another one.
	AttemptTimeout = 1500 * time.Millisecond
	// ReadyTimeout is of what a start waits for, which Lambda does not count as the
	// invocation's time. A first request joins the reading that the start began: its
	// parts take no longer than a later one's, 3 + 2.5 + 3 s, and Square hangs up
	// after 10. A secret is read in 0.3 s as a rule (test/load/latency.json).
	ReadyTimeout = time.Second
	// PutTimeout is of Payloads, for one large body.
	PutTimeout = 2500 * time.Millisecond
	// SendTimeout is of Events and DeadLetters, for one message.
	SendTimeout = 3 * time.Second
)

// margin is what is kept of an invocation's time to say 503. Its parts are
// bounded each, but not so that the bounds together stay below the whole.
const margin = 500 * time.Millisecond

// maxInline is the largest raw body, in bytes, that travels in its message. In
// base64 it is 256 KiB, so that a batch of ten messages stays below the 6 MB of
// an invocation (Lambda Developer Guide, "Lambda quotas"), and beside the other
// fields it fits into the 400 KB of a DynamoDB item.
const maxInline = 192 << 10

// Secrets is a cache of the provider's signing secrets.
type Secrets interface {
	Get(context.Context) (provider.Verifier, error)
	Refresh(context.Context) (newer provider.Verifier, changed bool)
}

// Queue takes a message, or returns an error and has not taken it.
type Queue interface {
	Send(ctx context.Context, body, failureReason string) error
}

// Payloads keeps a body outside of its message and returns where, or an error
// and has perhaps not kept it.
type Payloads interface {
	Put(ctx context.Context, provider string, payload []byte) (ref string, err error)
}

// Handler takes one provider's webhooks.
type Handler struct {
	Provider    provider.Provider
	Secrets     Secrets
	Events      Queue // webhook-queue
	DeadLetters Queue // webhook-dlq, for what is signed but not an event
	Payloads    Payloads
	Log         *slog.Logger
	Metrics     *function.Metrics
	Now         func() time.Time
}

// Handle answers a request that API Gateway passed on. It never returns an
// error: that would be a 502 instead of an answer that says what happened.
func (h *Handler) Handle(ctx context.Context, r function.Request) (events.APIGatewayProxyResponse, error) {
	work, cancel := function.WithMargin(ctx, margin)
	defer cancel()
	e, err := h.receive(work, r)
	h.report(ctx, e, err)
	return answer(e, err), nil
}

// receive verifies, normalises and queues. The event is what was known of the
// request when the error came.
func (h *Handler) receive(ctx context.Context, r function.Request) (event.Event, error) {
	now := h.Now()
	receipt := event.Event{
		Schema:     event.Schema,
		Provider:   h.Provider.Descriptor().Name,
		ReceivedAt: now.UnixMilli(),
		RequestID:  r.RequestID,
	}
	body, err := r.RawBody()
	if err != nil {
		return receipt, err
	}
	origin, err := h.verify(ctx, r.Header, body, now)
	if err != nil {
		return receipt, err
	}
	receipt.Endpoint, receipt.Livemode = origin.Endpoint, origin.Livemode
	receipt.Payload, receipt.PayloadSHA256 = body, event.HashPayload(body)

	e, err := h.Provider.Event(body, origin)
	if err != nil {
		return receipt, h.quarantine(ctx, receipt, err)
	}
	e.ReceivedAt, e.RequestID = receipt.ReceivedAt, receipt.RequestID
	e.Payload, e.PayloadSHA256 = receipt.Payload, receipt.PayloadSHA256
	return e, h.send(ctx, h.Events, e, "")
}

// verify checks the signature. A mismatch is checked once more against a newer
// secret, so that a rotation takes effect at once.
func (h *Handler) verify(ctx context.Context, header provider.Header, body []byte, now time.Time) (provider.Origin, error) {
	verifier, err := h.Secrets.Get(ctx)
	if err != nil {
		return provider.Origin{}, err
	}
	origin, err := verifier.Verify(ctx, header, body, now)
	if provider.ReasonOf(err) != provider.SignatureMismatch {
		return origin, err
	}
	newer, changed := h.Secrets.Refresh(ctx)
	if !changed {
		return origin, err
	}
	return newer.Verify(ctx, header, body, now)
}

// quarantine keeps a signed body that is not an event: dropping it would lose
// what the provider will not send again, refusing it would make the provider
// send it for days. It returns the cause once the body is safe.
func (h *Handler) quarantine(ctx context.Context, e event.Event, cause error) error {
	if err := h.send(ctx, h.DeadLetters, e, string(provider.ReasonOf(cause))); err != nil {
		return err
	}
	return cause
}

// send puts an event into a queue; before that, a body that is too large for a
// message into the bucket. A body whose message then fails stays there without
// one, and nothing is lost: the provider sends both again.
func (h *Handler) send(ctx context.Context, q Queue, e event.Event, failureReason string) error {
	if len(e.Payload) > maxInline {
		ref, err := h.Payloads.Put(ctx, e.Provider, e.Payload)
		if err != nil {
			return fmt.Errorf("%w: %w", provider.BucketUnreachable, err)
		}
		e.Payload, e.PayloadRef = nil, ref
	}
	if err := q.Send(ctx, event.Encode(e), failureReason); err != nil {
		return fmt.Errorf("%w: %w", provider.QueueUnreachable, err)
	}
	return nil
}
