package table

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// Client is the part of the DynamoDB API that a Table calls.
type Client interface {
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
}

// Table is WebhookEvents.
type Table struct {
	client        Client
	name          string
	retentionDays int
}

// NewTable stores into the table of that name; retentionDays is ToItem's.
func NewTable(client Client, name string, retentionDays int) *Table {
	return &Table{client: client, name: name, retentionDays: retentionDays}
}

// Put stores an event unless its key, id and timestamp, is taken: then it
// returns the event that is already there and changes nothing.
func (t *Table) Put(ctx context.Context, e event.Event) (existing *event.Event, err error) {
	_, err = t.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:           &t.name,
		Item:                ToItem(e, t.retentionDays),
		ConditionExpression: new("attribute_not_exists(" + contract.EventIDAttribute + ")"),
		// The item that failed the condition comes with the refusal, so that
		// no second request can see a later state.
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if err == nil {
		return nil, nil
	}
	if taken, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		there, err := FromItem(taken.Item)
		if err != nil {
			return nil, fmt.Errorf("what is in %s under this key: %w", t.name, err)
		}
		return &there, nil
	}
	return nil, fmt.Errorf("put into %s: %w", t.name, err)
}
