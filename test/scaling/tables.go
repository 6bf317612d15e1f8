// Package scaling makes the tables of docs/scaling.md: from 10 to 100,000 events
// a second, which of AWS's limits the stack reaches first, by the template, the
// sizes that its code makes and the durations that were measured.
package scaling

import (
	"fmt"
	"strings"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/cost/bill"
	"github.com/paysluice/paysluice/test/cost/sizes"
	"github.com/paysluice/paysluice/test/document"
)

// middle is the size of most webhooks.
func middle() int { return sizes.Bodies()[1] }

// steps are the rates that are looked at.
func steps() []float64 { return []float64{10, 100, 1000, 10_000, 100_000} }

// Tables are the generated parts of the page, by name. root is the repository,
// results the file with what was measured.
func Tables(root, results string) (map[string]string, error) {
	p, err := read(root, results)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"reached": reached(p),
		"tables":  byBody(p),
		"steps":   stepTable(p),
		"needs":   needs(p),
		"limits":  list(p),
	}, nil
}

// reached is each limit with the rate at which it is reached.
func reached(p plan) string {
	var rows [][]string
	for _, r := range p.reaches(middle()) {
		rows = append(rows, []string{r.what, rate(r.evenly), rate(r.alone), r.raised})
	}
	return document.Table([]string{"", "events a second, evenly", "of one provider alone", "raised by "}, rows)
}

// rate has two digits and a bit: more would claim too much.
func rate(perSecond float64) string {
	if perSecond >= 1e6 {
		return "over a million"
	}
	return document.Number(perSecond, 0)
}

// byBody is the limits that depend on the size of events.
func byBody(p plan) string {
	titles := []string{"events a second"}
	fresh, whole, day := []string{"a new table's writes"}, []string{"the table's writes"}, []string{"the index of days, one provider alone"}
	for _, body := range sizes.Bodies() {
		titles = append(titles, strings.TrimSuffix(document.Number(float64(body)/sizes.KB, 1), ".0")+" KB")
		fresh = append(fresh, document.Number(p.limits.value(newTable)/p.tableUnits(body), 0))
		whole = append(whole, document.Number(p.limits.value(wholeTable)/p.tableUnits(body), 0))
		day = append(day, document.Number(p.dayRate(body), 0))
	}
	return document.Table(titles, [][]string{fresh, whole, day})
}

// stepTable is what each step means, and what it exceeds as the template is.
func stepTable(p plan) string {
	var rows [][]string
	for _, r := range steps() {
		var over []string
		for _, limit := range p.reaches(middle()) {
			if limit.evenly <= r*(1+1e-9) && !limit.inTrouble {
				over = append(over, limit.what)
			}
		}
		first, more := "none", "none"
		if len(over) > 0 {
			first = over[0]
		}
		if len(over) > 1 {
			more = strings.Join(over[1:], "; ")
		}
		event := p.Event(middle(), bill.Load{PerSecond: r, Batch: contract.BatchSize})
		rows = append(rows, []string{
			document.Number(r, 0), first, more,
			document.Number(event[bill.LogIngest]*r*24*3600, 1),
			document.Dollars(p.Prices.Cost(event.Times(r * 3600))),
		})
	}
	return document.Table([]string{"events a second", "the first limit ", "and these ", "GB of log a day", "$ an hour"}, rows)
}

// needs is what each step takes, without any reserve.
func needs(p plan) string {
	titles := []string{"for so many events a second"}
	names := []string{
		"the stage's throttle of each method, requests a second",
		"API Gateway's quota, requests a second",
		"busy authorizers", "busy processors", "busy consumers: MaximumConcurrency",
		"Lambda's quota of concurrency, for what is busy or for its invocations a second",
		"from nothing: seconds until Lambda has started enough",
		"from nothing: seconds until the queue's poller keeps up",
		"the table's write units a second, warm", "each index's write units a second, warm",
		"dayShards, all providers evenly", "dayShards, one provider alone",
	}
	rows := make([][]string, len(names))
	for i, name := range names {
		rows[i] = []string{name}
	}
	for _, r := range steps() {
		titles = append(titles, document.Number(r, 0))
		for i, n := range []float64{
			r / providers(), r,
			p.busy(contract.AuthorizerName, r), p.busyProcessors(r), p.busyConsumers(r),
			p.quota(r), p.lambdaSeconds(r), p.pollerSeconds(r),
			r * p.tableUnits(middle()), r * p.indexUnits(middle()),
			p.shards(r/providers(), middle()), p.shards(r, middle()),
		} {
			rows[i] = append(rows[i], up(n))
		}
	}
	return document.Table(titles, rows)
}

// up is a number that must be reached, in whole.
func up(n float64) string {
	whole := float64(int64(n))
	if n-whole > 1e-6 {
		whole++
	}
	return document.Number(whole, 0)
}

// list is the limits with their sources.
func list(p plan) string {
	var rows [][]string
	for _, l := range p.limits.List {
		rows = append(rows, []string{l.What, document.Number(l.Value, 0), l.Raised, fmt.Sprintf("[%s](%s)", l.Read, l.Page)})
	}
	return document.Table([]string{"", "limit", "raised ", "read "}, rows)
}
