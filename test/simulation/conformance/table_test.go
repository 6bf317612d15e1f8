package conformance_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	events "github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
)

func tableRules() []rule {
	return []rule{
		{"DynamoDB: an item reads back unchanged", func(t *testing.T, s services) {
			table := newTable(t, s)
			i := row("a", "1780000000123", item{
				"day":     text("2026-05-28"),
				"empty":   text(""),
				"payload": &types.AttributeValueMemberB{Value: []byte{0, 0xff, 'x'}},
				"live":    &types.AttributeValueMemberBOOL{Value: true},
				"related": &types.AttributeValueMemberM{Value: item{"invoice": text("in_1")}},
			})

			require.NoError(t, put(t, s, table, i))

			assert.Equal(t, i, get(t, s, table, "a", "1780000000123"))
			assert.Equal(t, []item{i}, scan(t, s, table))
		}},
		{"DynamoDB: a key that does not exist has no item", func(t *testing.T, s services) {
			assert.Empty(t, get(t, s, newTable(t, s), "a", "1"))
		}},
		{"DynamoDB: a put without a condition replaces the item", func(t *testing.T, s services) {
			table := newTable(t, s)
			require.NoError(t, put(t, s, table, row("a", "1", item{"x": text("old")})))

			require.NoError(t, put(t, s, table, row("a", "1", item{"y": text("new")})))

			assert.Equal(t, []item{row("a", "1", item{"y": text("new")})}, scan(t, s, table))
		}},
		{"DynamoDB: a put whose condition fails keeps the item", func(t *testing.T, s services) {
			table := newTable(t, s)
			first := row("a", "1", item{"x": text("first")})
			require.NoError(t, putNew(t, s, table, first, types.ReturnValuesOnConditionCheckFailureAllOld))

			err := putNew(t, s, table, row("a", "1", item{"x": text("second")}), types.ReturnValuesOnConditionCheckFailureAllOld)

			var refused *types.ConditionalCheckFailedException
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, first, refused.Item, "the error has the existing item")
			assert.Equal(t, []item{first}, scan(t, s, table))
		}},
		{"DynamoDB: a failed put returns the item only on request", func(t *testing.T, s services) {
			table := newTable(t, s)
			require.NoError(t, put(t, s, table, row("a", "1", nil)))

			err := putNew(t, s, table, row("a", "1", nil), types.ReturnValuesOnConditionCheckFailureNone)

			var refused *types.ConditionalCheckFailedException
			require.ErrorAs(t, err, &refused)
			assert.Empty(t, refused.Item)
		}},
		{"DynamoDB: another sort key is another item", func(t *testing.T, s services) {
			table := newTable(t, s)
			require.NoError(t, putNew(t, s, table, row("a", "1", nil), types.ReturnValuesOnConditionCheckFailureNone))
			require.NoError(t, putNew(t, s, table, row("a", "2", nil), types.ReturnValuesOnConditionCheckFailureNone),
				"the condition is checked against the item with the same key")
			assert.Len(t, scan(t, s, table), 2)
		}},
		{"DynamoDB: keys are present, typed and not empty", func(t *testing.T, s services) {
			table := newTable(t, s)
			for why, bad := range map[string]item{
				"no sort key":             {"id": text("a")},
				"no partition key":        {"at": number("1")},
				"a key of another type":   {"id": text("a"), "at": text("1")},
				"an empty key":            row("", "1", nil),
				"an empty key of index":   row("a", "1", item{"day": text("")}),
				"index key of other type": row("a", "1", item{"day": number("1")}),
			} {
				err := put(t, s, table, bad)
				require.Error(t, err, why)
				requireCode(t, "ValidationException", err)
			}
			assert.Empty(t, scan(t, s, table))
		}},
		// 400 KB are names and values. The number 1 has two bytes.
		{"DynamoDB: an item has at most 400 KB", func(t *testing.T, s services) {
			table := newTable(t, s)
			const fields = len("id") + len("a") + len("at") + 2 + len("payload")
			of := func(size int) item {
				return row("a", "1", item{"payload": &types.AttributeValueMemberB{Value: bytes.Repeat([]byte{1}, size-fields)}})
			}
			require.NoError(t, put(t, s, table, of(400<<10)))
			requireCode(t, "ValidationException", put(t, s, table, of(400<<10+1)))
		}},
		{"DynamoDB: of concurrent claims of a guard one wins, and its value stays", func(t *testing.T, s services) {
			name := s.name("guards")
			_, err := s.dynamodb.CreateTable(t.Context(), &dynamodb.CreateTableInput{
				TableName:            &name,
				KeySchema:            []types.KeySchemaElement{{AttributeName: new(contract.GuardAttribute), KeyType: types.KeyTypeHash}},
				AttributeDefinitions: []types.AttributeDefinition{{AttributeName: new(contract.GuardAttribute), AttributeType: types.ScalarAttributeTypeS}},
				BillingMode:          types.BillingModePayPerRequest,
			})
			require.NoError(t, err)
			guards := events.NewGuards(s.dynamodb, name)
			held := make([]string, 10)
			var claims sync.WaitGroup
			for i := range held {
				claims.Go(func() {
					var err error
					held[i], err = guards.Claim(t.Context(), "signature#paypal:1", fmt.Sprint(i), time.Now().AddDate(0, 0, 31))
					assert.NoError(t, err)
				})
			}
			claims.Wait()
			assert.Len(t, slices.Compact(held), 1)
			later, err := guards.Claim(t.Context(), "signature#paypal:1", "later", time.Time{})
			require.NoError(t, err)
			assert.Equal(t, held[0], later)
			other, err := guards.Claim(t.Context(), "event#paypal:1", "later", time.Time{})
			require.NoError(t, err)
			assert.Equal(t, "later", other)
		}},
		{"DynamoDB: a table that does not exist", func(t *testing.T, s services) {
			err := put(t, s, new(s.name("table")), row("a", "1", nil))
			var missing *types.ResourceNotFoundException
			assert.ErrorAs(t, err, &missing)
		}},
	}
}

