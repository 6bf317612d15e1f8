package table

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/paysluice/paysluice/handlers/contract"
)

// Guards keeps the first value claimed for each name, in WebhookGuards.
type Guards struct {
	client Client
	name   string
}

// NewGuards returns the guards in the table of that name.
func NewGuards(client Client, name string) *Guards { return &Guards{client: client, name: name} }

// Claim stores value under name unless the name is taken, and returns the stored
// value. Concurrent calls for a name return one value. A guard expires at a time;
// the zero time keeps it. The error is ErrItem for an item without a value.
func (g *Guards) Claim(ctx context.Context, name, value string, expires time.Time) (held string, err error) {
	item := map[string]types.AttributeValue{
		contract.GuardAttribute: text(name),
		contract.HeldAttribute:  text(value),
	}
	if !expires.IsZero() {
		item[contract.ExpiresAtAttribute] = number(expires.Unix())
	}
	_, err = g.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                           &g.name,
		Item:                                item,
		ConditionExpression:                 new("attribute_not_exists(" + contract.GuardAttribute + ")"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if err == nil {
		return value, nil
	}
	taken, ok := errors.AsType[*types.ConditionalCheckFailedException](err)
	if !ok {
		return "", fmt.Errorf("put into %s: %w", g.name, err)
	}
	err = read(taken.Item, contract.HeldAttribute, func(v *types.AttributeValueMemberS) { held = v.Value })
	if err == nil && held == "" {
		err = fmt.Errorf("%w: %s is missing", ErrItem, contract.HeldAttribute)
	}
	if err != nil {
		return "", fmt.Errorf("item in %s with the key %s: %w", g.name, name, err)
	}
	return held, nil
}
