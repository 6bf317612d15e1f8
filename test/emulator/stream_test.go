package emulator

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	tabletypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reader is a function that writes the ids of the records it gets to a file. It stops
// at a record that it lists as failed: one named poison, or every one while down exists.
const reader = `
import os
def handler(event, context):
    for record in event["Records"]:
        name = record["dynamodb"]["Keys"]["id"]["S"]
        with open(os.environ["FOLDER"] + "/delivered", "a") as file:
            file.write(name + "\n")
        if name.startswith("crash"):
            raise Exception(name)
        if name.startswith("poison") or os.path.exists(os.environ["FOLDER"] + "/down"):
            return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
    return {"batchItemFailures": []}
`

// stream is a table whose new items a function reads.
type stream struct {
	*Emulator
	name, folder, discarded string // discarded is the URL of a queue
}

// newStream creates a table and puts items, then creates the mapping, so that one batch
// has all items.
func newStream(t *testing.T, e *Emulator, name string, limits lambda.CreateEventSourceMappingInput, items ...string) stream {
	t.Helper()
	s, config := stream{Emulator: e, name: name, folder: t.TempDir()}, e.Config()
	table, err := dynamodb.NewFromConfig(config).CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: tabletypes.BillingModePayPerRequest,
		AttributeDefinitions: []tabletypes.AttributeDefinition{{AttributeName: new("id"), AttributeType: "S"}},
		KeySchema:            []tabletypes.KeySchemaElement{{AttributeName: new("id"), KeyType: "HASH"}},
		StreamSpecification:  &tabletypes.StreamSpecification{StreamEnabled: new(true), StreamViewType: "NEW_IMAGE"},
	})
	require.NoError(t, err)
	queue, err := sqs.NewFromConfig(config).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name})
	require.NoError(t, err)
	s.discarded = *queue.QueueUrl
	s.put(t, items...)

	var code bytes.Buffer
	archive := zip.NewWriter(&code)
	file, err := archive.Create("reader.py")
	require.NoError(t, err)
	_, err = file.Write([]byte(reader))
	require.NoError(t, err)
	require.NoError(t, archive.Close())
	_, err = e.AWS(t.Context(), "iam", "create-role", "--role-name", name, "--assume-role-policy-document",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)
	require.NoError(t, err)
	client := lambda.NewFromConfig(config)
	_, err = client.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: &name, Runtime: types.RuntimePython311, Handler: new("reader.handler"), Role: new("arn:aws:iam::000000000000:role/" + name),
		Code: &types.FunctionCode{ZipFile: code.Bytes()}, Environment: &types.Environment{Variables: map[string]string{"FOLDER": s.folder}},
	})
	require.NoError(t, err)
	limits.FunctionName, limits.EventSourceArn, limits.StartingPosition = &name, table.TableDescription.LatestStreamArn, types.EventSourcePositionTrimHorizon
	limits.FunctionResponseTypes = []types.FunctionResponseType{types.FunctionResponseTypeReportBatchItemFailures}
	limits.FilterCriteria = &types.FilterCriteria{Filters: []types.Filter{{Pattern: new(`{"eventName":["INSERT"]}`)}}}
	limits.DestinationConfig = &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: new("arn:aws:sqs:us-east-1:000000000000:" + name)}}
	_, err = client.CreateEventSourceMapping(t.Context(), &limits)
	require.NoError(t, err)
	return s
}

// put puts each item twice, so that the filter has something to drop.
func (s stream) put(t *testing.T, items ...string) {
	t.Helper()
	for _, item := range items {
		for _, version := range []string{"1", "2"} {
			_, err := dynamodb.NewFromConfig(s.Config()).PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &s.name, Item: map[string]tabletypes.AttributeValue{
				"id": &tabletypes.AttributeValueMemberS{Value: item}, "version": &tabletypes.AttributeValueMemberS{Value: version},
			}})
			require.NoError(t, err)
		}
	}
}

