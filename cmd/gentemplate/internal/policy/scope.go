package policy

import (
	"maps"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/model"
)

// everything is the resource of an action that cannot be limited.
const everything = "*"

// scope returns the resources on which a type's handlers need an action. It is empty
// if the stack has no resource of the action's service.
func (s *Stack) scope(typ, action string) []string {
	service, _, _ := strings.Cut(action, ":")
	switch {
	case slices.Contains(unlimited(), action):
		return []string{everything}
	case action == "iam:PassRole":
		return nil // roles has it, with a condition
	case service == "s3" && typ == "AWS::Lambda::Function":
		return []string{s.codeObjects()}
	case service == "iam" && typ != role:
		typ = role
	case service == "kms" && typ != "AWS::KMS::Alias":
		typ = "AWS::KMS::Key"
	case service != strings.ToLower(strings.Split(typ, "::")[1]) && service != "sns" && service != "logs":
		return nil
	}
	var arns []string
	for _, id := range slices.Sorted(maps.Keys(s.resources)) {
		if r := s.resources[id]; r.Type == typ {
			arns = append(arns, s.arns(r)...)
		}
	}
	slices.Sort(arns)
	return shorten(slices.Compact(arns))
}

// unlimited returns the actions that IAM cannot limit to a resource (Service
// Authorization Reference).
func unlimited() []string {
	return []string{
		"cloudwatch:DescribeAlarms", "kms:CreateKey", "kms:ListAliases", "lambda:CreateEventSourceMapping",
		"logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
	}
}

// arns returns the ARNs of a resource. Ids that AWS chooses are wildcards.
func (s *Stack) arns(r *model.Resource) []string {
	name := func(property string) string { return s.render(r.Properties[property]) }
	arn := func(service, resource string) string {
		return "arn:${AWS::Partition}:" + service + ":${AWS::Region}:${AWS::AccountId}:" + resource
	}
	api := func(paths ...string) (arns []string) {
		for _, path := range paths {
			arns = append(arns, "arn:${AWS::Partition}:apigateway:${AWS::Region}::/"+path)
		}
		return arns
	}
	other := func(property string) []string { // the resource that a property refers to
		for _, id := range model.References(model.Show(r.Properties[property])) {
			if target := s.resources[id]; target != nil {
				return s.arns(target)
			}
		}
		return nil
	}
	switch r.Type {
	case "AWS::ApiGateway::Account":
		return api("account")
	case "AWS::ApiGateway::DomainName", "AWS::ApiGateway::BasePathMapping":
		return api("domainnames", "domainnames/*", "tags/*")
	case "AWS::CloudWatch::Alarm":
		return []string{arn("cloudwatch", "alarm:"+name("AlarmName"))}
	case "AWS::CloudWatch::Dashboard":
		return []string{"arn:${AWS::Partition}:cloudwatch::${AWS::AccountId}:dashboard/" + name("DashboardName")}
	case "AWS::DynamoDB::Table":
		return []string{arn("dynamodb", "table/"+name("TableName"))}
	case "AWS::Events::EventBus":
		return []string{arn("events", "event-bus/"+name("Name"))}
	case "AWS::Events::Rule":
		return []string{arn("events", "rule/"+name("Name"))}
	case role:
		return []string{"arn:${AWS::Partition}:iam::${AWS::AccountId}:role" + s.path(r) + name("RoleName")}
	case "AWS::KMS::Alias":
		return []string{arn("kms", name("AliasName")), arn("kms", "key/*")}
	case "AWS::KMS::Key":
		return []string{arn("kms", "key/*")}
	case "AWS::Lambda::EventSourceMapping":
		return []string{arn("lambda", "event-source-mapping:*")}
	case "AWS::Lambda::Function":
		return []string{arn("lambda", "function:"+name("FunctionName"))}
	case "AWS::Lambda::Permission":
		return other("FunctionName")
	case "AWS::Logs::LogGroup":
		return []string{arn("logs", "log-group:"+name("LogGroupName")), arn("logs", "log-group:"+name("LogGroupName")+":*")}
	case "AWS::Logs::MetricFilter":
		return other("LogGroupName")
	case "AWS::S3::Bucket":
		return []string{"arn:${AWS::Partition}:s3:::" + name("BucketName")}
	case "AWS::S3::BucketPolicy":
		return other("Bucket")
	case "AWS::SNS::Topic":
		return []string{arn("sns", name("TopicName"))}
	case "AWS::SNS::Subscription":
		return other("TopicArn")
	case "AWS::SNS::TopicPolicy":
		return other("Topics")
	case "AWS::SQS::Queue":
		return []string{arn("sqs", name("QueueName"))}
	case "AWS::SQS::QueuePolicy":
		return other("Queues")
	case "AWS::SecretsManager::Secret":
		return []string{arn("secretsmanager", "secret:"+name("Name")+"-??????")}
	}
	return api("restapis", "restapis/*", "tags/*")
}

// path returns a role's path.
func (s *Stack) path(r *model.Resource) string {
	if r.Properties["Path"] == nil {
		return "/"
	}
	return s.render(r.Properties["Path"])
}

// render returns a name with the parameters' values. An unknown part is a wildcard.
func (s *Stack) render(value any) string {
	text := model.Evaluate(model.Show(value), s.values)
	for _, id := range model.References(text) {
		if !strings.HasPrefix(id, "AWS::") {
			text = strings.ReplaceAll(text, "${"+id+"}", everything)
		}
	}
	return text
}

// maxNames is the number of names up to which each is listed: a role takes inline
// policies of 10,240 characters (IAM quotas).
const maxNames = 20

// shorten replaces many ARNs by one pattern of their common beginning and end.
func shorten(arns []string) []string {
	if len(arns) <= maxNames {
		return arns
	}
	begin, end := arns[0], arns[0]
	for _, arn := range arns {
		for !strings.HasPrefix(arn, begin) {
			begin = begin[:len(begin)-1]
		}
		for !strings.HasSuffix(arn, end) {
			end = end[1:]
		}
	}
	return []string{begin + "*" + end}
}
