package table_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

var (
	created  = time.Date(2026, 3, 1, 23, 59, 59, 0, time.UTC)
	received = created.Add(2 * time.Second)
)

// full returns an event with a value in every field except PayloadRef.
func full() event.Event {
	payload := []byte("\x00\xffbody")
	return event.Event{
		Schema: event.Schema, ID: "stripe:evt_1", Timestamp: created.UnixMilli(),
		Provider: "stripe", Type: "payment_intent.succeeded", Category: event.PaymentSucceeded,
		ObjectType: "payment_intent", ObjectID: "pi_1", ObjectStatus: "succeeded", PaymentID: "pi_1",
		Related: map[string]string{"customer": "cus_1"}, Account: "acct_1", Endpoint: "main",
		Livemode: new(false), Money: event.Money{Amount: "12.50", Currency: "EUR"},
		APIVersion: "2026-01-28", OtherMode: true, Thin: true, Omitted: []string{"related.custom", "timestamp"}, ReceivedAt: received.UnixMilli(), RequestID: "req-1", ExtendedRequestID: "TWegAcC4EowCHnA=", Traceparent: "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01", Origin: event.OriginReconcile,
		ExpiresAt:     received.AddDate(0, 0, 30).Unix(),
		ErasedAt:      received.UnixMilli(),
		PayloadSHA256: event.HashPayload(payload), ContentSHA256: strings.Repeat("0c", 32), SignedSHA256: strings.Repeat("0d", 32), Payload: payload,
	}
}

