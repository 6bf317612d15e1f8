package query_test

import (
	"iter"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/event"
)

// spoil adds a row that somebody has changed by hand.
func (i *items) spoil(e event.Event, timestamp string) {
	item := table.ToItem(e)
	item["amount"] = &types.AttributeValueMemberN{Value: "5"}
	if timestamp != "" {
		item["timestamp"] = &types.AttributeValueMemberN{Value: timestamp}
	}
	i.all = append(i.all, item)
}

// An unreadable row is named, and hides no other.
func TestUnreadableRows(t *testing.T) {
	var i items
	i.add(paid("stripe:1", 3*time.Minute), paid("stripe:3", time.Minute))
	i.spoil(paid("stripe:2", 2*time.Minute), "")
	i.spoil(paid("square:fraction", 0), "1.5")
	s := newStore(&i)
	ctx := t.Context()
	second := paid("stripe:2", 2*time.Minute)
	keys := func(yield func(event.Event, error) bool) {
		_ = yield(second, nil) && yield(event.Event{}, table.ErrItem) && yield(paid("stripe:3", time.Minute), nil)
	}
	const wrong = "row of eventId \"stripe:2\", timestamp 1773143880000: not an event item: amount is a *types.AttributeValueMemberN"
	for why, row := range map[string]struct {
		rows   iter.Seq2[event.Event, error]
		want   []string
		errors []string
	}{
		"a list":                 {s.Events(ctx, query.Filter{Provider: "stripe"}), []string{"stripe:3", "stripe:1"}, []string{wrong}},
		"it does not count":      {s.Events(ctx, query.Filter{Provider: "stripe", Limit: 2}), []string{"stripe:3", "stripe:1"}, []string{wrong}},
		"a payment":              {s.Payment(ctx, query.Filter{Provider: "stripe", Payment: "p1"}), []string{"stripe:1", "stripe:3"}, []string{wrong}},
		"all fields":             {s.Full(ctx, keys), []string{"stripe:3"}, []string{table.ErrItem.Error(), wrong}},
		"the versions of an id":  {s.Versions(ctx, "square:fraction"), nil, []string{`row of eventId "square:fraction", timestamp 1.5: not an event item: amount is a *types.AttributeValueMemberN`}},
		"a customer's":           {s.OfCustomer(ctx, query.Filter{Provider: "stripe"}, "other"), nil, []string{wrong}},
		"no key at all is there": {s.Versions(ctx, "none"), nil, nil},
	} {
		var ids, errors []string
		for e, err := range query.Readable(row.rows, func(err error) { errors = append(errors, err.Error()) }) {
			require.NoError(t, err, why)
			ids = append(ids, e.ID)
		}
		assert.Equal(t, row.want, ids, why)
		assert.Equal(t, row.errors, errors, why)
	}
	for e, err := range s.Events(ctx, query.Filter{Provider: "stripe", Until: time.UnixMilli(second.Timestamp + 1)}) {
		assert.Equal(t, []any{second.ID, second.Timestamp}, []any{e.ID, e.Timestamp})
		require.ErrorIs(t, err, table.ErrItem)
		break // the caller may stop
	}
	for range s.Full(ctx, keys) {
		break
	}
	for range query.Readable(s.Events(ctx, query.Filter{}), func(error) {}) {
		break
	}
	for range query.AsListed(s.Events(ctx, query.Filter{})) {
		break
	}

	timeline, err := s.Timeline(ctx, query.Filter{Provider: "stripe", Payment: "p1"})
	require.NoError(t, err)
	assert.Len(t, timeline.Steps, 2)
	assert.Equal(t, []string{wrong}, timeline.Unreadable)
	_, err = s.Timeline(ctx, query.Filter{Provider: "square", Payment: "p1"})
	require.ErrorIs(t, err, table.ErrItem, "the payment is not unknown")
	_, err = s.Event(ctx, "stripe:2")
	require.ErrorIs(t, err, table.ErrItem)
}
