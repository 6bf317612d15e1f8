package query_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/ledger"
)

var (
	now     = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	errDown = errors.New("down")
)

// items is a table in memory. It answers queries as DynamoDB does: the limit counts
// the items before the filter, and eight of them cost half a unit. Expressions are comparisons joined by AND.
type items struct {
	mu      sync.Mutex
	all     []map[string]types.AttributeValue
	queries int
	fail    int // the query that fails, 0 for none
}

func (i *items) add(events ...event.Event) {
	for _, e := range events {
		i.all = append(i.all, table.ToItem(e))
	}
}

func (i *items) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.queries++
	if i.queries == i.fail {
		return nil, errDown
	}
	from, to := bounds(in)
	matches := func(item map[string]types.AttributeValue, expression string) bool {
		for term := range strings.SplitSeq(expression, " AND ") {
			words := strings.Fields(term)
			attribute, value := item[in.ExpressionAttributeNames[words[0]]], in.ExpressionAttributeValues[words[2]]
			switch words[1] {
			case ">=":
				if number(attribute) < number(value) {
					return false
				}
			case "<":
				if number(attribute) >= number(value) {
					return false
				}
			default:
				if !equal(attribute, value) {
					return false
				}
			}
		}
		return true
	}
	var found []map[string]types.AttributeValue
	for _, item := range i.all {
		condition, _, _ := strings.Cut(*in.KeyConditionExpression, " AND #timestamp")
		if at := at(item); matches(item, condition) && from <= at && at <= to {
			found = append(found, item)
		}
	}
	slices.SortStableFunc(found, func(a, b map[string]types.AttributeValue) int {
		if *in.ScanIndexForward {
			return cmp.Compare(at(a), at(b))
		}
		return cmp.Compare(at(b), at(a))
	})
	start := 0
	if in.ExclusiveStartKey != nil {
		start = int(number(in.ExclusiveStartKey["position"]))
	}
	end := min(start+int(*in.Limit), len(found))
	out := &dynamodb.QueryOutput{ConsumedCapacity: &types.ConsumedCapacity{CapacityUnits: new(0.5 * math.Ceil(float64(max(end-start, 1))/8))}}
	if end < len(found) {
		out.LastEvaluatedKey = map[string]types.AttributeValue{"position": &types.AttributeValueMemberN{Value: strconv.Itoa(end)}}
	}
	for _, item := range found[start:end] {
		if in.FilterExpression == nil || matches(item, *in.FilterExpression) {
			out.Items = append(out.Items, item)
		}
	}
	return out, nil
}

// bounds returns the range of a query's sort key.
func bounds(in *dynamodb.QueryInput) (from, to int64) {
	from, to = math.MinInt64, math.MaxInt64
	_, condition, ranged := strings.Cut(*in.KeyConditionExpression, " AND #timestamp ")
	if !ranged {
		return from, to
	}
	words := strings.Fields(condition)
	bound := number(in.ExpressionAttributeValues[words[1]])
	switch words[0] {
	case "BETWEEN":
		return bound, number(in.ExpressionAttributeValues[words[3]])
	case ">=":
		return bound, to
	}
	return from, bound
}

// BatchGetItem leaves the last of several keys unprocessed.
func (i *items) BatchGetItem(_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.queries++
	if i.queries == i.fail {
		return nil, errDown
	}
	out := &dynamodb.BatchGetItemOutput{Responses: map[string][]map[string]types.AttributeValue{}, UnprocessedKeys: map[string]types.KeysAndAttributes{}}
	for name, wanted := range in.RequestItems {
		keys := wanted.Keys
		if len(keys) > 1 {
			out.UnprocessedKeys[name] = types.KeysAndAttributes{Keys: keys[len(keys)-1:]}
			keys = keys[:len(keys)-1]
		}
		for _, key := range keys {
			for _, item := range i.all {
				if equal(item["eventId"], key["eventId"]) && equal(item["timestamp"], key["timestamp"]) {
					out.Responses[name] = append(out.Responses[name], item)
				}
			}
		}
	}
	return out, nil
}

func equal(a, b types.AttributeValue) bool { return reflect.DeepEqual(a, b) }

func at(item map[string]types.AttributeValue) int64 { return number(item["timestamp"]) }

func number(v types.AttributeValue) int64 {
	n, _ := strconv.ParseInt(v.(*types.AttributeValueMemberN).Value, 10, 64)
	return n
}

