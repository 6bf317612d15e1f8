package conformance_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventbridgetypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/bus"
	"github.com/paysluice/paysluice/handlers/aws/topic"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/cloudevent"
	"github.com/paysluice/paysluice/handlers/publisher"
	"github.com/paysluice/paysluice/test/simulation/memory"
)

// subscriptions subscribe to a topic with a filter policy, or to a bus with an event pattern. The
// functions that they return have the messages so far.
type subscriptions struct {
	topic, bus func(t *testing.T, to, filter string) func() []string
}

func publishRules() []rule {
	return []rule{
		{"SNS: a topic must exist", func(t *testing.T, s services) {
			err := publish(t, s, newTopic(t, s)+"-other", "x", "value")
			var missing *snstypes.NotFoundException
			require.ErrorAs(t, err, &missing)
		}},
		{"SNS: an attribute must have a value", func(t *testing.T, s services) {
			err := publish(t, s, newTopic(t, s), "x", "")
			var invalid *snstypes.InvalidParameterValueException
			require.ErrorAs(t, err, &invalid)
		}},
		{"SNS: a message has at most 256 KiB", func(t *testing.T, s services) {
			arn := newTopic(t, s)
			require.NoError(t, publish(t, s, arn, strings.Repeat("x", 200<<10), "value"))
			err := publish(t, s, arn, strings.Repeat("x", 256<<10+1), "value")
			var invalid *snstypes.InvalidParameterException
			require.ErrorAs(t, err, &invalid)
		}},
		{"SNS: the filter policies of docs/consuming.md select", func(t *testing.T, s services) {
			requireSelects(t, "filter policy of a subscription", func(filter string) (publisher.Target, func() []string) {
				arn := newTopic(t, s)
				return topic.New(s.sns, arn, time.Minute), s.subscribe.topic(t, arn, filter)
			})
		}},
		{"EventBridge: the patterns of docs/consuming.md select", func(t *testing.T, s services) {
			requireSelects(t, "pattern of a rule", func(filter string) (publisher.Target, func() []string) {
				name := newBus(t, s)
				return bus.New(s.bus, name, time.Minute), s.subscribe.bus(t, name, filter)
			})
		}},
		{"EventBridge: an entry fails alone, with status 200", func(t *testing.T, s services) {
			name := newBus(t, s)
			got := s.subscribe.bus(t, name, `{"detail":{"kind":["wanted"]}}`)
			reserved := entry(name, `{"kind":"wanted","n":2}`)
			reserved.Source = new("aws.test")
			out, err := putEvents(t, s, entry(name, `{"kind":"wanted","n":1}`), reserved, entry(name, `{"kind":"wanted","n":3}`))
			require.NoError(t, err)
			assert.EqualValues(t, 1, out.FailedEntryCount)
			var codes []string
			for _, e := range out.Entries {
				assert.NotEqual(t, e.ErrorCode == nil, e.EventId == nil, "either")
				codes = append(codes, aws.ToString(e.ErrorCode))
			}
			assert.Equal(t, []string{"", "NotAuthorizedForSourceException", ""}, codes, "in the order of the request")
			requireMessages(t, got, `"n": ?1\b`, `"n": ?3\b`)
		}},
		{"EventBridge: a detail is a JSON object", func(t *testing.T, s services) {
			out, err := putEvents(t, s, entry(newBus(t, s), `no JSON`))
			require.NoError(t, err)
			require.Len(t, out.Entries, 1)
			assert.Equal(t, "MalformedDetail", aws.ToString(out.Entries[0].ErrorCode))
		}},
		{"EventBridge: an entry has a source, a type and a detail", func(t *testing.T, s services) {
			e := entry(newBus(t, s), `{}`)
			incomplete := e
			incomplete.Detail = nil
			out, err := putEvents(t, s, e, incomplete)
			require.NoError(t, err)
			require.Len(t, out.Entries, 2)
			assert.Equal(t, "InvalidArgument", aws.ToString(out.Entries[1].ErrorCode))
		}},
		{"EventBridge: a request has at most 10 entries", func(t *testing.T, s services) {
			e := entry(newBus(t, s), `{}`)
			_, err := putEvents(t, s, slices.Repeat([]eventbridgetypes.PutEventsRequestEntry{e}, 10)...)
			require.NoError(t, err)
			_, err = putEvents(t, s, slices.Repeat([]eventbridgetypes.PutEventsRequestEntry{e}, 11)...)
			requireCode(t, "ValidationException", err)
		}},
		{"EventBridge: the entries of a request have less than 1 MB", func(t *testing.T, s services) {
			e := entry(newBus(t, s), `{"text":"`+strings.Repeat("x", 500<<10)+`"}`)
			_, err := putEvents(t, s, e, e)
			require.NoError(t, err)
			_, err = putEvents(t, s, e, e, e)
			requireCode(t, "ValidationException", err)
		}},
		{"EventBridge: a bus that does not exist takes events, and drops them", func(t *testing.T, s services) {
			out, err := putEvents(t, s, entry(s.name("missing"), `{}`))
			require.NoError(t, err)
			assert.Zero(t, out.FailedEntryCount)
		}},
	}
}

