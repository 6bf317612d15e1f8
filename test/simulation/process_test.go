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

// mapping leads the messages of a queue to a function, as Lambda does.
type mapping struct {
	url     string
	start   func() *process
	timeout time.Duration // of the function
	size    int           // of a batch, at most
	most    int           // processes at the same time

	processes []*process
	lookAgain time.Time // the queue was empty
}

// poll hands messages to a function.
func (w *world) poll(m *mapping) {
	out, err := w.sqs.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{
		QueueUrl:                    &m.url,
		MaxNumberOfMessages:         int32(1 + w.rng.IntN(m.size)),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		MessageAttributeNames:       []string{"All"},
	})
	if err != nil {
		w.breaks("a queue can be received from: %v", err)
		return
	}
	if len(out.Messages) == 0 {
		m.lookAgain = time.Now().Add(time.Second)
		return
	}
	for _, batch := range withoutTwins(out.Messages) {
		p := w.warm(&m.processes, m.start)
		w.note(p.name, "receives", strconv.Itoa(len(batch)))
		p.work(batch, m.timeout)
	}
}

// withoutTwins splits messages so that no batch has two of one request, which
// happens when a send was repeated: their calls could not be told apart, and
// with them two runs of one seed. Lambda is free to make such batches.
func withoutTwins(messages []types.Message) [][]types.Message {
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

// excuse notes that a fault was injected into a call, so that the record which
// it is about may fail: by its webhook's request, or by its own id.
func (p *process) excuse(subject string) {
	if p.excused != nil {
		p.excused[subject] = true
	}
}

// worked does what Lambda does with the answer to a batch: it deletes what
// was not reported as failed (Lambda Developer Guide, "Handling errors for an
// SQS event source in Lambda"). What is left comes again after the visibility
// timeout.
func (w *world) worked(in *mapping, p *process) {
	failed, whole := w.failedOf(p)
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
				w.breaks("a record fails only by itself: %s failed message %s, with which nothing was wrong", p.name, id)
			}
		case w.happens(w.faults.deleteLost):
			w.note(p.name, "does not delete", id)
		default:
			w.note(p.name, "deletes", id)
			_, err := w.sqs.DeleteMessage(context.Background(), &sqs.DeleteMessageInput{
				QueueUrl: &in.url, ReceiptHandle: m.ReceiptHandle,
			})
			if err != nil {
				w.breaks("a message that was received can be deleted: %v", err)
			}
		}
	}
}

// count notes a receive by the consumer.
func (w *world) count(messageID string, done bool) {
	if done {
		w.stored[messageID] = true
	} else {
		w.failures[messageID]++
	}
}

// refuses reports whether a message must fail: poison, at the consumer.
func (m *mapping) refuses(w *world, body string) bool {
	return m.url == w.queueURL && w.poison[body]
}

// failedOf is the answer as Lambda reads it. A batch fails as a whole when the
// function fails or names an item that was not in it.
func (w *world) failedOf(p *process) (failed []string, whole bool) {
	if p.failure != nil {
		w.breaks("a function never fails as a whole: %v", p.failure)
	}
	if w.happens(w.faults.batchLost) {
		w.kill(p)
	}
	if p.dead || p.failure != nil {
		return nil, true
	}
	if p.result.BatchItemFailures == nil {
		w.breaks("a function always answers with a list")
	}
	for _, item := range p.result.BatchItemFailures {
		if !slices.ContainsFunc(p.batch, func(m types.Message) bool { return *m.MessageId == item.ItemIdentifier }) {
			w.breaks("a function names messages of its batch only: %q is none", item.ItemIdentifier)
			return nil, true
		}
		failed = append(failed, item.ItemIdentifier)
	}
	return failed, false
}
