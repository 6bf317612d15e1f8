package table_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/event"
)

var errDown = errors.New("down")

// pages answers reads: one item a page.
type pages struct {
	items   []map[string]types.AttributeValue
	skipped int // batches that leave all keys out
	err     error
	asked   []string // values of the partition key
}

func (p *pages) BatchGetItem(_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	if p.skipped > 0 {
		p.skipped--
		return &dynamodb.BatchGetItemOutput{UnprocessedKeys: in.RequestItems}, p.err
	}
	return &dynamodb.BatchGetItemOutput{Responses: map[string][]map[string]types.AttributeValue{"t": p.items}}, p.err
}

func (p *pages) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	if in.IndexName != nil {
		p.asked = append(p.asked, in.ExpressionAttributeValues[":day"].(*types.AttributeValueMemberS).Value)
		return &dynamodb.QueryOutput{Items: p.items}, p.err
	}
	position := 0
	if in.ExclusiveStartKey != nil {
		position = 1
	}
	out := &dynamodb.QueryOutput{Items: p.items[position : position+1]}
	if position == 0 {
		out.LastEvaluatedKey = p.items[0]
	}
	return out, p.err
}

func TestReader(t *testing.T) {
	e := full()
	client := &pages{items: []map[string]types.AttributeValue{table.ToItem(e), table.ToItem(e)}, skipped: 1}
	r := table.NewReader(client, "t")
	rows, err := r.Same(t.Context(), []event.Event{e})
	require.NoError(t, err)
	assert.Equal(t, map[string]event.Event{e.ID: e}, rows, "keys that DynamoDB left out are asked again")

	found, err := r.ByID(t.Context(), e.ID)
	require.NoError(t, err)
	assert.Len(t, found, 2, "pages follow")

	client.items = client.items[:1]
	count := 0
	for _, err := range r.Between(t.Context(), "stripe", created.Add(-time.Hour), created.Add(time.Hour)) {
		require.NoError(t, err)
		count++
	}
	assert.Equal(t, 32, count, "the shards of two days")
	assert.Equal(t, []string{"stripe#2026-03-01#0", "stripe#2026-03-02#15"}, []string{client.asked[0], client.asked[31]})
}

// A row that somebody wrote by hand hides no other one.
func TestReaderOfARowThatIsNotAnEvent(t *testing.T) {
	e := full()
	item := table.ToItem(e)
	delete(item, "receivedAt")
	key := event.Event{ID: e.ID, Timestamp: e.Timestamp}
	client := &pages{items: []map[string]types.AttributeValue{item, table.ToItem(e)}}
	r := table.NewReader(client, "t")
	found, err := r.ByID(t.Context(), e.ID)
	require.NoError(t, err)
	assert.Equal(t, []event.Event{key, e}, found)
	var rows []event.Event
	for row, err := range r.Between(t.Context(), "stripe", created, created.Add(time.Second)) {
		require.NoError(t, err)
		rows = append(rows, row)
	}
	assert.Equal(t, []event.Event{key, e}, rows[:2])
	client.items = client.items[:1]
	same, err := r.Same(t.Context(), []event.Event{e})
	require.NoError(t, err)
	assert.Equal(t, map[string]event.Event{e.ID: key}, same)
	for range r.Between(t.Context(), "stripe", created, created.Add(time.Second)) {
		break
	}
}

func TestReaderFails(t *testing.T) {
	item := table.ToItem(full())
	client := &pages{items: []map[string]types.AttributeValue{item, item}, err: errDown}
	r := table.NewReader(client, "t")
	check := func(want error) {
		t.Helper()
		_, err := r.Same(t.Context(), []event.Event{full()})
		require.ErrorIs(t, err, want)
		_, err = r.ByID(t.Context(), "stripe:evt_1")
		require.ErrorIs(t, err, want)
		for _, err = range r.Between(t.Context(), "stripe", created, created.Add(time.Second)) {
			require.ErrorIs(t, err, want)
		}
	}
	check(errDown)
	client.err = nil
	client.skipped = 1000
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.Same(ctx, nil)
	assert.ErrorIs(t, err, context.Canceled)
	_, err = r.Same(t.Context(), nil)
	assert.ErrorIs(t, err, table.ErrThrottled)
}