func newTopic(t *testing.T, s services) string {
	t.Helper()
	out, err := s.sns.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: new(s.name("topic"))})
	require.NoError(t, err)
	return *out.TopicArn
}

func publish(t *testing.T, s services, arn, message, kind string) error {
	t.Helper()
	_, err := s.sns.Publish(t.Context(), &sns.PublishInput{TopicArn: &arn, Message: &message,
		MessageAttributes: map[string]snstypes.MessageAttributeValue{"kind": {DataType: new("String"), StringValue: &kind}}})
	return err
}

func newBus(t *testing.T, s services) string {
	t.Helper()
	name := s.name("bus")
	_, err := s.bus.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: &name})
	require.NoError(t, err)
	return name
}

func entry(bus, detail string) eventbridgetypes.PutEventsRequestEntry {
	return eventbridgetypes.PutEventsRequestEntry{EventBusName: &bus, Source: new("test"), DetailType: new("test"), Detail: &detail}
}

func putEvents(t *testing.T, s services, entries ...eventbridgetypes.PutEventsRequestEntry) (*eventbridge.PutEventsOutput, error) {
	t.Helper()
	return s.bus.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: entries})
}

// requireMessages requires that a message arrives for each pattern, and no other.
func requireMessages(t *testing.T, got func() []string, patterns ...string) {
	t.Helper()
	require.Eventually(t, func() bool { return len(got()) >= len(patterns) }, time.Minute, 50*time.Millisecond, "%v", patterns)
	all := got()
	require.Len(t, all, len(patterns), "%v", all)
	for _, p := range patterns {
		assert.True(t, slices.ContainsFunc(all, regexp.MustCompile(p).MatchString), "%s: %v", p, all)
	}
}

// change makes an event one that a filter selects or does not.
type change func(e *event.Event, replay *string)

func provider(name string) change {
	return func(e *event.Event, _ *string) { e.Provider = name }
}

func category(c event.Category) change {
	return func(e *event.Event, _ *string) { e.Category = c }
}

func livemode(live *bool) change {
	return func(e *event.Event, _ *string) { e.Livemode = live }
}

func money(account, currency string) change {
	return func(e *event.Event, _ *string) { e.Account, e.Currency = account, currency }
}

func replay(run string) change {
	return func(_ *event.Event, replay *string) { *replay = run }
}

// filtered has, for each filter of docs/consuming.md, changes of a live payment of Stripe in euros
// that the filter selects, and some that it does not.
func filtered() map[string]struct{ selected, others []change } {
	type row = struct{ selected, others []change }
	return map[string]row{
		"payments of Stripe that succeeded": {
			[]change{provider("stripe")},
			[]change{provider("square"), category(event.PaymentFailed)},
		},
		"all money but payouts": {
			[]change{category(event.PaymentSucceeded), category(event.RefundCreated), category(event.DisputeLost)},
			[]change{category(event.PayoutPaid), category(event.InvoicePaid), category(event.Other)},
		},
		"live events, and those that do not say": {
			[]change{livemode(new(true)), livemode(nil)},
			[]change{livemode(new(false))},
		},
		"live events in euros": {
			[]change{livemode(new(true))},
			[]change{livemode(new(false)), livemode(nil), money("acct_1", "USD"), money("", "")},
		},
		"euros of two accounts": {
			[]change{money("acct_1", "EUR"), money("acct_2", "EUR")},
			[]change{money("acct_3", "EUR"), money("acct_1", "USD"), money("", "EUR")},
		},
		"no replays": {
			[]change{replay("")},
			[]change{replay("run-1")},
		},
		"replays alone": {
			[]change{replay("run-1")},
			[]change{replay("")},
		},
	}
}

