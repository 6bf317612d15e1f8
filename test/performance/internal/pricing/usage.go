// Package pricing computes what the stack costs and which limit it reaches first, from
// the template, from what was measured and from what AWS publishes.
package pricing

import (
	"errors"
	"math"
	"slices"

	"github.com/paysluice/paysluice/test/performance/internal/figures"
)

// ErrMissing is returned when the results lack something.
var ErrMissing = errors.New("not measured")

// Ids of figures.json, each in the unit that it is priced in.
const (
	apiRequest   = "apigateway.request"
	invocation   = "lambda.request"
	gbSecond     = "lambda.gbsecond"
	queueRequest = "sqs.request"
	topicPublish = "sns.publish"
	writeUnit    = "dynamodb.write"
	key          = "kms.key"
	keyRequest   = "kms.request"
	secret       = "secrets.secret"
	secretCall   = "secrets.call"
	metric       = "cloudwatch.metric"
	alarm        = "cloudwatch.alarm"
	dashboard    = "cloudwatch.dashboard"
	trace        = "xray.trace"
	transferOut  = "transfer.out"
)

// usage is how much is used of what, by id.
type usage map[string]float64

func plus(all ...usage) usage {
	sum := usage{}
	for _, u := range all {
		for id, n := range u {
			sum[id] += n
		}
	}
	return sum
}

func (u usage) times(n float64) usage {
	product := usage{}
	for id, quantity := range u {
		product[id] = n * quantity
	}
	return product
}

// prices are the lines of the price list in their order.
type prices []figures.Price

// cost returns dollars, with nothing for free. It is not a number if something has no price.
func (p prices) cost(u usage) float64 {
	sum, priced := 0.0, 0
	for _, line := range p {
		if n, used := u[line.ID]; used {
			sum += n * line.USD / line.Per
			priced++
		}
	}
	if priced < len(u) {
		return math.NaN()
	}
	return sum
}

// free returns the dollars of a month's usage that an account does not pay if it uses the
// services for nothing else.
func (p prices) free(month usage) float64 {
	sum := 0.0
	for _, line := range p {
		sum += min(month[line.ID], line.Free) * line.USD / line.Per
	}
	return sum
}

// of returns the part of a usage that one service bills.
func (p prices) of(service string, u usage) usage {
	part := usage{}
	for _, line := range p {
		if n, used := u[line.ID]; used && line.Service == service {
			part[line.ID] = n
		}
	}
	return part
}

// services returns those that bill something of u, in the order of the list.
func (p prices) services(u usage) []string {
	var all []string
	for _, line := range p {
		if u[line.ID] != 0 && !slices.Contains(all, line.Service) {
			all = append(all, line.Service)
		}
	}
	return all
}
