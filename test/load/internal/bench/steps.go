package bench

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paysluice/paysluice/test/measured"
)

// steps are the medians of what happened at AWS until the first call was
// answered. The second connection is another step than the first; what did not
// happen in every run is left out.
func steps(runs []coldRun) []measured.Step {
	at := map[string][]float64{}
	for _, r := range runs {
		seen := map[string]int{}
		note := func(what string, when time.Time) {
			seen[what]++
			if n := seen[what]; n > 1 {
				what = fmt.Sprintf("%s, %d", what, n)
			}
			at[what] = append(at[what], ms(when.Sub(r.spawned)))
		}
		for _, e := range r.events {
			note(e.What, e.At)
			if !e.Answered.IsZero() {
				note(e.What+" answered", e.Answered)
			}
		}
	}
	all := []measured.Step{
		{What: "asks for an invocation", At: median(runs, func(r coldRun) float64 { return ms(r.init) })},
		{What: "answers it", At: median(runs, func(r coldRun) float64 { return ms(r.answer) })},
	}
	for what, times := range at {
		if len(times) == len(runs) {
			all = append(all, measured.Step{What: what, At: median(times, func(t float64) float64 { return t })})
		}
	}
	sortSteps(all)
	return all
}

func sortSteps(steps []measured.Step) {
	slices.SortFunc(steps, func(a, b measured.Step) int {
		return cmp.Or(cmp.Compare(a.At, b.At), strings.Compare(a.What, b.What))
	})
}
