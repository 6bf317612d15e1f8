// Package streamreader creates a table whose stream a function reads, on the emulator, and tells
// what it got.
package streamreader

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	tabletypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// code writes the ids of the records that it gets to a file. It stops at a record that it lists
// as failed: one named poison, or every one while down exists. One named crash fails the batch.
const code = `
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

// Cloud is an emulator.
type Cloud interface {
	Config() aws.Config
	AWS(ctx context.Context, args ...string) ([]byte, error)
}

// Reader is a table, the function that reads its new items, and the queue of what Lambda gives up.
type Reader struct {
	cloud               Cloud
	name, folder, queue string
}

// New creates a table and puts items, then maps the function, so that one batch has all items. The
// function writes into a folder. limits are those of the mapping.
func New(ctx context.Context, cloud Cloud, name, folder string, limits lambda.CreateEventSourceMappingInput, items ...string) (*Reader, error) {
	r, config := &Reader{cloud: cloud, name: name, folder: folder}, cloud.Config()
	table, err := dynamodb.NewFromConfig(config).CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: tabletypes.BillingModePayPerRequest,
		AttributeDefinitions: []tabletypes.AttributeDefinition{{AttributeName: new("id"), AttributeType: "S"}},
		KeySchema:            []tabletypes.KeySchemaElement{{AttributeName: new("id"), KeyType: "HASH"}},
		StreamSpecification:  &tabletypes.StreamSpecification{StreamEnabled: new(true), StreamViewType: "NEW_IMAGE"},
	})
	if err != nil {
		return nil, err
	}
	queue, err := sqs.NewFromConfig(config).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		return nil, err
	}
	r.queue = *queue.QueueUrl
	if err := r.Put(ctx, items...); err != nil {
		return nil, err
	}
	archive, err := zipped()
	if err != nil {
		return nil, err
	}
	if _, err := cloud.AWS(ctx, "iam", "create-role", "--role-name", name, "--assume-role-policy-document",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`); err != nil {
		return nil, err
	}
	client := lambda.NewFromConfig(config)
	if _, err := client.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: &name, Runtime: types.RuntimePython311, Handler: new("reader.handler"), Role: new("arn:aws:iam::000000000000:role/" + name),
		Code: &types.FunctionCode{ZipFile: archive}, Environment: &types.Environment{Variables: map[string]string{"FOLDER": folder}},
	}); err != nil {
		return nil, err
	}
	limits.FunctionName, limits.EventSourceArn, limits.StartingPosition = &name, table.TableDescription.LatestStreamArn, types.EventSourcePositionTrimHorizon
	limits.FunctionResponseTypes = []types.FunctionResponseType{types.FunctionResponseTypeReportBatchItemFailures}
	limits.FilterCriteria = &types.FilterCriteria{Filters: []types.Filter{{Pattern: new(`{"eventName":["INSERT"]}`)}}}
	limits.DestinationConfig = &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: new("arn:aws:sqs:us-east-1:000000000000:" + name)}}
	_, err = client.CreateEventSourceMapping(ctx, &limits)
	return r, err
}

func zipped() ([]byte, error) {
	var text bytes.Buffer
	archive := zip.NewWriter(&text)
	file, err := archive.Create("reader.py")
	if err != nil {
		return nil, err
	}
	if _, err := file.Write([]byte(code)); err != nil {
		return nil, err
	}
	err = archive.Close()
	return text.Bytes(), err
}

// Put puts each item twice, so that the mapping's filter for new items has something to drop.
func (r *Reader) Put(ctx context.Context, items ...string) error {
	client := dynamodb.NewFromConfig(r.cloud.Config())
	for _, item := range items {
		for _, version := range []string{"1", "2"} {
			if _, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &r.name, Item: map[string]tabletypes.AttributeValue{
				"id": &tabletypes.AttributeValueMemberS{Value: item}, "version": &tabletypes.AttributeValueMemberS{Value: version},
			}}); err != nil {
				return err
			}
		}
	}
	return nil
}

// SetDown makes the function fail at the first record of each batch, or not.
func (r *Reader) SetDown(down bool) error {
	file := filepath.Join(r.folder, "down")
	if down {
		return os.WriteFile(file, nil, 0o600)
	}
	return os.Remove(file)
}

// Delivered returns the ids of the records so far.
func (r *Reader) Delivered() []string {
	text, _ := os.ReadFile(filepath.Join(r.folder, "delivered")) // there is none before the first record
	return strings.Fields(string(text))
}

// GivenUp returns what Lambda has given up since the last call: "{condition} {number of records}".
func (r *Reader) GivenUp(ctx context.Context) ([]string, error) {
	out, err := sqs.NewFromConfig(r.cloud.Config()).ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &r.queue, MaxNumberOfMessages: 10})
	if err != nil {
		return nil, err
	}
	var all []string
	for _, m := range out.Messages {
		var message struct {
			RequestContext     struct{ Condition string }
			DDBStreamBatchInfo struct{ BatchSize int }
		}
		if err := json.Unmarshal([]byte(*m.Body), &message); err != nil {
			return nil, err
		}
		all = append(all, fmt.Sprint(message.RequestContext.Condition, " ", message.DDBStreamBatchInfo.BatchSize))
	}
	return all, nil
}
