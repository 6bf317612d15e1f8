package report

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/test/measured"
)

func TestAblation(t *testing.T) {
	row := func(name, what string, cpu float64) measured.Ablated {
		return measured.Ablated{
			Name: name, What: what, Init: 4.04, FirstCall: 14.61, Answer: 18.66,
			FlatOut:    measured.FlatOut{PerSecond: 3292.4, CPU: cpu, PeakMemory: 20 << 20, Connections: 73.52},
			Steady:     measured.Steady{CPU: 0.908, P99: 8.62},
			BinarySize: 9_741_000,
		}
	}
	text := Sections(measured.Results{Ablation: &measured.Ablation{
		Provider: "stripe", Rounds: 3, Processes: 15, Environments: 8, Seconds: 2, Rate: 200, Call: 5,
		Rows: []measured.Ablated{row("", "", 0.473), row("", "", 0.475), row("gomaxprocs", "`GOMAXPROCS=1`", 0.6)},
	}})["ablation"]

	assert.Contains(t, text, "| stripe-processor without | init ms |")
	assert.Contains(t, text, "Cold starts: 15 processes each, every AWS call 5 ms.")
	lines := strings.Split(strings.TrimSpace(text), "\n")
	figures := func(cpu string) string {
		return " | 4.0 | 14.6 | 18.7 | 3,292 | " + cpu + " | 20.0 | 73.5 | 0.908 | 8.62 | 9.74 |"
	}
	assert.Equal(t, []string{
		"| **nothing: as it is**" + figures("0.473"),
		"| nothing, once more" + figures("0.475"),
		"| `GOMAXPROCS=1`" + figures("0.600"),
	}, lines[len(lines)-3:])
}
