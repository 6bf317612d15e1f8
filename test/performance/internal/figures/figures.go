// Package figures reads figures.json: what AWS and others publish about latencies,
// prices and limits, each figure with its source and the day on which it was read.
package figures

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"time"
)

// Figures are all published figures.
type Figures struct {
	Latencies map[string]Latency // by call, such as sqs.SendMessage
	Prices    []Price
	Limits    []Limit
}

// Latency describes how long a call of AWS takes, in milliseconds. P50 and one of the
// others are given.
type Latency struct {
	P50, P90, P99 float64
	Basis         string // who published the figures, and of what
	Sources       []struct{ Says, Page, Read string }
}

// Price is a line of AWS's price list for us-east-1.
type Price struct {
	ID, Service, What string
	USD, Per          float64 // USD for so many units
	Free              float64 // units a month that every account has for nothing
	Page, Read        string  // AWS's page, and the day on which it was read
	As                string  // where the figure itself was seen
}

// Limit is one of AWS's quotas or fixed numbers.
type Limit struct {
	ID, What   string
	Value      float64
	Raised     string // whether and how it can be raised
	Page, Read string
}

// Read reads the file.
func Read(path string) (Figures, error) {
	var f Figures
	text, err := os.ReadFile(path)
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal(text, &f)
}

// LimitsByID returns the limits by ID.
func (f Figures) LimitsByID() map[string]Limit {
	all := map[string]Limit{}
	for _, l := range f.Limits {
		all[l.ID] = l
	}
	return all
}

// Standard normal quantiles.
const (
	z90 = 1.2815515655446004
	z99 = 2.3263478740408408
)

// sigma returns the shape of the lognormal distribution through the percentiles: a
// latency is a product of many delays and is never negative.
func (l Latency) sigma() float64 {
	if l.P99 > 0 {
		return math.Log(l.P99/l.P50) / z99
	}
	return math.Log(l.P90/l.P50) / z90
}

// Draw draws one latency.
func (l Latency) Draw(random *rand.Rand) time.Duration {
	return time.Duration(l.P50 * math.Exp(l.sigma()*random.NormFloat64()) * float64(time.Millisecond))
}

// Mean returns the mean of what Draw draws, in milliseconds.
func (l Latency) Mean() float64 { return l.P50 * math.Exp(l.sigma()*l.sigma()/2) }
