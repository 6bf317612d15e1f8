package stack

import (
	"encoding/json"
	"maps"
	"slices"
)

// template is as much of a CloudFormation template as is read.
type template struct {
	Resources map[string]struct {
		Type       string
		Properties properties
	}
}

// ids are those of all resources, sorted.
func (t template) ids() []string { return slices.Sorted(maps.Keys(t.Resources)) }

// properties are those of all types of resources together; none means two
// things.
type properties struct {
	FunctionName  name
	MemorySize    float64
	LoggingConfig struct{ SystemLogLevel string }

	BatchSize     float64
	ScalingConfig struct{ MaximumConcurrency float64 }

	KeySchema                        keys
	GlobalSecondaryIndexes           []index
	StreamSpecification              *struct{}
	PointInTimeRecoverySpecification struct{ PointInTimeRecoveryEnabled bool }

	MethodSettings   []struct{ ThrottlingRateLimit, ThrottlingBurstLimit float64 }
	TracingEnabled   bool
	AccessLogSetting struct{ Format string }

	VisibilityTimeout            float64
	KmsDataKeyReusePeriodSeconds float64
	RetentionInDays              float64
	FilterPattern                string
	MetricTransformations        []struct{ MetricName name }
	LifecycleConfiguration       struct {
		Rules []struct {
			Transitions []struct{ TransitionInDays float64 }
		}
	}
}

type index struct {
	IndexName  string
	KeySchema  keys
	Projection struct {
		ProjectionType   string
		NonKeyAttributes []string
	}
}

type keys []struct{ AttributeName string }

func (k keys) names() []string {
	names := make([]string, len(k))
	for i, key := range k {
		names[i] = key.AttributeName
	}
	return names
}

// table is the properties of a table. An index holds its own keys, the table's
// and what it projects.
func (p properties) table() Table {
	t := Table{
		Keys:    p.KeySchema.names(),
		Backups: p.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled,
		Stream:  p.StreamSpecification != nil,
	}
	for _, i := range p.GlobalSecondaryIndexes {
		attributes := slices.Concat(i.KeySchema.names(), t.Keys, i.Projection.NonKeyAttributes)
		slices.Sort(attributes)
		t.Indexes = append(t.Indexes, Index{
			Name: i.IndexName, Keys: i.KeySchema.names(), Attributes: slices.Compact(attributes),
		})
	}
	return t
}

// name is text, or a reference to it.
type name struct {
	Ref string
	Sub string `json:"Fn::Sub"`

	plain string
}

func (n *name) UnmarshalJSON(text []byte) error {
	if json.Unmarshal(text, &n.plain) == nil {
		return nil
	}
	type fields name
	return json.Unmarshal(text, (*fields)(n))
}

// text is the name without the environment suffix.
func (n name) text() string { return trimSuffix(n.plain + n.Sub) }
