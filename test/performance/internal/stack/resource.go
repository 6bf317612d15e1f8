package stack

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// resource is as much of a resource as is read. Its properties are those of all types
// together; no name means two things.
type resource struct {
	Type       string
	Condition  string
	Properties properties
}

// publishes reports whether the resource exists only with the parameter PublishTo.
func (r resource) publishes() bool { return strings.HasPrefix(r.Condition, "Publishes") }

// reconciles reports whether the resource exists only with the parameter ReconcileEvery.
func (r resource) reconciles() bool { return r.Condition == "Reconciles" }

type properties struct {
	FunctionName value
	Code         struct{ S3Key value }
	MemorySize   float64
	Timeout      float64
	Environment  struct{ Variables map[string]value }

	BatchSize             float64
	ScalingConfig         struct{ MaximumConcurrency value }
	ParallelizationFactor value

	KeySchema              keys
	GlobalSecondaryIndexes []struct {
		IndexName  string
		KeySchema  keys
		Projection struct{ NonKeyAttributes []string }
	}

	PointInTimeRecoverySpecification struct{ PointInTimeRecoveryEnabled bool }

	MethodSettings   []struct{ ThrottlingRateLimit value }
	TracingEnabled   value
	AccessLogSetting struct{ Format string }

	VisibilityTimeout            float64
	KmsDataKeyReusePeriodSeconds float64
	RetentionInDays              value
	FilterPattern                string
	MetricTransformations        []struct{ MetricName value }
	Metrics                      []struct{ MetricStat *struct{} } // of an alarm with an expression
	LifecycleConfiguration       struct {
		Rules []struct {
			Transitions []struct{ TransitionInDays float64 }
		}
	}
}

// watched returns the number of metrics that an alarm is billed for.
func (p properties) watched() int {
	n := 0
	for _, m := range p.Metrics {
		if m.MetricStat != nil {
			n++
		}
	}
	return max(1, n)
}

func (p properties) function() Function {
	f := Function{
		Name: p.FunctionName.text, MemoryMB: p.MemorySize, TimeoutSec: p.Timeout,
		Binary:      binaryOf(p.Code.S3Key.text),
		Environment: map[string]string{},
	}
	for variable, v := range p.Environment.Variables {
		if v.literal {
			f.Environment[variable] = v.text
		} else {
			f.References = append(f.References, variable)
		}
	}
	slices.Sort(f.References)
	f.Provider = f.Environment["PROVIDER"]
	return f
}

// indexes returns the indexes of a table. An entry holds the index's keys, the table's
// and what the index projects.
func (p properties) indexes() []Index {
	var all []Index
	for _, i := range p.GlobalSecondaryIndexes {
		attributes := slices.Concat(i.KeySchema.names(), p.KeySchema.names(), i.Projection.NonKeyAttributes)
		slices.Sort(attributes)
		all = append(all, Index{i.IndexName, i.KeySchema.names(), slices.Compact(attributes)})
	}
	slices.SortFunc(all, func(a, b Index) int { return strings.Compare(a.Name, b.Name) })
	return all
}

type keys []struct{ AttributeName string }

func (k keys) names() []string {
	var names []string
	for _, key := range k {
		names = append(names, key.AttributeName)
	}
	return names
}

// value is a string, a number, true or false, a text with the suffix taken off, or a
// reference to a parameter or resource.
type value struct {
	text, ref string
	literal   bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (v *value) UnmarshalJSON(text []byte) error {
	var fields struct {
		Ref string
		Sub string `json:"Fn::Sub"`
	}
	switch {
	case json.Unmarshal(text, &v.text) == nil:
		v.literal = true
	case json.Unmarshal(text, &fields) == nil:
		v.text, v.ref = strings.TrimSuffix(fields.Sub, "-${EnvironmentSuffix}"), fields.Ref
	default:
		v.text, v.literal = string(text), text[0] != '{'
	}
	return nil
}

// parameters are a template's parameters by name.
type parameters map[string]struct{ Default any }

// text returns the value of v in a stack with default parameters.
func (p parameters) text(v value) string {
	if parameter, known := p[v.ref]; known {
		return fmt.Sprint(parameter.Default)
	}
	return v.text
}

// number returns the value of v, or 0.
func (p parameters) number(v value) float64 {
	n, _ := strconv.ParseFloat(p.text(v), 64)
	return n
}

// binaryOf returns the stem of a zip by its key. Until revision 5554f04 the key did not
// name the architecture.
func binaryOf(key string) string {
	stem := strings.TrimSuffix(strings.TrimPrefix(key, "${CodeVersion}/"), ".zip")
	return strings.TrimSuffix(stem, "-${Architecture}")
}
