package simulation_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
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
	"github.com/paysluice/paysluice/handlers/publisher"
)

// batchFunction is the handler of a function with a queue.
type batchFunction func(context.Context, events.SQSEvent) (events.SQSEventResponse, error)

// process is an execution environment of a function: a handler, its memory
// between invocations, and at most one invocation at a time.
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

	// A processor's webhook and response.
	delivery *delivery
	response events.APIGatewayProxyResponse
	// A consumer's or archiver's batch and response, and the subjects of calls
	// with a fatal fault.
	batch  []types.Message
	result events.SQSEventResponse
	// A publisher's handler and response.
	publish   publisherHandler
	published publisher.Response
	excused   map[string]bool

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
		Provider: w.plays,
		Secrets: secret.New(secret.Reader(secretsClient{p}, w.secretARN), w.plays.Verifier, time.Now,
			func(ctx context.Context, err error) { log.WarnContext(ctx, "secret not read", "error", err.Error()) }),
		Events:      queue.NewSender(api, w.queueURL, processor.SendTimeout),
		DeadLetters: queue.NewSender(api, w.deadLetterURL, processor.SendTimeout),
		Payloads:    bucket.NewPayloads(s3Client{S3: w.s3, by: p, retryer: aws.NopRetryer{}}, bucketName, processor.PutTimeout),
		// As if the operator turned the retention on and off again and again.
		RetentionDays: w.started % 2 * retentionDays,

		Log:     log,
		Metrics: function.NewMetrics(w.log, "simulation", time.Now),
		Now:     time.Now,
	}
	return p
}

func (w *world) newConsumer() *process {
	p := w.newProcess("consumer")
	handler := &consumer.Handler{
		Providers:   all.All(all.Settings{}),
		Table:       table.NewTable(dynamodbClient{p, client.NewRetryer()}, tableName),
		Now:         time.Now,
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

// invoke runs the handler in a new goroutine.
func (p *process) invoke(timeout time.Duration, handle func(context.Context) error) {
	p.running, p.returnedAt, p.failure = true, time.Time{}, nil
	p.deadline = time.Now().Add(timeout)
	ctx, cancel := context.WithDeadline(context.Background(), p.deadline)
	p.cancel = cancel
	go func() {
		p.failure = catchPanic(func() error { return handle(ctx) })
		p.world.inbox.handlerReturned(p)
	}()
}

// catchPanic turns a panic of f into an error, as Lambda does.
func catchPanic(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return f()
}

// serve invokes a processor with a webhook.
func (p *process) serve(d *delivery, r function.Request) {
	p.delivery = d
	p.invoke(p.world.stack.processorTimeout, func(ctx context.Context) (err error) {
		p.response, err = p.processor.Handle(ctx, r)
		return err
	})
}

// work invokes a consumer or an archiver with a batch.
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

// record returns a message in the form of Lambda's event source mapping.
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

// mapping is an event source mapping: it delivers the messages of a queue to a
// function.
type mapping struct {
	url     string
	start   func() *process
	timeout time.Duration // of the function
	size    int           // of the largest batch
	limit   int           // of concurrent processes

	processes []*process
	nextPoll  time.Time // set when the queue was empty
}

// poll receives messages and invokes functions with them.
func (w *world) poll(m *mapping) {
	out, err := w.sqs.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{
		QueueUrl:                    &m.url,
		MaxNumberOfMessages:         int32(1 + w.rng.IntN(m.size)),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		MessageAttributeNames:       []string{"All"},
	})
	if err != nil {
		w.violate("a queue can be received from: %v", err)
		return
	}
	if len(out.Messages) == 0 {
		m.nextPoll = time.Now().Add(time.Second)
		return
	}
	for _, batch := range splitTwins(out.Messages) {
		p := w.warm(&m.processes, m.start)
		w.note(p.name, "receives", strconv.Itoa(len(batch)))
		p.work(batch, m.timeout)
	}
}

// splitTwins splits messages so that no batch has two messages of one request,
// which a repeated send leads to. Their calls would have equal subjects, so their
// order would not be determined by the seed.
func splitTwins(messages []types.Message) [][]types.Message {
	var batches [][]types.Message
	for _, m := range messages {
		id := requestIDOf(*m.Body)
		fits := slices.IndexFunc(batches, func(batch []types.Message) bool {
			return !slices.ContainsFunc(batch, func(other types.Message) bool {
				return id != "" && requestIDOf(*other.Body) == id
			})
		})
		if fits < 0 {
			batches = append(batches, []types.Message{m})
			continue
		}
		batches[fits] = append(batches[fits], m)
	}
	return batches
}

// excuse records a fatal fault in a call with this subject, so that its record
// may fail.
func (p *process) excuse(subject string) {
	if p.excused != nil {
		p.excused[subject] = true
	}
}

// finishBatch deletes the messages that the response does not report as failed,
// as Lambda does (Lambda Developer Guide, "Handling errors for an SQS event
// source in Lambda"). The others return after the visibility timeout.
func (w *world) finishBatch(in *mapping, p *process) {
	failed, whole := w.failedMessages(p)
	for _, m := range p.batch {
		id := *m.MessageId
		done := !whole && !slices.Contains(failed, id)
		if in.url == w.queueURL {
			w.count(id, done)
		}
		switch {
		case !done:
			w.note(p.name, "failed", id)
			if !p.dead && !p.excused[requestIDOf(*m.Body)] && !p.excused[id] && !in.refuses(w, *m.Body) {
				w.violate("a record fails only by its own fault: %s failed message %s, which had none", p.name, id)
			}
		case w.happens(w.faults.deleteLost):
			w.note(p.name, "does not delete", id)
		default:
			w.note(p.name, "deletes", id)
			_, err := w.sqs.DeleteMessage(context.Background(), &sqs.DeleteMessageInput{
				QueueUrl: &in.url, ReceiptHandle: m.ReceiptHandle,
			})
			if err != nil {
				w.violate("a received message can be deleted: %v", err)
			}
		}
	}
}

// count records the result of one receive by the consumer.
func (w *world) count(messageID string, done bool) {
	if done {
		w.stored[messageID] = true
	} else {
		w.failures[messageID]++
	}
}

// refuses reports whether the function must fail a message: the consumer fails
// poison.
func (m *mapping) refuses(w *world, body string) bool {
	return m.url == w.queueURL && w.poison[body]
}

// failedMessages reads a response as Lambda does. The whole batch fails when the
// function fails or names a message that was not in the batch.
func (w *world) failedMessages(p *process) (failed []string, whole bool) {
	if p.failure != nil {
		w.violate("a function never fails as a whole: %v", p.failure)
	}
	if w.happens(w.faults.batchLost) {
		w.kill(p)
	}
	if p.dead || p.failure != nil {
		return nil, true
	}
	if p.result.BatchItemFailures == nil {
		w.violate("a response always has a list of failures")
	}
	for _, item := range p.result.BatchItemFailures {
		if !slices.ContainsFunc(p.batch, func(m types.Message) bool { return *m.MessageId == item.ItemIdentifier }) {
			w.violate("a response names only messages of its batch: %q is not one", item.ItemIdentifier)
			return nil, true
		}
		failed = append(failed, item.ItemIdentifier)
	}
	return failed, false
}
