package scaling

import (
	"math"
	"path/filepath"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/cost/bill"
	"github.com/paysluice/paysluice/test/cost/sizes"
)

// plan is the stack against AWS's limits. Rates are events a second of all
// providers together.
type plan struct {
	bill.Inputs
	limits limits
}

func read(root, results string) (plan, error) {
	in, err := bill.Read(root, results)
	if err != nil {
		return plan{}, err
	}
	l, err := readLimits(filepath.Join(root, "test", "scaling", "limits.json"))
	return plan{Inputs: in, limits: l}, err
}

func providers() float64 { return float64(len(contract.Providers())) }

// busy is how many environments of a function are busy when it is invoked that
// often a second.
func (p plan) busy(function string, perSecond float64) float64 {
	return p.Durations[function].Concurrency(perSecond, p.Stack.Functions[function].MemoryMB)
}

// busyProcessors are those of all processors, with evenly many events each.
func (p plan) busyProcessors(rate float64) float64 {
	sum := 0.0
	for _, of := range contract.Providers() {
		sum += p.busy(contract.ProcessorName(of), rate/providers())
	}
	return sum
}

// batch is the number of events in a full batch.
func (p plan) batch() float64 { return p.Stack.Mapping(contract.ConsumerName).BatchSize }

func (p plan) busyConsumers(rate float64) float64 {
	return p.busy(contract.ConsumerName, rate/p.batch())
}

// concurrency is what all functions take of the account's at that rate.
func (p plan) concurrency(rate float64) float64 {
	return p.busy(contract.AuthorizerName, rate) + p.busyProcessors(rate) + p.busyConsumers(rate)
}

// invocations a second of all functions.
func (p plan) invocations(rate float64) float64 { return rate * (2 + 1/p.batch()) }

// quota is the account's concurrency that the rate needs: enough for what runs
// at the same time, and for the invocations a second that each unit allows.
func (p plan) quota(rate float64) float64 {
	return math.Max(p.concurrency(rate), p.invocations(rate)/p.limits.value(lambdaRate))
}

// tableUnits and indexUnits are write units for each event of that size: the
// table's, and those of the index that takes most.
func (p plan) tableUnits(body int) float64 {
	return sizes.Mean(p.Sizes.Of(body), func(e sizes.Event) float64 { return sizes.WriteUnits(e.Item) })
}

func (p plan) indexUnits(body int) float64 {
	return sizes.Mean(p.Sizes.Of(body), func(e sizes.Event) float64 {
		most := 0.0
		for _, i := range e.Indexes {
			most = math.Max(most, sizes.WriteUnits(i.Bytes))
		}
		return most
	})
}

// dayUnits are those of an entry in the index of days.
func (p plan) dayUnits(body int) float64 {
	return sizes.Mean(p.Sizes.Of(body), func(e sizes.Event) float64 {
		for _, i := range e.Indexes {
			if i.Name == contract.DayIndex {
				return sizes.WriteUnits(i.Bytes)
			}
		}
		return 0
	})
}

// shards is how many partition keys a provider's day needs when it alone has
// that many events a second: all events of a second have almost the same sort
// key, so a key cannot be split.
func (p plan) shards(ofProvider float64, body int) float64 {
	return math.Ceil(ofProvider * p.dayUnits(body) / p.limits.value(partition))
}

// lambdaSeconds is how long Lambda takes to start enough environments of the
// function that needs most, the authorizer or a processor, from none.
func (p plan) lambdaSeconds(rate float64) float64 {
	most := math.Max(p.busy(contract.AuthorizerName, rate), rate/p.limits.value(lambdaRate))
	for _, of := range contract.Providers() {
		most = math.Max(most, p.busy(contract.ProcessorName(of), rate/providers()))
	}
	return most / p.limits.value(lambdaRamp) * 10
}

// pollerSeconds is how long the queue's poller takes to get from rest to as many
// batches as the rate needs.
func (p plan) pollerSeconds(rate float64) float64 {
	missing := math.Ceil(p.busyConsumers(rate)) - p.limits.value(mappingStart)
	return math.Max(0, missing) / p.limits.value(mappingRamp) * 60
}
