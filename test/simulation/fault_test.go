package simulation_test

import (
	"math/rand/v2"
	"syscall"
	"time"

	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	secretstypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
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
