// Package stack reads the committed template: what the functions run with, what costs
// money and what bounds the throughput. No figure of it is written down twice.
package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// ErrTemplate is returned for a template that lacks what this package needs.
var ErrTemplate = errors.New("out/stack.json is not as expected")

// Stack is what the template deploys.
type Stack struct {
	// Functions are sorted by name.
	Functions []Function
	Mappings  map[string]Mapping // by function name
	Indexes   []Index            // of the table
	Backups   bool               // the table has point-in-time recovery
	API       API

	Secrets, Dashboards, Keys int
	// Alarms and PublishingAlarms, those with PublishTo, are the metrics that alarms watch:
	// each is billed.
	Alarms, PublishingAlarms int
	// Parallel is how many publishers read a shard of the table's stream.
	Parallel float64
	// HealthyFilterMetrics is the number of metrics made of log lines that have data while
	// all is well.
	HealthyFilterMetrics int
	// VisibilitySeconds is how long a message that is not deleted stays in flight.
	VisibilitySeconds float64
	LogDays           float64
	// GlacierDays is the age in days at which archived webhooks move to Glacier.
	GlacierDays float64
}

// Function is a Lambda function.
type Function struct {
	Name       string // without the environment suffix
	Binary     string // the stem of its zip
	Provider   string // of a processor; empty for others
	MemoryMB   float64
	TimeoutSec float64
	// Environment holds the variables with literal values. References are the names of
	// the others.
	Environment map[string]string
	References  []string
}

// Mapping is the poller of a queue.
type Mapping struct{ BatchSize, MaximumConcurrency float64 }

// Index is a global secondary index. Attributes include the keys.
type Index struct {
	Name             string
	Keys, Attributes []string
}

// API is the stage of the REST API.
type API struct {
	Methods      int
	ThrottleRate float64 // requests a second for each method
	AccessLog    string  // format of a line
}

// Function returns the function of that name, or one without a name.
func (s Stack) Function(name string) Function {
	i := slices.IndexFunc(s.Functions, func(f Function) bool { return f.Name == name })
	if i < 0 {
		return Function{}
	}
	return s.Functions[i]
}

// Read reads a template, with the defaults of its parameters. The error is ErrTemplate if it lacks something.
func Read(path string) (Stack, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Stack{}, err
	}
	var t template
	if err := json.Unmarshal(text, &t); err != nil {
		return Stack{}, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	s := Stack{Mappings: map[string]Mapping{}}
	filters := map[string]bool{} // name to whether it has data while all is well
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		r := t.Resources[id]
		publishes := strings.HasPrefix(r.Condition, "Publishes") // exists only with PublishTo
		switch p := r.Properties; {
		case r.Condition == "Reconciles" && r.Type != "AWS::Lambda::Function": // docs/reconciling.md has what they cost
		case !publishes || r.Type == "AWS::Lambda::Function":
			s.add(t, r.Type, p)
		case r.Type == "AWS::CloudWatch::Alarm":
			s.PublishingAlarms += watched(p)
		case r.Type == "AWS::Lambda::EventSourceMapping":
			s.Parallel = t.number(p, "ParallelizationFactor")
		}
		if r.Type == "AWS::Logs::MetricFilter" {
			for _, metric := range t.texts(r.Properties, "MetricTransformations", "MetricName") {
				filters[metric] = filters[metric] || strings.Contains(t.text(r.Properties, "FilterPattern"), "$.Accepted ")
			}
		}
	}
	for _, healthy := range filters {
		if healthy {
			s.HealthyFilterMetrics++
		}
	}
	slices.SortFunc(s.Functions, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	if len(s.Functions) == 0 || len(s.Mappings) == 0 || len(s.Indexes) == 0 || s.API.Methods == 0 || s.API.ThrottleRate == 0 ||
		s.API.AccessLog == "" || s.LogDays == 0 || s.VisibilitySeconds == 0 || s.GlacierDays == 0 || s.Keys == 0 || len(filters) == 0 {
		return Stack{}, fmt.Errorf("%w: something that costs money has another type or name", ErrTemplate)
	}
	return s, nil
}

func (s *Stack) add(t template, kind string, p any) {
	switch kind {
	case "AWS::Lambda::Function":
		s.Functions = append(s.Functions, t.function(p))
	case "AWS::Lambda::EventSourceMapping":
		name := t.text(t.Resources[t.text(p, "FunctionName", "Ref")].Properties, "FunctionName")
		s.Mappings[name] = Mapping{t.number(p, "BatchSize"), t.number(p, "ScalingConfig", "MaximumConcurrency")}
	case "AWS::DynamoDB::Table":
		if indexes := values(p, "GlobalSecondaryIndexes"); len(indexes) > 0 { // not the table of guards
			s.Backups = t.text(p, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") == "true"
			for _, i := range indexes {
				keys := t.texts(i, "KeySchema", "AttributeName")
				entry := slices.Concat(keys, t.texts(p, "KeySchema", "AttributeName"), t.texts(i, "Projection", "NonKeyAttributes"))
				s.Indexes = append(s.Indexes, Index{t.text(i, "IndexName"), keys, entry})
			}
		}
	case "AWS::ApiGateway::Method":
		s.API.Methods++
	case "AWS::ApiGateway::Stage":
		s.API.AccessLog, s.API.ThrottleRate = t.text(p, "AccessLogSetting", "Format"), t.number(p, "MethodSettings", "ThrottlingRateLimit")
	case "AWS::SQS::Queue":
		s.VisibilitySeconds = max(s.VisibilitySeconds, t.number(p, "VisibilityTimeout"))
	case "AWS::SecretsManager::Secret":
		s.Secrets++
	case "AWS::CloudWatch::Alarm":
		s.Alarms += watched(p)
	case "AWS::CloudWatch::Dashboard":
		s.Dashboards++
	case "AWS::KMS::Key":
		s.Keys++
	case "AWS::Logs::LogGroup":
		s.LogDays = max(s.LogDays, t.number(p, "RetentionInDays"))
	case "AWS::S3::Bucket":
		s.GlacierDays = max(s.GlacierDays, t.number(p, "LifecycleConfiguration", "Rules", "Transitions", "TransitionInDays"))
	}
}

// watched returns the number of metrics that an alarm is billed for.
func watched(alarm any) int { return max(1, len(values(alarm, "Metrics", "MetricStat"))) }
