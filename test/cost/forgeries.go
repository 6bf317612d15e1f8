package cost

import (
	"github.com/paysluice/paysluice/test/cost/bill"
	"github.com/paysluice/paysluice/test/document"
)

// hour is in seconds.
const hour = 3600

// forgeries is what a stranger costs who sends as much as the stage lets
// through.
func forgeries(in bill.Inputs) string {
	rate := in.ForgeriesPerSecond()
	first, second := in.StoppedAtGate1(), in.StoppedAtGate2()
	inspected := bill.Usage{bill.WebRequest: 1}
	var rows [][]string
	for _, row := range []struct {
		what string
		of   bill.Usage
	}{
		{"Stopped at gate 1: no header that could be a signature", first},
		{"The same, should API Gateway bill what an authorizer denied after all", bill.Plus(first, bill.Usage{bill.APIRequest: 1})},
		{"Stopped at gate 2: headers that are well formed", second},
		{"With a firewall's rate rule, from few addresses: blocked", inspected},
		{"With a firewall's rate rule, from so many addresses that none is above the limit", bill.Plus(second, inspected)},
	} {
		rows = append(rows, []string{row.what, million(in, row.of), dollars(in, row.of.Times(rate*hour)), dollars(in, row.of.Times(rate*24*hour))})
	}
	return document.Table([]string{"at " + document.Number(rate, 0) + " requests a second", "$ a million", "$ an hour", "$ a day"}, rows)
}

// firewall is what a web ACL with one rate rule costs beside what it saves.
func firewall(in bill.Inputs) string {
	inspected := bill.Usage{bill.WebRequest: 1}
	saved := in.Prices.Cost(minus(in.StoppedAtGate2(), inspected).Times(in.ForgeriesPerSecond() * hour))
	var rows [][]string
	for _, eventsAMonth := range []float64{1e5, 1e6, 1e7, 1e8, 1e9} {
		cost := in.Prices.Cost(bill.Plus(bill.Firewall(), inspected.Times(eventsAMonth)))
		rows = append(rows, []string{document.Number(eventsAMonth, 0), document.Dollars(cost), document.Number(cost/saved*60, 0)})
	}
	return document.Table([]string{"events a month", "$ a month for it", "minutes of a flood at gate 2 that cost as much"}, rows)
}
