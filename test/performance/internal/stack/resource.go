package stack

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// resource is as much of a resource as is read. Its properties are those of all types
// together; no name means two things.
type resource struct {
	Type       string
	Properties properties
}

type properties struct {
	FunctionName name
	Code         struct{ S3Key name }
	MemorySize   float64
	Timeout      float64
	Environment  struct{ Variables map[string]any }

	BatchSize     float64
	ScalingConfig struct{ MaximumConcurrency number }

	KeySchema              keys
	GlobalSecondaryIndexes []struct {
		IndexName  string
		KeySchema  keys
		Projection struct{ NonKeyAttributes []string }
	}

	PointInTimeRecoverySpecification struct{ PointInTimeRecoveryEnabled bool }

	MethodSettings   []struct{ ThrottlingRateLimit number }
	TracingEnabled   flag
	AccessLogSetting struct{ Format string }

	VisibilityTimeout            float64
	KmsDataKeyReusePeriodSeconds float64
	RetentionInDays              number
	FilterPattern                string
	MetricTransformations        []struct{ MetricName name }
	LifecycleConfiguration       struct {
		Rules []struct {
			Transitions []struct{ TransitionInDays float64 }
		}
	}
}

func (p properties) function() Function {
	f := Function{
		Name: p.FunctionName.text, MemoryMB: p.MemorySize, TimeoutSec: p.Timeout,
		Binary:      strings.TrimSuffix(strings.TrimPrefix(p.Code.S3Key.text, "${CodeVersion}/"), ".zip"),
		Environment: map[string]string{},
	}
	for variable, value := range p.Environment.Variables {
		if text, literal := value.(string); literal {
			f.Environment[variable] = text
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

// name is a text without the environment suffix, or a reference to a resource.
type name struct{ text, ref string }

func (n *name) UnmarshalJSON(text []byte) error {
	if json.Unmarshal(text, &n.text) == nil {
		return nil
	}
	var fields struct {
		Ref string
		Sub string `json:"Fn::Sub"`
	}
	err := json.Unmarshal(text, &fields)
	n.text, n.ref = strings.TrimSuffix(fields.Sub, "-${EnvironmentSuffix}"), fields.Ref
	return err
}

// number is a number, or the parameter that has it.
type number struct {
	value     float64
	parameter string
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(text []byte) error {
	var reference struct{ Ref string }
	if json.Unmarshal(text, &reference) == nil {
		n.parameter = reference.Ref
		return nil
	}
	return json.Unmarshal(text, &n.value)
}

// flag is a value that is true or false, or the parameter that has it.
type flag struct {
	value     bool
	parameter string
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *flag) UnmarshalJSON(text []byte) error {
	var reference struct{ Ref string }
	if json.Unmarshal(text, &reference) == nil {
		f.parameter = reference.Ref
		return nil
	}
	return json.Unmarshal(text, &f.value)
}

// flag returns the value of f in a stack with default parameters.
func (p parameters) flag(f flag) bool {
	if f.parameter == "" {
		return f.value
	}
	return p[f.parameter].Default == "true"
}

// parameters are a template's parameters by name.
type parameters map[string]struct{ Default any }

// number returns the value of n in a stack with default parameters, or 0.
func (p parameters) number(n number) float64 {
	switch value := p[n.parameter].Default.(type) {
	case float64:
		return value
	case string:
		parsed, _ := strconv.ParseFloat(value, 64)
		return parsed
	}
	return n.value
}
