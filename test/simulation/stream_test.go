package simulation_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventbridgetypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/aws/bus"
	"github.com/paysluice/paysluice/handlers/aws/queue"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/aws/topic"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/cloudevent"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/publisher"
	"github.com/paysluice/paysluice/test/simulation/memory"
)

// streamShards is the number of shards of the table's stream.
const streamShards = 2

// publishing is the stage behind the table: its stream, Lambda's readers of it, the
// topic or the bus, and the queue of what was not published.
type publishing struct {
	w       *world
	sns     *memory.SNS
	bus     *memory.EventBridge
	toBus   bool
	stream  *memory.Stream
	readers []*reader

	topicARN, unpublishedURL string
	// published has the events that a subscriber of everything got, and ofProvider those of one
	// that filters by the provider.
	published, ofProvider func() []string

	downUntil time.Time // the topic or the bus
	strays    int       // items that no consumer wrote
	// given are the sequence numbers that Lambda gave up.
	given map[string]bool
}

// newPublishing adds the stage to the table. The topic is the target, or the bus.
func newPublishing(w *world, toBus bool) (*publishing, error) {
	p := &publishing{w: w, sns: memory.NewSNS(), bus: memory.NewEventBridge(), toBus: toBus, given: map[string]bool{}}
	var err error
	if p.stream, err = w.dynamodb.AddStream(tableName, streamShards, time.Now); err != nil {
		return nil, err
	}
	for shard := range p.stream.Shards() {
		p.readers = append(p.readers, &reader{Reader: p.stream.NewReader(shard, w.stack.streamAge), shard: shard})
	}
	if err := p.subscribe(); err != nil {
		return nil, err
	}
	made, err := w.sqs.CreateQueue(context.Background(), &sqs.CreateQueueInput{
		QueueName: new(contract.UnpublishedQueueName), Attributes: map[string]string{"MessageRetentionPeriod": "1209600"},
	})
	if err != nil {
		return nil, err
	}
	p.unpublishedURL = *made.QueueUrl
	return p, nil
}

// subscribe creates the topic and the bus, and subscribes to the target.
func (p *publishing) subscribe() error {
	created, err := p.sns.CreateTopic(context.Background(), &sns.CreateTopicInput{Name: new(contract.EventTopicName)})
	if err != nil {
		return err
	}
	p.topicARN = *created.TopicArn
	if _, err := p.bus.CreateEventBus(context.Background(), &eventbridge.CreateEventBusInput{Name: new(contract.EventTopicName)}); err != nil {
		return err
	}
	subscribe, at, all, one := p.sns.Subscribe, p.topicARN, `{}`, `{"provider":[%q]}`
	if p.toBus {
		subscribe, at, all, one = p.bus.Listen, contract.EventTopicName, `{"source":[{"prefix":"urn:paysluice:"}]}`, `{"detail":{"data":{"provider":[%q]}}}`
	}
	if p.published, err = subscribe(at, all); err != nil {
		return err
	}
	p.ofProvider, err = subscribe(at, fmt.Sprintf(one, p.w.plays.name))
	return err
}

// eventSource is the source of the published events.
func eventSource() string { return cloudevent.Source("000000000000", "us-east-1", "simulation") }

func stores() cloudevent.Stores { return cloudevent.Stores{Table: tableName, Bucket: bucketName} }

func (p *publishing) newPublisher() *process {
	process := p.w.newProcess("publisher")
	handler := &publisher.Handler{
		Target:      p.newTarget(process),
		Unpublished: queue.NewSender(sqsClient{process}, p.unpublishedURL, publisher.SendTimeout),
		Source:      eventSource(),
		Stores:      stores(),
		Log:         function.NewLogger(p.w.log, "DEBUG"),
		Metrics:     function.NewMetrics(p.w.log, "simulation", time.Now),
		Now:         time.Now,
	}
	process.publish = handler.Handle
	return process
}

