package report

import (
	"fmt"
	"strings"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/measured"
)

// floors is aligned, to be read on a terminal too.
func floors(h measured.HotPaths) string {
	const row = "| %-28s | %10s | %10s | %11s | %10s | %7s |\n"
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nThe fastest of %d runs of %s each.\n\n", on(h.Machine), h.Runs, h.Time)
	fmt.Fprintf(&b, row, "path", "µs", "bytes", "allocations", "floor, µs", "× floor")
	b.WriteString("|---|---:|---:|---:|---:|---:|\n")
	for _, p := range h.Paths {
		floor, ratio := "–", "–"
		if p.Floor != nil {
			floor, ratio = microseconds(*p.Floor), fmt.Sprintf("%.2f", inFloors(p))
		}
		fmt.Fprintf(&b, row, p.Name, microseconds(p.Work),
			fmt.Sprintf("%.0f", p.Work.Bytes), fmt.Sprintf("%.0f", p.Work.Allocations), floor, ratio)
	}
	return b.String()
}

func microseconds(o measured.Operation) string { return fmt.Sprintf("%.2f", o.Nanoseconds/1000) }

func inFloors(p measured.HotPath) float64 { return p.Work.Nanoseconds / p.Floor.Nanoseconds }

// hotPathTargets: a processor takes at most three times what its signature and
// its JSON take, the call of AWS left out; as a handler, and as the function that
// reads and writes the invocation's JSON too.
func hotPathTargets(h measured.HotPaths) []target {
	byName := map[string]measured.HotPath{}
	for _, p := range h.Paths {
		byName[p.Name] = p
	}
	var all []target
	for _, descriptor := range []contract.Provider{contract.Stripe(), contract.Square()} { // RSA is not in the target
		for _, path := range []string{"processor/", "function/processor/"} {
			if p := byName[path+descriptor.Name]; p.Floor != nil {
				all = append(all, target{what: p.Name + ": CPU with AWS in memory, in floors", limit: 3, got: inFloors(p), unit: "×"})
			}
		}
	}
	return all
}
