package event

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
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
// SendMessage, "MessageBody"). The payload, most of a message, is written where
// it ends up: encoding/json would write it elsewhere first.
func Encode(e Event) string {
	payload := e.Payload
	e.Payload = nil
	// Marshal fails on no value of Event: it holds strings, numbers and bytes.
	envelope, _ := json.Marshal(e)
	if !isASCII(envelope) {
		envelope = escapeNonASCII(envelope)
	}
	if len(payload) == 0 {
		return string(envelope)
	}
	const member, end = `,"payload":"`, `"}`
	var text strings.Builder
	text.Grow(len(envelope) + len(member) + base64.StdEncoding.EncodedLen(len(payload)) + len(end))
	text.Write(envelope[:len(envelope)-1]) // without its brace
	text.WriteString(member)
	var encoded [1024]byte
	for part := range slices.Chunk(payload, base64.StdEncoding.DecodedLen(len(encoded))) {
		base64.StdEncoding.Encode(encoded[:], part)
		text.Write(encoded[:base64.StdEncoding.EncodedLen(len(part))])
	}
	text.WriteString(end)
	return text.String()
}

func isASCII(text []byte) bool {
	for _, c := range text {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Decode reads what Encode wrote of an event that can be stored. It refuses,
// with ErrMessage, what DecodeReceipt refuses and a message without a key.
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

// DecodeReceipt reads what Encode wrote, also of a quarantined webhook, which
// has no ID. It refuses, with ErrMessage, a message of another schema, one that
// does not say whose webhook it is, and one whose payload is neither by
// reference nor the bytes that were hashed when it was received.
func DecodeReceipt(message string) (Event, error) {
	var e Event
	if err := json.Unmarshal([]byte(message), &e); err != nil {
		// The text of a JSON error may quote the message: only its kind is kept.
		return Event{}, fmt.Errorf("%w: %T", ErrMessage, err)
	}
	switch {
	case e.Schema != Schema:
		return Event{}, fmt.Errorf("%w: its schema is not %s", ErrMessage, Schema)
	case e.Provider == "":
		return Event{}, fmt.Errorf("%w: it has no provider", ErrMessage)
	}
	if err := checkPayload(e); err != nil {
		return Event{}, err
	}
	return e, nil
}

// checkPayload cannot verify a payload by reference: who reads it does.
func checkPayload(e Event) error {
	switch {
	case e.PayloadRef == "" && HashPayload(e.Payload) != e.PayloadSHA256:
		return fmt.Errorf("%w: its payload does not hash to payloadSha256", ErrMessage)
	case e.PayloadRef != "" && len(e.Payload) > 0:
		return fmt.Errorf("%w: it has a payload and a payloadRef", ErrMessage)
	case e.PayloadRef != "" && !isHash(e.PayloadSHA256):
		return fmt.Errorf("%w: its payloadSha256 is not 64 digits of lower-case hex", ErrMessage)
	}
	return nil
}

func isHash(s string) bool {
	return len(s) == 2*sha256.Size && all(s, func(b byte) bool { return isDigit(b) || 'a' <= b && b <= 'f' })
}

// escapeNonASCII writes every character above U+007F of a JSON text as \uXXXX.
// encoding/json emits valid UTF-8 and only inside strings, where the two are equal.
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