func newStore(i *items) *query.Store {
	return query.NewStore(i, nil, &stack.Stack{
		CreatedAt: now.AddDate(0, -1, 0), Outputs: map[string]string{"TableName": "WebhookEvents-test", "BucketName": "b"},
	}, func() time.Time { return now })
}

// paid returns a payment's event, ago before now.
func paid(id string, ago time.Duration) event.Event {
	created := now.Add(-ago)
	return event.Event{
		Schema: event.Schema, ID: id, Provider: strings.Split(id, ":")[0], Type: "payment", Category: event.PaymentSucceeded, PaymentID: "p1",
		Timestamp: created.UnixMilli(), ReceivedAt: created.Add(time.Second).UnixMilli(),
	}
}

func ids(t *testing.T, s *query.Store, f query.Filter) []string {
	t.Helper()
	found := []string{}
	for e, err := range s.Events(t.Context(), f) {
		require.NoError(t, err)
		found = append(found, e.ID)
	}
	return found
}

func TestEvents(t *testing.T) {
	var i items
	refund := paid("stripe:2", time.Hour)
	refund.Category, refund.Type, refund.PaymentID = event.RefundSucceeded, "refund", "p2"
	refund.Account, refund.Endpoint, refund.Livemode = "acct_1", "main", new(true)
	timeless := paid("stripe:5", 20*time.Hour)
	timeless.Timestamp = 0
	late := paid("stripe:late", 20*24*time.Hour)
	late.PaymentID, late.ReceivedAt = "p3", now.Add(-time.Hour).UnixMilli()
	i.add(late, refund, paid("paypal:1", time.Minute), paid("square:3", 2*time.Hour), timeless,
		paid("stripe:4", 3*24*time.Hour), paid("stripe:6", 8*24*time.Hour), paid("stripe:ahead", -time.Hour))

	for _, row := range []struct {
		why    string
		filter query.Filter
		want   []string
	}{
		{"newest first; without a time at the end of its day; seven days", query.Filter{},
			[]string{"stripe:ahead", "paypal:1", "stripe:2", "square:3", "stripe:5", "stripe:4"}},
		{"one provider", query.Filter{Provider: "square"}, []string{"square:3"}},
		{"category", query.Filter{Category: event.RefundSucceeded}, []string{"stripe:2"}},
		{"type", query.Filter{Type: "refund"}, []string{"stripe:2"}},
		{"account and label", query.Filter{Account: "acct_1", Endpoint: "main"}, []string{"stripe:2"}},
		{"live", query.Filter{Livemode: new(true)}, []string{"stripe:2"}},
		{"test", query.Filter{Livemode: new(false)}, []string{}},
		{"further back than the default", query.Filter{Since: now.AddDate(0, 0, -9), Until: now.AddDate(0, 0, -2)}, []string{"stripe:4", "stripe:6"}},
		{"until is exclusive", query.Filter{Since: now.Add(-2 * time.Hour), Until: now.Add(-time.Hour)}, []string{"square:3"}},
		{"without a time, on a day that since cuts", query.Filter{Since: now.Add(-21 * time.Hour), Until: now.Add(-3 * time.Hour)}, []string{"stripe:5"}},
		{"without a time, received before since", query.Filter{Since: now.Add(-19 * time.Hour), Until: now.Add(-3 * time.Hour)}, []string{}},
		{"without a time, where a list continues", query.Filter{Since: now.AddDate(0, 0, -2), Until: now.Add(-21 * time.Hour), Continued: true}, []string{"stripe:5"}},
		{"without a time, received after until", query.Filter{Since: now.AddDate(0, 0, -2), Until: now.Add(-21 * time.Hour)}, []string{}},
		{"received in a range, created up to 30 days before", query.Filter{ReceivedSince: now.Add(-61 * time.Minute), ReceivedUntil: now.Add(-59 * time.Minute)},
			[]string{"stripe:2", "stripe:late"}},
		{"limit", query.Filter{Limit: 2}, []string{"stripe:ahead", "paypal:1"}},
		{"a payment of any provider, whatever its age", query.Filter{Payment: "p1"},
			[]string{"stripe:ahead", "paypal:1", "square:3", "stripe:4", "stripe:6", "stripe:5"}},
		{"a payment in a window", query.Filter{Payment: "p1", Since: now.Add(-3 * time.Hour), Until: now}, []string{"paypal:1", "square:3"}},
	} {
		assert.Equal(t, row.want, ids(t, newStore(&i), row.filter), row.why)
	}
}