func (p *publishing) newTarget(by *process) publisher.Target {
	if p.toBus {
		return bus.New(busClient{by}, contract.EventTopicName, publisher.PublishTimeout)
	}
	return topic.New(snsClient{by}, p.topicARN, publisher.PublishTimeout)
}

// unwelcome reports whether the target refuses an event for its content.
func unwelcome(eventID string) bool { return strings.HasSuffix(eventID, "7") }

// snsClient publishes through the driver.
type snsClient struct{ by *process }

func (c snsClient) Publish(ctx context.Context, in *sns.PublishInput, _ ...func(*sns.Options)) (*sns.PublishOutput, error) {
	e, err := cloudevent.Decode([]byte(*in.Message))
	if err != nil {
		c.by.world.inbox.violate("what is published is a CloudEvent: " + err.Error())
	}
	return request(ctx, c.by, publish, e.ID+e.Time, func() (*sns.PublishOutput, error) {
		if unwelcome(e.Data.ID) {
			return nil, &snstypes.InvalidParameterException{}
		}
		return c.by.world.publishing.sns.Publish(ctx, in)
	})
}

// busClient puts events through the driver.
type busClient struct{ by *process }

func (c busClient) PutEvents(ctx context.Context, in *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	e, err := cloudevent.Decode([]byte(*in.Entries[0].Detail))
	if err != nil {
		c.by.world.inbox.violate("what is published is a CloudEvent: " + err.Error())
	}
	out, err := request(ctx, c.by, putEvents, e.ID+e.Time, func() (*eventbridge.PutEventsOutput, error) {
		if unwelcome(e.Data.ID) {
			return failedEntry("InvalidArgument"), nil
		}
		return c.by.world.publishing.bus.PutEvents(ctx, in)
	})
	// EventBridge answers with 200 when an entry fails, and with an error when the request does.
	if failure, ok := errors.AsType[smithy.APIError](err); ok && e.Data.Timestamp/1000%2 == 0 {
		return failedEntry(failure.ErrorCode()), nil
	}
	return out, err
}

func failedEntry(code string) *eventbridge.PutEventsOutput {
	return &eventbridge.PutEventsOutput{FailedEntryCount: 1, Entries: []eventbridgetypes.PutEventsResultEntry{{ErrorCode: &code}}}
}

// reader is Lambda's reader of a shard. It has one invocation at a time (Lambda
// Developer Guide, "Using AWS Lambda with Amazon DynamoDB").
type reader struct {
	*memory.Reader
	shard int

	process  *process
	batch    []memory.Change
	nextPoll time.Time
}

// due reports whether the reader can invoke its function.
func (r *reader) due() bool {
	return (r.process == nil || !r.process.running) && time.Now().After(r.nextPoll)
}

// read invokes the function with the next batch. It gives up records of an age of the
// mapping's, and names them in its destination.
func (p *publishing) read(r *reader) {
	w := p.w
	var old []memory.Change
	if r.batch, old = r.Next(1 + w.rng.IntN(w.stack.publisherBatch)); len(old) > 0 {
		p.giveUp(r, old)
		return
	}
	if len(r.batch) == 0 {
		r.nextPoll = time.Now().Add(time.Second)
		return
	}
	if r.process == nil || r.process.dead {
		r.process = p.newPublisher()
	}
	w.note(r.process.name, "reads", strconv.Itoa(len(r.batch)))
	b := publisher.Batch{}
	for _, c := range r.batch {
		keys, image := table.EncodeImage(c.Item)
		b.Records = append(b.Records, publisher.Record{EventName: c.Event, Change: publisher.Change{
			CreatedAt: float64(c.At.Unix()), SequenceNumber: c.Sequence, Keys: keys, NewImage: image,
		}})
	}
	r.process.excused = map[string]bool{}
	process := r.process
	process.invoke(w.stack.publisherTimeout, func(ctx context.Context) (err error) {
		process.published, err = process.publish(ctx, b)
		return err
	})
}

