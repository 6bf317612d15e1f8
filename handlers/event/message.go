package event

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrMessage is the class of all errors of Decode and DecodeReceipt.
var ErrMessage = errors.New("not an event message")

// ErrRefused reports that a topic or a bus refuses an event because of its content. A
// retry does not help.
var ErrRefused = errors.New("refused")

// Queue sends messages. Send returns nil only if the queue has accepted the
// message. failureReason is "" or the reason why the message goes to a
// dead-letter queue.
type Queue interface {
	Send(ctx context.Context, body, failureReason string) error
}

// HashPayload returns the PayloadSHA256 of a raw body.
func HashPayload(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Encode returns the event as an SQS message: JSON in ASCII, because SQS refuses
// some characters that an id may have (SQS API Reference, SendMessage,
// "MessageBody").
func Encode(e Event) string {
	text, _ := json.Marshal(e) // strings, numbers and bytes cannot fail
	return ASCII(text)
}

// ASCII returns a JSON text with \uXXXX for the characters above U+007F. The text
// is valid UTF-8 and has them only in strings.
func ASCII(text []byte) string {
	if utf8.RuneCount(text) == len(text) { // as most events; writing them anew costs 2 % of a request
		return string(text)
	}
	var out strings.Builder
	out.Grow(len(text))
	for _, r := range string(text) {
		if r < utf8.RuneSelf {
			out.WriteByte(byte(r))
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&out, `\u%04x`, unit)
		}
	}
	return out.String()
}

// Decode decodes a message of Encode. The error is ErrMessage for everything
// that DecodeReceipt refuses and for a message without an event id.
func Decode(message string) (Event, error) {
	e, err := DecodeReceipt(message)
	if err != nil {
		return Event{}, err
	}
	if e.ID == "" {
		return Event{}, fmt.Errorf("%w: it has no eventId", ErrMessage)
	}
	return e, nil
}

// DecodeReceipt decodes a message of Encode, also of a quarantined webhook, which has no
// event id. The error is ErrMessage for a message of another schema, without a provider,
// with an event id of another provider, with a payload that
// does not match its hash, or with a payloadRef that is not its own.
func DecodeReceipt(message string) (Event, error) {
	var e Event
	if err := json.Unmarshal([]byte(message), &e); err != nil {
		// JSON errors can quote the message, so only the type is kept.
		return Event{}, fmt.Errorf("%w: %T", ErrMessage, err)
	}
	switch {
	case e.Schema != Schema:
		return Event{}, fmt.Errorf("%w: its schema is not %s", ErrMessage, Schema)
	case e.Provider == "":
		return Event{}, fmt.Errorf("%w: it has no provider", ErrMessage)
	case e.ID != "" && !strings.HasPrefix(e.ID, NewID(e.Provider, "")):
		return Event{}, fmt.Errorf("%w: its eventId is not one of its provider", ErrMessage)
	}
	if err := checkPayload(e); err != nil {
		return Event{}, err
	}
	return e, nil
}

// checkPayload compares the payload with its hash. A payload in S3 is compared
// when it is read.
func checkPayload(e Event) error {
	switch {
	case e.PayloadRef == "" && HashPayload(e.Payload) != e.PayloadSHA256:
		return fmt.Errorf("%w: its payload does not hash to payloadSha256", ErrMessage)
	case e.PayloadRef != "" && len(e.Payload) > 0:
		return fmt.Errorf("%w: it has a payload and a payloadRef", ErrMessage)
	case e.PayloadRef != "" && !isHash(e.PayloadSHA256):
		return fmt.Errorf("%w: its payloadSha256 is not 64 digits of lower-case hex", ErrMessage)
	case e.PayloadRef != "" && !e.OwnsPayloadRef():
		return fmt.Errorf("%w: its payloadRef is not the key of its payload", ErrMessage)
	}
	return nil
}

// OwnsPayloadRef reports whether PayloadRef can be the key of the event's own payload: it has
// the provider as a segment and the payload's hash as the last segment. Without this check, a
// message could name the object of another event, and readers would fetch it and an erasure
// delete it.
func (e *Event) OwnsPayloadRef() bool {
	folder, name := path.Split(e.PayloadRef)
	return isHash(name) && name == e.PayloadSHA256 && strings.Contains(folder, "/"+e.Provider+"/")
}

func isHex(s string) bool {
	return all(s, func(b byte) bool { return isDigit(b) || 'a' <= b && b <= 'f' })
}

func isHash(s string) bool {
	return len(s) == 2*sha256.Size && isHex(s)
}
