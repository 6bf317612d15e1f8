package table

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// ReadClient is the subset of the DynamoDB API that a Reader calls.
type ReadClient interface {
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
}

// Reader reads the events of a reconciliation. Somebody may have written a row that is not
// an event: no row may end a comparison, so such a row is an event with only ID and Timestamp.
type Reader struct {
	client ReadClient
	name   string
	// pause is how long DynamoDB rests after it left keys of a batch out.
	pause time.Duration
}

// NewReader returns a reader of the table of that name.
func NewReader(client ReadClient, name string) *Reader {
	return &Reader{client: client, name: name, pause: 100 * time.Millisecond}
}

// ErrThrottled reports keys that DynamoDB did not read, however often it was asked.
var ErrThrottled = errors.New("DynamoDB does not read all keys")

// batchAttempts bounds the requests for the keys of one batch.
const batchAttempts = 10

// Same returns the rows with the key of one of at most 100 events, by event id. They
// have only the key, the time of receipt and the hashes.
func (r *Reader) Same(ctx context.Context, events []event.Event) (map[string]event.Event, error) {
	keys := types.KeysAndAttributes{
		ProjectionExpression:     new("#id, #at, receivedAt, payloadSha256, contentSha256"),
		ExpressionAttributeNames: map[string]string{"#id": contract.EventIDAttribute, "#at": contract.TimestampAttribute},
	}
	for _, e := range events {
		keys.Keys = append(keys.Keys, map[string]types.AttributeValue{
			contract.EventIDAttribute: text(e.ID), contract.TimestampAttribute: number(e.Timestamp),
		})
	}
	found := map[string]event.Event{}
	request := map[string]types.KeysAndAttributes{r.name: keys}
	for range batchAttempts {
		out, err := r.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: request})
		if err != nil {
			return nil, fmt.Errorf("read from %s: %w", r.name, err)
		}
		for _, item := range out.Responses[r.name] {
			e := fromAny(item)
			found[e.ID] = e
		}
		if request = out.UnprocessedKeys; len(request) == 0 {
			return found, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(r.pause):
		}
	}
	return nil, fmt.Errorf("%w: table %s", ErrThrottled, r.name)
}

// ByID returns all rows with an event id.
func (r *Reader) ByID(ctx context.Context, id string) ([]event.Event, error) {
	var found []event.Event
	for e, err := range r.query(ctx, dynamodb.QueryInput{
		KeyConditionExpression:    new("#id = :id"),
		ExpressionAttributeNames:  map[string]string{"#id": contract.EventIDAttribute},
		ExpressionAttributeValues: map[string]types.AttributeValue{":id": text(id)},
	}) {
		if err != nil {
			return nil, err
		}
		found = append(found, e)
	}
	return found, nil
}

// Between returns the events of a provider in [from, to) by the provider's time, with
// the columns of contract.DayColumns. An error ends the sequence.
func (r *Reader) Between(ctx context.Context, provider string, from, to time.Time) iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		for day := from.UTC().Truncate(24 * time.Hour); day.Before(to); day = day.AddDate(0, 0, 1) {
			for _, key := range DayKeys(provider, day) {
				for e, err := range r.query(ctx, dynamodb.QueryInput{
					IndexName:                new(contract.DayIndex),
					KeyConditionExpression:   new("#day = :day AND #at BETWEEN :from AND :to"),
					ExpressionAttributeNames: map[string]string{"#day": contract.DayKeyAttribute, "#at": contract.TimestampAttribute},
					ExpressionAttributeValues: map[string]types.AttributeValue{
						":day": text(key), ":from": number(from.UnixMilli()), ":to": number(to.UnixMilli() - 1),
					},
				}) {
					if !yield(e, err) || err != nil {
						return
					}
				}
			}
		}
	}
}

// fromAny returns the event of an item, or its key.
func fromAny(item map[string]types.AttributeValue) event.Event {
	e, err := FromItem(item)
	if err != nil {
		var at string
		e.ID, at = Key(item)
		e.Timestamp, _ = strconv.ParseInt(at, 10, 64) // 0 for a fraction
	}
	return e
}

// query returns the events of all pages.
func (r *Reader) query(ctx context.Context, in dynamodb.QueryInput) iter.Seq2[event.Event, error] {
	in.TableName = &r.name
	return func(yield func(event.Event, error) bool) {
		for {
			out, err := r.client.Query(ctx, &in)
			if err != nil {
				yield(event.Event{}, fmt.Errorf("query %s: %w", r.name, err))
				return
			}
			for _, item := range out.Items {
				if !yield(fromAny(item), nil) {
					return
				}
			}
			if in.ExclusiveStartKey = out.LastEvaluatedKey; in.ExclusiveStartKey == nil {
				return
			}
		}
	}
}