// giveUp sends the message about records that are too old to the mapping's OnFailure destination.
func (p *publishing) giveUp(r *reader, old []memory.Change) {
	for _, c := range old {
		p.given[c.Sequence] = true
	}
	first, last := old[0].Sequence, old[len(old)-1].Sequence
	_, err := p.w.sqs.SendMessage(context.Background(), &sqs.SendMessageInput{QueueUrl: &p.unpublishedURL, MessageBody: new(fmt.Sprintf(
		`{"requestContext":{"condition":"RecordAgeExceeded"},"DDBStreamBatchInfo":{"shardId":"shard-%d","startSequenceNumber":%q,"endSequenceNumber":%q}}`,
		r.shard, first, last))})
	if err != nil {
		p.w.violate("Lambda names what it gives up: %v", err)
	}
	p.w.seen["stream: given up"]++
}

// finish moves the checkpoint as the response says.
func (p *publishing) finish(r *reader) {
	done := p.done(r)
	if r.Done(done) {
		p.w.seen["stream: split"]++
	}
	if done < len(r.batch) {
		r.nextPoll = time.Now().Add(r.Pause())
	}
}

// done returns how many records of the batch count as done.
func (p *publishing) done(r *reader) int {
	w, process := p.w, r.process
	if process.failure != nil {
		w.violate("the publisher never fails as a whole: %v", process.failure)
	}
	if w.happens(w.faults.batchLost) {
		w.kill(process)
	}
	if process.dead || process.failure != nil {
		w.note(process.name, "fails")
		return 0
	}
	failures := process.published.BatchItemFailures
	switch {
	case failures == nil:
		w.violate("a response always has a list of failures")
		return 0
	case len(failures) == 0:
		return len(r.batch)
	}
	first := len(r.batch)
	for _, f := range failures {
		at := -1
		for i, c := range r.batch {
			if c.Sequence == f.ItemIdentifier {
				at = i
			}
		}
		if at < 0 {
			w.violate("a response names only records of its batch: %q is not one", f.ItemIdentifier)
			return 0
		}
		first = min(first, at)
	}
	if len(process.excused) == 0 {
		w.violate("publishing stops only after a fault, and never for an event's content: %s stopped at %s without one", process.name, failures[0].ItemIdentifier)
	}
	w.note(process.name, "stops", failures[0].ItemIdentifier)
	w.seen["stream: stopped"]++
	return first
}

// stray stores an item that is no event, as an operator with the wrong permission could. SQS refuses
// a character of its key.
func (p *publishing) stray() {
	p.strays++
	id := fmt.Sprintf("stray:%d\uffff", p.strays)
	s := func(v string) dynamodbtypes.AttributeValue { return &dynamodbtypes.AttributeValueMemberS{Value: v} }
	_, err := p.w.dynamodb.PutItem(context.Background(), &dynamodb.PutItemInput{TableName: new(tableName), Item: map[string]dynamodbtypes.AttributeValue{
		contract.EventIDAttribute: s(id), contract.TimestampAttribute: &dynamodbtypes.AttributeValueMemberN{Value: "1"},
		"schema": s(event.Schema), contract.PaymentKeyAttribute: s(id), contract.DayKeyAttribute: s(id),
		[]string{"provider", "receivedAt", "amount"}[p.strays%3]: &dynamodbtypes.AttributeValueMemberBOOL{Value: true},
	}})
	if err != nil {
		p.w.violate("an operator can write items: %v", err)
	}
}

// idle reports whether all readers are at the end of their shards.
func (p *publishing) idle() bool {
	for _, r := range p.readers {
		if r.process != nil && r.process.running || !r.AtEnd() {
			return false
		}
	}
	return true
}

