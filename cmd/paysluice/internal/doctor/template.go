package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
)

// template is a deployed template with the values that it has in one stack.
type template struct {
	document map[string]any
	values   map[string]string // of parameters and pseudo parameters
	physical map[string]string // ids by logical id
}

// resource is a resource of the template that the stack has.
type resource struct {
	id, kind, physical string
	properties         map[string]any
}

// readTemplate reads the deployed template and the ids of the stack's resources.
func readTemplate(ctx context.Context, client *cloudformation.Client, s *stack.Stack) (*template, error) {
	out, err := client.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: &s.Name, TemplateStage: types.TemplateStageOriginal})
	if err != nil {
		return nil, err
	}
	t := &template{physical: map[string]string{}, values: maps.Clone(s.Parameters)}
	if err := json.Unmarshal([]byte(aws.ToString(out.TemplateBody)), &t.document); err != nil {
		return nil, fmt.Errorf("the deployed template is not JSON: %w", err)
	}
	// arn:{partition}:cloudformation:{region}:{account}:stack/{name}/{id}
	arn := append(strings.Split(s.ID, ":"), make([]string, 6)...)
	t.values["AWS::Partition"], t.values["AWS::Region"], t.values["AWS::AccountId"] = arn[1], arn[3], arn[4]
	t.values["AWS::StackName"], t.values["AWS::StackId"], t.values["AWS::URLSuffix"] = s.Name, s.ID, "amazonaws.com"
	for pages := cloudformation.NewListStackResourcesPaginator(client, &cloudformation.ListStackResourcesInput{StackName: &s.Name}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range page.StackResourceSummaries {
			t.physical[aws.ToString(r.LogicalResourceId)] = aws.ToString(r.PhysicalResourceId)
		}
	}
	return t, nil
}

// section returns a section of the template.
func (t *template) section(name string) map[string]any {
	s, _ := t.document[name].(map[string]any)
	return s
}

// kinds returns the resources of some types that the stack has, by logical id.
func (t *template) kinds(kinds ...string) []resource {
	var found []resource
	for _, id := range slices.Sorted(maps.Keys(t.section("Resources"))) {
		if r := t.resource(id); slices.Contains(kinds, r.kind) && r.physical != "" {
			found = append(found, r)
		}
	}
	return found
}

// resource returns the resource with a logical id.
func (t *template) resource(id string) resource {
	raw, _ := t.section("Resources")[id].(map[string]any)
	r := resource{id: id, kind: text(raw["Type"]), physical: t.physical[id]}
	r.properties, _ = t.resolve(raw["Properties"]).(map[string]any)
	return r
}

// resolve returns a value with its intrinsic functions resolved: unknown for what
// only CloudFormation knows, nil for AWS::NoValue.
func (t *template) resolve(value any) any {
	switch v := value.(type) {
	case map[string]any:
		if len(v) == 1 {
			for name, argument := range v {
				if name == "Ref" || strings.HasPrefix(name, "Fn::") {
					return t.call(name, argument)
				}
			}
		}
		object := map[string]any{}
		for name, m := range v {
			if resolved := t.resolve(m); resolved != nil {
				object[name] = resolved
			}
		}
		return object
	case []any:
		list := []any{}
		for _, item := range v {
			if resolved := t.resolve(item); resolved != nil {
				list = append(list, resolved)
			}
		}
		return list
	}
	return value
}

// call resolves the functions that the template uses.
func (t *template) call(name string, argument any) any {
	list, _ := argument.([]any)
	switch {
	case name == "Ref" && argument == "AWS::NoValue":
		return nil
	case name == "Ref":
		return t.variable(text(argument))
	case name == "Fn::GetAtt" && len(list) == 2:
		return t.variable(text(list[0]) + "." + text(list[1]))
	case name == "Fn::Sub":
		return t.sub(text(argument))
	case name == "Fn::If" && len(list) == 3 && t.holds(text(list[0])):
		return t.resolve(list[1])
	case name == "Fn::If" && len(list) == 3:
		return t.resolve(list[2])
	case name == "Fn::Join" && len(list) == 2:
		items, _ := t.resolve(list[1]).([]any)
		var parts []string
		for _, item := range items {
			if item == (unknown{}) {
				return unknown{}
			}
			parts = append(parts, text(item))
		}
		return strings.Join(parts, text(list[0]))
	}
	return unknown{}
}

// sub puts values into a text.
func (t *template) sub(format string) any {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(format, "${")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, rest, _ := strings.Cut(after, "}")
		value, ok := t.variable(name).(string)
		if !ok {
			return unknown{}
		}
		b.WriteString(value)
		format = rest
	}
}

// variable returns the value of a parameter, a resource's id or its ARN.
func (t *template) variable(name string) any {
	if value, ok := t.values[name]; ok {
		return value
	}
	id, attribute, _ := strings.Cut(name, ".")
	raw, _ := t.section("Resources")[id].(map[string]any)
	physical, kind := t.physical[id], text(raw["Type"])
	switch {
	case physical == "" || kind == "AWS::SecretsManager::Secret":
		return unknown{} // an emulator refers to a secret by its name
	case attribute == "":
		return physical
	case attribute == "Arn":
		return t.arn(kind, physical)
	}
	return unknown{}
}

// arn returns the ARN of a resource (Service Authorization Reference, "Resource
// types").
func (t *template) arn(kind, physical string) any {
	form, ok := map[string]string{
		"AWS::DynamoDB::Table":  "dynamodb:${AWS::Region}:${AWS::AccountId}:table/",
		"AWS::Events::Rule":     "events:${AWS::Region}:${AWS::AccountId}:rule/", // of the default bus
		"AWS::IAM::Role":        "iam::${AWS::AccountId}:role${RolePath}",
		"AWS::KMS::Key":         "kms:${AWS::Region}:${AWS::AccountId}:key/",
		"AWS::Lambda::Function": "lambda:${AWS::Region}:${AWS::AccountId}:function:",
		"AWS::Logs::LogGroup":   "logs:${AWS::Region}:${AWS::AccountId}:log-group:",
		"AWS::S3::Bucket":       "s3:::",
		"AWS::SQS::Queue":       "sqs:${AWS::Region}:${AWS::AccountId}:",
	}[kind]
	prefix, known := t.sub("arn:${AWS::Partition}:" + form).(string)
	if !ok || !known {
		return unknown{}
	}
	if kind == "AWS::Logs::LogGroup" {
		return prefix + physical + ":*"
	}
	return prefix + physical[strings.LastIndex(physical, "/")+1:] // a queue's id is its URL
}

// holds reports whether a condition is true.
func (t *template) holds(name string) bool { return t.condition(t.section("Conditions")[name]) }

func (t *template) condition(definition any) bool {
	object, _ := definition.(map[string]any)
	for name, argument := range object {
		list, _ := argument.([]any)
		switch name {
		case "Condition":
			return t.holds(text(argument))
		case "Fn::Not":
			return !t.condition(list[0])
		case "Fn::And":
			return !slices.ContainsFunc(list, func(c any) bool { return !t.condition(c) })
		case "Fn::Or":
			return slices.ContainsFunc(list, t.condition)
		case "Fn::Equals":
			return text(t.resolve(list[0])) == text(t.resolve(list[1]))
		}
	}
	return false
}
