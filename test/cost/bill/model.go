package bill

import (
	"math"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/cost/sizes"
	"github.com/paysluice/paysluice/test/cost/stack"
)

// Million is the number of events that prices are given for.
const Million = 1e6

// Model is everything that quantities follow from.
type Model struct {
	Stack stack.Stack
	Sizes sizes.Sizes
	// Durations by function, without the environment suffix.
	Durations map[string]Duration
	// Single is the consumer's with a batch of one.
	Single Duration
}

// Load is a steady stream of events, evenly from all providers.
type Load struct {
	PerSecond float64
	// Batch is the number of events in one invocation of the consumer.
	Batch float64
}

const (
	gb = 1 << 30
	// queueChunk is the part of a payload that SQS bills as a request (Amazon
	// SQS pricing, "Size of payloads").
	queueChunk = 64 << 10
	// itemOverhead is what DynamoDB stores beside each item and each index
	// entry, in bytes (DynamoDB Developer Guide, "Global secondary indexes",
	// "Storage considerations").
	itemOverhead = 100
	// traceShare of the requests is recorded, beside the first of each second
	// (X-Ray Developer Guide, "Configuring sampling rules", the default rule).
	traceShare = 0.05
	// answerHeaders is about what API Gateway's headers of an answer take.
	answerHeaders = 400
)

// Event is what one event uses. What depends on time and not on events, such as
// reading secrets, is shared out at the load's rate.
func (m Model) Event(body int, load Load) Usage {
	of := m.Sizes.Of(body)
	return Plus(
		Usage{APIRequest: 1},
		m.Answer(of),
		m.Traces(load.PerSecond),
		m.Gate1(),
		m.Processor(),
		m.Queue(of, load.Batch),
		m.Consumer(load.Batch),
		m.Table(of),
		m.Indexes(of),
		m.Logs(load.Batch),
		m.Keys(load.PerSecond),
		m.SecretCalls(load.PerSecond),
	)
}

// Answer is what is sent back.
func (m Model) Answer(of []sizes.Event) Usage {
	answer := sizes.Mean(of, func(e sizes.Event) float64 { return float64(e.Answer) })
	return Usage{TransferOut: (answer + answerHeaders) / gb}
}

// Traces are X-Ray's.
func (m Model) Traces(perSecond float64) Usage {
	if !m.Stack.API.Traced {
		return Usage{}
	}
	first := math.Min(1, perSecond)
	return Usage{Trace: (first + traceShare*(perSecond-first)) / perSecond}
}

// invocation of a function.
func (m Model) invocation(function string) Usage {
	return Usage{Invocation: 1, GBSecond: m.Durations[function].GBSeconds(m.Stack.Functions[function].MemoryMB)}
}

// Gate1 is the authorizer.
func (m Model) Gate1() Usage { return m.invocation(contract.AuthorizerName) }

// Processor is the mean of the providers' processors.
func (m Model) Processor() Usage { return processorMean(m.invocation) }

// processorMean is the mean over the providers' processors.
func processorMean(of func(function string) Usage) Usage {
	sum := Usage{}
	for _, p := range contract.Providers() {
		sum = Plus(sum, of(contract.ProcessorName(p)))
	}
	return sum.Times(1 / float64(len(contract.Providers())))
}

// Consumer is its part of a batch: of one, or of a full one.
func (m Model) Consumer(batch float64) Usage {
	if batch > 1 {
		return m.invocation(contract.ConsumerName).Times(1 / batch)
	}
	return Usage{Invocation: 1, GBSecond: m.Single.GBSeconds(m.Stack.Functions[contract.ConsumerName].MemoryMB)}
}

// Queue is sending an event, and its part in receiving and deleting a batch.
func (m Model) Queue(of []sizes.Event, batch float64) Usage {
	message := sizes.Mean(of, func(e sizes.Event) float64 { return float64(e.Message) })
	send, receive, remove := chunks(message), chunks(batch*message), 1.0
	return Usage{QueueRequest: send + (receive+remove)/batch}
}

func chunks(bytes float64) float64 { return math.Max(1, math.Ceil(bytes/queueChunk)) }

// Table is the write of an item.
func (m Model) Table(of []sizes.Event) Usage {
	return Usage{WriteUnit: sizes.Mean(of, func(e sizes.Event) float64 { return sizes.WriteUnits(e.Item) })}
}

// Indexes are the writes that follow in the indexes.
func (m Model) Indexes(of []sizes.Event) Usage {
	return Usage{WriteUnit: sizes.Mean(of, func(e sizes.Event) float64 { return e.WriteUnits() - sizes.WriteUnits(e.Item) })}
}

// Kept is what it takes to keep an event in the table for that many days.
func (m Model) Kept(of []sizes.Event, days float64) Usage {
	months := days / 30
	item := sizes.Mean(of, func(e sizes.Event) float64 { return float64(e.Item) + itemOverhead })
	entries := sizes.Mean(of, func(e sizes.Event) float64 {
		sum := 0.0
		for _, i := range e.Indexes {
			if i.Bytes > 0 {
				sum += float64(i.Bytes) + itemOverhead
			}
		}
		return sum
	})
	u := Usage{TableStorage: (item + entries) / gb * months}
	if m.Stack.Table.Backups {
		u[TableBackup] = item / gb * months
	}
	return u
}
