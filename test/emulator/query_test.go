package emulator

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestIndexQueries reads an index page by page, in both directions, with each form of a
// range, and again after its items have changed: launch.py keeps them sorted.
func TestIndexQueries(t *testing.T) {
	client := dynamodb.NewFromConfig(start(t).Config())
	key := []types.KeySchemaElement{{AttributeName: new("id"), KeyType: "HASH"}, {AttributeName: new("at"), KeyType: "RANGE"}}
	_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: new("queried"), BillingMode: types.BillingModePayPerRequest, KeySchema: key,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: new("id"), AttributeType: "S"}, {AttributeName: new("at"), AttributeType: "N"}, {AttributeName: new("day"), AttributeType: "S"}},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName: new("byDay"), Projection: &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: []string{"note"}},
			KeySchema: []types.KeySchemaElement{{AttributeName: new("day"), KeyType: "HASH"}, key[1]},
		}},
	})
	require.NoError(t, err)
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	number := func(n int) types.AttributeValue { return &types.AttributeValueMemberN{Value: fmt.Sprint(n)} }
	type item struct {
		id   string
		at   int
		note string
	}
	put := func(i item, day string) {
		_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: new("queried"), Item: map[string]types.AttributeValue{"id": text(i.id), "at": number(i.at), "day": text(day), "note": text(i.note), "outside": text("x")}})
		require.NoError(t, err)
	}
	read := func(condition string, a, b int, forward bool, limit int32) []item {
		values, names, got := map[string]types.AttributeValue{":day": text("monday")}, map[string]string{"#day": "day"}, []item{}
		for name, value := range map[string]int{":a": a, ":b": b} {
			if strings.Contains(condition, name) {
				values[name], names["#at"] = number(value), "at"
			}
		}
		pages := dynamodb.NewQueryPaginator(client, &dynamodb.QueryInput{
			TableName: new("queried"), IndexName: new("byDay"), KeyConditionExpression: new("#day = :day" + condition),
			ExpressionAttributeNames: names, ExpressionAttributeValues: values, ScanIndexForward: &forward, Limit: &limit,
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			require.NoError(t, err)
			assert.LessOrEqual(t, len(page.Items), int(limit))
			for _, i := range page.Items {
				at, err := strconv.Atoi(i["at"].(*types.AttributeValueMemberN).Value)
				require.NoError(t, err)
				got = append(got, item{i["id"].(*types.AttributeValueMemberS).Value, at, i["note"].(*types.AttributeValueMemberS).Value})
				assert.Len(t, i, 4, "the index has no more")
			}
		}
		return got
	}
	var monday []item
	for n := range 12 { // three of each time; numbers of one and two digits
		monday = append(monday, item{fmt.Sprint("e", n), 8 + n%4, "new"})
		put(monday[n], "monday")
		put(item{fmt.Sprint("other", n), n, ""}, "tuesday")
	}
	for _, change := range []func(){
		func() {},
		func() {
			monday[2].note = "changed"
			_, err := client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
				TableName: new("queried"), Key: map[string]types.AttributeValue{"id": text(monday[2].id), "at": number(monday[2].at)},
				UpdateExpression: new("SET note = :n"), ExpressionAttributeValues: map[string]types.AttributeValue{":n": text(monday[2].note)},
			})
			require.NoError(t, err)
		},
		func() { put(monday[5], "tuesday"); monday = slices.Delete(monday, 5, 6) },
		func() { monday = append(monday, item{"late", 9, ""}); put(monday[len(monday)-1], "monday") },
	} {
		change()
		for _, row := range []struct {
			condition       string
			a, b            int
			lowest, highest int
		}{
			{"", 0, 0, 0, 99}, {" AND #at >= :a", 9, 0, 9, 99}, {" AND #at > :a", 9, 0, 10, 99}, {" AND #at <= :a", 10, 0, 0, 10}, {" AND #at < :a", 10, 0, 0, 9},
			{" AND #at = :a", 10, 0, 10, 10}, {" AND #at BETWEEN :a AND :b", 9, 10, 9, 10}, {" AND #at >= :a", 50, 0, 50, 99},
		} {
			want := slices.DeleteFunc(slices.Clone(monday), func(i item) bool { return i.at < row.lowest || i.at > row.highest })
			slices.SortFunc(want, func(a, b item) int { return cmp.Or(a.at-b.at, cmp.Compare(a.id, b.id)) })
			for _, forward := range []bool{true, false} {
				for _, limit := range []int32{1, 5, 100} {
					assert.Equal(t, want, read(row.condition, row.a, row.b, forward, limit), "%q, forward %t, %d a page", row.condition, forward, limit)
				}
				slices.Reverse(want)
			}
		}
	}
	for n := range 3 {
		_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: new("queried"), Item: map[string]types.AttributeValue{
			"id": text(fmt.Sprint("large", n)), "at": number(n), "day": text("friday"), "note": text(strings.Repeat("x", 3000)),
		}})
		require.NoError(t, err)
	}
	for _, row := range []struct {
		why, day string
		limit    int32
		filter   *string
		units    float64
	}{
		{"a query of nothing is charged as 4 KB", "sunday", 9, nil, 0.5},
		{"9 KB are charged as 12", "friday", 9, nil, 1.5},
		{"also what the filter leaves out", "friday", 9, new("attribute_not_exists(id)"), 1.5},
		{"a page of one item", "friday", 1, nil, 0.5},
	} {
		out, err := client.Query(t.Context(), &dynamodb.QueryInput{
			TableName: new("queried"), IndexName: new("byDay"), KeyConditionExpression: new("#day = :day"), FilterExpression: row.filter, Limit: &row.limit,
			ExpressionAttributeNames: map[string]string{"#day": "day"}, ExpressionAttributeValues: map[string]types.AttributeValue{":day": text(row.day)},
			ReturnConsumedCapacity: types.ReturnConsumedCapacityIndexes,
		})
		require.NoError(t, err)
		assert.InDelta(t, row.units, *out.ConsumedCapacity.CapacityUnits, 0, row.why)
		assert.InDelta(t, row.units, *out.ConsumedCapacity.GlobalSecondaryIndexes["byDay"].CapacityUnits, 0, row.why)
	}
}
