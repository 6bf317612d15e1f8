package simulation_test

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/paysluice/paysluice/handlers/archiver"
	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/aws/client"
	"github.com/paysluice/paysluice/handlers/aws/queue"
	"github.com/paysluice/paysluice/handlers/aws/secret"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/consumer"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/processor"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
)

// batchFunction handles the messages of a queue.
type batchFunction func(context.Context, events.SQSEvent) (events.SQSEventResponse, error)

// process is an execution environment of a function: the handler and what it
// keeps in memory from one invocation to the next, and at most one invocation.
type process struct {
	world *world
	name  string
	dead  bool

	processor *processor.Handler // of a processor
	handle    batchFunction      // of a consumer or an archiver

	running    bool
	deadline   time.Time
	returnedAt time.Time // zero until the handler returns
	cancel     context.CancelFunc

	// Of a processor: what was sent, and the answer.
	delivery *delivery
	response events.APIGatewayProxyResponse
	// Of the others: the batch, the answer, and the subjects of calls that a
	// fault was injected into which nothing could be done about.
	batch   []types.Message
	result  events.SQSEventResponse
	excused map[string]bool

	failure error // returned by the handler
}

func (w *world) newProcess(kind string) *process {
	w.started++
	return &process{world: w, name: fmt.Sprintf("%s-%d", kind, w.started)}
}

func (w *world) newProcessor() *process {
	p := w.newProcess("processor")
	api, log := sqsClient{p}, function.NewLogger(w.log, "DEBUG")
	p.processor = &processor.Handler{
		Provider: stripe.New(),
		Secrets: secret.New(secret.Reader(secretsClient{p}, w.secretARN), stripe.New().Verifier, time.Now,
			func(ctx context.Context, err error) { log.WarnContext(ctx, "secret not read", "error", err.Error()) }),
		Events:      queue.NewSender(api, w.queueURL, processor.SendTimeout),
		DeadLetters: queue.NewSender(api, w.deadLetterURL, processor.SendTimeout),
		Payloads:    bucket.NewPayloads(s3Client{S3: w.s3, by: p, retryer: aws.NopRetryer{}}, bucketName, processor.PutTimeout),
		Log:         log,
		Metrics:     function.NewMetrics(w.log, "simulation", time.Now),
		Now:         time.Now,
	}
	return p
}

func (w *world) newConsumer() *process {
	p := w.newProcess("consumer")
	handler := &consumer.Handler{
		Providers:   all.All(all.Settings{}),
		Table:       table.NewTable(dynamodbClient{p, client.NewRetryer()}, tableName, 0),
		DeadLetters: queue.NewSender(sqsClient{p}, w.deadLetterURL, consumer.SendTimeout),
		Concurrency: contract.BatchSize,
		Log:         function.NewLogger(w.log, "DEBUG"),
		Metrics:     function.NewMetrics(w.log, "simulation", time.Now),
	}
	p.handle = handler.Handle
	return p
}

func (w *world) newArchiver() *process {
	p := w.newProcess("archiver")
	handler := &archiver.Handler{
		Archive:     bucket.NewArchive(s3Client{S3: w.s3, by: p, retryer: client.NewRetryer()}, bucketName),
		Concurrency: contract.BatchSize,
		Log:         function.NewLogger(w.log, "DEBUG"),
		Metrics:     function.NewMetrics(w.log, "simulation", time.Now),
		Now:         time.Now,
	}
	p.handle = handler.Handle
	return p
}

// invoke runs the handler in a goroutine of its own, which ends with it or
// with the process.
func (p *process) invoke(timeout time.Duration, handle func(context.Context) error) {
	p.running, p.returnedAt, p.failure = true, time.Time{}, nil
	p.deadline = time.Now().Add(timeout)
	ctx, cancel := context.WithDeadline(context.Background(), p.deadline)
	p.cancel = cancel
	go func() {
		p.failure = recovered(func() error { return handle(ctx) })
		p.world.inbox.handlerReturned(p)
	}()
}

// recovered turns a panic into an error: Lambda answers it with one too.
func recovered(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return f()
}

// serve gives a processor a webhook.
func (p *process) serve(d *delivery, r function.Request) {
	p.delivery = d
	p.invoke(p.world.stack.processorTimeout, func(ctx context.Context) (err error) {
		p.response, err = p.processor.Handle(ctx, r)
		return err
	})
}

// work gives a consumer or an archiver a batch.
func (p *process) work(batch []types.Message, timeout time.Duration) {
	p.batch, p.excused = batch, map[string]bool{}
	event := events.SQSEvent{}
	for _, m := range batch {
		event.Records = append(event.Records, record(m))
	}
	p.invoke(timeout, func(ctx context.Context) (err error) {
		p.result, err = p.handle(ctx, event)
		return err
	})
}

// record is a message as Lambda's event source mapping passes it on.
func record(m types.Message) events.SQSMessage {
	r := events.SQSMessage{
		MessageId:         *m.MessageId,
		ReceiptHandle:     *m.ReceiptHandle,
		Body:              *m.Body,
		Attributes:        m.Attributes,
		MessageAttributes: map[string]events.SQSMessageAttribute{},
	}
	for name, a := range m.MessageAttributes {
		r.MessageAttributes[name] = events.SQSMessageAttribute{StringValue: a.StringValue, DataType: *a.DataType}
	}
	return r
}
