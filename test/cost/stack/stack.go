// Package stack reads out of the committed template what costs money and what
// bounds the throughput, so that neither is written down twice.
package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ErrTemplate is a template that is not as this package knows it.
var ErrTemplate = errors.New("out/stack.json")

// Stack is what is deployed.
type Stack struct {
	// Functions by name, without the environment suffix.
	Functions map[string]Function
	Mappings  []Mapping
	Table     Table
	API       API

	Queues, Secrets, Alarms, Dashboards, Keys int
	// VisibilitySeconds is how long a message stays in flight that is not
	// deleted.
	VisibilitySeconds float64
	// DataKeySeconds is how long SQS uses one data key.
	DataKeySeconds float64
	// FilterMetrics are the metrics made of log lines.
	FilterMetrics []FilterMetric
	// LogDays is how long log lines are kept.
	LogDays float64
	// GlacierDays is the age at which archived webhooks become Glacier's.
	GlacierDays float64
}

// Function is a Lambda function.
type Function struct {
	MemoryMB   float64
	SystemLogs bool // Lambda's own lines for each invocation
}

// FilterMetric is a metric that filters of log lines feed.
type FilterMetric struct {
	Name     string
	Patterns []string
}

// Counts reports whether a line with that member feeds the metric.
func (m FilterMetric) Counts(member string) bool {
	return slices.ContainsFunc(m.Patterns, func(p string) bool { return strings.Contains(p, "$."+member+" ") })
}

// Mapping is a queue's poller.
type Mapping struct {
	Function           string
	BatchSize          float64
	MaximumConcurrency float64
}

// Table is the table of events.
type Table struct {
	Keys    []string
	Indexes []Index
	Backups bool // point-in-time recovery
	Stream  bool
}

// Index is a global secondary index. Its entries hold Attributes, keys
// included.
type Index struct {
	Name       string
	Keys       []string
	Attributes []string
}

// API is the stage of the REST API.
type API struct {
	Methods       int
	ThrottleRate  float64 // requests a second for each method
	ThrottleBurst float64
	Traced        bool
	AccessLog     string // format of a line
}

// defaultDataKeySeconds is of a queue that does not say (SQS API Reference,
// SetQueueAttributes, KmsDataKeyReusePeriodSeconds).
const defaultDataKeySeconds = 300

// Read reads out/stack.json below root. The error is ErrTemplate for one that
// lacks what this package needs.
func Read(root string) (Stack, error) {
	text, err := os.ReadFile(filepath.Join(root, "out", "stack.json"))
	if err != nil {
		return Stack{}, err
	}
	var t template
	if err := json.Unmarshal(text, &t); err != nil {
		return Stack{}, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	s := Stack{Functions: map[string]Function{}, DataKeySeconds: defaultDataKeySeconds}
	for _, id := range t.ids() {
		s.add(t, id)
	}
	for _, m := range s.FilterMetrics {
		if m.Name == "" {
			return Stack{}, fmt.Errorf("%w: a metric filter without a name", ErrTemplate)
		}
	}
	if len(s.Functions) == 0 || len(s.Mappings) == 0 || len(s.Table.Keys) == 0 || s.API.Methods == 0 ||
		s.API.AccessLog == "" || s.LogDays == 0 || s.VisibilitySeconds == 0 || s.GlacierDays == 0 || s.Keys == 0 {
		return Stack{}, fmt.Errorf("%w: something that costs money has another type or name now", ErrTemplate)
	}
	return s, nil
}

// add notes one resource.
func (s *Stack) add(t template, id string) {
	p := t.Resources[id].Properties
	switch t.Resources[id].Type {
	case "AWS::Lambda::Function":
		s.Functions[p.FunctionName.text()] = Function{
			MemoryMB:   p.MemorySize,
			SystemLogs: p.LoggingConfig.SystemLogLevel != "WARN",
		}
	case "AWS::Lambda::EventSourceMapping":
		s.Mappings = append(s.Mappings, Mapping{
			Function:           t.Resources[p.FunctionName.Ref].Properties.FunctionName.text(),
			BatchSize:          p.BatchSize,
			MaximumConcurrency: p.ScalingConfig.MaximumConcurrency,
		})
	case "AWS::DynamoDB::Table":
		s.Table = p.table()
	case "AWS::ApiGateway::Method":
		s.API.Methods++
	case "AWS::ApiGateway::Stage":
		s.API.ThrottleRate = p.MethodSettings[0].ThrottlingRateLimit
		s.API.ThrottleBurst = p.MethodSettings[0].ThrottlingBurstLimit
		s.API.Traced = p.TracingEnabled
		s.API.AccessLog = p.AccessLogSetting.Format
	case "AWS::SQS::Queue":
		s.Queues++
		s.VisibilitySeconds = max(s.VisibilitySeconds, p.VisibilityTimeout)
		if p.KmsDataKeyReusePeriodSeconds > 0 {
			s.DataKeySeconds = p.KmsDataKeyReusePeriodSeconds
		}
	case "AWS::SecretsManager::Secret":
		s.Secrets++
	case "AWS::CloudWatch::Alarm":
		s.Alarms++
	case "AWS::CloudWatch::Dashboard":
		s.Dashboards++
	case "AWS::KMS::Key":
		s.Keys++
	case "AWS::Logs::LogGroup":
		s.LogDays = max(s.LogDays, p.RetentionInDays)
	case "AWS::Logs::MetricFilter":
		for _, m := range p.MetricTransformations {
			s.feed(m.MetricName.text(), p.FilterPattern)
		}
	case "AWS::S3::Bucket":
		for _, rule := range p.LifecycleConfiguration.Rules {
			for _, transition := range rule.Transitions {
				s.GlacierDays = transition.TransitionInDays
			}
		}
	}
}

// feed notes that a pattern feeds a metric.
func (s *Stack) feed(name, pattern string) {
	for i := range s.FilterMetrics {
		if s.FilterMetrics[i].Name == name {
			s.FilterMetrics[i].Patterns = append(s.FilterMetrics[i].Patterns, pattern)
			return
		}
	}
	s.FilterMetrics = append(s.FilterMetrics, FilterMetric{name, []string{pattern}})
}

// Mapping is the poller of that function.
func (s Stack) Mapping(function string) Mapping {
	for _, m := range s.Mappings {
		if m.Function == function {
			return m
		}
	}
	return Mapping{}
}

// trimSuffix takes the environment suffix off a name.
func trimSuffix(name string) string { return strings.TrimSuffix(name, "-${EnvironmentSuffix}") }
