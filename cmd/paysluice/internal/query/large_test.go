package query_test

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// partitioned is a table in memory by attribute and value of the partition key.
type partitioned map[string]*items

func (p partitioned) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	return nil, errDown // lists do not call it
}

// Query takes the partition from the first condition and the page from its range, which
// is newest first. The items before them and the filter are as cheap as DynamoDB makes
// them for the caller.
func (p partitioned) Query(ctx context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	words := strings.Fields(*in.KeyConditionExpression)
	values := in.ExpressionAttributeValues
	var all []map[string]types.AttributeValue
	if i := p[in.ExpressionAttributeNames[words[0]]+values[words[2]].(*types.AttributeValueMemberS).Value]; i != nil {
		all = i.all
	}
	from, to := bounds(in)
	start := sort.Search(len(all), func(n int) bool { return at(all[n]) <= to })
	end := sort.Search(len(all), func(n int) bool { return at(all[n]) < from })
	if in.ExclusiveStartKey != nil {
		start = int(number(in.ExclusiveStartKey["position"]))
	}
	rest := &items{all: all[start:min(start+int(*in.Limit), end)]}
	page := *in
	page.ScanIndexForward, page.ExclusiveStartKey = new(false), nil
	out, err := rest.Query(ctx, &page)
	if next := start + len(rest.all); next < end {
		out.LastEvaluatedKey = map[string]types.AttributeValue{"position": &types.AttributeValueMemberN{Value: strconv.Itoa(next)}}
	}
	return out, err
}

// large returns a week of 100,000 events, newest first, and their table.
var large = sync.OnceValues(func() ([]event.Event, partitioned) {
	const n = 100_000
	providers := contract.Providers()
	events, all := make([]event.Event, n), partitioned{}
	for i := range events {
		e := paid(fmt.Sprintf("%s:%d", providers[i%3].Name, i), time.Duration(i)*(7*24*time.Hour/n))
		e.PaymentID, e.Account, e.Endpoint = fmt.Sprint("p", i/3), fmt.Sprint("acct_", i%10), fmt.Sprint("entry-", i%2)
		e.Livemode = new(i%4 > 0)
		if i%100 == 0 {
			e.Type, e.Category = "refund", event.RefundSucceeded
		}
		events[i] = e
		item := table.ToItem(e)
		for _, attribute := range []string{contract.DayKeyAttribute, contract.PaymentKeyAttribute} {
			key := attribute + item[attribute].(*types.AttributeValueMemberS).Value
			if all[key] == nil {
				all[key] = &items{}
			}
			all[key].all = append(all[key].all, item)
		}
	}
	return events, all
})

// rows are filters with one condition, and which events they select.
func rows() []struct {
	why    string
	filter query.Filter
	reads  func(event.Event) bool // in the partitions that the filter must read
	is     func(event.Event) bool
} {
	every := func(event.Event) bool { return true }
	return []struct {
		why    string
		filter query.Filter
		reads  func(event.Event) bool
		is     func(event.Event) bool
	}{
		{"none", query.Filter{}, every, every},
		{"provider", query.Filter{Provider: "square"}, func(e event.Event) bool { return e.Provider == "square" }, every},
		{"type", query.Filter{Type: "refund"}, every, func(e event.Event) bool { return e.Type == "refund" }},
		{"category", query.Filter{Category: event.RefundSucceeded}, every, func(e event.Event) bool { return e.Category == event.RefundSucceeded }},
		{"account", query.Filter{Account: "acct_3"}, every, func(e event.Event) bool { return e.Account == "acct_3" }},
		{"endpoint", query.Filter{Endpoint: "entry-1"}, every, func(e event.Event) bool { return e.Endpoint == "entry-1" }},
		{"livemode", query.Filter{Livemode: new(false)}, every, func(e event.Event) bool { return !*e.Livemode }},
		{"since", query.Filter{Since: now.Add(-time.Hour)}, every, every},
		{"until", query.Filter{Until: now.AddDate(0, 0, -2)}, func(e event.Event) bool { return e.Timestamp < now.AddDate(0, 0, -2).UnixMilli() }, every},
		{"payment", query.Filter{Payment: "p77"}, func(e event.Event) bool { return e.PaymentID == "p77" }, every},
	}
}

const page = 50 // the default of --limit

// Of 100,000 events a list of 50 reads those between the newest and the last one that
// it lists, at most three times as many because pages grow, and each partition once.
func TestListOf100000Events(t *testing.T) {
	events, all := large()
	for _, row := range rows() {
		want := []string{}
		must := 0
		for _, e := range events {
			if !row.reads(e) {
				continue
			}
			must++
			if row.is(e) {
				want = append(want, e.ID)
			}
			if len(want) == page {
				break
			}
		}
		s := query.NewStore(all, nil, &stack.Stack{Outputs: map[string]string{"TableName": "t"}}, func() time.Time { return now })
		row.filter.Limit = page
		got := ids(t, s, row.filter)
		slices.Sort(got)
		slices.Sort(want)
		assert.Equal(t, want, got, row.why)
		const entries, minimum, partitions = 8, 0.5, 16 * 3 // of half a unit
		most := minimum * (partitions + 3*float64(must)/entries)
		if row.filter.Payment != "" {
			most = minimum * 3 // one query for each provider
		}
		assert.LessOrEqual(t, s.ReadUnits(), most+minimum*partitions/2, "%s: %d events must be read", row.why, must)
		t.Logf("%-9s %6d events must be read, %6.1f read units", row.why, must, s.ReadUnits())
	}
}

// A page of the console, which ends with a day, asks each of the day's partitions once,
// and a second time only those that list more than a first page.
func TestPageOf100000Events(t *testing.T) {
	_, all := large()
	end := now.Truncate(24 * time.Hour).Add(24 * time.Hour)
	for _, row := range []struct {
		why    string
		filter query.Filter
		calls  int
	}{
		{"all providers", query.Filter{Until: end}, 3 * 16},
		{"one provider", query.Filter{Until: end, Provider: "stripe"}, 16 + 1},
		{"a whole day", query.Filter{Until: end.AddDate(0, 0, -1)}, 3 * 16},
		{"a later page", query.Filter{Until: now.Add(-3 * time.Hour)}, 3 * 16},
	} {
		c := &calls{Table: all}
		s := query.NewStore(c, nil, &stack.Stack{Outputs: map[string]string{"TableName": "t"}}, func() time.Time { return now })
		row.filter.Limit = page + 1 // to know whether there are more
		assert.Len(t, ids(t, s, row.filter), page+1, row.why)
		assert.LessOrEqual(t, int(c.n.Load()), row.calls, row.why)
		assert.LessOrEqual(t, s.ReadUnits(), float64(row.calls)/2+0.5, "%s: a first page costs half a unit, a second one a whole", row.why)
	}
}

// calls counts the queries of a table.
type calls struct {
	query.Table
	n atomic.Int64
}

func (c *calls) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	c.n.Add(1)
	return c.Table.Query(ctx, in, o...)
}
