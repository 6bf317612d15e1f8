package simulation_test

import (
	"context"
	"errors"
	"runtime"

	"github.com/aws/aws-sdk-go-v2/aws"
)

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
