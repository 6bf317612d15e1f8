package query

import (
	"context"
	"maps"
	"math"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/paysluice/paysluice/handlers/contract"
)

const (
	// firstPage is the number of items of a partition's first page. Eight index
	// entries fit into 4 KB, the smallest amount that DynamoDB charges.
	firstPage = 8
	// maxPage bounds later pages, each twice as large as the one before.
	maxPage = 1000
)

// partition is one partition of the table or an index, with the range of its sort
// key.
type partition struct {
	index     string // "" for the table
	key       string // attribute of the partition key
	value     string
	ascending bool
	// from and to bound the timestamp inclusively, in epoch milliseconds; earliest and
	// latest do not.
	from, to int64
	filter   *expression
}

// Timestamps that bound nothing.
const (
	earliest = math.MinInt64
	latest   = math.MaxInt64
)

// cursor reads a partition page by page.
type cursor struct {
	store    *Store
	input    dynamodb.QueryInput
	items    []row
	finished bool
}

func (s *Store) open(p partition) *cursor {
	key := newExpression()
	key.add(p.key, "=", &types.AttributeValueMemberS{Value: p.value})
	switch {
	case p.from != earliest && p.to != latest:
		key.between(contract.TimestampAttribute, number(p.from), number(p.to))
	case p.from != earliest:
		key.add(contract.TimestampAttribute, ">=", number(p.from))
	case p.to != latest:
		key.add(contract.TimestampAttribute, "<=", number(p.to))
	}
	e := newExpression()
	if p.filter != nil {
		e = p.filter
	}
	names, values := maps.Clone(e.names), maps.Clone(e.values)
	maps.Copy(names, key.names)
	maps.Copy(values, key.values)
	c := &cursor{store: s, input: dynamodb.QueryInput{
		TableName:                 new(s.stack.Outputs["TableName"]),
		KeyConditionExpression:    key.text(),
		FilterExpression:          e.text(),
		ExpressionAttributeNames:  names,
		ExpressionAttributeValues: values,
		ScanIndexForward:          &p.ascending,
		Limit:                     new(int32(firstPage)),
		ReturnConsumedCapacity:    types.ReturnConsumedCapacityTotal,
	}}
	if p.index != "" {
		c.input.IndexName = &p.index
	}
	return c
}

// fill reads pages until the cursor has an item or the partition ends.
func (c *cursor) fill(ctx context.Context) error {
	for len(c.items) == 0 && !c.finished {
		out, err := c.store.table.Query(ctx, &c.input)
		if err != nil {
			return err
		}
		if used := out.ConsumedCapacity; used != nil {
			c.store.halfUnits.Add(int64(aws.ToFloat64(used.CapacityUnits) * 2))
		}
		for _, item := range out.Items {
			c.items = append(c.items, newRow(item))
		}
		c.input.ExclusiveStartKey = out.LastEvaluatedKey
		c.input.Limit = new(min(2**c.input.Limit, maxPage))
		c.finished = out.LastEvaluatedKey == nil
	}
	return nil
}

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
