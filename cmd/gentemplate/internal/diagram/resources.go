package diagram

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Resource types that are drawn, or that connect others.
const (
	method     = "AWS::ApiGateway::Method"
	authorizer = "AWS::ApiGateway::Authorizer"
	mapping    = "AWS::Lambda::EventSourceMapping"
	function   = "AWS::Lambda::Function"
	role       = "AWS::IAM::Role"
	queue      = "AWS::SQS::Queue"
	table      = "AWS::DynamoDB::Table"
	bucket     = "AWS::S3::Bucket"
	secret     = "AWS::SecretsManager::Secret"
	topic      = "AWS::SNS::Topic"
	bus        = "AWS::Events::EventBus"
	alarm      = "AWS::CloudWatch::Alarm"
)

// template is the part of a template that is read.
type template struct {
	Resources map[string]resource
}

type resource struct {
	Type       string
	Properties map[string]json.RawMessage
}

func (r resource) get(property string) json.RawMessage { return r.Properties[property] }

// statement is the part of a policy statement that is read.
type statement struct {
	Action   []string
	Resource json.RawMessage
	If       []json.RawMessage `json:"Fn::If"` // a condition and two statements
}

// statements returns the statements of a role's inline policies. It ignores
// policies in another notation.
func (r resource) statements() []statement {
	var policies []struct {
		PolicyDocument struct{ Statement []statement }
	}
	_ = json.Unmarshal(r.get("Policies"), &policies)
	var all []statement
	for _, p := range policies {
		for _, s := range p.PolicyDocument.Statement {
			all = append(all, s)
			for _, branch := range s.If {
				var choice statement
				_ = json.Unmarshal(branch, &choice) // the condition is none
				all = append(all, choice)
			}
		}
	}
	return all
}

// targets returns the resources of some types that a value refers to, each once.
func (t template) targets(value json.RawMessage, types ...string) []string {
	var v any
	_ = json.Unmarshal(value, &v) // an absent property refers to nothing
	var found []string
	for _, id := range references(v) {
		if slices.Contains(types, t.Resources[id].Type) && !slices.Contains(found, id) {
			found = append(found, id)
		}
	}
	return found
}

// references returns the logical ids in a value's intrinsics.
func references(v any) (ids []string) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			ids = append(ids, references(item)...)
		}
	case map[string]any:
		for key, arg := range v {
			switch arg := arg.(type) {
			case string:
				ids = append(ids, functionReferences(key, arg)...)
			case []any:
				if key == "Fn::GetAtt" {
					ids = append(ids, fmt.Sprint(arg[0]))
				}
				ids = append(ids, references(arg)...)
			default:
				ids = append(ids, references(arg)...)
			}
		}
	}
	slices.Sort(ids)
	return ids
}

// functionReferences returns the ids in a Ref or a Sub.
func functionReferences(function, arg string) (ids []string) {
	switch function {
	case "Ref":
		return []string{arg}
	case "Fn::Sub":
		for _, part := range strings.Split(arg, "${")[1:] {
			name, _, _ := strings.Cut(part, "}")
			id, _, _ := strings.Cut(name, ".")
			ids = append(ids, id)
		}
	}
	return ids
}

// label returns the resource's name without the environment suffix.
func (t template) label(r resource) string {
	if r.Type == method {
		path := ""
		for _, id := range t.targets(r.get("ResourceId"), "AWS::ApiGateway::Resource") {
			path = "/" + text(t.Resources[id].get("PathPart"))
		}
		return text(r.get("HttpMethod")) + " " + path
	}
	for _, property := range []string{"FunctionName", "QueueName", "TableName", "BucketName", "TopicName", "Name"} {
		if name := text(r.get(property)); name != "" {
			return name
		}
	}
	return r.Type
}

// text returns a string, or the part of an Fn::Sub before the environment suffix.
func text(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) == nil {
		return s
	}
	var sub map[string]string
	_ = json.Unmarshal(value, &sub)
	name, _, _ := strings.Cut(sub["Fn::Sub"], "-${")
	return name
}

// countAlarms returns the number of alarms that publish to a topic.
func (t template) countAlarms(topic string) (n int) {
	for _, r := range t.Resources {
		if r.Type == alarm && slices.Contains(t.targets(r.get("AlarmActions"), t.Resources[topic].Type), topic) {
			n++
		}
	}
	return n
}
