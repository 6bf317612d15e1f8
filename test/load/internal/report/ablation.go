package report

import (
	"fmt"
	"strings"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/document"
	"github.com/paysluice/paysluice/test/measured"
)

func ablation(a measured.Ablation) string {
	var b strings.Builder
	b.WriteString(on(a.Machine))
	fmt.Fprintf(&b, "\nMedians of %d rounds in turn. Cold starts: %d processes each, every AWS call %.0f ms. "+
		"Flat out: %d environments each, for %g s, AWS without latency. Steady: %.0f requests a second, every AWS call %.0f ms.\n\n",
		a.Rounds, a.Processes, a.Call, a.Environments, a.Seconds, a.Rate, a.Call)
	titles := []string{
		a.Provider + "-" + contract.ProcessorBinary + " without", "init ms", "first call ms", "start to first answer ms",
		"flat out /s", "CPU ms", "memory MB", "new connections in 1,000 calls", "steady CPU ms", "p99 ms", "binary MB",
	}
	var rows [][]string
	for i, r := range a.Rows {
		rows = append(rows, []string{
			ablatedTitle(i, r), decimal(r.Init, 1), decimal(r.FirstCall, 1), decimal(r.Answer, 1),
			decimal(r.FlatOut.PerSecond, 0), decimal(r.FlatOut.CPU, 3), decimal(mb(r.FlatOut.PeakMemory), 1), decimal(r.FlatOut.Connections, 1),
			decimal(r.Steady.CPU, 3), decimal(r.Steady.P99, 2), decimal(float64(r.BinarySize)/1e6, 2),
		})
	}
	b.WriteString(document.Table(titles, rows))
	return b.String()
}

// ablatedTitle says what a row is of.
func ablatedTitle(i int, r measured.Ablated) string {
	switch {
	case r.Name != "":
		return r.What
	case i == 0:
		return "**nothing: as it is**"
	}
	return "nothing, once more"
}

func decimal(n float64, decimals int) string { return document.Number(n, decimals) }
