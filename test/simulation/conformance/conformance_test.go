// Package conformance tests that the services in memory (test/simulation/memory)
// and the emulator (test/emulator) behave as AWS documents, with one suite for
// both. Otherwise the simulation would prove little.
package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/simulation/memory"
)

// services are the services under test: clients of the SDK, or services in
// memory.
type services struct {
	sqs interface {
		CreateQueue(context.Context, *sqs.CreateQueueInput, ...func(*sqs.Options)) (*sqs.CreateQueueOutput, error)
		GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
		SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
		ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
		DeleteMessage(context.Context, *sqs.DeleteMessageInput, ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error)
	}
	dynamodb interface {
		CreateTable(context.Context, *dynamodb.CreateTableInput, ...func(*dynamodb.Options)) (*dynamodb.CreateTableOutput, error)
		PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
		GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
		Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
	}
	s3 interface {
		CreateBucket(context.Context, *s3.CreateBucketInput, ...func(*s3.Options)) (*s3.CreateBucketOutput, error)
		PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
		GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
		ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
	}
	secrets interface {
		CreateSecret(context.Context, *secretsmanager.CreateSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.CreateSecretOutput, error)
		PutSecretValue(context.Context, *secretsmanager.PutSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error)
		GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
	}
	sns interface {
		CreateTopic(context.Context, *sns.CreateTopicInput, ...func(*sns.Options)) (*sns.CreateTopicOutput, error)
		Publish(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error)
	}
	bus interface {
		CreateEventBus(context.Context, *eventbridge.CreateEventBusInput, ...func(*eventbridge.Options)) (*eventbridge.CreateEventBusOutput, error)
		PutEvents(context.Context, *eventbridge.PutEventsInput, ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)
	}
	subscribe subscriptions
	// mapping maps a function to the stream of a table with some items, with a maximum age.
	mapping func(t *testing.T, age time.Duration, items ...string) mapped
	// name returns a unique resource name.
	name func(stem string) string
}

// rule is a statement of AWS's documentation and its test.
type rule struct {
	says string
	test func(*testing.T, services)
}

func rules() []rule {
	return slices.Concat(queueRules(), tableRules(), bucketRules(), secretRules(), streamRules(), publishRules())
}

// deviations has the rules that MiniStack 1.5.33 does not follow, and what it does
// instead.
func deviations() map[string]string {
	return map[string]string{
		"SQS: a message is deleted when its retention ends":                  "it deletes messages, but keeps them for at least a minute",
		"SQS: attributes count towards the size":                             "it counts only the body",
		"SNS: an attribute must have a value":                                "it accepts an empty one",
		"EventBridge: a detail is a JSON object":                             "it accepts any text",
		"EventBridge: an entry has a source, a type and a detail":            "it accepts an entry without them",
		"EventBridge: the entries of a request have less than 1 MB":          "it has no limit",
		"S3: a key has at most 1,024 bytes":                                  "it has no limit",
		"S3: metadata has at most 2 KB of US-ASCII":                          "it has no limit",
		"Secrets Manager: a secret without a value reads like a missing one": "it returns an empty value",
		"Secrets Manager: a value has at most 65,536 bytes":                  "it has no limit",
	}
}

// In a synctest bubble a visibility timeout passes at once.
func TestMemory(t *testing.T) {
	for _, r := range rules() {
		t.Run(r.says, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				name, topics, buses := namer(), memory.NewSNS(), memory.NewEventBridge()
				r.test(t, services{
					sns:       topics,
					bus:       buses,
					subscribe: simulatedSubscriptions(topics, buses),
					mapping:   simulated(name),
					sqs:       memory.NewSQS(time.Now, memory.Disorder{}),
					dynamodb:  memory.NewDynamoDB(),
					s3:        memory.NewS3(time.Now),
					secrets:   memory.NewSecretsManager(),
					name:      name,
				})
			})
		})
	}
}

func TestEmulator(t *testing.T) {
	e, err := emulator.Use(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Stop()) })
	config, name := e.Config(), namer()
	all := services{
		sns:       sns.NewFromConfig(config),
		bus:       eventbridge.NewFromConfig(config),
		subscribe: emulatedSubscriptions(config, name),
		mapping:   emulated(e, name),
		sqs:       sqs.NewFromConfig(config),
		dynamodb:  dynamodb.NewFromConfig(config),
		s3:        s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true }),
		secrets:   secretsmanager.NewFromConfig(config),
		name:      name,
	}
	for _, r := range rules() {
		t.Run(r.says, func(t *testing.T) {
			if does, ok := deviations()[r.says]; ok {
				t.Skip(does)
			}
			if testing.Short() && strings.HasPrefix(r.says, "Lambda: ") {
				t.Skip("one thread of MiniStack reads all streams: make verify plays it alone")
			}
			t.Parallel() // most of the time is spent waiting
			r.test(t, all)
		})
	}
}

func namer() func(string) string {
	var n atomic.Int64
	return func(stem string) string { return fmt.Sprintf("conformance-%s-%d", stem, n.Add(1)) }
}

// requireCode requires an API error with a code.
func requireCode(t *testing.T, code string, err error) {
	t.Helper()
	var answered smithy.APIError
	require.True(t, errors.As(err, &answered), "%v is not an API error", err)
	require.Equal(t, code, answered.ErrorCode(), "%v", err)
}
