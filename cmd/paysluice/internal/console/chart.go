package console

import (
	"fmt"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
)

// Size of a chart in its own units.
const (
	chartWidth  = 120
	chartHeight = 28
)

// chart shows a metric of one provider over a span as bars.
type chart struct {
	Metric string
	Text   string
	Total  int
	Label  string // for people who do not see the bars
	Bars   []bar
	Width  int
	Height int
}

// bar is one step of a chart that has a count.
type bar struct {
	X, Y, Width, Height string
	Title               string
}

// newChart returns the chart of a metric. The tallest bar is that of the largest count. Its
// titles are in the zone of now, with UTC beside it.
func newChart(m metric, provider string, counts []query.Count, now time.Time, s span) chart {
	c := chart{Metric: m.Name, Text: m.Text, Width: chartWidth, Height: chartHeight}
	first := now.Add(-s.length).UTC().Truncate(s.step)
	steps := int(now.UTC().Truncate(s.step).Sub(first)/s.step) + 1
	values := make([]int, steps)
	most := 0
	for _, count := range counts {
		i := int(count.Start.Sub(first) / s.step)
		if count.Provider != provider || count.Metric != m.Name || i < 0 || i >= steps {
			continue
		}
		values[i] += count.Value
		c.Total += count.Value
		most = max(most, values[i])
	}
	width := float64(chartWidth) / float64(steps)
	for i, value := range values {
		if value == 0 {
			continue
		}
		height := max(2, float64(chartHeight)*float64(value)/float64(most))
		c.Bars = append(c.Bars, bar{
			X: fmt.Sprintf("%.2f", float64(i)*width), Y: fmt.Sprintf("%.2f", chartHeight-height),
			Width: fmt.Sprintf("%.2f", max(width-0.5, 0.5)), Height: fmt.Sprintf("%.2f", height),
			Title: formatNumber(value) + " at " + formatMinute(first.Add(time.Duration(i)*s.step).In(now.Location())),
		})
	}
	c.Label = fmt.Sprintf("%s %s in %s", formatNumber(c.Total), m.Text, s.Text)
	if most > 0 {
		c.Label += fmt.Sprintf(", at most %s in %s", formatNumber(most), formatAge(s.step))
	}
	return c
}

// formatMinute returns a time in its zone and in UTC.
func formatMinute(t time.Time) string {
	text := t.Format("Jan 2 15:04 MST")
	if _, offset := t.Zone(); offset != 0 {
		text += t.UTC().Format(", Jan 2 15:04 MST")
	}
	return text
}
