// Package policy derives the permissions for deploying the stack from the
// permissions that CloudFormation's resource handlers need, limited to the stack's
// names.
package policy

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/model"
	"github.com/paysluice/paysluice/cmd/gentemplate/internal/permission"
)

//go:embed handlers.json
var generated []byte

// Statement allows actions on resources. ARNs refer to account and region as
// Fn::Sub does: ${AWS::AccountId}.
type Statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string][]string `json:",omitempty"`
}

func allow(sid string, actions, resources []string) Statement {
	return Statement{Sid: sid, Effect: "Allow", Action: actions, Resource: resources}
}

// A Stack holds the resources and parameters of a template that somebody deploys.
type Stack struct {
	resources map[string]*model.Resource
	values    map[string]string
	handlers  map[string]map[string][]string // permissions by type and handler
}

// ErrParameter reports a setting that is not Parameter=value, or names no parameter of the
// template.
var ErrParameter = errors.New("not a Parameter=value of the template, see its Parameters")

// New returns the stack of a template that is deployed with parameters, each as
// Parameter=value.
func New(t *model.Template, parameters []string) (*Stack, error) {
	s := &Stack{values: map[string]string{}}
	for name := range t.Parameters {
		if value, ok := t.Default(name); ok {
			s.values[name] = value
		}
	}
	for _, parameter := range parameters {
		name, value, found := strings.Cut(parameter, "=")
		if _, exists := t.Parameters[name]; !found || !exists {
			return nil, fmt.Errorf("%w: %q", ErrParameter, parameter)
		}
		s.values[name] = value
	}
	s.resources, _ = t.Resolve(model.Scenario{Values: s.values})
	return s, json.Unmarshal(generated, &s.handlers)
}

// Handlers returns what CloudFormation needs to create, update and delete the
// resources.
func (s *Stack) Handlers() []Statement {
	collected := map[string][]string{} // actions by the resources, one ARN a line
	add := func(action string, arns []string) {
		key := strings.Join(arns, "\n")
		if !slices.Contains(collected[key], action) {
			collected[key] = append(collected[key], action)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.resources)) {
		typ := s.resources[id].Type
		for _, action := range s.actions(typ) {
			if arns := s.scope(typ, action); len(arns) > 0 {
				add(action, arns)
			}
		}
		if function := s.serviceToken(s.resources[id]); function != nil {
			add("lambda:InvokeFunction", s.arns(function))
		}
	}
	var statements []Statement
	for _, key := range slices.Sorted(maps.Keys(collected)) {
		slices.Sort(collected[key])
		statements = append(statements, allow("", collected[key], strings.Split(key, "\n")))
	}
	statements = append(statements, s.roles()...)
	used := map[string]int{}
	for i := range statements { // named after its first action
		service, name, _ := strings.Cut(statements[i].Action[0], ":")
		sid := strings.ToUpper(service[:1]) + service[1:] + name
		if used[sid]++; used[sid] > 1 {
			sid += strconv.Itoa(used[sid])
		}
		statements[i].Sid = sid
	}
	return statements
}

// actions returns the actions of a type's handlers: all that read and delete, and
// those that create and update resources of the stack.
func (s *Stack) actions(typ string) []string {
	actions := slices.Concat(s.handlers[typ]["read"], s.handlers[typ]["delete"])
	for _, action := range slices.Concat(s.handlers[typ]["create"], s.handlers[typ]["update"]) {
		if s.uses(typ, action) {
			actions = append(actions, action)
		}
	}
	slices.Sort(actions)
	return slices.Compact(actions)
}

// uses reports whether the stack has the feature that an action is for.
func (s *Stack) uses(typ, action string) bool {
	for word, property := range features()[typ] {
		if !strings.Contains(action, word) {
			continue
		}
		for _, r := range s.resources {
			if r.Type == typ && r.Properties[property] != nil {
				return true
			}
		}
		return false
	}
	return true
}

