package consumer

import (
	"context"
	"strconv"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// signatureDays is how long a signature is remembered after the receipt of its
// body. It exceeds PayPal's window of 30 days and 5 minutes, after which the
// processor rejects the signature.
const signatureDays = 31

// Guards keeps the first value claimed for each name. Claim returns that value. A
// guard with the zero time never expires.
type Guards interface {
	Claim(ctx context.Context, name, value string, expires time.Time) (held string, err error)
}

// guard claims the signature and the id of an event of a guarded provider, and
// returns the reason why the event must not be stored, or "". The event's row holds
// its id and time, but one signature fits many ids and times.
//
// After a crash between claim and row, the next receive claims the same value and
// continues. The signature comes first: a forged body that reuses one claims no
// event id.
func (h *Handler) guard(ctx context.Context, e event.Event) (failureReason string, err error) {
	received := time.UnixMilli(e.ReceivedAt)
	if e.SignedSHA256 != "" {
		name := "signature#" + e.Provider + ":" + e.SignedSHA256
		held, err := h.Guards.Claim(ctx, name, e.PayloadSHA256, received.AddDate(0, 0, signatureDays))
		if err != nil {
			return "", err
		}
		if held != e.PayloadSHA256 {
			return contract.ReasonSignatureReused, nil
		}
	}
	var expires time.Time // with the event
	if e.ExpiresAt > 0 {
		expires = time.Unix(e.ExpiresAt, 0)
	}
	at := strconv.FormatInt(e.Timestamp, 10)
	held, err := h.Guards.Claim(ctx, "event#"+e.ID, at, expires)
	if err == nil && held != at {
		return contract.ReasonConflict, nil
	}
	return "", err
}
