// Package inbox remembers in DynamoDB which events a subscriber has applied.
package inbox

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/paysluice/paysluice/handlers/event/subscriber"
)

// Attributes of the inbox's table.
const (
	KeyAttribute       = "event"     // the partition key, a string: subscriber.Key
	ExpiresAtAttribute = "expiresAt" // for DynamoDB's time to live, in epoch seconds
)

// Client is the subset of the DynamoDB API that an Inbox calls. Its role needs
// dynamodb:PutItem on the table, and the actions of the effects.
type Client interface {
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Inbox is the subscriber.Inbox of effects in DynamoDB.
type Inbox struct {
	client Client
	table  string
	keep   time.Duration
	now    func() time.Time
}

// New returns the inbox in a table. It forgets an event after keep, or never if keep is 0.
// An event that is published again later is applied again, so keep must exceed the age of
// the oldest event that an operator sends again.
func New(client Client, table string, keep time.Duration, now func() time.Time) *Inbox {
	return &Inbox{client: client, table: table, keep: keep, now: now}
}

// Apply commits the effect, of at most 99 items, and the event's key in one transaction.
// Another transaction that changes one of the items at the same time is an ErrConflict too.
func (i *Inbox) Apply(ctx context.Context, key string, effect []types.TransactWriteItem) (first bool, err error) {
	marker := map[string]types.AttributeValue{KeyAttribute: &types.AttributeValueMemberS{Value: key}}
	if i.keep > 0 {
		expires := strconv.FormatInt(i.now().Add(i.keep).Unix(), 10)
		marker[ExpiresAtAttribute] = &types.AttributeValueMemberN{Value: expires}
	}
	put := types.TransactWriteItem{Put: &types.Put{
		TableName: &i.table, Item: marker,
		ConditionExpression:      new("attribute_not_exists(#event)"),
		ExpressionAttributeNames: map[string]string{"#event": KeyAttribute},
	}}
	_, err = i.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		TransactItems: append([]types.TransactWriteItem{put}, effect...),
	})
	canceled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if err == nil || !ok {
		return err == nil, err
	}
	// The reasons are in the order of the items (DynamoDB API Reference, TransactWriteItems).
	for n, reason := range canceled.CancellationReasons {
		switch aws.ToString(reason.Code) {
		case "ConditionalCheckFailed":
			if n == 0 {
				return false, nil
			}
			return false, fmt.Errorf("%w: %w", subscriber.ErrConflict, err)
		case "TransactionConflict":
			return false, fmt.Errorf("%w: %w", subscriber.ErrConflict, err)
		}
	}
	return false, err
}