// requireSelects tries each filter of one of the tables of docs/consuming.md.
func requireSelects(t *testing.T, table string, subscribe func(filter string) (publisher.Target, func() []string)) {
	t.Helper()
	filters := filtersOf(t, table)
	for _, name := range slices.Sorted(maps.Keys(filters)) {
		events, known := filtered()[name]
		require.True(t, known, "docs/consuming.md has the filter %q: say here what it selects", name)
		target, got := subscribe(filters[name])
		var want []string
		send := func(kind string, changes []change) {
			for n, change := range changes {
				e, run := event.Event{
					Schema: event.Schema, ID: fmt.Sprintf("stripe:%s_%d", kind, n), Provider: "stripe", Category: event.PaymentSucceeded,
					Livemode: new(true), Account: "acct_1", Money: event.Money{Amount: "1.00", Currency: "EUR"},
				}, ""
				change(&e, &run)
				message, err := cloudevent.From("urn:paysluice:1:us-east-1:test", e, cloudevent.Stores{Table: "t"})
				require.NoError(t, err)
				require.NoError(t, target.Publish(t.Context(), message, run))
				if kind == "selected" {
					want = append(want, regexp.QuoteMeta(e.ID)+`\b`)
				}
			}
		}
		send("other", events.others)
		send("selected", events.selected)
		requireMessages(t, got, want...)
	}
}

// filtersOf returns the filters of a table of docs/consuming.md by their description.
func filtersOf(t *testing.T, table string) map[string]string {
	t.Helper()
	page, err := os.ReadFile("../../../docs/consuming.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(page), "| events | "+table+" |\n|---|---|\n")
	require.True(t, found, "docs/consuming.md has no table with the column %q", table)
	rows, _, _ := strings.Cut(rest, "\n\n")
	filters := map[string]string{}
	for row := range strings.Lines(rows) {
		cells := regexp.MustCompile("^\\| (.+) \\| `(.+)` \\|\n?$").FindStringSubmatch(row)
		require.NotNil(t, cells, row)
		filters[cells[1]] = cells[2]
	}
	return filters
}

// simulatedSubscriptions subscribes in memory.
func simulatedSubscriptions(topics *memory.SNS, buses *memory.EventBridge) subscriptions {
	of := func(subscribe func(to, filter string) (func() []string, error)) func(*testing.T, string, string) func() []string {
		return func(t *testing.T, to, filter string) func() []string {
			t.Helper()
			messages, err := subscribe(to, filter)
			require.NoError(t, err)
			return messages
		}
	}
	return subscriptions{topic: of(topics.Subscribe), bus: of(buses.Listen)}
}

// emulatedSubscriptions subscribes queues on the emulator.
func emulatedSubscriptions(config aws.Config, name func(string) string) subscriptions {
	queues, topics, buses := sqs.NewFromConfig(config), sns.NewFromConfig(config), eventbridge.NewFromConfig(config)
	newQueue := func(t *testing.T) (queue, arn string, messages func() []string) {
		t.Helper()
		queue = name("subscriber")
		arn = "arn:aws:sqs:us-east-1:000000000000:" + queue
		out, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &queue, Attributes: map[string]string{
			"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"` + arn + `",
				"Principal":{"Service":["sns.amazonaws.com","events.amazonaws.com"]}}]}`,
		}})
		require.NoError(t, err)
		var all []string
		return queue, arn, func() []string {
			received, err := queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: out.QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 600})
			if err != nil {
				return append(all, err.Error())
			}
			for _, m := range received.Messages {
				all = append(all, *m.Body)
			}
			return all
		}
	}
	return subscriptions{
		topic: func(t *testing.T, to, filter string) func() []string {
			t.Helper()
			_, arn, messages := newQueue(t)
			_, err := topics.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: &to, Protocol: new("sqs"), Endpoint: &arn,
				Attributes: map[string]string{"RawMessageDelivery": "true", "FilterPolicy": filter}})
			require.NoError(t, err)
			return messages
		},
		bus: func(t *testing.T, to, filter string) func() []string {
			t.Helper()
			rule, arn, messages := newQueue(t)
			_, err := buses.PutRule(t.Context(), &eventbridge.PutRuleInput{EventBusName: &to, Name: &rule, EventPattern: &filter})
			require.NoError(t, err)
			_, err = buses.PutTargets(t.Context(), &eventbridge.PutTargetsInput{EventBusName: &to, Rule: &rule, Targets: []eventbridgetypes.Target{
				{Id: new("queue"), Arn: &arn, InputPath: new("$.detail")},
			}})
			require.NoError(t, err)
			return messages
		},
	}
}
