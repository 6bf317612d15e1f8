package report

import (
	"fmt"
	"html"
	"math"
	"strings"

	"github.com/paysluice/paysluice/test/measured"
)

// Sizes of the plot, in pixels.
const (
	plotWidth, plotHeight    = 860, 440
	left, right, top, bottom = 60, 230, 40, 50
)

// ink can be read on white and on GitHub's dark background.
const ink = "#808890"

func colours() []string {
	return []string{"#2f81f7", "#2da44e", "#bf8700", "#cf5f2d", "#a371f7", "#e5534b"}
}

// line is the curve of one function.
type line struct {
	name  string
	curve []measured.Point
}

// Plot is an SVG of a run's latencies by percentile: a line for each function,
// and one for authorizer and processor as one request. Percentiles are on an
// axis of nines, so that the tail is not squeezed into the edge.
func Plot(l measured.Load) string {
	lines := []line{}
	for _, f := range l.Functions {
		lines = append(lines, line{f.Name, f.Latency.Curve})
	}
	lines = append(lines, line{"authorizer and processor", l.Request.Curve})
	a := axes{nines: 1, low: 1, high: 1} // ms
	for _, one := range lines {
		for _, p := range one.curve {
			a.nines = math.Max(a.nines, nines(p.Percent))
			a.low, a.high = math.Min(a.low, p.Time), math.Max(a.high, p.Time)
		}
	}
	a.low = math.Pow(10, math.Floor(math.Log10(math.Max(a.low, 0.01))))
	a.high = math.Max(a.high, a.low*10) * 1.2

	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13" fill="%s">`+"\n", plotWidth, plotHeight, ink)
	fmt.Fprintf(&b, `<text x="%d" y="20" font-weight="bold">%s</text>`+"\n", left,
		html.EscapeString(fmt.Sprintf("Latency by percentile: %.0f requests a second, AWS at %g times its published latencies", l.Rate, l.AWSFactor)))
	a.grid(&b)
	for i, one := range lines {
		colour := colours()[i%len(colours())]
		points := []string{}
		for _, p := range one.curve {
			points = append(points, fmt.Sprintf("%.1f,%.1f", a.x(nines(p.Percent)), a.y(p.Time)))
		}
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.Join(points, " "), colour)
		y := top + 10 + 22*i
		fmt.Fprintf(&b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s" stroke-width="3"/><text x="%d" y="%d">%s</text>`+"\n",
			plotWidth-right+16, y, plotWidth-right+38, y, colour, plotWidth-right+46, y+4, html.EscapeString(one.name))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// nines of a percentile: 1 for 90, 2 for 99.
func nines(percent float64) float64 { return -math.Log10(1 - percent/100) }

type axes struct{ nines, low, high float64 }

func (a axes) x(nines float64) float64 {
	return left + nines/a.nines*(plotWidth-left-right)
}

// y is logarithmic.
func (a axes) y(ms float64) float64 {
	share := math.Log10(math.Max(ms, a.low)/a.low) / math.Log10(a.high/a.low)
	return plotHeight - bottom - share*(plotHeight-top-bottom)
}

func (a axes) grid(b *strings.Builder) {
	for _, percent := range []float64{0, 50, 90, 99, 99.9, 99.99} {
		if n := nines(percent); n <= a.nines {
			fmt.Fprintf(b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="%s" stroke-opacity="0.35"/><text x="%.1f" y="%d" text-anchor="middle">%g %%</text>`+"\n",
				a.x(n), top, a.x(n), plotHeight-bottom, ink, a.x(n), plotHeight-bottom+20, percent)
		}
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle">of requests are answered within</text>`+"\n", left+(plotWidth-left-right)/2, plotHeight-12)
	for decade := a.low; decade <= a.high; decade *= 10 {
		for _, step := range []float64{1, 2, 5} {
			if ms := decade * step; ms <= a.high {
				fmt.Fprintf(b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="%s" stroke-opacity="0.2"/><text x="%d" y="%.1f" text-anchor="end">%g ms</text>`+"\n",
					left, a.y(ms), plotWidth-right, a.y(ms), ink, left-6, a.y(ms)+4, ms)
			}
		}
	}
}