// features returns, by type, a word of actions and the property without which
// CloudFormation does not call them.
func features() map[string]map[string]string {
	const never = "-" // only AWS::DynamoDB::GlobalTable has replicas
	return map[string]map[string]string{
		"AWS::DynamoDB::Table": {
			"Import": "ImportSourceSpecification", "Kinesis": "KinesisStreamSpecification", "kinesis:": "KinesisStreamSpecification",
			"Item": never, "Query": never, "Scan": never, "Replica": never, "logs:": never, "ResourcePolicy": "ResourcePolicy",
			"UpdateContributorInsights": "ContributorInsightsSpecification", "iam:": never, "s3:": "ImportSourceSpecification",
		},
		"AWS::Lambda::Function": {
			"CodeSigning": "CodeSigningConfigArn", "LayerVersion": "Layers", "CapacityProvider": "CapacityProviderConfig",
			"PublishVersion": "PublishToLatestPublished", "FunctionConcurrency": "ReservedConcurrentExecutions",
			"RuntimeAlias": "RuntimeManagementConfig", "PutRuntime": "RuntimeManagementConfig", "Recursion": "RecursiveLoop",
			"PutFunctionScaling": "FunctionScalingConfig",
		},
		"AWS::S3::Bucket": {
			"Accelerate": "AccelerateConfiguration", "Analytics": "AnalyticsConfigurations", "Cors": "CorsConfiguration", "CORS": "CorsConfiguration",
			"Website": "WebsiteConfiguration", "Replication": "ReplicationConfiguration", "Inventory": "InventoryConfigurations",
			"IntelligentTiering": "IntelligentTieringConfigurations", "Metrics": "MetricsConfigurations", "Metadata": "MetadataConfiguration",
			"BucketLogging": "LoggingConfiguration", "Notification": "NotificationConfiguration", "ObjectLock": "ObjectLockConfiguration",
			"Abac": "AbacStatus", "Acl": "AccessControl", "DeleteObject": never, "iam:": "ReplicationConfiguration",
			"DeleteBucketEncryption": never, "DeleteBucketLifecycle": never, // the Put actions allow it; IAM has no such ones
		},
		"AWS::Logs::LogGroup": {
			"DataProtection": "DataProtectionPolicy", "IndexPolicy": "FieldIndexPolicies", "ResourcePolicy": "ResourcePolicyDocument",
			"BearerToken": "BearerTokenAuthenticationEnabled", "DeletionProtection": "DeletionProtectionEnabled", "LogDelivery": never,
		},
		"AWS::SNS::Topic":             {"DataProtection": "DataProtectionPolicy", "ubscribe": "Subscription", "iam:": "DeliveryStatusLogging"},
		"AWS::SNS::Subscription":      {"iam:": "SubscriptionRoleArn"},
		"AWS::SecretsManager::Secret": {"ReplicateSecret": "ReplicaRegions", "RandomPassword": "GenerateSecretString"},
		"AWS::ApiGateway::RestApi":    {"RestApiPolicy": "Policy", "s3:": "BodyS3Location", "iam:": never},
		"AWS::ApiGateway::Authorizer": {"iam:": "AuthorizerCredentials"},
		"AWS::ApiGateway::Method":     {"iam:": never},
		"AWS::Events::Rule":           {"iam:": "RoleArn"},
		"AWS::Events::EventBus":       {"utPermission": "Policy", "ReEncrypt": never}, // only archives need ReEncrypt
	}
}

// serviceToken returns the function of a custom resource.
func (s *Stack) serviceToken(r *model.Resource) *model.Resource {
	for _, id := range model.References(model.Show(r.Properties["ServiceToken"])) {
		if function := s.resources[id]; function != nil {
			return function
		}
	}
	return nil
}

// roles returns the statements about the roles of the stack: who may be given them,
// and the one that API Gateway makes for itself in an account's first API.
func (s *Stack) roles() []Statement {
	var arns, services []string
	for _, id := range slices.Sorted(maps.Keys(s.resources)) {
		r := s.resources[id]
		if r.Type != role {
			continue
		}
		arns = append(arns, s.arns(r)...)
		for _, g := range permission.Of(r) {
			if g.Resource == "" { // the trust policy
				services = append(services, g.Principal)
			}
		}
	}
	if len(arns) == 0 {
		return nil
	}
	slices.Sort(services)
	pass := allow("", []string{"iam:PassRole"}, arns)
	pass.Condition = map[string]map[string][]string{"StringEquals": {"iam:PassedToService": slices.Compact(services)}}
	const apis = "ops.apigateway.amazonaws.com"
	linked := allow("", []string{"iam:CreateServiceLinkedRole"}, []string{"arn:${AWS::Partition}:iam::${AWS::AccountId}:role/aws-service-role/" + apis + "/*"})
	linked.Condition = map[string]map[string][]string{"StringEquals": {"iam:AWSServiceName": {apis}}}
	return []Statement{pass, linked}
}

// Deployer returns what aws cloudformation deploy and delete-stack call themselves.
// Without the role that CloudFormation is given, it needs Handlers as well.
func (s *Stack) Deployer(serviceRole string) []Statement {
	stack := "arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stack/paysluice-" + s.value("EnvironmentSuffix") + "/*"
	statements := []Statement{
		allow("Deploy", []string{
			"cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet", "cloudformation:DeleteStack", "cloudformation:DescribeChangeSet",
			"cloudformation:DescribeStackEvents", "cloudformation:DescribeStacks", "cloudformation:ExecuteChangeSet",
			"cloudformation:GetTemplateSummary", "cloudformation:SetStackPolicy", "cloudformation:UpdateTerminationProtection",
		}, []string{stack}),
		allow("Upload", []string{"s3:GetObject", "s3:PutObject"}, []string{s.codeObjects()}),
	}
	if serviceRole != "" {
		pass := allow("PassServiceRole", []string{"iam:PassRole"}, []string{"arn:${AWS::Partition}:iam::${AWS::AccountId}:role/" + serviceRole})
		pass.Condition = map[string]map[string][]string{"StringEquals": {"iam:PassedToService": {cloudformation}}}
		statements = append(statements, pass)
	}
	return statements
}

const (
	role           = "AWS::IAM::Role"
	cloudformation = "cloudformation.amazonaws.com"
)

func (s *Stack) codeObjects() string {
	return "arn:${AWS::Partition}:s3:::" + s.value("CodeBucket") + "/*"
}

// value returns a parameter's value, or * for every one.
func (s *Stack) value(parameter string) string {
	if value, ok := s.values[parameter]; ok {
		return value
	}
	return "*"
}
