package replay_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

func TestStored(t *testing.T) {
	c := newCloud(t, 1)
	kept, other := archived(1, contract.ReasonReceivesExhausted), archived(2, contract.ReasonConflict)
	c.add(t, kept)
	c.add(t, other)
	c.rows[kept.Event.ID] = *kept.Event
	c.rows[other.Event.ID] = *archived(3, "").Event
	e := c.engine()
	messages := []failure.Failure{{Key: "in Glacier"}, {Key: "quarantined", Event: &event.Event{}}}
	c.rows[""] = event.Event{} // DynamoDB refuses an empty key
	for m, err := range e.Archive.List(t.Context(), failure.Filter{}) {
		require.NoError(t, err)
		messages = append(messages, m)
	}
	require.Len(t, messages, 5)
	found, err := e.Stored(t.Context(), messages)
	require.NoError(t, err)
	assert.Equal(t, map[string]bool{kept.Key(): true}, found, "a row with other content is another event")
	c.hooks["GetItem"] = func() error { return errDown }
	_, err = e.Stored(t.Context(), messages)
	assert.ErrorIs(t, err, errDown)
}
