// Package cost makes the tables of docs/cost.md: what the stack costs by the
// template, the sizes that its code makes, the durations that were measured and
// AWS's list prices.
package cost

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/cost/bill"
	"github.com/paysluice/paysluice/test/cost/sizes"
	"github.com/paysluice/paysluice/test/document"
)

// usual is the load of all tables that do not vary it: far from idle and from
// any limit.
func usual() bill.Load { return bill.Load{PerSecond: 100, Batch: contract.BatchSize} }

// middle is the size of most webhooks.
func middle() int { return sizes.Bodies()[1] }

// Tables are the generated parts of the page, by name. root is the repository,
// results the file with what was measured.
func Tables(root, results string) (map[string]string, error) {
	in, err := bill.Read(root, results)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"events":    events(in),
		"idle":      idle(in),
		"months":    months(in),
		"parts":     parts(in),
		"sizes":     measuredSizes(in),
		"functions": functions(in),
		"memory":    memory(in),
		"logs":      logs(in),
		"levers":    levers(in),
		"archive":   archive(in),
		"forgeries": forgeries(in),
		"firewall":  firewall(in),
		"prices":    prices(in),
	}, nil
}

// million is what a million times the usage costs.
func million(in bill.Inputs, u bill.Usage) string {
	return document.Dollars(in.Prices.Cost(u.Times(bill.Million)))
}

func dollars(in bill.Inputs, u bill.Usage) string { return document.Dollars(in.Prices.Cost(u)) }

// kilobytes is a size of a body, as it is spoken of.
func kilobytes(bytes int) string {
	return strings.TrimSuffix(document.Number(float64(bytes)/sizes.KB, 1), ".0") + " KB"
}

// events is what a million events cost, by service and size.
func events(in bill.Inputs) string {
	titles := []string{""}
	var usages []bill.Usage
	for _, body := range sizes.Bodies() {
		titles = append(titles, kilobytes(body))
		usages = append(usages, in.Event(body, usual()))
	}
	var rows [][]string
	row := func(name string, of func(bill.Usage) bill.Usage) {
		cells := []string{name}
		for _, u := range usages {
			cells = append(cells, million(in, of(u)))
		}
		rows = append(rows, cells)
	}
	for _, service := range in.Prices.Services(usages...) {
		row(service, func(u bill.Usage) bill.Usage { return u.Of(service, in.Prices) })
	}
	row("**together**", func(u bill.Usage) bill.Usage { return u })
	return document.Table(titles, rows)
}

// idle is the bill of a stack that gets no webhook for a month.
func idle(in bill.Inputs) string {
	fixed := bill.Fixed(in.Stack)
	rows := [][]string{
		{"Alarms", document.Number(fixed[bill.Alarm], 0), dollars(in, bill.Usage{bill.Alarm: fixed[bill.Alarm]})},
		{"Dashboard", document.Number(fixed[bill.Dashboard], 0), dollars(in, bill.Usage{bill.Dashboard: fixed[bill.Dashboard]})},
		{"Secrets", document.Number(fixed[bill.Secret], 0), dollars(in, bill.Usage{bill.Secret: fixed[bill.Secret]})},
		{"Key", document.Number(fixed[bill.Key], 0), dollars(in, bill.Usage{bill.Key: fixed[bill.Key]})},
		{"Empty receives of the queues' pollers", document.Number(fixed[bill.QueueRequest], 0), dollars(in, bill.Usage{bill.QueueRequest: fixed[bill.QueueRequest]})},
		{"**together**", "", dollars(in, fixed)},
		{"from the third year on, after the key's first two rotations", "", dollars(in, bill.Plus(fixed, bill.Usage{bill.Key: 2 * fixed[bill.Key]}))},
		{"**in an account that uses these services for nothing else**", "", document.Dollars(in.Prices.Cost(fixed) - in.Prices.Free(fixed))},
	}
	return document.Table([]string{"", "a month", "$ a month"}, rows)
}

