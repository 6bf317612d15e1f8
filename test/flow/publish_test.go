package flow_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	rules "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/cloudevent"
	"github.com/paysluice/paysluice/handlers/event/ledger"
	consuming "github.com/paysluice/paysluice/handlers/event/subscriber"
	"github.com/paysluice/paysluice/handlers/publisher"
	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/emulator/senders"
	"github.com/paysluice/paysluice/test/flow/roles"
)

// subscriber is a queue that receives published events.
type subscriber struct {
	queue string // URL
	got   map[string]cloudevent.Event
}

// newSubscriber creates a queue that SNS and EventBridge may send to.
func newSubscriber(ctx context.Context, name string) (s *subscriber, arn string, err error) {
	arn = "arn:aws:sqs:us-east-1:000000000000:" + name
	out, err := queueClient().CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"` + arn + `",
			"Principal":{"Service":["sns.amazonaws.com","events.amazonaws.com"]}}]}`,
	}})
	if err != nil {
		return nil, "", err
	}
	return &subscriber{queue: *out.QueueUrl, got: map[string]cloudevent.Event{}}, arn, nil
}

// subscribe returns a subscriber of a stack's topic, with a filter policy or "".
func subscribe(ctx context.Context, to *emulator.Stack, name, filter string) (*subscriber, error) {
	s, arn, err := newSubscriber(ctx, name)
	if err != nil {
		return nil, err
	}
	attributes := map[string]string{"RawMessageDelivery": "true"}
	if filter != "" {
		attributes["FilterPolicy"] = filter
	}
	_, err = sns.NewFromConfig(to.Config()).Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: new(to.Outputs["EventTopicArn"]), Protocol: new("sqs"), Endpoint: &arn, Attributes: attributes,
	})
	return s, err
}

// listen returns a subscriber of a stack's bus, with an event pattern.
func listen(t *testing.T, to *emulator.Stack, name, pattern string) *subscriber {
	t.Helper()
	s, arn, err := newSubscriber(t.Context(), name)
	require.NoError(t, err)
	client, bus := eventbridge.NewFromConfig(to.Config()), new(to.Outputs["EventBusName"])
	_, err = client.PutRule(t.Context(), &eventbridge.PutRuleInput{EventBusName: bus, Name: &name, EventPattern: &pattern})
	require.NoError(t, err)
	_, err = client.PutTargets(t.Context(), &eventbridge.PutTargetsInput{EventBusName: bus, Rule: &name, Targets: []rules.Target{
		{Id: new("queue"), Arn: &arn},
	}})
	require.NoError(t, err)
	return s
}

// receive reads what has arrived.
func (s *subscriber) receive(ctx context.Context) error {
	out, err := queueClient().ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &s.queue, MaxNumberOfMessages: 10})
	if err != nil {
		return err
	}
	for _, m := range out.Messages {
		e, err := consuming.Decode(*m.Body) // also from the envelope of a bus
		if err != nil {
			return fmt.Errorf("%w: %s", err, *m.Body)
		}
		s.got[e.Data.ID] = e
		if _, err := queueClient().DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &s.queue, ReceiptHandle: m.ReceiptHandle}); err != nil {
			return err
		}
	}
	return nil
}

// await waits until an event has arrived.
func (s *subscriber) await(ctx context.Context, id string) error {
	for s.got[id].ID == "" {
		if err := s.receive(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s was not published: %w", id, context.Cause(ctx))
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

func requireArrives(t *testing.T, s *subscriber, id string) cloudevent.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitTime)
	defer cancel()
	require.NoError(t, s.await(ctx, id))
	return s.got[id]
}

// The shared stack publishes to a topic.
func TestStoredEventIsPublished(t *testing.T) {
	a := accounts[0]
	s, err := subscribe(t.Context(), stack, "published", `{"provider":["`+a.Provider.Name+`"]}`)
	require.NoError(t, err)
	w := a.newWebhook()
	deliver(t, w, http.StatusOK)

	e := requireArrives(t, s, w.eventID())

	assert.Equal(t, cloudevent.Source("000000000000", "us-east-1", stack.Suffix), e.Source)
	assert.Equal(t, cloudevent.TypePrefix+string(event.PaymentSucceeded), e.Type)
	assert.Equal(t, event.Money{Amount: "1.00", Currency: "USD"}, e.Data.Money)
	assert.Equal(t, event.HashPayload(w.body), e.Data.PayloadSHA256)
	require.NotNil(t, e.Data.Body)
	assert.Equal(t, stack.Outputs["TableName"], e.Data.Body.Table, "the body is in the table, not in the message")
}

var stored atomic.Int64

// store puts an event that many filters match, after change, into a stack's table. The
// consumer does nothing else.
func store(ctx context.Context, in *emulator.Stack, change func(*event.Event)) (id string, err error) {
	n := stored.Add(1)
	e := event.Event{
		Schema: event.Schema, ID: fmt.Sprintf("stripe:evt_%d", n), Timestamp: senders.Created + n, Provider: "stripe", Type: "charge.succeeded",
		Category: event.PaymentSucceeded, Livemode: new(true), Account: "acct_1", PaymentID: "ch_1", ObjectID: "ch_1",
		Money: event.Money{Amount: "1.00", Currency: "EUR"}, ReceivedAt: time.Now().UnixMilli(), Payload: []byte("{}"), PayloadSHA256: event.HashPayload([]byte("{}")),
	}
	change(&e)
	existing, err := table.NewTable(dynamodb.NewFromConfig(in.Config()), in.Outputs["TableName"]).Put(ctx, e)
	if err == nil && existing != nil {
		err = errors.New("it is stored already")
	}
	return e.ID, err
}

func requireStored(t *testing.T, in *emulator.Stack, change func(*event.Event)) string {
	t.Helper()
	id, err := store(t.Context(), in, change)
	require.NoError(t, err)
	return id
}

func asItIs(*event.Event) {}

// filters returns what consumers can filter by: a filter policy of SNS, an event
// pattern of EventBridge, and a change of an event that neither matches.
func filters() map[string]struct {
	policy, pattern string
	other           func(*event.Event)
} {
	type row = struct {
		policy, pattern string
		other           func(*event.Event)
	}
	return map[string]row{
		"provider":         {`{"provider":["stripe"]}`, `{"detail":{"data":{"provider":["stripe"]}}}`, func(e *event.Event) { e.Provider = "square" }},
		"category":         {`{"category":[{"prefix":"payment."}]}`, `{"detail-type":[{"prefix":"com.paysluice.payment."}]}`, func(e *event.Event) { e.Category = event.RefundCreated }},
		"type":             {`{"type":["charge.succeeded"]}`, `{"detail":{"providertype":["charge.succeeded"]}}`, func(e *event.Event) { e.Type = "charge.failed" }},
		"livemode":         {`{"livemode":["true"]}`, `{"detail":{"livemode":[true]}}`, func(e *event.Event) { e.Livemode = new(false) }},
		"unknown-livemode": {`{"livemode":["true"]}`, `{"detail":{"livemode":[true]}}`, func(e *event.Event) { e.Livemode = nil }},
		"account":          {`{"account":["acct_1"]}`, `{"detail":{"data":{"account":["acct_1"]}}}`, func(e *event.Event) { e.Account = "acct_2" }},
		"currency":         {`{"currency":["EUR"]}`, `{"detail":{"data":{"currency":["EUR"]}}}`, func(e *event.Event) { e.Money.Currency = "USD" }},
	}
}

// requireFilters stores an event that a filter drops before one that it passes on.
func requireFilters(t *testing.T, s *emulator.Stack, all *subscriber, filtered map[string]*subscriber) {
	t.Helper()
	others := map[string]string{}
	for name, f := range filters() {
		others[name] = requireStored(t, s, f.other)
	}
	for _, id := range others {
		requireArrives(t, all, id)
	}
	match := requireStored(t, s, asItIs)
	for name, to := range filtered {
		requireArrives(t, to, match)
		assert.Empty(t, to.got[others[name]].ID, name)
	}
}

// TestPublishing deploys a stack, turns publishing on, changes the target and turns it
// off again.
func TestPublishing(t *testing.T) {
	skipShort(t)
	d := deployment
	d.Suffix = "publish"
	publishTo := func(t *testing.T, value string) *emulator.Stack {
		d.Parameters = map[string]string{"ManageApiGatewayAccount": "false", "PublishTo": value}
		return deploy(t, d)
	}
	s := publishTo(t, "none")
	silent := physicalIDs(t, s)
	for _, id := range []string{"PublisherFunction", "PublisherMapping", "UnpublishedQueue", "EventTopic", "EventBus", "UnpublishedAlarm"} {
		assert.NotContains(t, silent, id)
	}

	s = publishTo(t, "topic")
	t.Run("topic", func(t *testing.T) {
		all, err := subscribe(t.Context(), s, "all", "")
		require.NoError(t, err)
		filtered := map[string]*subscriber{}
		for name, f := range filters() {
			filtered[name], err = subscribe(t.Context(), s, "topic-"+name, f.policy)
			require.NoError(t, err)
		}
		requireFilters(t, s, all, filtered)
		t.Run("an event that cannot be published is named, and holds up no other", func(t *testing.T) {
			id := fmt.Sprintf("stripe:poison_%d", stored.Add(1))
			require.NoError(t, errors.Join(putUnreadable(t.Context(), s, id), waitForUnpublished(t.Context(), s, id)))
			requireArrives(t, all, requireStored(t, s, asItIs))
		})
		t.Run("an outage delays and loses nothing", func(t *testing.T) {
			r := publisherRole(t, s)
			require.NoError(t, r.Put(t.Context(), r.Policy.Without(func(p roles.Permission) bool { return p.Sid == "Publish" })))
			var late []string
			for range 5 {
				late = append(late, requireStored(t, s, asItIs))
			}
			require.Eventually(t, func() bool {
				n, err := r.Denials(t.Context(), "sns:Publish")
				return err == nil && n > 2 // attempts
			}, waitTime, 200*time.Millisecond)
			require.NoError(t, all.receive(t.Context()))
			for _, id := range late {
				assert.Empty(t, all.got[id].ID)
			}
			require.NoError(t, r.Put(t.Context(), r.Policy))
			for _, id := range late {
				requireArrives(t, all, id)
			}
			depth, err := s.Depth(t.Context(), "UnpublishedQueueUrl")
			require.NoError(t, err)
			assert.Zero(t, depth, "nothing was given up")
		})
	})

	before := physicalIDs(t, s)
	s = publishTo(t, "event-bus")
	t.Run("event-bus", func(t *testing.T) {
		after := physicalIDs(t, s)
		assert.NotContains(t, after, "EventTopic")
		for _, id := range []string{"EventsTable", "PublisherFunction", "PublisherMapping", "UnpublishedQueue"} {
			assert.Equal(t, before[id], after[id], "%s stays", id)
		}
		all, filtered := listen(t, s, "bus-all", `{"source":[{"prefix":"urn:paysluice:"}]}`), map[string]*subscriber{}
		for name, f := range filters() {
			filtered[name] = listen(t, s, "bus-"+name, f.pattern)
		}
		requireFilters(t, s, all, filtered)
		t.Run("an event that an operator sends again names the run", func(t *testing.T) {
			replayed := listen(t, s, "bus-replayed", `{"detail":{"replay":["run-1"]}}`)
			first := requireArrives(t, all, requireStored(t, s, asItIs))
			republish(t, s, first.Data.ID, "run-1")
			assert.Equal(t, first, requireArrives(t, replayed, first.Data.ID))
		})
		t.Run("the worked subscriber sees a duplicate and keeps the sums", func(t *testing.T) { testSubscriber(t, s) })
		r := publisherRole(t, s)
		removeEach(t, r, func(ctx context.Context) error { return exercisePublisher(ctx, s, all) })
		calls, err := s.Calls()
		require.NoError(t, err)
		assert.Empty(t, r.Unneeded(calls))
		for _, p := range r.Missing() {
			assert.Equal(t, "UseKeyForTopic", p.Sid, "AWS demands the others for a bus too")
		}
	})

	s = publishTo(t, "topic")
	again, err := subscribe(t.Context(), s, "again", "")
	require.NoError(t, err)
	requireArrives(t, again, requireStored(t, s, asItIs))

	s = publishTo(t, "none")
	assert.Equal(t, silent, physicalIDs(t, s), "nothing of it is left, and nothing else has changed")
	requireStored(t, s, asItIs)
}

// testSubscriber deploys the worked subscriber of a bus, and deletes it with its rule, as an operator
// must before the bus can be deleted. test/flow/subscriber has the tests of a topic.
func testSubscriber(t *testing.T, s *emulator.Stack) {
	root, err := emulator.Root()
	require.NoError(t, err)
	subscribed, err := s.Subscribe(t.Context(), root)
	require.NoError(t, err)
	republish(t, s, requireStored(t, s, asItIs), "run-2")

	want := []ledger.Payment{{Provider: "stripe", ID: "ch_1", State: event.PaymentSucceeded, Totals: []ledger.Totals{
		{Currency: "EUR", Paid: "1.00", Refunded: "0.00", Disputed: "0.00", Lost: "0.00"},
	}}}
	require.NoError(t, emulator.Await(t.Context(), func(ctx context.Context) error {
		log, err := subscribed.Logs(ctx, emulator.SubscriberName)
		if err == nil && !strings.Contains(strings.Join(log, "\n"), `"msg":"duplicate"`) {
			err = fmt.Errorf("no duplicate arrived: %v", log)
		}
		return err
	}))
	got, err := subscribed.Payments(t.Context())
	require.NoError(t, err)
	assert.Equal(t, want, got)
	require.NoError(t, errors.Join(subscribed.StartDelete(t.Context()), subscribed.AwaitDelete(t.Context())))
}

// republish passes a stored event to event-publisher as paysluice events republish does.
func republish(t *testing.T, s *emulator.Stack, id, run string) {
	t.Helper()
	rows, err := s.Events(t.Context())
	require.NoError(t, err)
	i := slices.IndexFunc(rows, func(e event.Event) bool { return e.ID == id })
	require.GreaterOrEqual(t, i, 0)
	keys, image := table.EncodeImage(table.ToItem(rows[i]))
	batch, err := json.Marshal(publisher.Batch{Replay: run, Records: []publisher.Record{
		{EventName: publisher.Inserted, Change: publisher.Change{SequenceNumber: "0", Keys: keys, NewImage: image}},
	}})
	require.NoError(t, err)
	out, err := lambda.NewFromConfig(s.Config()).Invoke(t.Context(), &lambda.InvokeInput{FunctionName: new(contract.PublisherName + "-" + s.Suffix), Payload: batch})
	require.NoError(t, err)
	assert.JSONEq(t, `{"batchItemFailures":[]}`, string(out.Payload))
}

func publisherRole(t *testing.T, s *emulator.Stack) *roles.Role {
	t.Helper()
	all, err := roles.Find(t.Context(), s)
	require.NoError(t, err)
	i := slices.IndexFunc(all, func(r *roles.Role) bool { return r.Type == roles.TypeOf(contract.PublisherName) })
	require.GreaterOrEqual(t, i, 0)
	return all[i]
}

// exercisePublisher stores two events that need everything the publisher can do: one
// that arrives, and one that it cannot publish.
func exercisePublisher(ctx context.Context, s *emulator.Stack, all *subscriber) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	poison := fmt.Sprintf("stripe:poison_%d", stored.Add(1))
	if err := putUnreadable(ctx, s, poison); err != nil {
		return err
	}
	id, err := store(ctx, s, asItIs)
	if err != nil {
		return err
	}
	return errors.Join(all.await(ctx, id), waitForUnpublished(ctx, s, poison))
}

// putUnreadable puts an item that is no event, for a moment, so that no reader of the
// table meets it.
func putUnreadable(ctx context.Context, in *emulator.Stack, id string) error {
	key := map[string]types.AttributeValue{
		contract.EventIDAttribute:   &types.AttributeValueMemberS{Value: id},
		contract.TimestampAttribute: &types.AttributeValueMemberN{Value: strconv.FormatInt(senders.Created, 10)},
	}
	client, name := dynamodb.NewFromConfig(in.Config()), in.Outputs["TableName"]
	_, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &name, Item: key})
	if err == nil {
		_, err = client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &name, Key: key})
	}
	return err
}

// waitForUnpublished waits until a stack's queue names an event, and deletes what it has
// read.
func waitForUnpublished(ctx context.Context, in *emulator.Stack, id string) error {
	queue := in.Outputs["UnpublishedQueueUrl"]
	for {
		out, err := queueClient().ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10, WaitTimeSeconds: 1})
		if err != nil {
			return fmt.Errorf("%s does not name %s: %w", path.Base(queue), id, err)
		}
		for _, m := range out.Messages {
			if _, err := queueClient().DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &queue, ReceiptHandle: m.ReceiptHandle}); err != nil {
				return err
			}
			u, err := publisher.DecodeUnpublished(*m.Body)
			if err != nil {
				return err
			}
			if u.EventID == id && u.Timestamp == senders.Created && u.Reason == contract.ReasonUnreadable {
				return nil
			}
		}
	}
}