func TestItemKeepsEveryField(t *testing.T) {
	want := full()
	got, err := table.FromItem(table.ToItem(want))
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

// byReference returns an event with its payload in S3.
func byReference(payload []byte) event.Event {
	e := full()
	e.PayloadSHA256 = event.HashPayload(payload)
	e.Payload, e.PayloadRef = nil, "oversize/stripe/"+e.PayloadSHA256
	return e
}

func TestItemOfAnEventByReference(t *testing.T) {
	want := byReference([]byte("large"))

	item := table.ToItem(want)

	assert.NotContains(t, item, "payload", "an empty payload would look like the body")
	got, err := table.FromItem(item)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestItemOfAnEventWithNothingOptional(t *testing.T) {
	want := event.Event{Schema: event.Schema, ID: "stripe:evt_1", Provider: "stripe", Payload: []byte("x")}

	item := table.ToItem(want)

	for name, attribute := range item {
		if s, ok := attribute.(*types.AttributeValueMemberS); ok {
			assert.NotEmpty(t, s.Value, "%s: an empty field has no attribute", name)
		}
	}
	assert.NotContains(t, item, contract.PaymentKeyAttribute, "DynamoDB refuses an empty index key")
	assert.NotContains(t, item, contract.ExpiresAtAttribute, "it is kept")
	got, err := table.FromItem(item)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

// The names of an event's fields in its JSON, in the table and in the indexes are
// the same.
func TestAttributesAreNamedAsInTheEventsJSON(t *testing.T) {
	inJSON := members(t, full())
	for i := range reflect.TypeFor[event.Event]().NumField() {
		field := reflect.TypeFor[event.Event]().Field(i)
		assert.True(t, field.Name == "PayloadRef" || !reflect.ValueOf(full()).Field(i).IsZero(), "full has no %s", field.Name)
	}
	keys := []string{contract.PaymentKeyAttribute, contract.DayKeyAttribute}

	assert.ElementsMatch(t, append(inJSON, keys...), slices.Collect(maps.Keys(table.ToItem(full()))))
	assert.ElementsMatch(t, append(members(t, byReference(nil)), keys...), slices.Collect(maps.Keys(table.ToItem(byReference(nil)))))
	assert.Subset(t, inJSON, append(contract.PaymentColumns(), contract.DayColumns()...), "the indexes project attributes of the event")
	assert.Subset(t, inJSON, []string{contract.EventIDAttribute, contract.TimestampAttribute})
}

// members returns the names in the JSON of an event.
func members(t *testing.T, e event.Event) []string {
	t.Helper()
	var object map[string]any
	require.NoError(t, json.Unmarshal([]byte(event.Encode(e)), &object))
	return slices.Collect(maps.Keys(object))
}

func TestKeysOfItem(t *testing.T) {
	here := time.Local
	t.Cleanup(func() { time.Local = here })
	time.Local = time.FixedZone("UTC+9", 9*3600)
	for _, row := range []struct {
		why, attribute string
		change         func(*event.Event)
		want           string
	}{
		{"by payment", contract.PaymentKeyAttribute, func(*event.Event) {}, "stripe:pi_1"},
		{"an event without a payment by its object", contract.PaymentKeyAttribute,
			func(e *event.Event) { e.PaymentID, e.ObjectID = "", "cus_1" }, "stripe:cus_1"},
		{"by the day of the event, in UTC", contract.DayKeyAttribute, func(*event.Event) {}, "stripe#2026-03-01#11"},
		{"by the day of receipt without a time of its own", contract.DayKeyAttribute,
			func(e *event.Event) { e.Timestamp = 0 }, "stripe#2026-03-02#11"},
	} {
		t.Run(row.why, func(t *testing.T) {
			e := full()
			row.change(&e)
			assert.Equal(t, &types.AttributeValueMemberS{Value: row.want}, table.ToItem(e)[row.attribute])
		})
	}
}

func TestDaysAreSpreadOverShards(t *testing.T) {
	shards := map[string]int{}
	for i := range 1600 {
		e := full()
		e.ID = event.NewID("stripe", "evt_"+strings.Repeat("x", i%7)+time.Duration(i).String())
		shards[table.ToItem(e)[contract.DayKeyAttribute].(*types.AttributeValueMemberS).Value]++
	}
	assert.ElementsMatch(t, table.DayKeys("stripe", created), slices.Collect(maps.Keys(shards)), "readers find all of them")
	require.Len(t, shards, 16)
	for shard, n := range shards {
		assert.Greater(t, n, 50, "%s is used rarely", shard)
	}
}

func TestItemExpires(t *testing.T) {
	want := strconv.FormatInt(full().ExpiresAt, 10)
	assert.Equal(t, &types.AttributeValueMemberN{Value: want}, table.ToItem(full())[contract.ExpiresAtAttribute],
		"a number of epoch seconds, as DynamoDB's time to live needs it")
}

func TestFromItemRefuses(t *testing.T) {
	aList := &types.AttributeValueMemberL{}
	for _, row := range []struct {
		why, attribute string
		value          types.AttributeValue
	}{
		{"text of another type", "type", aList},
		{"a number of another type", contract.TimestampAttribute, aList},
		{"a number that is not whole", contract.TimestampAttribute, &types.AttributeValueMemberN{Value: "1.5"}},
		{"without a timestamp", contract.TimestampAttribute, nil},
		{"a flag of another type", "livemode", aList},
		{"a payload of another type", "payload", aList},
		{"without an id", contract.EventIDAttribute, nil},
	} {
		t.Run(row.why, func(t *testing.T) {
			item := table.ToItem(full())
			item[row.attribute] = row.value
			if row.value == nil {
				delete(item, row.attribute)
			}
			_, err := table.FromItem(item)
			require.ErrorIs(t, err, table.ErrItem)
			assert.ErrorContains(t, err, row.attribute)
		})
	}
}

func TestFromItemSkipsARelatedIDOfAnotherType(t *testing.T) {
	item := table.ToItem(full())
	item["related"].(*types.AttributeValueMemberM).Value["odd"] = &types.AttributeValueMemberL{}
	got, err := table.FromItem(item)
	require.NoError(t, err)
	assert.Equal(t, full().Related, got.Related)
}

type client func(*dynamodb.PutItemInput) error

func (c client) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return &dynamodb.PutItemOutput{}, c(in)
}

func TestPutStoresUnderACondition(t *testing.T) {
	var put *dynamodb.PutItemInput
	webhookEvents := table.NewTable(client(func(in *dynamodb.PutItemInput) error {
		put = in
		return nil
	}), "WebhookEvents-test")

	existing, err := webhookEvents.Put(t.Context(), full())

	require.NoError(t, err)
	assert.Nil(t, existing)
	assert.Equal(t, "WebhookEvents-test", *put.TableName)
	assert.Equal(t, "attribute_not_exists(eventId)", *put.ConditionExpression)
	assert.Equal(t, table.ToItem(full()), put.Item)
}

func TestPutReturnsTheStoredEvent(t *testing.T) {
	there := full()
	there.ReceivedAt -= 60_000
	webhookEvents := table.NewTable(client(func(in *dynamodb.PutItemInput) error {
		assert.Equal(t, types.ReturnValuesOnConditionCheckFailureAllOld, in.ReturnValuesOnConditionCheckFailure)
		return &types.ConditionalCheckFailedException{Item: table.ToItem(there)}
	}), "WebhookEvents-test")

	existing, err := webhookEvents.Put(t.Context(), full())

	require.NoError(t, err)
	assert.Equal(t, &there, existing)
}

func TestPutReportsFailure(t *testing.T) {
	throttled := errors.New("throttled")
	for want, err := range map[error]error{
		throttled:     throttled,
		table.ErrItem: &types.ConditionalCheckFailedException{}, // the stored item is not an event
	} {
		webhookEvents := table.NewTable(client(func(*dynamodb.PutItemInput) error { return err }), "WebhookEvents-test")
		_, got := webhookEvents.Put(t.Context(), full())
		require.ErrorIs(t, got, want)
	}
}