func TestPaymentIsOldestFirst(t *testing.T) {
	var i items
	i.add(paid("stripe:2", time.Minute), paid("stripe:1", time.Hour), paid("square:3", 2*time.Hour))
	var found []string
	for e, err := range newStore(&i).Payment(t.Context(), query.Filter{Payment: "p1"}) {
		require.NoError(t, err)
		found = append(found, e.ID)
	}
	assert.Equal(t, []string{"square:3", "stripe:1", "stripe:2"}, found)
}

// A listing reads no page and no day before it is needed.
func TestListingReadsLittle(t *testing.T) {
	var i items
	for n := range 1_500 {
		i.add(paid(fmt.Sprintf("stripe:%d", n), time.Duration(n)*time.Second))
	}
	s := newStore(&i)
	assert.Len(t, ids(t, s, query.Filter{Provider: "stripe", Limit: 50}), 50)
	// Today's 16 partitions, and a second page of some.
	assert.Less(t, s.ReadUnits(), 12.0)

	assert.Len(t, ids(t, s, query.Filter{Provider: "stripe"}), 1_500, "pages follow")
}

// A new stack has no older events.
func TestWindowBeginsWithTheStack(t *testing.T) {
	var i items
	s := query.NewStore(&i, nil, &stack.Stack{CreatedAt: now, Outputs: map[string]string{}}, func() time.Time { return now })
	assert.Empty(t, ids(t, s, query.Filter{Provider: "stripe"}))
	assert.Equal(t, (4+1)*16, i.queries, "today and three days before the stack, the cut one also for events without a time")
}

func TestEventAndPayload(t *testing.T) {
	var i items
	e := paid("stripe:1", time.Minute)
	e.Payload = []byte("body")
	e.PayloadSHA256 = event.HashPayload(e.Payload)
	i.add(e, paid("stripe:1", time.Hour))
	s := newStore(&i)

	found, err := s.Event(t.Context(), "stripe:1")
	require.NoError(t, err)
	require.Len(t, found, 2)
	body, err := s.Payload(t.Context(), found[1])
	require.NoError(t, err)
	assert.Equal(t, "body", string(body))

	found[1].PayloadSHA256 = "other"
	_, err = s.Payload(t.Context(), found[1])
	assert.ErrorIs(t, err, bucket.ErrPayload)
	_, err = s.Event(t.Context(), "stripe:2")
	assert.ErrorIs(t, err, query.ErrNotFound)
	for id, unprefixed := range map[string]bool{"stripe:evt_1": false, "evt_1": true, "x:evt_1": true} {
		assert.Equal(t, unprefixed, query.Unprefixed(id) != "", id)
	}
}

func TestFailuresEndASequence(t *testing.T) {
	for why, i := range map[string]*items{
		"the first page": {fail: 1}, "a later page": {fail: 17},
	} {
		for n := range 300 {
			i.add(paid(fmt.Sprintf("stripe:%d", n), time.Minute))
		}
		var last error
		for _, err := range newStore(i).Events(t.Context(), query.Filter{Provider: "stripe", Since: now.Add(-time.Hour), Until: now}) {
			last = err
		}
		require.Error(t, last, why)
	}
	_, err := newStore(&items{fail: 1}).Event(t.Context(), "stripe:1")
	assert.ErrorIs(t, err, errDown)
}

func TestClientsOfAStack(t *testing.T) {
	s := &stack.Stack{Outputs: map[string]string{}, AWS: stack.AWS{Endpoint: "http://127.0.0.1:1"}}
	assert.NotNil(t, query.New(s, time.Now))
	var objects query.Objects = query.NewS3(s)
	assert.True(t, objects.(*s3.Client).Options().UsePathStyle, "an emulator serves buckets by path")
}

