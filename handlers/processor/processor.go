// Package processor is gate 2: it verifies the signature of a webhook over the
// raw body, normalises the event and sends it to the queue. It answers 200 only
// after SQS has accepted the message, because a provider does not repeat a
// webhook that was answered 200.
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

// Timeouts of a Handler's dependencies. The function has 9 s, of which reading
// the secret takes at most 3 s.
const (
	// AttemptTimeout bounds one attempt to read the secret or to send a message. It
	// leaves time for a second attempt when Lambda was frozen and the connection is
	// dead.
	AttemptTimeout = 1500 * time.Millisecond
	// ReadyTimeout bounds the preparations before the first request.
	ReadyTimeout = time.Second
	// PutTimeout bounds Payloads.Put.
	PutTimeout = 2500 * time.Millisecond
	// SharedTimeout bounds one call to the store of certificates.
	SharedTimeout = 500 * time.Millisecond
	// SendTimeout bounds Queue.Send.
	SendTimeout = 3 * time.Second
)

// margin is reserved at the end of an invocation for answering 503.
const margin = 500 * time.Millisecond

// MaxInline is the maximum size of a raw body in a message, in bytes.
const MaxInline = event.MaxInline

// Secrets caches the provider's secret.
type Secrets interface {
	Get(context.Context) (provider.Verifier, error)
	Refresh(context.Context) (newer provider.Verifier, changed bool)
}

// Payloads stores the large bodies of events that expire after retentionDays and
// returns their references.
type Payloads interface {
	Put(ctx context.Context, e event.Event, retentionDays int) (ref string, err error)
}

// Events is webhook-queue. SendInGroup returns nil only if the queue has accepted
// the message.
type Events interface {
	SendInGroup(ctx context.Context, body, group string) error
}

// Handler receives the webhooks of one provider.
type Handler struct {
	Provider    provider.Provider
	Secrets     Secrets
	Events      Events
	DeadLetters event.Queue // webhook-dlq, for signed bodies that are not events
	Payloads    Payloads
	// RetentionDays is how long an event received now is kept; 0 is for ever.
	RetentionDays int
	Log           *slog.Logger
	Metrics       *function.Metrics
	Now           func() time.Time

	recent recent
	hints  limiter
}

// Handle handles a webhook. It never returns an error, which API Gateway would
// answer with 502.
func (h *Handler) Handle(ctx context.Context, r function.Request) (events.APIGatewayProxyResponse, error) {
	work, cancel := function.WithMargin(ctx, margin)
	defer cancel()
	e, err := h.receive(work, r)
	h.report(ctx, e, err)
	return response(e, err), nil
}

// receive verifies, normalises and sends a webhook. With an error, the event has
// the fields that were known before it.
func (h *Handler) receive(ctx context.Context, r function.Request) (event.Event, error) {
	now := h.Now()
	receipt := event.Event{
		Schema:     event.Schema,
		Provider:   h.Provider.Descriptor().Name,
		ReceivedAt: now.UnixMilli(),
		ExpiresAt:  event.Expiry(now, h.RetentionDays),
		RequestID:  r.RequestID,

		ExtendedRequestID: r.ExtendedRequestID,
		Traceparent:       function.Traceparent(ctx),
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
	receipt.SignedSHA256 = origin.SignedSHA256
	receipt.Payload, receipt.PayloadSHA256 = body, event.HashPayload(body)
	c := contentOf(receipt.PayloadSHA256, origin)
	if id, ok := h.recent.find(c, now); ok {
		receipt.ID = id
		return receipt, errRepeated
	}

	e, err := h.Provider.Event(body, origin)
	if err != nil {
		return receipt, h.quarantine(ctx, c, receipt, err)
	}
	e.ReceivedAt, e.RequestID = receipt.ReceivedAt, receipt.RequestID
	e.ExtendedRequestID, e.Traceparent = receipt.ExtendedRequestID, receipt.Traceparent
	e.ExpiresAt = receipt.ExpiresAt
	e.Payload, e.PayloadSHA256 = receipt.Payload, receipt.PayloadSHA256
	e.SignedSHA256 = receipt.SignedSHA256
	if origin.Livemode != nil && (e.Livemode == nil || *e.Livemode != *origin.Livemode) {
		e.OtherMode = true
		if !origin.StoreOtherMode {
			return e, h.quarantine(ctx, c, e, fmt.Errorf("%w: livemode in the body is not the environment of the secret's entry", provider.OtherMode))
		}
	}
	return e, h.send(ctx, c, e, "")
}

// verify verifies the signature. After a mismatch it reads the secret again, so
// that a rotation takes effect immediately.
func (h *Handler) verify(ctx context.Context, header provider.Header, body []byte, now time.Time) (provider.Origin, error) {
	verifier, err := h.Secrets.Get(ctx)
	if err != nil {
		return provider.Origin{}, err
	}
	origin, err := verifier.Verify(ctx, header, body, now)
	if provider.ReasonOf(err) != provider.SignatureMismatch {
		return origin, err
	}
	if newer, changed := h.Secrets.Refresh(ctx); changed {
		verifier = newer
		origin, err = newer.Verify(ctx, header, body, now)
	}
	return origin, h.explain(ctx, verifier, header, body, now, err)
}

// quarantine sends a signed body that may not be stored to webhook-dlq and returns
// cause. The body is not dropped, because the provider does not repeat it, and not
// rejected, because the provider would repeat it for days.
func (h *Handler) quarantine(ctx context.Context, c content, e event.Event, cause error) error {
	if err := h.send(ctx, c, e, string(provider.ReasonOf(cause))); err != nil {
		return err
	}
	return cause
}

// send sends an event to Events, or to DeadLetters with a failureReason, and
// remembers c. It stores a body above MaxInline in the bucket first, where it stays
// without a message if the queue fails; the provider then repeats the webhook.
func (h *Handler) send(ctx context.Context, c content, e event.Event, failureReason string) error {
	if len(e.Payload) > MaxInline {
		ref, err := h.Payloads.Put(ctx, e, h.RetentionDays)
		if err != nil {
			return fmt.Errorf("%w: %w", provider.BucketUnreachable, err)
		}
		e.Payload, e.PayloadRef = nil, ref
	}
	received := time.UnixMilli(e.ReceivedAt)
	var err error
	if failureReason == "" {
		err = h.Events.SendInGroup(ctx, event.Encode(e), groupOf(e, received))
	} else {
		err = h.DeadLetters.Send(ctx, event.Encode(e), failureReason)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", provider.QueueUnreachable, err)
	}
	h.recent.add(c, e.ID, received)
	return nil
}
