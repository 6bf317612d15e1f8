package result

import (
	"bytes"
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Plot returns an SVG of the latencies of a run by percentile, one line for each
// function and one for authorizer and processor together. Percentiles are on an axis of
// nines, so that the tail is not squeezed into the edge.
func (l Load) Plot() ([]byte, error) {
	p := plot.New()
	p.BackgroundColor = color.White
	p.Title.Text = fmt.Sprintf("%.0f requests a second, AWS at its recorded latencies", l.Rate)
	p.X.Label.Text, p.Y.Label.Text = "of responses arrive within", "milliseconds"
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	var ticks plot.ConstantTicks
	for _, percent := range []float64{0, 50, 90, 99, 99.9, 99.99} {
		ticks = append(ticks, plot.Tick{Value: nines(percent), Label: fmt.Sprintf("%g %%", percent)})
	}
	p.X.Tick.Marker = ticks
	p.Add(plotter.NewGrid())
	var lines []any // a name and its points
	for _, f := range append(l.Functions[:len(l.Functions):len(l.Functions)], Function{Name: "authorizer and processor", Latency: l.Request}) {
		var points plotter.XYs
		for _, point := range f.Latency.Curve {
			points = append(points, plotter.XY{X: nines(point.Percent), Y: math.Max(point.Time, 0.01)})
		}
		lines = append(lines, f.Name, points)
	}
	if err := plotutil.AddLines(p, lines...); err != nil {
		return nil, err
	}
	canvas := vgsvg.New(9*vg.Inch, 5*vg.Inch)
	p.Draw(draw.New(canvas))
	var b bytes.Buffer
	_, err := canvas.WriteTo(&b)
	return b.Bytes(), err
}

// nines returns 1 for 90, 2 for 99.
func nines(percent float64) float64 { return -math.Log10(1 - percent/100) }