func TestTimeline(t *testing.T) {
	var i items
	success, refund := paid("stripe:1", 3*time.Hour), paid("stripe:2", 2*time.Hour)
	success.Money = event.Money{Amount: "20.00", Currency: "EUR"}
	refund.Category, refund.ObjectID, refund.Money = event.RefundSucceeded, "re_1", event.Money{Amount: "25.00", Currency: "EUR"}
	canceled := paid("stripe:3", time.Hour)
	canceled.Category = event.PaymentCanceled
	i.add(canceled, refund, success)
	s := newStore(&i)

	got, err := s.Timeline(t.Context(), query.Filter{Payment: "p1"})
	require.NoError(t, err)
	require.Len(t, got.Steps, 3)
	for n, want := range []struct{ paid, refunded string }{{"20.00", "0.00"}, {"20.00", "25.00"}, {"20.00", "25.00"}} {
		assert.Equal(t, want.paid, got.Steps[n].Totals[0].Paid)
		assert.Equal(t, want.refunded, got.Steps[n].Totals[0].Refunded)
	}
	assert.Empty(t, got.Steps[0].Appeared)
	assert.Equal(t, []ledger.Problem{ledger.RefundsAbovePaid}, got.Steps[1].Appeared)
	assert.Equal(t, []ledger.Problem{ledger.StateContradicted}, got.Steps[2].Appeared)
	assert.Len(t, got.Problems, 2)
	newest, err := s.Timeline(t.Context(), query.Filter{Payment: "p1", Limit: 1})
	require.NoError(t, err)
	require.Len(t, newest.Steps, 3)
	assert.Empty(t, newest.Steps[0].Totals, "summed only for the newest")
	assert.Equal(t, got.Steps[2], newest.Steps[2], "with the problem that it causes, not those before")
	assert.Equal(t, got.Payment, newest.Payment)

	pending := paid("stripe:5", time.Minute)
	pending.PaymentID, pending.Category, pending.Money = "p2", event.PaymentPending, event.Money{}
	i.add(pending)
	got, err = s.Timeline(t.Context(), query.Filter{Payment: "p2"})
	require.NoError(t, err)
	assert.Equal(t, []ledger.Totals{}, got.Steps[0].Totals, "an empty list in JSON, not null")

	i.add(paid("square:4", time.Minute))
	_, err = s.Timeline(t.Context(), query.Filter{Payment: "p1"})
	assert.ErrorIs(t, err, query.ErrSeveral)
	assert.ErrorContains(t, err, "choose stripe or square with --provider")
	_, err = s.Timeline(t.Context(), query.Filter{Payment: "p1", Provider: "square"})
	assert.NoError(t, err)
	_, err = s.Timeline(t.Context(), query.Filter{Payment: "none"})
	assert.ErrorIs(t, err, query.ErrNotFound)
	_, err = newStore(&items{fail: 1}).Timeline(t.Context(), query.Filter{Payment: "p1"})
	assert.ErrorIs(t, err, errDown)
}

func TestIdentityNeedsARegion(t *testing.T) {
	_, err := query.Identity(t.Context(), &stack.Stack{})
	require.ErrorContains(t, err, "GetCallerIdentity")
}

func TestFull(t *testing.T) {
	var i items
	for n := range 50 {
		e := paid(fmt.Sprintf("stripe:%d", n), time.Duration(n)*time.Minute)
		e.Payload = []byte(e.ID)
		i.add(e)
	}
	s := newStore(&i)
	list := func(yield func(event.Event, error) bool) {
		for e, err := range s.Events(t.Context(), query.Filter{}) {
			if !yield(event.Event{ID: e.ID, Timestamp: e.Timestamp}, err) {
				return
			}
			if e.ID == "stripe:10" && !yield(event.Event{ID: "stripe:deleted"}, nil) {
				return
			}
		}
	}
	var found []string
	for e, err := range s.Full(t.Context(), list) {
		require.NoError(t, err)
		assert.Equal(t, e.ID, string(e.Payload))
		found = append(found, e.ID)
	}
	require.Len(t, found, 50)
	assert.Equal(t, "stripe:49", found[49], "the order stays")
	for range s.Full(t.Context(), list) {
		break // the caller may stop
	}
	for range s.Full(t.Context(), func(yield func(event.Event, error) bool) { yield(event.Event{}, nil) }) {
		t.Fatal("an event without a row")
	}
}

func TestFullFails(t *testing.T) {
	one := paid("stripe:1", 0)
	list := func(n int, last error) func(func(event.Event, error) bool) {
		return func(yield func(event.Event, error) bool) {
			for range n {
				if !yield(one, nil) {
					return
				}
			}
			if last != nil {
				yield(event.Event{}, last)
			}
		}
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for why, row := range map[string]struct {
		ctx   context.Context
		items *items
		list  func(func(event.Event, error) bool)
	}{
		"the list fails":                 {t.Context(), &items{}, list(1, errDown)},
		"the table fails":                {t.Context(), &items{fail: 1}, list(1, nil)},
		"the table fails in a list":      {t.Context(), &items{fail: 1}, list(60, nil)},
		"interrupted before the retries": {canceled, &items{}, list(2, nil)},
	} {
		var last error
		for _, err := range newStore(row.items).Full(row.ctx, row.list) {
			last = err
		}
		assert.Error(t, last, why)
	}
}
