package event_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
)

// BenchmarkMessage measures writing and reading a message with a payload of 2.5 KB.
func BenchmarkMessage(b *testing.B) {
	payload := bytes.Repeat([]byte("x"), 2560)
	e := event.Event{
		Schema: event.Schema, ID: "stripe:evt_1", Timestamp: 1_780_000_000_000, Provider: "stripe", Type: "charge.succeeded",
		Payload: payload, PayloadSHA256: event.HashPayload(payload),
	}
	message := event.Encode(e)
	decoded, err := event.Decode(message)
	require.NoError(b, err)
	require.Equal(b, e, decoded)
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			event.Encode(e)
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = event.Decode(message)
		}
	})
}