func (s stream) delivered() []string {
	text, _ := os.ReadFile(filepath.Join(s.folder, "delivered"))
	return strings.Fields(string(text))
}

// await waits until an item was delivered.
func (s stream) await(t *testing.T, item string) {
	t.Helper()
	require.Eventually(t, func() bool { return slices.Contains(s.delivered(), item) }, 20*time.Second, 20*time.Millisecond, "%s: %v", item, s.delivered())
}

// requireGivenUp requires n messages in the queue, each about one record.
func (s stream) requireGivenUp(t *testing.T, n int, reason string) {
	t.Helper()
	var all []string
	require.Eventually(t, func() bool {
		out, err := sqs.NewFromConfig(s.Config()).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &s.discarded, MaxNumberOfMessages: 10})
		require.NoError(t, err)
		for _, m := range out.Messages {
			var message struct {
				RequestContext     struct{ Condition string }
				DDBStreamBatchInfo struct{ BatchSize int }
			}
			require.NoError(t, json.Unmarshal([]byte(*m.Body), &message))
			all = append(all, fmt.Sprint(message.RequestContext.Condition, " ", message.DDBStreamBatchInfo.BatchSize))
		}
		return len(all) >= n
	}, 10*time.Second, 100*time.Millisecond, "delivered: %v", s.delivered())
	assert.Equal(t, slices.Repeat([]string{reason + " 1"}, n), all)
}

func TestStreamFailures(t *testing.T) {
	e := start(t)
	t.Run("what is given up is one record and is named; its neighbours arrive", func(t *testing.T) {
		s := newStream(t, e, "limited", lambda.CreateEventSourceMappingInput{
			BisectBatchOnFunctionError: new(true), MaximumRetryAttempts: new(int32(1)),
		}, "a", "poison", "b", "crash", "c")
		s.await(t, "c")

		assert.Subset(t, s.delivered(), []string{"a", "b"})
		s.requireGivenUp(t, 2, "RetryAttemptsExhausted")
	})
	t.Run("an expired record is given up alone", func(t *testing.T) {
		s := newStream(t, e, "aged", lambda.CreateEventSourceMappingInput{
			BisectBatchOnFunctionError: new(true), MaximumRecordAgeInSeconds: new(int32(2)),
		}, "poison", "a")
		s.await(t, "a")
		s.requireGivenUp(t, 1, "MaxRecordAgeExceeded")
	})
	t.Run("without limits an outage delays and loses nothing; what was delivered before does not come again", func(t *testing.T) {
		s := newStream(t, e, "unlimited", lambda.CreateEventSourceMappingInput{BisectBatchOnFunctionError: new(true)}, "a")
		s.await(t, "a")
		down := filepath.Join(s.folder, "down")
		require.NoError(t, os.WriteFile(down, nil, 0o600))
		s.put(t, "b", "c", "d")
		s.await(t, "b")
		time.Sleep(2 * time.Second)
		assert.NotContains(t, s.delivered(), "c", "the records behind the first failed one wait")
		require.NoError(t, os.Remove(down))
		s.await(t, "d")
		got := slices.DeleteFunc(s.delivered(), func(item string) bool { return item == "b" })
		assert.Equal(t, []string{"a", "c", "d"}, got)
	})
}

// TestPlainStreamsLoseRecords shows why launch.py changes how MiniStack reads streams.
// When it fails, MiniStack has learned it: remove read_streams_like_lambda.
func TestPlainStreamsLoseRecords(t *testing.T) {
	e, err := Start(t.Context(), Options{Root: repository(t), plainStreams: true})
	require.NoError(t, err)
	t.Cleanup(func() { _ = e.Stop() })
	s := newStream(t, e, "plain", lambda.CreateEventSourceMappingInput{}, "a", "poison", "b")
	s.await(t, "poison")
	s.put(t, "c")
	s.await(t, "c")
	assert.Equal(t, []string{"a", "poison", "c"}, s.delivered())
}
