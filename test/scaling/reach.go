package scaling

import (
	"cmp"
	"slices"

	"github.com/paysluice/paysluice/handlers/contract"
)

// reach is a limit of this stack and the rate at which it is reached.
type reach struct {
	what string
	// evenly is with all providers' events in equal parts, alone when one
	// provider sends them all; events a second.
	evenly, alone float64
	raised        string
	// inTrouble marks one that no load reaches by itself: events cannot be stored,
	// or none of them is genuine.
	inTrouble bool
}

// reaches are all limits, the first that is reached first, with events of that
// size.
func (p plan) reaches(body int) []reach {
	l := p.limits
	same := func(what string, rate float64, raised string) reach {
		return reach{what: what, evenly: rate, alone: rate, raised: raised}
	}
	inTrouble := func(r reach) reach {
		r.inTrouble = true
		return r
	}
	one := 1.0
	all := []reach{
		{what: "the stage's throttle of a method", evenly: p.Stack.API.ThrottleRate * providers(), alone: p.Stack.API.ThrottleRate, raised: "template"},
		same("API Gateway's rate of the account", l.value(apiRate), l.byID[apiRate].Raised),
		same("Lambda's invocations a second, at the account's concurrency",
			l.value(lambdaConcurrency)*l.value(lambdaRate)/p.invocations(one), l.byID[lambdaConcurrency].Raised),
		same("Lambda's concurrency of the account", l.value(lambdaConcurrency)/p.concurrency(one), l.byID[lambdaConcurrency].Raised),
		same("MaximumConcurrency of the queue's poller",
			p.Stack.Mapping(contract.ConsumerName).MaximumConcurrency/p.busyConsumers(one), "template"),
		same("a queue poller at its most", l.value(mappingMost)/p.busyConsumers(one), l.byID[mappingMost].Raised),
		same("a new table's writes", l.value(newTable)/p.tableUnits(body), l.byID[newTable].Raised),
		same("a new index's writes", l.value(newTable)/p.indexUnits(body), l.byID[newTable].Raised),
		same("the table's writes", l.value(wholeTable)/p.tableUnits(body), l.byID[wholeTable].Raised),
		{what: "partitions of the index of days", evenly: p.dayRate(body) * providers(), alone: p.dayRate(body), raised: "dayShards in handlers/aws/table"},
		same("messages in flight while all goes well", l.value(inFlight)/(p.busyConsumers(one)*p.batch()), l.byID[inFlight].Raised),
		inTrouble(same("messages in flight while no event can be stored", l.value(inFlight)/p.Stack.VisibilitySeconds, "it need not be: what is not received waits in the queue")),
		same("KMS, at a steady load", l.value(kmsRate)/(p.busyProcessors(one)*p.Sizes.SecretReads), l.byID[kmsRate].Raised),
		same("Secrets Manager, at a steady load", l.value(secretRate)/(p.busyProcessors(one)*p.Sizes.SecretReads), l.byID[secretRate].Raised),
		inTrouble(same("Secrets Manager, while all that comes is forged", l.value(secretRate)/(p.busyProcessors(one)*p.Sizes.SecretRefreshes), l.byID[secretRate].Raised)),
	}
	slices.SortStableFunc(all, func(a, b reach) int { return cmp.Compare(a.evenly, b.evenly) })
	return all
}

// dayRate is the most events a second of one provider that the index of days
// takes.
func (p plan) dayRate(body int) float64 {
	return float64(p.Sizes.DayShards) * p.limits.value(partition) / p.dayUnits(body)
}
