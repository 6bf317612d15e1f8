package pricing

import (
	"cmp"
	"math"
	"slices"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/performance/internal/result"
)

// The ids of the limits in figures.json.
const (
	apiRate           = "api.rate"
	lambdaConcurrency = "lambda.concurrency"
	lambdaRate        = "lambda.rate"
	newTable          = "dynamodb.new"
	wholeTable        = "dynamodb.table"
	partition         = "dynamodb.partition"
)

// dayShards is the number of partition keys of a provider's day (handlers/aws/table).
const dayShards = 16

// limit returns a limit's value, 0 if figures.json has none.
func (m Model) limit(id string) float64 { return m.limits[id].Value }

func (m Model) providers() float64 { return float64(len(m.processors())) }

func (m Model) busyProcessors(rate float64) float64 {
	sum := 0.0
	for _, name := range m.processors() {
		sum += m.busy(name, rate/m.providers())
	}
	return sum
}

func (m Model) batchSize() float64 { return m.stack.Mappings[contract.ConsumerName].BatchSize }

func (m Model) busyConsumers(rate float64) float64 {
	return m.busy(contract.ConsumerName, rate/m.batchSize())
}

// concurrency returns how many environments are busy at a rate.
func (m Model) concurrency(rate float64) float64 {
	return m.busy(contract.AuthorizerName, rate) + m.busyProcessors(rate) + m.busyConsumers(rate)
}

// invocations returns those of all functions a second.
func (m Model) invocations(rate float64) float64 { return rate * (2 + 1/m.batchSize()) }

// quota returns the concurrency that an account needs: for what is busy at a time, and
// for the invocations a second that each unit allows.
func (m Model) quota(rate float64) float64 {
	return math.Max(m.concurrency(rate), m.invocations(rate)/m.limit(lambdaRate))
}

// largestEntry returns the write units of an entry in the index that takes most.
func (m Model) largestEntry(body int) float64 {
	return m.of(body, func(e result.Event) float64 {
		most := 0.0
		for _, bytes := range e.Entries {
			most = math.Max(most, units(bytes))
		}
		return most
	})
}

// lambdaSeconds returns how long Lambda takes to start enough environments from none.
func (m Model) lambdaSeconds(rate float64) float64 {
	most := math.Max(m.busy(contract.AuthorizerName, rate), rate/m.limit(lambdaRate))
	for _, name := range m.processors() {
		most = math.Max(most, m.busy(name, rate/m.providers()))
	}
	return most / m.limit("lambda.ramp") * 10
}

// reach is a limit and the rate in events a second at which it is reached: with all
// providers evenly, and with one provider alone.
type reach struct {
	what          string
	evenly, alone float64
	raised        string
}

// reaches returns all limits, the first that is reached first.
func (m Model) reaches(body int) []reach {
	consumer := m.stack.Mappings[contract.ConsumerName]
	day := dayShards * m.limit(partition) / m.of(body, func(e result.Event) float64 { return units(e.Entries[contract.DayIndex]) })
	same := func(what string, rate float64, raised string) reach { return reach{what, rate, rate, raised} }
	raised := func(id string) string { return m.limits[id].Raised }
	all := []reach{
		{"the stage's throttle of a method", m.stack.API.ThrottleRate * m.providers(), m.stack.API.ThrottleRate, "template"},
		same("API Gateway's rate of the account", m.limit(apiRate), raised(apiRate)),
		same("Lambda's invocations a second at the account's concurrency", m.limit(lambdaConcurrency)*m.limit(lambdaRate)/m.invocations(1), raised(lambdaConcurrency)),
		same("Lambda's concurrency of the account", m.limit(lambdaConcurrency)/m.concurrency(1), raised(lambdaConcurrency)),
		same("MaximumConcurrency of the queue's poller", consumer.MaximumConcurrency/m.busyConsumers(1), "template"),
		same("the publisher of a new table, with PublishTo", m.limit(newTable)/m.limit(partition)*m.publishRate(), "a table that grows: each partition has a shard"),
		same("a new table's writes", m.limit(newTable)/m.of(body, itemUnits), raised(newTable)),
		same("a new index's writes", m.limit(newTable)/m.largestEntry(body), raised(newTable)),
		same("the table's writes", m.limit(wholeTable)/m.of(body, itemUnits), raised(wholeTable)),
		{"partitions of the index of days", day * m.providers(), day, "dayShards in handlers/aws/table"},
		same("messages in flight while no event can be stored", m.limit("sqs.inflight")/m.stack.VisibilitySeconds, "not needed: what is not received waits in the queue"),
	}
	slices.SortStableFunc(all, func(a, b reach) int { return cmp.Compare(a.evenly, b.evenly) })
	return all
}

// publishRate returns how many events a second of a shard are published: Lambda invokes
// ParallelizationFactor publishers for each at a time. A table has a shard for each
// partition.
func (m Model) publishRate() float64 {
	return m.stack.Parallel * contract.PublishBatchSize * 1000 / m.durations[contract.PublisherName].millis(m.memory(contract.PublisherName))
}

// ScalePage returns the tables of docs/scaling.md.
func (m Model) ScalePage() string {
	return m.page("Scale", "For webhooks of 2.5 KB, with the template and the account's quotas as they are at first. Nothing here was tried on AWS.",
		"What each step needs, without a reserve", m.needs(),
		"When each limit is reached", m.reachTable())
}

func (m Model) needs() string {
	titles := []string{"for so many events a second"}
	rows := [][]string{
		{"busy processors"}, {"busy consumers: MaximumConcurrency"},
		{"Lambda's quota of concurrency"}, {"from nothing: seconds until Lambda has started enough"},
		{"the table's write units a second, warm"}, {"each index's write units a second, warm"},
	}
	for _, r := range []float64{100, 1000, 10_000, 100_000} {
		titles = append(titles, result.Number(r, 0))
		for i, n := range []float64{
			m.busyProcessors(r), m.busyConsumers(r), m.quota(r),
			m.lambdaSeconds(r), r * m.of(middle, itemUnits), r * m.largestEntry(middle),
		} {
			rows[i] = append(rows[i], result.Number(math.Ceil(n-1e-6), 0))
		}
	}
	return result.Table(titles, rows)
}

func (m Model) reachTable() string {
	var rows [][]string
	for _, r := range m.reaches(middle) {
		rows = append(rows, []string{r.what, result.Number(r.evenly, 0), result.Number(r.alone, 0), r.raised})
	}
	return result.Table([]string{"", "events a second, evenly", "of one provider alone", "raised "}, rows)
}
