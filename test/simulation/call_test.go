package simulation_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	eventbridgetypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secretstypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/simulation/memory"
)

// The AWS calls of the handlers.
const (
	getSecretValue = "GetSecretValue"
	sendMessage    = "SendMessage"
	putItem        = "PutItem"
	putObject      = "PutObject"
	publish        = "Publish"
	putEvents      = "PutEvents"
)

// fate is the outcome of a call.
type fate string

const (
	fine        fate = "fine"         // the effect, and the response
	refused     fate = "refused"      // an error, and no effect
	throttled   fate = "throttled"    // a temporary error, and no effect
	answerLost  fate = "answer lost"  // the effect, and an error
	sentTwice   fate = "sent twice"   // the client retries after a lost response, unseen by the caller
	stuck       fate = "stuck"        // no effect, and no response
	stuckAfter  fate = "stuck after"  // the effect, and no response
	late        fate = "late"         // no response, and the effect after the caller gave up
	crashBefore fate = "crash before" // no effect, and the process crashes
	crashAfter  fate = "crash after"  // the effect, and the process crashes
)

// fates returns all faults of a call in the order in which their odds are drawn.
func fates() []fate {
	return []fate{refused, throttled, answerLost, sentTwice, stuck, stuckAfter, late, crashBefore, crashAfter}
}

// faults holds the odds of one run. Some kinds are off and others frequent:
// a mistake that shows with one kind of fault may hide behind others.
type faults struct {
	odds map[fate]float64 // of each call

	again       float64 // SQS delivers a message twice
	deleteLost  float64 // a processed message is not deleted
	batchLost   float64 // none of a batch is deleted: Lambda's poller died
	replyLost   float64 // the sender does not receive the response
	givenUp     float64 // the sender does not retry after a failure
	outage      float64 // of a step: the table throttles all requests for a while
	retire      float64 // Lambda ends an idle environment
	stray       float64 // of a step: somebody writes an item that is no event
	unsetSecret bool    // the secret has no value before the first webhooks
	badSecret   float64 // of a rotation: an invalid document is stored first
}

// drawFaults draws the odds of a run.
func drawFaults(rng *rand.Rand) faults {
	f := faults{odds: map[fate]float64{}}
	sometimes := func(limit float64) float64 {
		if rng.IntN(2) == 0 {
			return 0
		}
		return rng.Float64() * limit
	}
	for _, kind := range fates() {
		f.odds[kind] = sometimes(0.08)
	}
	f.again = sometimes(0.1)
	f.deleteLost = sometimes(0.1)
	f.batchLost = sometimes(0.05)
	f.replyLost = sometimes(0.05)
	f.givenUp = sometimes(0.8)
	f.outage = sometimes(0.001)
	f.retire = sometimes(0.05)
	f.stray = sometimes(0.001)
	f.unsetSecret = rng.IntN(2) == 0
	f.badSecret = sometimes(0.5)
	return f
}

// fate draws the fate of one call.
func (f *faults) fate(rng *rand.Rand) fate {
	x := rng.Float64()
	for _, kind := range fates() {
		if x < f.odds[kind] {
			return kind
		}
		x -= f.odds[kind]
	}
	return fine
}

// longestOutage is shorter than the consumer's timeout, because the consumer
// retries throttled requests until shortly before its deadline. quiet is the
// shortest time between two outages.
const (
	longestOutage = 10 * time.Second
	quiet         = time.Minute
)

// fatal reports whether a call with this fate may make its record fail. The
// clients of table and archive retry until the deadline, so throttling or a lost
// response must not.
func fatal(op string, kind fate) bool {
	switch kind {
	case fine, sentTwice:
		return false
	case throttled, answerLost:
		return op != putItem && op != putObject
	}
	return true
}

// throttling returns the error of a service that throttles.
func throttling(op string) error {
	switch op {
	case putItem:
		return &dynamodbtypes.ProvisionedThroughputExceededException{}
	case sendMessage:
		return &sqstypes.RequestThrottled{}
	case publish:
		return &snstypes.ThrottledException{}
	case putObject:
		return &smithy.GenericAPIError{Code: "SlowDown", Message: "Please reduce your request rate."}
	}
	return &smithy.GenericAPIError{Code: "ThrottlingException", Message: "Rate exceeded"}
}

// refusal returns an error that an immediate retry does not fix.
func refusal(op string, rng *rand.Rand) error {
	denied := &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not authorized", Fault: smithy.FaultClient}
	missing := map[string]error{
		putItem:        &dynamodbtypes.ResourceNotFoundException{},
		sendMessage:    &sqstypes.QueueDoesNotExist{},
		getSecretValue: &secretstypes.DecryptionFailure{},
		putObject:      &s3types.NoSuchBucket{},
		publish:        &snstypes.NotFoundException{},
		putEvents:      &eventbridgetypes.InternalException{},
	}
	if rng.IntN(2) == 0 {
		return denied
	}
	return missing[op]
}

