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
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secretstypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/paysluice/paysluice/test/simulation/memory"
)

// The calls of the handlers.
const (
	getSecretValue = "GetSecretValue"
	sendMessage    = "SendMessage"
	putItem        = "PutItem"
	putObject      = "PutObject"
)

// fate is what becomes of a call.
type fate string

const (
	fine        fate = "fine"
	refused     fate = "refused"      // an error, and no effect
	throttled   fate = "throttled"    // an error that goes away, and no effect
	answerLost  fate = "answer lost"  // the effect, and an error
	sentTwice   fate = "sent twice"   // the client tries again after a lost answer
	stuck       fate = "stuck"        // no effect, and no answer before the caller gives up
	stuckAfter  fate = "stuck after"  // the effect, and no answer
	late        fate = "late"         // no answer, and the effect when nobody waits for it
	crashBefore fate = "crash before" // no effect, and the process ends
	crashAfter  fate = "crash after"  // the effect, and the process ends
)

// fates are all that can go wrong, in the order in which odds are drawn.
func fates() []fate {
	return []fate{refused, throttled, answerLost, sentTwice, stuck, stuckAfter, late, crashBefore, crashAfter}
}

// faults are the odds of one run. Some kinds are off in a run and others
// frequent: faults that are always all there hide what only one of them shows.
type faults struct {
	odds map[fate]float64 // of each call

	again       float64 // SQS hands out a message and its copy
	deleteLost  float64 // a message that was done with is not deleted
	batchLost   float64 // nor is any of its batch: Lambda's poller died
	replyLost   float64 // the sender does not see the answer
	givenUp     float64 // the sender does not try again after a failure
	outage      float64 // of a step: the table throttles everything for a while
	retire      float64 // an idle environment is replaced by a new one
	unsetSecret bool    // the secret is filled only after the first webhooks
	badSecret   float64 // of a rotation: a document that cannot be read is put first
}

// draw chooses the odds of a run.
func draw(rng *rand.Rand) faults {
	f := faults{odds: map[fate]float64{}}
	sometimes := func(most float64) float64 {
		if rng.IntN(2) == 0 {
			return 0
		}
		return rng.Float64() * most
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
	f.unsetSecret = rng.IntN(2) == 0
	f.badSecret = sometimes(0.5)
	return f
}

// of decides about one call.
func (f *faults) of(rng *rand.Rand) fate {
	x := rng.Float64()
	for _, kind := range fates() {
		if x < f.odds[kind] {
			return kind
		}
		x -= f.odds[kind]
	}
	return fine
}

// longestOutage is shorter than an invocation of the consumer, which waits for
// the end of a throttling before it lets a receive go; quiet is the least time
// between two.
const (
	longestOutage = 10 * time.Second
	quiet         = time.Minute
)

// fatal reports whether a call of this fate fails for the handler of a record.
// The clients of table and archive try again for as long as there is time, so
// that neither throttling nor a lost answer may cost a record a receive.
func fatal(op string, kind fate) bool {
	switch kind {
	case fine, sentTwice:
		return false
	case throttled, answerLost:
		return op != putItem && op != putObject
	}
	return true
}

// throttling is the error of a service that is asked too often.
func throttling(op string) error {
	switch op {
	case putItem:
		return &dynamodbtypes.ProvisionedThroughputExceededException{}
	case sendMessage:
		return &sqstypes.RequestThrottled{}
	case putObject:
		return &smithy.GenericAPIError{Code: "SlowDown", Message: "Please reduce your request rate."}
	}
	return &smithy.GenericAPIError{Code: "ThrottlingException", Message: "Rate exceeded"}
}

// refusal is an error that trying again at once does not cure.
func refusal(op string, rng *rand.Rand) error {
	denied := &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not authorized", Fault: smithy.FaultClient}
	gone := map[string]error{
		putItem:        &dynamodbtypes.ResourceNotFoundException{},
		sendMessage:    &sqstypes.QueueDoesNotExist{},
		getSecretValue: &secretstypes.DecryptionFailure{},
		putObject:      &s3types.NoSuchBucket{},
	}
	if rng.IntN(2) == 0 {
		return denied
	}
	return gone[op]
}

// connectionReset is what is seen of an answer that got lost.
func connectionReset() error {
	return &smithyhttp.RequestSendError{Err: syscall.ECONNRESET}
}

// errCrash is the answer that a dead process gets: none.
var errCrash = errors.New("the process is gone")

// call is one request of a process to an AWS service, on its way. The driver
// decides when it arrives and what becomes of it.
type call struct {
	by *process
	op string
	// subject is what the call is about: the request id of the webhook, or of a
	// dead letter the message id. With process and op it is unique among the
	// calls on their way, so that their order does not depend on which goroutine
	// came first.
	subject string

	apply     func() error // the effect on the service; keeps its answer
	answer    chan error   // of the service, for the waiting goroutine
	abandoned bool         // nobody waits any more; the driver's
}

// request hands a call to the driver and waits for what becomes of it, at most
// until the context ends. When the process dies meanwhile, its goroutine ends
// here: that is a crash between two calls.
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

// The clients that a process is given. Each call passes the driver on its way
// to the service in memory.

type sqsClient struct{ by *process }

func (c sqsClient) SendMessage(ctx context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	subject := requestIDOf(aws.ToString(in.MessageBody))
	return request(ctx, c.by, sendMessage, subject, func() (*sqs.SendMessageOutput, error) {
		return c.by.world.sqs.SendMessage(ctx, in)
	})
}

// requestIDOf is the request that a message came from; "" for one that no
// processor wrote.
func requestIDOf(message string) string {
	var m struct {
		RequestID string `json:"requestId"`
	}
	if json.Unmarshal([]byte(message), &m) != nil {
		return ""
	}
	return m.RequestID
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
	if id, ok := in.Item["requestId"].(*dynamodbtypes.AttributeValueMemberS); ok {
		subject = id.Value
	}
	return again(ctx, c.retryer, func() (*dynamodb.PutItemOutput, error) {
		return request(ctx, c.by, putItem, subject, func() (*dynamodb.PutItemOutput, error) {
			return c.by.world.dynamodb.PutItem(ctx, in)
		})
	})
}

// s3Client passes only writing on to the driver: no handler reads.
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
	// A dead letter says which message it was, a large payload has its own key.
	subject := cmp.Or(in.Metadata["message-id"], *in.Key)
	return again(ctx, c.retryer, func() (*s3.PutObjectOutput, error) {
		return request(ctx, c.by, putObject, subject, func() (*s3.PutObjectOutput, error) {
			once := *in
			once.Body = bytes.NewReader(body)
			return c.S3.PutObject(ctx, &once)
		})
	})
}

// again tries a request as the SDK's clients do with a retryer, within its quota
// of retries if it has one. The pauses are its longest ones: the SDK draws them at random, which could not be replayed.
func again[T any](ctx context.Context, retryer aws.Retryer, try func() (T, error)) (T, error) {
	pause := 50 * time.Millisecond
	release := retryer.GetInitialToken()
	for attempt := 1; ; attempt++ {
		out, err := try()
		_ = release(err) // it only counts
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
