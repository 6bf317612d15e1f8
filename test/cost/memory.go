package cost

import (
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/cost/bill"
	"github.com/paysluice/paysluice/test/document"
)

// memory is what other memory sizes would cost, and how long a function would
// take with them. What the template chose is in bold.
func memory(in bill.Inputs) string {
	kinds := []struct {
		name      string
		functions []string
		share     float64 // of an event in an invocation
	}{
		{"authorizer", []string{contract.AuthorizerName}, 1},
		{"processor", processors(), 1},
		{"consumer", []string{contract.ConsumerName}, contract.BatchSize},
	}
	titles := []string{"memory, MB"}
	for _, k := range kinds {
		titles = append(titles, k.name+", ms", "$ for a million events")
	}
	var rows [][]string
	for _, size := range []float64{128, 256, 512, 1024, bill.VCPUMB} {
		row := []string{document.Number(size, 0)}
		for _, k := range kinds {
			millis, cost, chosen := 0.0, 0.0, false
			for _, name := range k.functions {
				d := in.Durations[name]
				share := 1 / float64(len(k.functions))
				millis += d.Millis(size) * share
				cost += in.Prices.Cost(bill.Usage{bill.Invocation: 1, bill.GBSecond: d.GBSeconds(size)}) * share / k.share
				chosen = in.Stack.Functions[name].MemoryMB == size
			}
			row = append(row, bold(document.Number(millis, 1), chosen), bold("$"+document.Number(cost*bill.Million, 3), chosen))
		}
		rows = append(rows, row)
	}
	return document.Table(titles, rows)
}

func processors() []string {
	var names []string
	for _, p := range contract.Providers() {
		names = append(names, contract.ProcessorName(p))
	}
	return names
}

func bold(text string, yes bool) string {
	if yes {
		return "**" + text + "**"
	}
	return text
}
