package query

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
)

const (
	// batchSize is the number of items in one BatchGetItem call. The API takes 100 and
	// returns at most 16 MB; an item has up to 400 KB.
	batchSize = 40
	// batchPause precedes the next call for keys that DynamoDB has not processed.
	batchPause = 100 * time.Millisecond
)

// Full returns the events of a list with all their fields, in the same order. Events
// that are deleted in the meantime are left out. It yields the errors of list too.
func (s *Store) Full(ctx context.Context, list iter.Seq2[event.Event, error]) iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		var batch []event.Event
		flush := func() bool {
			full, err := s.get(ctx, batch)
			if err != nil {
				yield(event.Event{}, err)
				return false
			}
			for _, e := range batch {
				if found, ok := full[itemKey{e.ID, e.Timestamp}]; ok && !yield(found.Event, found.err) {
					return false
				}
			}
			batch = batch[:0]
			return true
		}
		for e, err := range list {
			if err != nil {
				if !yield(e, err) || !errors.Is(err, table.ErrItem) {
					return
				}
				continue
			}
			if batch = append(batch, e); len(batch) == batchSize && !flush() {
				return
			}
		}
		flush()
	}
}

// itemKey is the key of an event in the table.
type itemKey struct {
	id string
	at int64
}

// get reads the items of events.
func (s *Store) get(ctx context.Context, events []event.Event) (map[itemKey]row, error) {
	found := map[itemKey]row{}
	name := s.stack.Outputs["TableName"]
	pending := map[string]types.KeysAndAttributes{}
	if len(events) > 0 {
		var keys []map[string]types.AttributeValue
		for _, e := range events {
			keys = append(keys, map[string]types.AttributeValue{
				contract.EventIDAttribute:   &types.AttributeValueMemberS{Value: e.ID},
				contract.TimestampAttribute: number(e.Timestamp),
			})
		}
		pending[name] = types.KeysAndAttributes{Keys: keys}
	}
	for first := true; len(pending) > 0; first = false {
		if !first {
			if err := function.Sleep(ctx, batchPause); err != nil {
				return nil, err
			}
		}
		out, err := s.table.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: pending})
		if err != nil {
			return nil, err
		}
		for _, item := range out.Responses[name] {
			r := newRow(item)
			found[itemKey{r.ID, r.Timestamp}] = r
		}
		pending = out.UnprocessedKeys
	}
	return found, nil
}
