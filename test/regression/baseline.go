package regression

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
)

// bound is by what share of its baseline a figure may differ, in both
// directions: one that has become that much better is to be written down, or
// the next regression would hide in the difference.
const bound = 0.20

// Baseline is what the hot paths are known to cost.
type Baseline struct {
	// Go is the version that the figures were counted with: another one
	// compiles, and has a library, that may differ a little.
	Go      string  `json:"go"`
	Figures Figures `json:"figures"`
}

// readBaseline reads what write wrote.
func readBaseline(file string) (Baseline, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Baseline{}, err
	}
	var b Baseline
	if err := json.Unmarshal(text, &b); err != nil {
		return Baseline{}, fmt.Errorf("%s: %w", file, err)
	}
	return b, nil
}

func (b Baseline) write(file string) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetIndent("", "  ")
	if err := e.Encode(b); err != nil {
		return err
	}
	return os.WriteFile(file, text.Bytes(), 0o644)
}

// updated is the baseline of these workloads from now on. What was not counted
// this time, as instructions of another architecture, stays as it was. Three
// digits are kept: more would change in every update.
func (b Baseline) updated(goVersion string, now Figures) Baseline {
	next := Baseline{Go: goVersion, Figures: Figures{}}
	for name, figures := range now {
		next.Figures[name] = maps.Clone(b.Figures[name])
		if next.Figures[name] == nil {
			next.Figures[name] = map[string]float64{}
		}
		for figure, value := range figures {
			next.Figures[name][figure] = rounded(value)
		}
	}
	return next
}

// rounded has three digits, and none behind the point.
func rounded(value float64) float64 {
	if value < 1000 {
		return math.Round(value)
	}
	short, _ := strconv.ParseFloat(strconv.FormatFloat(value, 'e', 2, 64), 64)
	return short // what was just formatted can be parsed
}

// differences says, line by line, what is not as the baseline has it. What was
// not counted this time is no difference, nor is a figure that the baseline has
// of no workload: that of another architecture.
func (b Baseline) differences(now Figures) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(now)) {
		for _, figure := range slices.Sorted(maps.Keys(now[name])) {
			if !b.has(figure) {
				continue
			}
			baseline, known := b.Figures[name][figure]
			if d := difference(baseline, known, now[name][figure]); d != "" {
				all = append(all, fmt.Sprintf("%s: %s of one operation: %s", name, figure, d))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.Figures)) {
		if _, counted := now[name]; !counted {
			all = append(all, name+": the baseline has figures of it, and there is no such workload")
		}
	}
	return all
}

// has reports whether there is a baseline for that figure of any workload.
func (b Baseline) has(figure string) bool {
	for _, figures := range b.Figures {
		if _, known := figures[figure]; known {
			return true
		}
	}
	return false
}

// difference is empty for a figure within its bound.
func difference(baseline float64, known bool, now float64) string {
	said := fmt.Sprintf("%.0f now, %.0f in the baseline", now, baseline)
	switch {
	case !known:
		return fmt.Sprintf("%.0f now, none in the baseline", now)
	case now > baseline*(1+bound) && baseline == 0:
		return said
	case now > baseline*(1+bound):
		return fmt.Sprintf("%s: %.0f %% worse, and %.0f %% is the bound", said, (now/baseline-1)*100, bound*100)
	case now < baseline*(1-bound):
		return fmt.Sprintf("%s: %.0f %% better, and a baseline that is not told would let as much be lost again", said, (1-now/baseline)*100)
	}
	return ""
}