// connectionReset returns the error that a client sees when a response gets
// lost.
func connectionReset() error {
	return &smithyhttp.RequestSendError{Err: syscall.ECONNRESET}
}

// errCrash ends the goroutines of a dead process.
var errCrash = errors.New("the process has crashed")

// call is one request of a process to an AWS service. The driver decides when
// it arrives and draws its fate.
type call struct {
	by *process
	op string
	// subject is the request id of the webhook, or a dead letter's message id.
	// Process, op and subject are unique among the calls in flight and so
	// determine their order.
	subject string

	apply     func() error // takes effect on the service
	answer    chan error   // received by the waiting goroutine
	abandoned bool         // no goroutine waits
}

// request submits a call to the driver and waits for its result or the end of
// the context. It ends the goroutine of a process that crashes meanwhile.
func request[T any](ctx context.Context, p *process, op, subject string, do func() (T, error)) (T, error) {
	var out T
	c := &call{by: p, op: op, subject: subject, answer: make(chan error, 1)}
	c.apply = func() (err error) {
		out, err = do()
		return err
	}
	if !p.world.inbox.submit(c) {
		runtime.Goexit()
	}
	select {
	case err := <-c.answer:
		if errors.Is(err, errCrash) {
			runtime.Goexit()
		}
		return out, err
	case <-ctx.Done():
		p.world.inbox.giveUp(c)
		return *new(T), &aws.RequestCanceledError{Err: ctx.Err()}
	}
}

// sqsClient sends through the driver, as the clients below do.
type sqsClient struct{ by *process }

func (c sqsClient) SendMessage(ctx context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	subject := requestIDOf(aws.ToString(in.MessageBody))
	return request(ctx, c.by, sendMessage, subject, func() (*sqs.SendMessageOutput, error) {
		return c.by.world.sqs.SendMessage(ctx, in)
	})
}

// requestIDOf returns the request id in a message, the event id in one of a refill or of
// the publisher, and "" for a message that none of them wrote.
func requestIDOf(message string) string {
	var m struct {
		RequestID string `json:"requestId"`
		EventID   string `json:"eventId"`
	}
	if json.Unmarshal([]byte(message), &m) != nil {
		return ""
	}
	return cmp.Or(m.RequestID, m.EventID)
}

type secretsClient struct{ by *process }

func (c secretsClient) GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	return request(ctx, c.by, getSecretValue, "", func() (*secretsmanager.GetSecretValueOutput, error) {
		return c.by.world.secrets.GetSecretValue(ctx, in)
	})
}

type dynamodbClient struct {
	by      *process
	retryer aws.Retryer
}

func (c dynamodbClient) PutItem(ctx context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	subject := ""
	for _, name := range []string{contract.EventIDAttribute, "requestId"} { // a refilled event has no request
		if id, ok := in.Item[name].(*dynamodbtypes.AttributeValueMemberS); ok && id.Value != "" {
			subject = id.Value
		}
	}
	return retry(ctx, c.retryer, func() (*dynamodb.PutItemOutput, error) {
		return request(ctx, c.by, putItem, subject, func() (*dynamodb.PutItemOutput, error) {
			return c.by.world.dynamodb.PutItem(ctx, in)
		})
	})
}

// s3Client sends only PutObject through the driver: the handlers do not read.
type s3Client struct {
	*memory.S3
	by      *process
	retryer aws.Retryer
}

func (c s3Client) PutObject(ctx context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	body, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, err
	}
	// A dead letter has its message id, a large payload a key of its own.
	subject := cmp.Or(in.Metadata["message-id"], *in.Key)
	return retry(ctx, c.retryer, func() (*s3.PutObjectOutput, error) {
		return request(ctx, c.by, putObject, subject, func() (*s3.PutObjectOutput, error) {
			once := *in
			once.Body = bytes.NewReader(body)
			return c.S3.PutObject(ctx, &once)
		})
	})
}

// retry sends a request as the SDK's clients do with a retryer. It always waits
// the longest backoff, because the SDK's random backoff could not be repeated.
func retry[T any](ctx context.Context, retryer aws.Retryer, try func() (T, error)) (T, error) {
	pause := 50 * time.Millisecond
	release := retryer.GetInitialToken()
	for attempt := 1; ; attempt++ {
		out, err := try()
		_ = release(err) // updates the retry quota
		if err == nil || attempt >= retryer.MaxAttempts() || !retryer.IsErrorRetryable(err) {
			return out, err
		}
		next, quota := retryer.GetRetryToken(ctx, err)
		if quota != nil {
			return out, fmt.Errorf("%w: %w", err, quota)
		}
		release = next
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return *new(T), &aws.RequestCanceledError{Err: ctx.Err()}
		}
		pause = min(2*pause, 2*time.Second)
	}
}
