package consumer

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
)

// expiryMargin is how far the clocks of provider, functions and DynamoDB may
// differ.
const expiryMargin = time.Hour

// refuse returns the reason why an event goes to webhook-dlq, "" if it can be
// stored.
func (h *Handler) refuse(ctx context.Context, record events.SQSMessage, e event.Event) (reason string) {
	if !h.Senders.MaySend(record, e) {
		return contract.ReasonSender
	}
	if len(h.Senders) > 0 && h.Senders.Provider(record) == "" {
		h.Log.InfoContext(ctx, contract.OtherSenderMessage,
			"eventId", e.ID, "messageId", record.MessageId, "senderId", record.Attributes[function.SenderAttribute])
	}
	if h.expired(e) {
		return contract.ReasonExpired
	}
	return ""
}

// expired reports whether the table may have had the event and deleted it. Retention
// counts from receipt. An event that is at least that old on receipt may have been
// stored and deleted before. So may a replayed message whose ExpiresAt has passed.
func (h *Handler) expired(e event.Event) bool {
	if e.ExpiresAt == 0 {
		return false
	}
	expires, received := time.Unix(e.ExpiresAt, 0).Add(-expiryMargin), time.UnixMilli(e.ReceivedAt)
	age := received.Sub(time.UnixMilli(e.Timestamp))
	return e.Timestamp > 0 && age >= expires.Sub(received) || !h.Now().Before(expires)
}
