package event

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrMessage is the class of every error of Decode.
var ErrMessage = errors.New("not an event message")

// HashPayload is the PayloadSHA256 of a raw body.
func HashPayload(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Encode is the event as an SQS message body: JSON in ASCII, since SQS refuses
// some characters that a signed body or an id may hold (SQS API Reference,
// SendMessage, "MessageBody").
func Encode(e Event) string {
	// Marshal fails on no value of Event: it holds strings, numbers and bytes.
	text, _ := json.Marshal(e)
	return string(escapeNonASCII(text))
}

// Decode reads what Encode wrote. It refuses, with ErrMessage, a message of
// another schema, one without a key, and one whose payload is not the bytes
// that were hashed when it was received.
func Decode(message string) (Event, error) {
	var e Event
	if err := json.Unmarshal([]byte(message), &e); err != nil {
		// The text of a JSON error may quote the message: only its kind is kept.
		return Event{}, fmt.Errorf("%w: %T", ErrMessage, err)
	}
	switch {
	case e.Schema != Schema:
		return Event{}, fmt.Errorf("%w: its schema is not %s", ErrMessage, Schema)
	case e.ID == "":
		return Event{}, fmt.Errorf("%w: it has no eventId", ErrMessage)
	case HashPayload(e.Payload) != e.PayloadSHA256:
		return Event{}, fmt.Errorf("%w: its payload does not hash to payloadSha256", ErrMessage)
	}
	return e, nil
}

// escapeNonASCII writes every character above U+007F of a JSON text as \uXXXX.
// Marshal emits valid UTF-8 and only inside strings, where the two are equal.
func escapeNonASCII(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			out = append(out, text[i])
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		for _, unit := range utf16.AppendRune(nil, r) {
			out = fmt.Appendf(out, `\u%04x`, unit)
		}
		i += size
	}
	return out
}
