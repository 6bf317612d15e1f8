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
	Indexes   []Index            // of the table, sorted by name
	Backups   bool               // the table has point-in-time recovery
	API       API

	Secrets, Dashboards, Keys int
	// Alarms and PublishingAlarms, those with PublishTo, are the metrics that alarms watch:
	// each is billed.
	Alarms, PublishingAlarms int
	// Parallel is how many publishers read a shard of the table's stream.
	Parallel float64
	// FilterMetrics is the number of metrics made of log lines; HealthyFilterMetrics
	// of those that have data while all is well.
	FilterMetrics, HealthyFilterMetrics int
	// VisibilitySeconds is how long a message that is not deleted stays in flight.
	VisibilitySeconds float64
	// DataKeySeconds is how long SQS uses one data key.
	DataKeySeconds float64
	LogDays        float64
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
	Traced       bool    // by X-Ray
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

// defaultDataKeySeconds is used when a queue sets none (SQS API Reference,
// SetQueueAttributes, KmsDataKeyReusePeriodSeconds).
const defaultDataKeySeconds = 300

// Read reads a template, with the defaults of its parameters. The error is ErrTemplate if it lacks something.
func Read(path string) (Stack, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Stack{}, err
	}
	var t struct {
		Parameters parameters
		Resources  map[string]resource
	}
	if err := json.Unmarshal(text, &t); err != nil {
		return Stack{}, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	s := Stack{Mappings: map[string]Mapping{}, DataKeySeconds: defaultDataKeySeconds}
	filters := map[string]bool{} // name to whether it has data while all is well
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		r := t.Resources[id]
		switch {
		case r.reconciles() && r.Type != "AWS::Lambda::Function": // docs/reconciling.md has what they cost
		case !r.publishes() || r.Type == "AWS::Lambda::Function":
			s.add(r, t.Resources, t.Parameters)
		case r.Type == "AWS::CloudWatch::Alarm":
			s.PublishingAlarms += r.Properties.watched()
		case r.Type == "AWS::Lambda::EventSourceMapping":
			s.Parallel = t.Parameters.number(r.Properties.ParallelizationFactor)
		}
		if r.Type == "AWS::Logs::MetricFilter" {
			for _, m := range r.Properties.MetricTransformations {
				filters[m.MetricName.text] = filters[m.MetricName.text] || strings.Contains(r.Properties.FilterPattern, "$.Accepted ")
			}
		}
	}
	s.FilterMetrics = len(filters)
	for _, healthy := range filters {
		if healthy {
			s.HealthyFilterMetrics++
		}
	}
	slices.SortFunc(s.Functions, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	if len(s.Functions) == 0 || len(s.Mappings) == 0 || len(s.Indexes) == 0 || s.API.Methods == 0 || s.API.ThrottleRate == 0 ||
		s.API.AccessLog == "" || s.LogDays == 0 || s.VisibilitySeconds == 0 || s.GlacierDays == 0 || s.Keys == 0 || s.FilterMetrics == 0 {
		return Stack{}, fmt.Errorf("%w: something that costs money has another type or name", ErrTemplate)
	}
	return s, nil
}

func (s *Stack) add(r resource, all map[string]resource, defaults parameters) {
	p := r.Properties
	switch r.Type {
	case "AWS::Lambda::Function":
		s.Functions = append(s.Functions, p.function())
	case "AWS::Lambda::EventSourceMapping":
		name := all[p.FunctionName.ref].Properties.FunctionName.text
		s.Mappings[name] = Mapping{p.BatchSize, defaults.number(p.ScalingConfig.MaximumConcurrency)}
	case "AWS::DynamoDB::Table":
		if indexes := p.indexes(); len(indexes) > 0 { // not the table of guards
			s.Indexes, s.Backups = indexes, p.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled
		}
	case "AWS::ApiGateway::Method":
		s.API.Methods++
	case "AWS::ApiGateway::Stage":
		s.API.AccessLog, s.API.Traced = p.AccessLogSetting.Format, defaults.text(p.TracingEnabled) == "true"
		for _, m := range p.MethodSettings {
			s.API.ThrottleRate = defaults.number(m.ThrottlingRateLimit)
		}
	case "AWS::SQS::Queue":
		s.VisibilitySeconds = max(s.VisibilitySeconds, p.VisibilityTimeout)
		if p.KmsDataKeyReusePeriodSeconds > 0 {
			s.DataKeySeconds = p.KmsDataKeyReusePeriodSeconds
		}
	case "AWS::SecretsManager::Secret":
		s.Secrets++
	case "AWS::CloudWatch::Alarm":
		s.Alarms += p.watched()
	case "AWS::CloudWatch::Dashboard":
		s.Dashboards++
	case "AWS::KMS::Key":
		s.Keys++
	case "AWS::Logs::LogGroup":
		s.LogDays = max(s.LogDays, defaults.number(p.RetentionInDays))
	case "AWS::S3::Bucket":
		for _, rule := range p.LifecycleConfiguration.Rules {
			for _, t := range rule.Transitions {
				s.GlacierDays = t.TransitionInDays
			}
		}
	}
}
