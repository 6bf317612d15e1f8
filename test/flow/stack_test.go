package flow_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// waitTime is long: a loaded machine takes many times what an idle one does.
const waitTime = 2 * time.Minute

var errNotArchived = errors.New("it is not in the archive")

func queueClient() *sqs.Client { return sqs.NewFromConfig(stack.Config()) }

func objectClient() *s3.Client {
	return s3.NewFromConfig(stack.Config(), func(o *s3.Options) { o.UsePathStyle = true })
}

func archive() *bucket.Archive {
	return bucket.NewArchive(objectClient(), stack.Outputs["BucketName"])
}

// payloads reads large bodies.
func payloads() *bucket.Payloads {
	return bucket.NewPayloads(objectClient(), stack.Outputs["BucketName"], 10*time.Second)
}

// payloadKey returns the key of a large body that is received at a time, without a retention.
func payloadKey(w webhook, received time.Time) string {
	return contract.RetentionPrefix(0) + w.Provider.Name + "/" +
		received.UTC().Format(time.DateOnly) + "/" + event.HashPayload(w.body)
}

// rows returns the table's rows of one event.
func rows(ctx context.Context, id string) ([]event.Event, error) {
	out, err := dynamodb.NewFromConfig(stack.Config()).Query(ctx, &dynamodb.QueryInput{
		TableName:                 new(stack.Outputs["TableName"]),
		ConsistentRead:            new(true),
		KeyConditionExpression:    new(contract.EventIDAttribute + " = :id"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":id": &types.AttributeValueMemberS{Value: id}},
	})
	if err != nil {
		return nil, err
	}
	var found []event.Event
	for _, item := range out.Items {
		e, err := table.FromItem(item)
		if err != nil {
			return nil, err
		}
		found = append(found, e)
	}
	return found, nil
}

// requireRow waits for an event's row, which must be the only one.
func requireRow(t *testing.T, id string) event.Event {
	t.Helper()
	var found []event.Event
	require.Eventually(t, func() bool {
		var err error
		found, err = rows(t.Context(), id)
		return err == nil && len(found) > 0
	}, waitTime, 100*time.Millisecond, "no row of %s", id)
	require.Len(t, found, 1)
	return found[0]
}

// deleteRow removes an event's row, as an operator does.
func deleteRow(t *testing.T, e event.Event) {
	t.Helper()
	_, err := dynamodb.NewFromConfig(stack.Config()).DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
		TableName: new(stack.Outputs["TableName"]),
		Key: map[string]types.AttributeValue{
			contract.EventIDAttribute:   &types.AttributeValueMemberS{Value: e.ID},
			contract.TimestampAttribute: &types.AttributeValueMemberN{Value: strconv.FormatInt(e.Timestamp, 10)},
		},
	})
	require.NoError(t, err)
}

// requireEmpty waits until a queue is empty. output is the stack output with the
// queue's URL.
func requireEmpty(t *testing.T, output string) {
	t.Helper()
	require.Eventually(t, func() bool {
		depth, err := stack.Depth(t.Context(), output)
		return err == nil && depth == 0
	}, waitTime, 100*time.Millisecond, "%s does not empty", output)
}

// archived is a dead letter and its key.
type archived struct {
	event.Archived
	key string
}

// letters caches archived objects by key. An archived object never changes.
var letters sync.Map

func readLetter(ctx context.Context, key string) (event.Archived, error) {
	if cached, ok := letters.Load(key); ok {
		return cached.(event.Archived), nil
	}
	m, err := archive().Get(ctx, key)
	if err == nil {
		letters.Store(key, m)
	}
	return m, err
}

// findArchived returns the dead letter below prefix that matches.
func findArchived(ctx context.Context, prefix string, matches func(event.Archived) bool) (archived, error) {
	for key, err := range archive().Keys(ctx, prefix, "") {
		if err != nil {
			return archived{}, err
		}
		m, err := readLetter(ctx, key)
		if err != nil {
			return archived{}, err
		}
		if matches(m) {
			return archived{m, key}, nil
		}
	}
	return archived{}, errNotArchived
}

// awaitArchived repeats findArchived until ctx ends.
func awaitArchived(ctx context.Context, prefix string, matches func(event.Archived) bool) (archived, error) {
	for {
		found, err := findArchived(ctx, prefix, matches)
		if !errors.Is(err, errNotArchived) {
			return found, err
		}
		select {
		case <-ctx.Done():
			return archived{}, err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func requireArchived(t *testing.T, prefix string, matches func(event.Archived) bool) archived {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitTime)
	defer cancel()
	found, err := awaitArchived(ctx, prefix, matches)
	require.NoError(t, err)
	return found
}

// ofBody matches the dead letter of a body.
func ofBody(body []byte) func(event.Archived) bool {
	hash := event.HashPayload(body)
	return func(m event.Archived) bool { return m.Event != nil && m.Event.PayloadSHA256 == hash }
}

// query decodes the JSON that an aws command prints.
func query(t *testing.T, into any, args ...string) {
	t.Helper()
	require.NoError(t, stack.Query(t.Context(), into, args...), strings.Join(args, " "))
}

// aws runs an aws command.
func aws(t *testing.T, args ...string) {
	t.Helper()
	_, err := stack.AWS(t.Context(), args...)
	require.NoError(t, err, strings.Join(args, " "))
}
