// Package workload is the hot paths of paysluice, each as a function that does
// its work once. Benchmarks time them and package regression counts them, so
// that both speak of the same work.
package workload

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template"
)

// ErrOutcome is work that did not end as it should: what is measured is
// accepted webhooks and stored events, never a quick refusal.
var ErrOutcome = errors.New("the work did not end as it should")

// Run does some work once, within an invocation's context.
type Run func(context.Context) error

// The stack whose functions these are.
const (
	environment = "prod"
	account     = "123456789012"
	tableName   = contract.TableName + "-" + environment
	bucketName  = template.BucketName + "-" + account + "-" + environment

	queues             = "https://sqs.us-east-1.amazonaws.com/" + account + "/"
	queueURL           = queues + template.QueueName + "-" + environment
	deadLetterQueueURL = queues + template.DeadLetterQueueName + "-" + environment
)

// Workload is one hot path.
type Workload struct {
	// Name is what is done, and with what: "verify/stripe".
	Name string
	// Work is the path. Its error is ErrOutcome.
	Work Run
	// Floor is the part of the work that no code could do without: the
	// cryptography over the same bytes, and one pass of a JSON scanner over
	// each JSON text that comes in. It is nil where there is neither.
	Floor Run
	// Slow is work of which a counter need not see much.
	Slow bool
}

// All are the workloads, cheap ones first. root is the repository, whose fixtures
// are the bodies.
func All(root string) ([]Workload, error) {
	webhooks, err := newWebhooks(root)
	if err != nil {
		return nil, err
	}
	messages, err := queued(webhooks)
	if err != nil {
		return nil, err
	}
	var all []Workload
	for _, parts := range []func([]webhook, []string) ([]Workload, error){
		verify, normalise, processors, authorizers, consumers, archivers, calls, templates,
	} {
		some, err := parts(webhooks, messages)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// now is the time in all workloads: what a signature's age costs to check does
// not depend on the day.
func now() time.Time { return time.Unix(1_780_000_000, 0) }

// Invocation is a context like the one that Lambda's runtime hands to a
// handler, for an hour of invocations.
func Invocation(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(parent, time.Hour)
	return lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{
		AwsRequestID: "8f5a2c1e-6b0d-4a7e-9c3f-2d1b0e9a8c7d",
	}), cancel
}

// unless is ErrOutcome where ok is false or there is an error.
func unless(ok bool, err error) error {
	if err != nil {
		return fmt.Errorf("%w: %w", ErrOutcome, err)
	}
	if !ok {
		return ErrOutcome
	}
	return nil
}
