package inbox_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/inbox"
	"github.com/paysluice/paysluice/handlers/event/subscriber"
)

// client answers a transaction with an error and keeps its items.
type client struct {
	err   error
	items []types.TransactWriteItem
}

func (c *client) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	c.items = in.TransactItems
	return &dynamodb.TransactWriteItemsOutput{}, c.err
}

func canceled(codes ...string) error {
	e := &types.TransactionCanceledException{}
	for _, code := range codes {
		e.CancellationReasons = append(e.CancellationReasons, types.CancellationReason{Code: &code})
	}
	return e
}

func TestApply(t *testing.T) {
	down := errors.New("down")
	for _, row := range []struct {
		why   string
		err   error
		first bool
		want  error
	}{
		{"the first delivery", nil, true, nil},
		{"a duplicate", canceled("ConditionalCheckFailed", "None"), false, nil},
		{"a duplicate whose effect conflicts too", canceled("ConditionalCheckFailed", "ConditionalCheckFailed"), false, nil},
		{"what the effect was computed from has changed", canceled("None", "ConditionalCheckFailed"), false, subscriber.ErrConflict},
		{"another transaction with one of the items", canceled("None", "TransactionConflict"), false, subscriber.ErrConflict},
		{"two deliveries at the same time", canceled("TransactionConflict", "None"), false, subscriber.ErrConflict},
		{"another reason", canceled("None", "ThrottlingError"), false, &types.TransactionCanceledException{}},
		{"DynamoDB is down", down, false, down},
	} {
		c := &client{err: row.err}
		effect := []types.TransactWriteItem{{Delete: &types.Delete{}}}
		first, err := inbox.New(c, "inbox", time.Hour, func() time.Time { return time.Unix(1000, 0) }).Apply(t.Context(), "s#1", effect)
		assert.Equal(t, row.first, first, row.why)
		if _, ok := row.want.(*types.TransactionCanceledException); ok {
			require.ErrorIs(t, err, row.err, row.why)
			require.NotErrorIs(t, err, subscriber.ErrConflict, row.why)
		} else {
			require.ErrorIs(t, err, row.want, row.why)
		}
		require.Len(t, c.items, 2)
		assert.Equal(t, map[string]types.AttributeValue{
			"event": &types.AttributeValueMemberS{Value: "s#1"}, "expiresAt": &types.AttributeValueMemberN{Value: "4600"},
		}, c.items[0].Put.Item)
		assert.Equal(t, effect[0], c.items[1])
	}
}

func TestApplyKeepsForEver(t *testing.T) {
	c := &client{}
	_, err := inbox.New(c, "inbox", 0, time.Now).Apply(t.Context(), "s#1", nil)
	require.NoError(t, err)
	assert.NotContains(t, c.items[0].Put.Item, inbox.ExpiresAtAttribute)
}
