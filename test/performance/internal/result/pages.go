package result

import (
	"fmt"
	"math"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// Table returns a table in Markdown. Columns are aligned to the right, except the first
// one and those with a title that ends with a space.
func Table(titles []string, rows [][]string) string {
	var b strings.Builder
	rule := make([]string, len(titles))
	for i, title := range titles {
		rule[i] = "---:"
		if i == 0 || strings.HasSuffix(title, " ") {
			rule[i] = "---"
		}
	}
	for _, cells := range append([][]string{titles, rule}, rows...) {
		for _, cell := range cells {
			b.WriteString("| " + strings.TrimSpace(cell) + " ")
		}
		b.WriteString("|\n")
	}
	return b.String()
}

// Number returns a number with so many decimals, and commas between thousands.
func Number(n float64, decimals int) string {
	return message.NewPrinter(language.English).Sprintf("%.*f", decimals, n)
}

// Dollars returns an amount with cents, and with more digits below ten cents.
func Dollars(usd float64) string {
	decimals := 2
	if usd != 0 && math.Abs(usd) < 0.1 {
		decimals = 1 - int(math.Floor(math.Log10(math.Abs(usd))))
	}
	return "$" + Number(usd*(1+1e-9), decimals) // half a cent is rounded up
}

// Header begins each page.
const Header = "<!-- Written by `go run . tables` in test/performance. -->\n\n"

func (m Machine) String() string {
	return fmt.Sprintf("Measured on %s at revision `%s`: %s, %d cores, %d GB, Linux %s, %s, load average before it %.1f.\n\n",
		m.Date, m.Revision, m.CPU, m.Cores, m.MemoryGB, m.Kernel, m.Go, m.LoadAverage)
}

// LoadPage returns the page of the load run.
func (r Results) LoadPage() string {
	l := r.Load
	row := func(name string, l Latency, rest ...string) []string {
		cells := []string{name}
		for _, ms := range []float64{l.P50, l.P90, l.P99, l.P999, l.Max} {
			cells = append(cells, Number(ms, 1))
		}
		return append(cells, rest...)
	}
	var rows [][]string
	for _, f := range l.Functions {
		rows = append(rows, row(f.Name, f.Latency, Number(f.CPU, 2), Number(float64(f.Memory)/(1<<20), 1), Number(f.LogBytes, 0),
			fmt.Sprintf("%d (%d)", f.Environments, f.ColdStarts)))
	}
	rows = append(rows, row("authorizer and processor as one request", l.Request, "", "", "", ""))
	return Header + fmt.Sprintf("# Load\n\n%.0f requests a second for %.0f s, AWS at its recorded latencies. ", l.Rate, l.Seconds) + l.Machine.String() +
		Table([]string{"times in ms", "p50", "p90", "p99", "p99.9", "max", "CPU", "memory MB", "log bytes", "environments (cold starts)"}, rows) +
		fmt.Sprintf("\n%d requests of %d bytes, drawn with seed %d: %d accepted, %d messages, %d items. They were sent %.1f ms late (p99), which the latencies include.\n",
			l.Requests, l.BodySize, l.Seed, l.Accepted, l.Messages, l.Items, l.Late.P99)
}

// FloodPage returns the page of the flood.
func (r Results) FloodPage() string {
	f := r.Flood
	row := func(name string, without, with float64) []string {
		return []string{name, Number(without, 1), Number(with, 1), Number(with/without, 2)}
	}
	return Header + fmt.Sprintf("# A flood of one delivery\n\nThe other providers send %.0f requests a second for %.0f s, without and with %.0f repeats a second of one delivery of %s. ",
		f.Without.Rate, f.Without.Seconds, f.Rate, f.Provider) + f.Machine.String() +
		Table([]string{"times in ms, authorizer and processor as one request", "without", "with", "with / without"}, [][]string{
			row("p50", f.Without.Request.P50, f.With.Request.P50), row("p90", f.Without.Request.P90, f.With.Request.P90),
			row("p99", f.Without.Request.P99, f.With.Request.P99), row("p99.9", f.Without.Request.P999, f.With.Request.P999),
			row("stored, of 100 accepted requests", f.Without.Stored(), f.With.Stored()),
		}) +
		fmt.Sprintf("\n%d repeats became %d messages and one item. Here the flood also takes CPU from the others, which it cannot on Lambda.\n", f.With.Repeats, f.With.Copies)
}

// Stored returns how many of 100 accepted requests are in the table.
func (l Load) Stored() float64 { return 100 * float64(l.Items) / float64(l.Accepted) }

// ColdStartPage returns the page of the cold starts.
func (r Results) ColdStartPage() string {
	c := r.ColdStart
	var rows [][]string
	for _, p := range c.Programs {
		row := []string{p.Name}
		for _, figure := range []struct {
			n        float64
			decimals int
		}{
			{p.Init, 1}, {p.InitCPU, 1}, {p.FirstCall, 1}, {p.FirstCPU, 1}, {p.WarmCall, 2}, {p.WarmCPU, 3},
			{p.Memory / (1 << 20), 1}, {float64(p.Binary) / 1e6, 1}, {float64(p.Zip) / 1e6, 2},
		} {
			cell := ""
			if figure.n > 0 { // a program is without what was not measured
				cell = Number(figure.n, figure.decimals)
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	return Header + "# Cold starts\n\n" + c.Machine.String() +
		fmt.Sprintf("Medians of %d processes each, started one at a time, in turn. Every AWS call takes %.0f ms.\n\n", c.Rounds, c.Call) +
		Table([]string{"times in ms", "init", "CPU of init", "first call", "CPU of it", "a warm call", "CPU of it", "memory MB", "binary MB", "zip MB"}, rows)
}

// Limit is the most that a revision may take of what its base takes.
const Limit = 1.15

// ComparePage returns the page of the comparison.
func (r Results) ComparePage() string {
	c := r.Compare
	var rows [][]string
	titles := []string{"", "CPU of a request, ms", "", "first call, ms", "", "init, ms", "", "memory, MB", ""}
	for _, f := range c.Functions {
		row := []string{f.Base.Name}
		for _, figure := range []struct {
			base, head float64
			decimals   int
		}{
			{f.Base.WarmCPU, f.Head.WarmCPU, 3}, {f.Base.FirstCall, f.Head.FirstCall, 1}, {f.Base.Init, f.Head.Init, 1},
			{f.Base.Memory / (1 << 20), f.Head.Memory / (1 << 20), 1},
		} {
			ratio := fmt.Sprintf("%.2f×", figure.head/figure.base)
			if figure.head/figure.base > Limit {
				ratio = "**" + ratio + "**"
			}
			row = append(row, Number(figure.base, figure.decimals)+" → "+Number(figure.head, figure.decimals), ratio)
		}
		rows = append(rows, row)
	}
	return Header + "# Comparison with " + c.Base + "\n\n" + c.Machine.String() +
		fmt.Sprintf("The lowest of %d processes of each revision, in turn, with %d invocations each; AWS answers at once. Ratios above %.2f are in bold.\n\n", c.Rounds, c.Invocations, Limit) +
		Table(titles, rows)
}