// check checks that every item of the table was published, or is named in
// webhook-unpublished.
func (p *publishing) check() {
	w := p.w
	published := map[string]int{} // by item
	if all, filtered := len(p.published()), len(p.ofProvider()); all != filtered {
		w.violate("subscribers can filter by provider: %d of %d are not selected", all-filtered, all)
	}
	for _, m := range p.published() {
		e, err := cloudevent.Decode([]byte(m))
		if err != nil {
			w.violate("subscribers can decode what is published: %v", err)
			return
		}
		if body := e.Data.Body; body == nil || body.SHA256 != e.Data.PayloadSHA256 || body.Table != "" && body.EventID != e.Data.ID {
			w.violate("a published event leads to its body: %s does not", e.ID)
		}
		published[m]++
	}
	unpublished := p.unpublished()
	changes := map[string]string{} // sequence numbers by item
	for shard := range p.stream.Shards() {
		for _, c := range p.stream.Read(shard, "", 1<<30) {
			changes[itemKey(c.Item)] = c.Sequence
		}
	}
	out, err := w.dynamodb.Scan(context.Background(), &dynamodb.ScanInput{TableName: new(tableName)})
	if err != nil {
		w.violate("the table can be read: %v", err)
		return
	}
	for _, item := range out.Items {
		key := itemKey(item)
		reason, named := unpublished[key]
		stored, err := table.FromItem(item)
		var want cloudevent.Event
		if err == nil {
			want, err = cloudevent.From(eventSource(), stored, stores())
		}
		times := published[want.Encode()]
		switch {
		case err != nil && reason != contract.ReasonUnreadable:
			w.violate("an unreadable item is named: %s is not", key)
		case err == nil && named && reason == contract.ReasonUnreadable, named && reason == contract.ReasonRefused && !unwelcome(stored.ID):
			w.violate("only an event that cannot be published is named: %s is, as %s", key, reason)
		case err == nil && times == 0 && !named && !p.given[changes[key]]:
			w.violate("every stored event is published or named in webhook-unpublished: %s is neither", key)
		case times > 1:
			w.seen["published again"]++
		}
		w.seen["unpublished: "+reason]++
		delete(published, want.Encode())
	}
	for text := range published {
		w.violate("only stored events are published: %s is not stored", text)
	}
}

func itemKey(item map[string]dynamodbtypes.AttributeValue) string {
	id, _ := item[contract.EventIDAttribute].(*dynamodbtypes.AttributeValueMemberS)
	at, _ := item[contract.TimestampAttribute].(*dynamodbtypes.AttributeValueMemberN)
	return id.Value + " " + at.Value
}

// unpublished returns the reasons in webhook-unpublished, by item.
func (p *publishing) unpublished() map[string]string {
	named := map[string]string{}
	for p.w.sqs.Len(p.unpublishedURL) > 0 {
		out, err := p.w.sqs.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{QueueUrl: &p.unpublishedURL, MaxNumberOfMessages: 10})
		if err != nil || len(out.Messages) == 0 {
			break
		}
		for _, m := range out.Messages {
			if u, err := publisher.DecodeUnpublished(*m.Body); err == nil {
				named[fmt.Sprint(u.EventID, " ", u.Timestamp)] = u.Reason
			} else if !json.Valid([]byte(*m.Body)) || !strings.Contains(*m.Body, "DDBStreamBatchInfo") {
				p.w.violate("a message of webhook-unpublished names an event or records: %s", *m.Body)
			}
		}
	}
	return named
}

// An outage of the topic or the bus costs delay, up to the age at which Lambda gives up a record.
// Those are named.
func TestOutageOfTheTarget(t *testing.T) {
	for outage, givenUp := range map[time.Duration]bool{11 * time.Hour: false, 14 * time.Hour: true} {
		for seed := range uint64(2) { // one for each target
			s := loadStack(t)
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, seed, s, io.Discard)
				w.calm, w.stripe.left, w.publishing.downUntil = true, 100, time.Now().Add(outage)
				w.run()
				w.checkPromises()
				w.stop()
				requireKept(t, seed, result{broken: w.broken})
				assert.Equal(t, givenUp, w.seen["stream: given up"] > 0, outage)
				published := len(w.publishing.published())
				assert.Equal(t, givenUp, published == 0, "%s: %d published", outage, published)
			})
		}
	}
}

// publisherHandler is the handler of the publisher.
type publisherHandler func(context.Context, publisher.Batch) (publisher.Response, error)
