package bill

import (
	"math"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/cost/stack"
)

const (
	// Month is 30 days, in seconds.
	Month = 30 * 24 * 3600
	// pollers are the fewest long polls that a mapping keeps open. It can go
	// down to two only without a MaximumConcurrency (Lambda Developer Guide,
	// "Configuring scaling behavior for SQS event source mappings").
	pollers = 5
	// pollSeconds is the longest that a receive waits (SQS Developer Guide,
	// "Amazon SQS short and long polling").
	pollSeconds = 20
)

// Fixed is what a stack uses in a month of doing nothing.
func Fixed(s stack.Stack) Usage {
	return Usage{
		Alarm: float64(s.Alarms), Dashboard: float64(s.Dashboards), Secret: float64(s.Secrets), Key: float64(s.Keys),
		QueueRequest: float64(len(s.Mappings)) * pollers * Month / pollSeconds,
	}
}

// processorEnvironments is how many environments of one provider's processor
// are in use: one at least, since a provider that sends keeps one warm.
func (m Model) processorEnvironments(p contract.Provider, perSecond float64) float64 {
	name := contract.ProcessorName(p)
	return math.Max(1, math.Ceil(m.Durations[name].Concurrency(perSecond, m.Stack.Functions[name].MemoryMB)))
}

// secretCallsPerSecond is how often all processors read their secrets.
func (m Model) secretCallsPerSecond(perSecond, reads float64) float64 {
	providers := contract.Providers()
	sum := 0.0
	for _, p := range providers {
		sum += m.processorEnvironments(p, perSecond/float64(len(providers))) * reads
	}
	return sum
}

// SecretCalls is an event's share of reading secrets.
func (m Model) SecretCalls(perSecond float64) Usage {
	return Usage{SecretCall: m.secretCallsPerSecond(perSecond, m.Sizes.SecretReads) / perSecond}
}

// KeyRequestsPerSecond are those to KMS at a steady load: SQS's, for each of
// its principals and each data key (SQS Developer Guide, "Key management",
// "Estimating AWS KMS costs": twice for a producer, once for a consumer), and
// one for each reading of a secret. DynamoDB keeps the table's key for as long
// as a connection is in use; S3's bucket keys and a start of an environment are
// rare.
func (m Model) KeyRequestsPerSecond(perSecond float64) float64 {
	producers, consumers := float64(len(contract.Providers())), 1.0
	return (2*producers+consumers)/m.Stack.DataKeySeconds + m.secretCallsPerSecond(perSecond, m.Sizes.SecretReads)
}

// Keys is an event's share of them.
func (m Model) Keys(perSecond float64) Usage {
	return Usage{KeyRequest: m.KeyRequestsPerSecond(perSecond) / perSecond}
}

// ColdStart is what it takes to start an environment of each function that an
// event meets for that event alone: the starts are billed, and the variables of
// each and the secret are decrypted.
func (m Model) ColdStart() Usage {
	return Plus(Usage{KeyRequest: 1, SecretCall: 1}, perEnvironment(func(function string) Usage {
		return Usage{KeyRequest: 1, GBSecond: m.Stack.Functions[function].MemoryMB / 1024 * m.Durations[function].InitMS / 1000}
	}))
}

// FirstCalls is what the first calls of these environments take beside what every
// call does.
func (m Model) FirstCalls() Usage {
	return perEnvironment(func(function string) Usage {
		memory := m.Stack.Functions[function].MemoryMB
		return Usage{GBSecond: memory / 1024 * m.Durations[function].FirstMillis(memory) / 1000}
	})
}

// perEnvironment is the sum over the functions that an event meets.
func perEnvironment(of func(function string) Usage) Usage {
	return Plus(of(contract.AuthorizerName), processorMean(of), of(contract.ConsumerName))
}