type item = map[string]types.AttributeValue

func text(s string) types.AttributeValue   { return &types.AttributeValueMemberS{Value: s} }
func number(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }

// newTable creates a table with the keys id and at, and an index on day.
func newTable(t *testing.T, s services) *string {
	t.Helper()
	attribute := func(name string, kind types.ScalarAttributeType) types.AttributeDefinition {
		return types.AttributeDefinition{AttributeName: &name, AttributeType: kind}
	}
	keys := func(partition string) []types.KeySchemaElement {
		return []types.KeySchemaElement{
			{AttributeName: &partition, KeyType: types.KeyTypeHash},
			{AttributeName: new("at"), KeyType: types.KeyTypeRange},
		}
	}
	name := s.name("table")
	_, err := s.dynamodb.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &name,
		AttributeDefinitions: []types.AttributeDefinition{
			attribute("id", types.ScalarAttributeTypeS), attribute("at", types.ScalarAttributeTypeN), attribute("day", types.ScalarAttributeTypeS),
		},
		KeySchema: keys("id"),
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName: new("byDay"), KeySchema: keys("day"),
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly},
		}},
		BillingMode: types.BillingModePayPerRequest,
	})
	require.NoError(t, err)
	return &name
}

// row returns an item with keys and more attributes.
func row(id, at string, more item) item {
	i := item{"id": text(id), "at": number(at)}
	maps.Copy(i, more)
	return i
}

func put(t *testing.T, s services, table *string, i item) error {
	t.Helper()
	_, err := s.dynamodb.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: table, Item: i})
	return err
}

// putNew puts an item as the consumer does.
func putNew(t *testing.T, s services, table *string, i item, onRefusal types.ReturnValuesOnConditionCheckFailure) error {
	t.Helper()
	_, err := s.dynamodb.PutItem(t.Context(), &dynamodb.PutItemInput{
		TableName: table, Item: i,
		ConditionExpression:                 new("attribute_not_exists(id)"),
		ReturnValuesOnConditionCheckFailure: onRefusal,
	})
	return err
}

func get(t *testing.T, s services, table *string, id, at string) item {
	t.Helper()
	out, err := s.dynamodb.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: table, Key: row(id, at, nil), ConsistentRead: new(true)})
	require.NoError(t, err)
	return out.Item
}

func scan(t *testing.T, s services, table *string) []item {
	t.Helper()
	out, err := s.dynamodb.Scan(t.Context(), &dynamodb.ScanInput{TableName: table, ConsistentRead: new(true)})
	require.NoError(t, err)
	return out.Items
}
