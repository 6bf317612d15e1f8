package table_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/event"
)

func TestImageIsTheItem(t *testing.T) {
	for why, want := range map[string]event.Event{
		"every field":             full(),
		"a payload in the bucket": byReference([]byte("large")),
		"an empty payload":        {Schema: event.Schema, ID: "square:1", Provider: "square"},
	} {
		keys, image := table.EncodeImage(table.ToItem(want))
		got, err := event.DecodeImage(image)
		require.NoError(t, err, why)
		assert.Equal(t, string(want.Payload), string(got.Payload), why)
		want.Payload, got.Payload = nil, nil
		assert.Equal(t, want, got, why)

		// The keys have the form of an image too.
		key, err := event.DecodeImage([]byte(`{"schema":{"S":"` + event.Schema + `"},` + string(keys[1:])))
		require.NoError(t, err, why)
		assert.Equal(t, event.Event{Schema: event.Schema, ID: want.ID, Timestamp: want.Timestamp}, key, why)
	}
}
