package simulation_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/simulation/memory"
)

const (
	tableName  = contract.TableName
	bucketName = "failed-webhooks"
)

// world is the state of one run: the services, the processes, the sender and
// the only random source. The driver alone uses it; the handlers' goroutines
// use only the inbox.
type world struct {
	stack  stack
	rng    *rand.Rand
	faults faults
	calm   bool // no faults are injected
	// calmSince is when the faults ended, zero in a run without faults.
	calmSince time.Time

	sqs      *memory.SQS
	dynamodb *memory.DynamoDB
	s3       *memory.S3
	secrets  *memory.SecretsManager

	queueURL, deadLetterURL, secretARN string

	inbox  inbox
	broken []string // promises, each with the violation

	calls []*call // in flight
	stuck []*call // never answered
	late  []*call // take effect after their caller gave up

	started    int
	processors []*process
	mappings   []*mapping

	throttledUntil time.Time // the table

	plays      player
	stripe     *sender // of the player
	operator   *operator
	publishing *publishing

	poison   map[string]bool // message bodies that no processor wrote
	failures map[string]int  // failed receives by message id
	stored   map[string]bool // ids of messages that the consumer reported as done
	seen     map[string]int  // number of occurrences of each kind of step

	log   *watchedLog
	trace io.Writer
	sum   hash.Hash64
}

func newWorld(t *testing.T, seed uint64, s stack, trace io.Writer) *world {
	t.Helper()
	return newWorldOf(t, contract.Stripe(), seed, s, trace)
}

func newWorldOf(t *testing.T, p contract.Provider, seed uint64, s stack, trace io.Writer) *world {
	t.Helper()
	w := &world{
		plays:    newPlayer(t, p),
		stack:    s,
		rng:      rand.New(rand.NewPCG(seed, 0)),
		dynamodb: memory.NewDynamoDB(),
		s3:       memory.NewS3(time.Now),
		secrets:  memory.NewSecretsManager(),
		poison:   map[string]bool{},
		failures: map[string]int{},
		stored:   map[string]bool{},
		seen:     map[string]int{},
		sum:      fnv.New64a(),
	}
	w.trace = io.MultiWriter(w.sum, trace)
	w.inbox.dead = map[*process]bool{}
	w.log = newWatchedLog(&w.inbox)
	w.faults = drawFaults(w.rng)
	w.sqs = memory.NewSQS(time.Now, memory.Disorder{
		Pick:  w.rng.IntN,
		Again: func() bool { return w.happens(w.faults.again) },
	})
	w.createServices(t)
	w.mappings = []*mapping{
		{url: w.queueURL, start: w.newConsumer, timeout: s.consumerTimeout, size: s.consumerBatch, limit: maxConsumers},
		{url: w.deadLetterURL, start: w.newArchiver, timeout: s.archiverTimeout, size: s.archiverBatch, limit: maxArchivers},
	}
	var err error
	w.publishing, err = newPublishing(w, seed%2 == 0)
	require.NoError(t, err)
	w.stripe = newSender(w)
	w.operator = newOperator(w)
	return w
}

// newServices returns a world of services alone. Its caller adds SQS, with or without
// disorder.
func newServices(t *testing.T) *world {
	t.Helper()
	return &world{stack: loadStack(t), dynamodb: memory.NewDynamoDB(), s3: memory.NewS3(time.Now), secrets: memory.NewSecretsManager()}
}

// createServices creates the queues, the tables, the bucket and Stripe's secret.
func (w *world) createServices(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	dlq, err := w.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: new("webhook-dlq"), Attributes: w.stack.deadLetterQueue})
	require.NoError(t, err)
	attributes, err := w.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: dlq.QueueUrl})
	require.NoError(t, err)
	w.stack.queue["RedrivePolicy"] = fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`,
		attributes.Attributes["QueueArn"], w.stack.maxReceiveCount)
	queue, err := w.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: new("webhook-queue"), Attributes: w.stack.queue})
	require.NoError(t, err)
	w.queueURL, w.deadLetterURL = *queue.QueueUrl, *dlq.QueueUrl

	s, n := dynamodbtypes.ScalarAttributeTypeS, dynamodbtypes.ScalarAttributeTypeN
	define := func(name string, kind dynamodbtypes.ScalarAttributeType) dynamodbtypes.AttributeDefinition {
		return dynamodbtypes.AttributeDefinition{AttributeName: &name, AttributeType: kind}
	}
	keys := func(partition string) []dynamodbtypes.KeySchemaElement {
		return []dynamodbtypes.KeySchemaElement{
			{AttributeName: &partition, KeyType: dynamodbtypes.KeyTypeHash},
			{AttributeName: aws.String(contract.TimestampAttribute), KeyType: dynamodbtypes.KeyTypeRange},
		}
	}
	_, err = w.dynamodb.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: aws.String(tableName),
		KeySchema: keys(contract.EventIDAttribute),
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{
			define(contract.EventIDAttribute, s), define(contract.TimestampAttribute, n),
			define(contract.PaymentKeyAttribute, s), define(contract.DayKeyAttribute, s),
		},
		GlobalSecondaryIndexes: []dynamodbtypes.GlobalSecondaryIndex{
			{IndexName: aws.String(contract.PaymentIndex), KeySchema: keys(contract.PaymentKeyAttribute)},
			{IndexName: aws.String(contract.DayIndex), KeySchema: keys(contract.DayKeyAttribute)},
		},
	})
	require.NoError(t, err)

	_, err = w.dynamodb.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:            aws.String(contract.GuardTableName),
		KeySchema:            keys(contract.GuardAttribute)[:1],
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{define(contract.GuardAttribute, s)},
	})
	require.NoError(t, err)

	_, err = w.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucketName)})
	require.NoError(t, err)

	created, err := w.secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: new("stripe-secret")})
	require.NoError(t, err)
	w.secretARN = *created.ARN
}

// happens reports whether a fault with this probability happens now.
func (w *world) happens(odds float64) bool {
	return !w.calm && odds > 0 && w.rng.Float64() < odds
}

// violate records a broken promise.
func (w *world) violate(format string, args ...any) {
	w.broken = append(w.broken, fmt.Sprintf(format, args...))
}

// note adds a line to the trace. Two runs of one seed have the same trace.
func (w *world) note(words ...string) {
	line := make([]byte, 0, 128)
	line = strconv.AppendInt(line, time.Since(w.stripe.epoch).Microseconds(), 10)
	for _, word := range words {
		line = append(append(line, ' '), word...)
	}
	_, _ = w.trace.Write(append(line, '\n'))
}

// watchedLog receives the functions' log lines and reports lines that contain a
// payload, a secret or a signature.
type watchedLog struct {
	inbox     *inbox
	forbidden [][]byte
}

// newWatchedLog returns a log that looks for the mark of secrets and payloads,
// plain and in base64, for the payload field of a message, plain and quoted,
// and for the beginning of a signature.
func newWatchedLog(i *inbox) *watchedLog {
	forbidden := [][]byte{[]byte(mark), []byte("v1="), []byte(`"payload":`), []byte(`\"payload\":`)}
	for before := range 3 {
		forbidden = append(forbidden, inBase64(mark, before))
	}
	return &watchedLog{i, forbidden}
}