// months are whole bills without what is kept in the table.
func months(in bill.Inputs) string {
	var rows [][]string
	for _, perSecond := range []float64{0.1, 1, 10, 100, 1000} {
		total := func(batch float64) bill.Usage {
			per := in.Event(middle(), bill.Load{PerSecond: perSecond, Batch: batch})
			return bill.Plus(bill.Fixed(in.Stack), bill.Usage{bill.Metric: in.Metrics.Healthy}, per.Times(perSecond*bill.Month))
		}
		full := total(contract.BatchSize)
		rows = append(rows, []string{
			strings.TrimSuffix(document.Number(perSecond, 1), ".0"), document.Number(perSecond*bill.Month, 0),
			dollars(in, full), dollars(in, total(1)), document.Dollars(in.Prices.Free(full)),
		})
	}
	return document.Table([]string{"events a second", "events a month", "full batches", "batches of one", "of it free of charge in an account of its own"}, rows)
}

// measuredSizes are what the code makes of the three sizes.
func measuredSizes(in bill.Inputs) string {
	titles := []string{""}
	for _, body := range sizes.Bodies() {
		titles = append(titles, kilobytes(body))
	}
	var rows [][]string
	row := func(name string, decimals int, size func(sizes.Event) float64) {
		cells := []string{name}
		for _, body := range sizes.Bodies() {
			cells = append(cells, document.Number(sizes.Mean(in.Sizes.Of(body), size), decimals))
		}
		rows = append(rows, cells)
	}
	row("message in SQS, bytes", 0, func(e sizes.Event) float64 { return float64(e.Message) })
	row("item in DynamoDB, bytes", 0, func(e sizes.Event) float64 { return float64(e.Item) })
	row("of it beside the payload, bytes", 0, func(e sizes.Event) float64 { return float64(e.Item - e.Body) })
	for i, index := range in.Stack.Table.Indexes {
		row("entry in "+index.Name+", bytes", 0, func(e sizes.Event) float64 { return float64(e.Indexes[i].Bytes) })
	}
	row("write units: the item's", 1, func(e sizes.Event) float64 { return sizes.WriteUnits(e.Item) })
	row("write units: the indexes'", 1, func(e sizes.Event) float64 { return e.WriteUnits() - sizes.WriteUnits(e.Item) })
	return document.Table(titles, rows)
}

// functions are the durations as they are billed.
func functions(in bill.Inputs) string {
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(in.Durations)) {
		f, used := in.Stack.Functions[name]
		if !used || name == contract.ArchiverName {
			continue
		}
		d := in.Durations[name]
		rows = append(rows, []string{
			name, document.Number(f.MemoryMB, 0), document.Number(d.PeakMB, 0), document.Number(d.CPUMS, 2),
			document.Number(d.WaitMS, 1), document.Number(d.BilledMS(f.MemoryMB), 1), document.Number(d.InitMS, 1),
			document.Number(d.FirstMillis(f.MemoryMB), 0),
		})
	}
	return document.Table([]string{"", "memory, MB", "of it used, MB", "CPU, ms", "waiting, ms", "billed, ms", "start, ms", "first call longer by, ms"}, rows)
}

// prices is the list with its sources.
func prices(in bill.Inputs) string {
	var rows [][]string
	for _, p := range in.Prices.List {
		free := ""
		if p.Free > 0 {
			free = document.Number(p.Free, 0)
		}
		rows = append(rows, []string{
			p.Service, p.What, fmt.Sprintf("$%s for %s", exact(p.USD), document.Number(p.Per, 0)), free,
			fmt.Sprintf("[%s](%s), %s", p.Read, p.Page, p.As),
		})
	}
	return document.Table([]string{"", "what ", "price", "free each month", "read, and where the figure was seen "}, rows)
}

// exact is a price in all its digits.
func exact(usd float64) string {
	text := strings.TrimRight(fmt.Sprintf("%.10f", usd), "0")
	whole, fraction, _ := strings.Cut(text, ".")
	for len(fraction) < 2 {
		fraction += "0"
	}
	return whole + "." + fraction
}
