package policy

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/model"
	"github.com/paysluice/paysluice/template"
)

// stack returns the shipped stack for a deployment with everything.
func stack(t *testing.T, parameters []string) *Stack {
	t.Helper()
	text, err := template.JSON(template.Options{})
	require.NoError(t, err)
	parsed, err := model.Parse(text)
	require.NoError(t, err)
	s, err := New(parsed, parameters)
	require.NoError(t, err)
	return s
}

func everythingOn() []string {
	return []string{
		"EnvironmentSuffix=prod", "CodeBucket=code", "RolePath=/team/", "AlarmEmail=a@example.com",
		"DomainName=a.example.com", "CertificateArn=c", "ManageApiGatewayAccount=true", "PublishTo=event-bus",
	}
}

// resources returns the resources on which an action is allowed.
func resources(statements []Statement, action string) (all []string) {
	for _, s := range statements {
		if slices.Contains(s.Action, action) {
			all = append(all, s.Resource...)
		}
	}
	return all
}

func TestHandlers(t *testing.T) {
	statements := stack(t, everythingOn()).Handlers()
	const account = ":${AWS::Region}:${AWS::AccountId}:"
	for action, want := range map[string][]string{
		"dynamodb:CreateTable":      {"arn:${AWS::Partition}:dynamodb" + account + "table/WebhookEvents-prod", "arn:${AWS::Partition}:dynamodb" + account + "table/WebhookGuards-prod"},
		"sqs:CreateQueue":           {"arn:${AWS::Partition}:sqs" + account + "webhook-dlq-prod", "arn:${AWS::Partition}:sqs" + account + "webhook-queue-prod", "arn:${AWS::Partition}:sqs" + account + "webhook-unpublished-prod"},
		"s3:CreateBucket":           {"arn:${AWS::Partition}:s3:::failed-webhooks-${AWS::AccountId}-prod"},
		"s3:PutBucketPolicy":        {"arn:${AWS::Partition}:s3:::failed-webhooks-${AWS::AccountId}-prod"},
		"s3:GetObject":              {"arn:${AWS::Partition}:s3:::code/*"}, // the zips
		"cloudwatch:PutMetricAlarm": {"arn:${AWS::Partition}:cloudwatch" + account + "alarm:*-prod"},
		"lambda:InvokeFunction":     {"arn:${AWS::Partition}:lambda" + account + "function:bucket-emptier-prod"},
		"sns:Subscribe":             {"arn:${AWS::Partition}:sns" + account + "webhook-alarms-prod", "arn:${AWS::Partition}:sns" + account + "webhook-tickets-prod"},
		"kms:CreateKey":             {"*"},
		"events:CreateEventBus":     {"arn:${AWS::Partition}:events" + account + "event-bus/webhook-events-prod"},
	} {
		assert.Equal(t, want, resources(statements, action), action)
	}
	for _, unused := range []string{"dynamodb:PutItem", "dynamodb:ImportTable", "lambda:GetLayerVersion", "s3:PutBucketWebsite", "ec2:DescribeVpcs", "kinesis:PutRecords"} {
		assert.Empty(t, resources(statements, unused), unused)
	}
	assert.Contains(t, resources(statements, "apigateway:PATCH"), "arn:${AWS::Partition}:apigateway:${AWS::Region}::/domainnames")
	assert.Contains(t, resources(statements, "iam:CreateRole"), "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/team/event-consumer-role-prod")
	for _, s := range statements {
		if s.Action[0] == "iam:PassRole" {
			assert.Equal(t, []string{"apigateway.amazonaws.com", "lambda.amazonaws.com"}, s.Condition["StringEquals"]["iam:PassedToService"])
		}
		if slices.Contains(s.Resource, "*") {
			assert.Subset(t, unlimited(), s.Action, "only what IAM cannot limit")
		}
	}
}

// TestEveryTypeHasAScope: CloudFormation may do something with each resource.
func TestEveryTypeHasAScope(t *testing.T) {
	s := stack(t, everythingOn())
	for id, r := range s.resources {
		if strings.HasPrefix(r.Type, "Custom::") {
			continue
		}
		allowed := 0
		for _, action := range s.actions(r.Type) {
			allowed += len(s.scope(r.Type, action))
		}
		assert.Positive(t, allowed, "%s %s", id, r.Type)
	}
}

func TestUnknownNamesAreWildcards(t *testing.T) {
	s := stack(t, nil)
	assert.Equal(t, []string{"arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:webhook-dlq-*", "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:webhook-queue-*"},
		resources(s.Handlers(), "sqs:CreateQueue"))
	assert.Equal(t, []string{"arn:${AWS::Partition}:s3:::*/*"}, resources(s.Deployer(""), "s3:PutObject"))
}

// TestOtherTemplates has what the shipped stack does not.
func TestOtherTemplates(t *testing.T) {
	of := func(text string) *Stack {
		parsed, err := model.Parse([]byte("Resources: {" + text + "}"))
		require.NoError(t, err)
		s, err := New(parsed, nil)
		require.NoError(t, err)
		return s
	}
	_, err := New(&model.Template{}, []string{"Suffix=prod"})
	assert.ErrorIs(t, err, ErrParameter)
	assert.Empty(t, of("Q: {Type: 'AWS::SQS::QueuePolicy', Properties: {Queues: [other]}}").Handlers(), "nothing of the stack")
	pathless := of("R: {Type: 'AWS::IAM::Role', Properties: {RoleName: r}}\n,F: {Type: 'AWS::Lambda::Function', Properties: {FunctionName: f, Layers: [l]}}").Handlers()
	assert.Contains(t, resources(pathless, "iam:CreateRole"), "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/r")
	assert.NotEmpty(t, resources(pathless, "lambda:GetLayerVersion"), "a feature in use")
}

func TestDocument(t *testing.T) {
	text, err := stack(t, everythingOn()).Document("123456789012", "us-east-1")
	require.NoError(t, err)
	assert.NotContains(t, string(text), "${")
	var document struct{ Statement []Statement }
	require.NoError(t, json.Unmarshal(text, &document))
	assert.Equal(t, []string{"arn:aws:cloudformation:us-east-1:123456789012:stack/paysluice-prod/*"},
		resources(document.Statement, "cloudformation:ExecuteChangeSet"))
}

func TestServiceRole(t *testing.T) {
	text, err := stack(t, everythingOn()).ServiceRole()
	require.NoError(t, err)
	var printed struct {
		Resources map[string]struct {
			Type       string
			Properties struct {
				ManagedPolicyArns []any
				PolicyDocument    any
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &printed))
	policies := 0
	for id, r := range printed.Resources {
		if strings.HasPrefix(id, "Handlers") {
			policies++
			compact, err := json.Marshal(r.Properties.PolicyDocument)
			require.NoError(t, err)
			substituted := strings.NewReplacer(`{"Fn::Sub":`, "", "${AWS::AccountId}", "123456789012", "${AWS::Region}", "us-east-1", "${AWS::Partition}", "aws").Replace(string(compact))
			assert.LessOrEqual(t, len(substituted), 6144, "IAM's quota of a managed policy")
		}
	}
	assert.Len(t, printed.Resources["ServiceRole"].Properties.ManagedPolicyArns, policies)
	assert.Contains(t, string(text), `"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/paysluice-deployment-prod"`, "the deployer passes this role only")
}
