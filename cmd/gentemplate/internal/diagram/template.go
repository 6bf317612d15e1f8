package diagram

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Types of resources that are drawn or lead to one that is.
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
	alarm      = "AWS::CloudWatch::Alarm"
)

// template is what is read of a template.
type template struct {
	Resources map[string]resource
}

type resource struct {
	Type       string
	Properties map[string]json.RawMessage
}

func (r resource) get(property string) json.RawMessage { return r.Properties[property] }

// statement is what is read of a statement of a role's policy.
type statement struct {
	Action   []string
	Resource json.RawMessage
}

// statements are those of a role. What is not written as our roles are has
// none.
func (r resource) statements() []statement {
	var policies []struct {
		PolicyDocument struct{ Statement []statement }
	}
	_ = json.Unmarshal(r.get("Policies"), &policies)
	var all []statement
	for _, p := range policies {
		all = append(all, p.PolicyDocument.Statement...)
	}
	return all
}

// referred are the resources of some types that a value refers to, each once.
func (t template) referred(value json.RawMessage, types ...string) []string {
	var v any
	_ = json.Unmarshal(value, &v) // a property that is absent refers to nothing
	var found []string
	for _, id := range references(v) {
		if slices.Contains(types, t.Resources[id].Type) && !slices.Contains(found, id) {
			found = append(found, id)
		}
	}
	return found
}

// references are the logical ids in a value's intrinsics.
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
				ids = append(ids, referencesOf(key, arg)...)
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

// referencesOf are the ids in a Ref or a Sub.
func referencesOf(function, arg string) (ids []string) {
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

// label is the resource's name without what the deployment adds to it.
func (t template) label(r resource) string {
	if r.Type == method {
		path := ""
		for _, id := range t.referred(r.get("ResourceId"), "AWS::ApiGateway::Resource") {
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

// text is a string, or what precedes the first variable of an Fn::Sub.
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

// alarmsOf is the number of alarms that tell a topic.
func (t template) alarmsOf(topic string) (n int) {
	for _, r := range t.Resources {
		if r.Type == alarm && slices.Contains(t.referred(r.get("AlarmActions"), t.Resources[topic].Type), topic) {
			n++
		}
	}
	return n
}
