// Package latency draws how long AWS takes to answer, from published figures.
package latency

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"time"
)

// ErrFigures are figures that no distribution can be drawn through.
var ErrFigures = errors.New("no such latency distribution")

// Standard normal quantiles.
const (
	z90 = 1.2815515655446004
	z99 = 2.3263478740408408
)

// Figures are what somebody published of one call, in milliseconds. P50 and one
// of the others are given.
type Figures struct {
	P50, P90, P99 float64
	// Basis says whose figures they are: AWS's or somebody's measurement.
	Basis string
	// Sources are where each figure stands.
	Sources []Source
}

// Source is a page and what it says.
type Source struct{ Says, Page, Read string }

// Distribution is a lognormal one: a latency is a product of many delays, and
// cannot be negative. The zero value is no latency at all.
type Distribution struct{ mu, sigma, factor float64 }

// Calls are the distributions of AWS's calls by service and operation, such as
// "sqs.SendMessage".
type Calls map[string]Distribution

// Read reads a file of figures by call.
func Read(path string) (map[string]Figures, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var figures map[string]Figures
	if err := json.Unmarshal(text, &figures); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return figures, nil
}

// Scaled are the distributions through the figures, each latency multiplied by
// factor; 0 is an AWS that answers at once.
func Scaled(figures map[string]Figures, factor float64) (Calls, error) {
	calls := Calls{}
	for call, f := range figures {
		d, err := f.distribution(factor)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", call, err)
		}
		calls[call] = d
	}
	return calls, nil
}

// Fixed is one latency for every call of figures.
func Fixed(figures map[string]Figures, latency time.Duration) Calls {
	calls := Calls{}
	for call := range figures {
		calls[call] = Distribution{mu: math.Log(float64(latency)), factor: 1}
		if latency == 0 {
			calls[call] = Distribution{}
		}
	}
	return calls
}

func (f Figures) distribution(factor float64) (Distribution, error) {
	high, z := f.P99, z99
	if f.P99 == 0 {
		high, z = f.P90, z90
	}
	if f.P50 <= 0 || high < f.P50 || factor < 0 {
		return Distribution{}, fmt.Errorf("%w: p50 %v ms, p90 %v ms, p99 %v ms, times %v", ErrFigures, f.P50, f.P90, f.P99, factor)
	}
	return Distribution{
		mu:     math.Log(f.P50 * float64(time.Millisecond)),
		sigma:  math.Log(high/f.P50) / z,
		factor: factor,
	}, nil
}

// Draw is one latency.
func (d Distribution) Draw(random *rand.Rand) time.Duration {
	if d.factor == 0 {
		return 0
	}
	return time.Duration(d.factor * math.Exp(d.mu+d.sigma*random.NormFloat64()))
}

// Mean of what is drawn.
func (d Distribution) Mean() time.Duration {
	return time.Duration(float64(d.P50()) * math.Exp(d.sigma*d.sigma/2))
}

// P50 and P99 are what the distribution's figures come to.
func (d Distribution) P50() time.Duration { return d.quantile(0) }

// P99 is the latency that one call in a hundred exceeds.
func (d Distribution) P99() time.Duration { return d.quantile(z99) }

func (d Distribution) quantile(z float64) time.Duration {
	if d.factor == 0 {
		return 0
	}
	return time.Duration(d.factor * math.Exp(d.mu+d.sigma*z))
}