// inBase64 returns the base64 characters that text has after a number of other
// bytes, without the first and last characters that also encode its neighbours.
func inBase64(text string, before int) []byte {
	coded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("-", before) + text))
	first, end := (before*8+5)/6, (before+len(text))*8/6
	return []byte(coded[first:end])
}

func (l *watchedLog) Write(line []byte) (int, error) {
	for _, forbidden := range l.forbidden {
		if bytes.Contains(line, forbidden) {
			l.inbox.violate("no payload, secret or signature is logged: " + string(line))
		}
	}
	return len(line), nil
}

func TestMarkIsFoundInBase64(t *testing.T) {
	w := world{}
	log := newWatchedLog(&w.inbox)
	for before := range 6 {
		for behind := range 3 {
			bytes := strings.Repeat("\xff", before) + mark + strings.Repeat("\xff", behind)
			_, err := log.Write([]byte(base64.StdEncoding.EncodeToString([]byte(bytes))))
			require.NoError(t, err)
			_, _, _, broken := w.inbox.empty()
			require.Len(t, broken, 1, "%d bytes before, %d behind", before, behind)
		}
	}
}

// stack holds the numbers of out/stack.json, so that the simulation runs with
// those that are deployed.
type stack struct {
	processorTimeout time.Duration
	consumerTimeout  time.Duration
	archiverTimeout  time.Duration
	consumerBatch    int
	archiverBatch    int
	maxReceiveCount  int

	publisherTimeout time.Duration
	publisherBatch   int
	streamAge        time.Duration // after which Lambda gives up a record

	queue, deadLetterQueue map[string]string // for CreateQueue, without the redrive policy
}

// loadStack reads out/stack.json.
func loadStack(t *testing.T) stack {
	t.Helper()
	text, err := os.ReadFile("../../out/stack.json")
	require.NoError(t, err)
	var template struct {
		Parameters map[string]struct{ Default any }
		Resources  map[string]struct {
			Properties struct {
				Timeout                   int
				BatchSize                 int
				MaximumRecordAgeInSeconds int
				VisibilityTimeout         int
				MessageRetentionPeriod    int
				MaximumMessageSize        int
				RedrivePolicy             struct {
					MaxReceiveCount struct{ Ref string } `json:"maxReceiveCount"`
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &template))
	number := func(n int) int {
		require.NotZero(t, n, "out/stack.json has no such resource or property")
		return n
	}
	attributes := func(id string) map[string]string {
		p := template.Resources[id].Properties
		return map[string]string{
			"VisibilityTimeout":      strconv.Itoa(number(p.VisibilityTimeout)),
			"MessageRetentionPeriod": strconv.Itoa(number(p.MessageRetentionPeriod)),
			"MaximumMessageSize":     strconv.Itoa(number(p.MaximumMessageSize)),
		}
	}
	seconds := func(id string) time.Duration {
		return time.Duration(number(template.Resources[id].Properties.Timeout)) * time.Second
	}
	receives, err := strconv.Atoi(fmt.Sprint(
		template.Parameters[template.Resources["WebhookQueue"].Properties.RedrivePolicy.MaxReceiveCount.Ref].Default))
	require.NoError(t, err)
	return stack{
		processorTimeout: seconds("StripeProcessorFunction"),
		consumerTimeout:  seconds("ConsumerFunction"),
		archiverTimeout:  seconds("ArchiverFunction"),
		consumerBatch:    number(template.Resources["ConsumerMapping"].Properties.BatchSize),
		archiverBatch:    number(template.Resources["ArchiverMapping"].Properties.BatchSize),
		maxReceiveCount:  number(receives),
		publisherTimeout: seconds("PublisherFunction"),
		publisherBatch:   number(template.Resources["PublisherMapping"].Properties.BatchSize),
		streamAge:        time.Duration(number(template.Resources["PublisherMapping"].Properties.MaximumRecordAgeInSeconds)) * time.Second,
		queue:            attributes("WebhookQueue"),
		deadLetterQueue:  attributes("DeadLetterQueue"),
	}
}
