// Package bill works out what the stack costs: quantities, which follow from
// the template, the sizes of what passes through it and the durations of its
// functions, times AWS's list prices.
package bill

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
)

// ErrPrices is a list of prices that is not complete.
var ErrPrices = errors.New("list of prices")

// ID names what has a price.
type ID string

// Everything that is counted. The list of prices says in which unit.
const (
	APIRequest     ID = "apigateway.request"
	HTTPAPIRequest ID = "apigateway.http"
	Invocation     ID = "lambda.request"
	GBSecond       ID = "lambda.gbsecond"
	QueueRequest   ID = "sqs.request"
	WriteUnit      ID = "dynamodb.write"
	TableStorage   ID = "dynamodb.storage"
	TableBackup    ID = "dynamodb.backup"
	StreamRead     ID = "dynamodb.stream"
	ObjectPut      ID = "s3.put"
	ObjectStorage  ID = "s3.storage"
	Glacier        ID = "s3.glacier"
	Transition     ID = "s3.transition"
	Key            ID = "kms.key"
	KeyRequest     ID = "kms.request"
	Secret         ID = "secrets.secret"
	SecretCall     ID = "secrets.call"
	LogIngest      ID = "logs.ingest"
	LogStorage     ID = "logs.storage"
	Metric         ID = "cloudwatch.metric"
	Alarm          ID = "cloudwatch.alarm"
	Dashboard      ID = "cloudwatch.dashboard"
	Trace          ID = "xray.trace"
	TransferOut    ID = "transfer.out"
	WebACL         ID = "waf.acl"
	WebRule        ID = "waf.rule"
	WebRequest     ID = "waf.request"
)

func ids() []ID {
	return []ID{
		APIRequest, HTTPAPIRequest, Invocation, GBSecond, QueueRequest, WriteUnit, TableStorage, TableBackup,
		StreamRead, ObjectPut, ObjectStorage, Glacier, Transition, Key, KeyRequest, Secret, SecretCall,
		LogIngest, LogStorage, Metric, Alarm, Dashboard, Trace, TransferOut, WebACL, WebRule, WebRequest,
	}
}

// Price is a line of the list.
type Price struct {
	ID      ID
	Service string
	What    string
	USD     float64
	Per     float64 // units that cost USD
	Free    float64 // units of a month that an account gets for nothing, for good
	Page    string  // AWS's page about it
	Read    string  // day on which it was looked up
	As      string  // where the figure itself was seen
}

// Prices is the list.
type Prices struct {
	Region string
	List   []Price `json:"prices"`
	byID   map[ID]Price
}

// ReadPrices reads the list in that file. The error is ErrPrices when something
// has no price, two, or one without a source.
func ReadPrices(file string) (Prices, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Prices{}, err
	}
	p := Prices{byID: map[ID]Price{}}
	if err := json.Unmarshal(text, &p); err != nil {
		return Prices{}, fmt.Errorf("%w: %w", ErrPrices, err)
	}
	for _, line := range p.List {
		if _, twice := p.byID[line.ID]; twice || line.USD <= 0 || line.Per <= 0 || line.Page == "" || line.Read == "" || line.As == "" {
			return Prices{}, fmt.Errorf("%w: %s is there twice or not complete", ErrPrices, line.ID)
		}
		p.byID[line.ID] = line
	}
	wanted := ids()
	slices.Sort(wanted)
	if given := slices.Sorted(maps.Keys(p.byID)); !slices.Equal(wanted, given) {
		return Prices{}, fmt.Errorf("%w: it has %s, and should have %s", ErrPrices, given, wanted)
	}
	return p, nil
}

// Of is what one unit costs, in dollars.
func (p Prices) Of(id ID) float64 { return p.byID[id].USD / p.byID[id].Per }

// Cost is what a usage costs, in dollars, without anything for free.
func (p Prices) Cost(u Usage) float64 {
	sum := 0.0
	for _, id := range ids() { // in an order, or the last digit would change
		sum += u[id] * p.Of(id)
	}
	return sum
}

// Free is what of a month's usage is for nothing in an account that uses these
// services for nothing else, in dollars.
func (p Prices) Free(month Usage) float64 {
	sum := 0.0
	for _, id := range ids() {
		sum += min(month[id], p.byID[id].Free) * p.Of(id)
	}
	return sum
}

// Of is the part of a usage that one service bills.
func (u Usage) Of(service string, p Prices) Usage {
	part := Usage{}
	for id, quantity := range u {
		if p.byID[id].Service == service {
			part[id] = quantity
		}
	}
	return part
}

// Services are those that bill something of any of the usages, in the list's
// order.
func (p Prices) Services(of ...Usage) []string {
	var services []string
	for _, line := range p.List {
		used := slices.ContainsFunc(of, func(u Usage) bool { return u[line.ID] != 0 })
		if used && !slices.Contains(services, line.Service) {
			services = append(services, line.Service)
		}
	}
	return services
}

// Usage is how much is used of what.
type Usage map[ID]float64

// Plus is a sum of usages.
func Plus(all ...Usage) Usage {
	sum := Usage{}
	for _, u := range all {
		for id, quantity := range u {
			sum[id] += quantity
		}
	}
	return sum
}

// Times is n times the usage.
func (u Usage) Times(n float64) Usage {
	product := Usage{}
	for id, quantity := range u {
		product[id] = n * quantity
	}
	return product
}
