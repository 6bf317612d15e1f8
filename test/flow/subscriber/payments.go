package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/cloudevent"
	"github.com/paysluice/paysluice/handlers/event/ledger"
)

// payments keeps one item for each payment: its events and what they sum to. The ledger sums
// the set of events, so their order does not matter.
type payments struct {
	client *dynamodb.Client
	table  string
}

// effect returns the update of the event's payment. Its condition is that the item has not
// changed since it was read.
func (p *payments) effect(ctx context.Context, e cloudevent.Event) ([]types.TransactWriteItem, error) {
	if e.Data.PaymentID == "" {
		return nil, nil
	}
	key := map[string]types.AttributeValue{"payment": &types.AttributeValueMemberS{Value: e.Subject}}
	out, err := p.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &p.table, Key: key, ConsistentRead: new(true)})
	if err != nil {
		return nil, err
	}
	var sums ledger.Ledger
	sums.Add(e.Data.Event)
	known, _ := out.Item["events"].(*types.AttributeValueMemberSS)
	if known != nil {
		for _, text := range known.Value {
			var earlier event.Event
			if err := json.Unmarshal([]byte(text), &earlier); err != nil {
				return nil, fmt.Errorf("events of %s: %w", e.Subject, err)
			}
			sums.Add(earlier)
		}
	}
	payment, _ := sums.Payment(e.Data.Provider, e.Data.PaymentID)

	update := &types.Update{
		TableName: &p.table, Key: key,
		UpdateExpression:         new("ADD #events :event, #revision :one SET #sums = :sums"),
		ConditionExpression:      new("attribute_not_exists(#revision)"),
		ExpressionAttributeNames: map[string]string{"#events": "events", "#revision": "revision", "#sums": "sums"},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":event": &types.AttributeValueMemberSS{Value: []string{marshal(e.Data.Event)}},
			":sums":  &types.AttributeValueMemberS{Value: marshal(payment)},
			":one":   &types.AttributeValueMemberN{Value: "1"},
		},
	}
	if revision := out.Item["revision"]; revision != nil {
		update.ConditionExpression = new("#revision = :read")
		update.ExpressionAttributeValues[":read"] = revision
	}
	return []types.TransactWriteItem{{Update: update}}, nil
}
