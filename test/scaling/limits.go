package scaling

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// errLimits is a list of limits that is not complete.
var errLimits = errors.New("list of limits")

// limit is one of AWS's quotas or fixed numbers.
type limit struct {
	ID     string
	What   string
	Value  float64
	Raised string // whether and how it can be raised
	Page   string // of AWS
	Read   string // day on which it was looked up
}

// limits is the list.
type limits struct {
	List []limit `json:"limits"`
	byID map[string]limit
}

// ids of the limits that are computed with.
const (
	apiRate           = "api.rate"
	apiBurst          = "api.burst"
	lambdaConcurrency = "lambda.concurrency"
	lambdaRate        = "lambda.rate"
	lambdaRamp        = "lambda.ramp"
	mappingStart      = "mapping.start"
	mappingRamp       = "mapping.ramp"
	mappingMost       = "mapping.most"
	inFlight          = "sqs.inflight"
	newTable          = "dynamodb.new"
	wholeTable        = "dynamodb.table"
	partition         = "dynamodb.partition"
	kmsRate           = "kms.rate"
	secretRate        = "secrets.rate"
	logRate           = "logs.rate"
)

// readLimits reads the list in that file. The error is errLimits when one is
// missing or without a source.
func readLimits(file string) (limits, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return limits{}, err
	}
	l := limits{byID: map[string]limit{}}
	if err := json.Unmarshal(text, &l); err != nil {
		return limits{}, fmt.Errorf("%w: %w", errLimits, err)
	}
	for _, one := range l.List {
		if one.Value <= 0 || one.Page == "" || one.Read == "" || one.Raised == "" {
			return limits{}, fmt.Errorf("%w: %s is not complete", errLimits, one.ID)
		}
		l.byID[one.ID] = one
	}
	for _, id := range []string{
		apiRate, apiBurst, lambdaConcurrency, lambdaRate, lambdaRamp, mappingStart, mappingRamp, mappingMost,
		inFlight, newTable, wholeTable, partition, kmsRate, secretRate, logRate,
	} {
		if _, given := l.byID[id]; !given {
			return limits{}, fmt.Errorf("%w: %s is missing", errLimits, id)
		}
	}
	return l, nil
}

func (l limits) value(id string) float64 { return l.byID[id].Value }
