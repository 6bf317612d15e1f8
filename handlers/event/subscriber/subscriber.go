// Package subscriber receives published events. A topic and a bus deliver each event at
// least once and in no order (docs/consuming.md). A Subscriber commits the effect of an event
// together with the event's key, so that a duplicate changes nothing. Effects must not depend on
// the order of events: package ledger has counting rules that need none, and versions by which a
// state replaces only an older one.
//
// It imports only the standard library and packages of events. handlers/aws/inbox keeps the
// keys in DynamoDB, and handlers/aws/body fetches raw bodies.
package subscriber

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/paysluice/paysluice/handlers/event/cloudevent"
)

// ErrConflict reports that the data from which an effect was computed has changed since.
var ErrConflict = errors.New("the effect's condition no longer holds")

// attempts bounds how often one delivery computes an effect.
const attempts = 5

// An Inbox remembers the events that a subscriber has applied. An Effect is what one
// transaction of its store can change: items of DynamoDB, or statements of SQL.
type Inbox[Effect any] interface {
	// Apply commits the effect and the key of its event, both or none. It reports false and
	// changes nothing if the inbox has the key. The error is ErrConflict if a condition of
	// the effect does not hold.
	Apply(ctx context.Context, key string, effect Effect) (first bool, err error)
}

// Subscriber applies each event once.
type Subscriber[Effect any] struct {
	inbox  Inbox[Effect]
	effect func(context.Context, cloudevent.Event) (Effect, error)
}

// New returns a subscriber. effect computes what an event changes, and changes nothing itself.
func New[Effect any](inbox Inbox[Effect], effect func(context.Context, cloudevent.Event) (Effect, error)) *Subscriber[Effect] {
	return &Subscriber[Effect]{inbox: inbox, effect: effect}
}

// Receive applies the event of a message, and reports whether this message was the first with
// it. After an error the message must be delivered again; cloudevent.ErrInvalid says that no
// delivery can help. After ErrConflict it computes the effect again.
func (s *Subscriber[Effect]) Receive(ctx context.Context, message string) (e cloudevent.Event, first bool, err error) {
	if e, err = Decode(message); err != nil {
		return e, false, err
	}
	for range attempts {
		var effect Effect
		if effect, err = s.effect(ctx, e); err != nil {
			return e, false, fmt.Errorf("effect of %s: %w", e.ID, err)
		}
		if first, err = s.inbox.Apply(ctx, Key(e), effect); !errors.Is(err, ErrConflict) {
			break
		}
	}
	if err != nil {
		return e, false, fmt.Errorf("apply %s: %w", e.ID, err)
	}
	return e, first, nil
}

// Key identifies an event among those of all stacks: "{source}#{id}".
func Key(e cloudevent.Event) string { return e.Source + "#" + e.ID }

// Decode returns the event of a message, without the envelope in which SNS wraps it when the
// subscription has no RawMessageDelivery, and the one of EventBridge. The error is
// cloudevent.ErrInvalid.
func Decode(message string) (cloudevent.Event, error) {
	var envelope struct {
		Type       string          `json:"Type"` // SNS: "Notification"
		Message    string          `json:"Message"`
		DetailType string          `json:"detail-type"` // EventBridge
		Detail     json.RawMessage `json:"detail"`
	}
	// What is no envelope is for cloudevent to judge.
	_ = json.Unmarshal([]byte(message), &envelope)
	switch {
	case envelope.Type == "Notification":
		message = envelope.Message
	case envelope.DetailType != "":
		message = string(envelope.Detail)
	}
	return cloudevent.Decode([]byte(message))
}
