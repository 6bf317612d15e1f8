package flow_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/emulator"
)

// gentemplate runs the command and returns what it prints. Its exit code is the
// verdict.
func gentemplate(t *testing.T, args ...string) []byte {
	t.Helper()
	root, err := emulator.Root()
	require.NoError(t, err)
	binary := filepath.Join(t.TempDir(), "gentemplate")
	build := exec.Command("go", "build", "-o", binary, "./cmd/gentemplate")
	build.Dir = root
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	out, err = exec.Command(binary, args...).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		require.Equal(t, 3, exit.ExitCode(), "%s", exit.Stderr)
	}
	return out
}

// TestReplacedAndKept updates a stack and compares what gentemplate says of each
// resource with its physical id. MiniStack replaces what CloudFormation refuses and
// creates what collides, so those are not here.
func TestReplacedAndKept(t *testing.T) {
	skipShort(t)
	versions := []struct{ why, resources string }{
		{"", `
  Q: {Type: "AWS::SQS::Queue", Properties: {QueueName: review-a, DelaySeconds: 1}}
  T: {Type: "AWS::SNS::Topic", Properties: {TopicName: review-a, DisplayName: a}}
  L: {Type: "AWS::Logs::LogGroup", Properties: {LogGroupName: /review/a, RetentionInDays: 7}}
  D: {Type: "AWS::DynamoDB::Table", Properties: {TableName: review-a, BillingMode: PAY_PER_REQUEST, AttributeDefinitions: [{AttributeName: k, AttributeType: S}], KeySchema: [{AttributeName: k, KeyType: HASH}]}}
  S: {Type: "AWS::SecretsManager::Secret", Properties: {Name: review-a, Description: a}}`},
		{"in place", `
  Q: {Type: "AWS::SQS::Queue", Properties: {QueueName: review-a, DelaySeconds: 2}}
  T: {Type: "AWS::SNS::Topic", Properties: {TopicName: review-a, DisplayName: b}}
  L: {Type: "AWS::Logs::LogGroup", Properties: {LogGroupName: /review/a, RetentionInDays: 14}}
  D: {Type: "AWS::DynamoDB::Table", Properties: {TableName: review-a, BillingMode: PAY_PER_REQUEST, AttributeDefinitions: [{AttributeName: k, AttributeType: S}], KeySchema: [{AttributeName: k, KeyType: HASH}], PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}}}
  S: {Type: "AWS::SecretsManager::Secret", Properties: {Name: review-a, Description: b}}`},
		{"replaced", `
  Q: {Type: "AWS::SQS::Queue", Properties: {QueueName: review-b, DelaySeconds: 2}}
  T: {Type: "AWS::SNS::Topic", Properties: {TopicName: review-b, DisplayName: b}}
  L: {Type: "AWS::Logs::LogGroup", Properties: {LogGroupName: /review/b, RetentionInDays: 14}}
  D: {Type: "AWS::DynamoDB::Table", Properties: {TableName: review-b, BillingMode: PAY_PER_REQUEST, AttributeDefinitions: [{AttributeName: k, AttributeType: S}], KeySchema: [{AttributeName: k, KeyType: HASH}], PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}}}
  S: {Type: "AWS::SecretsManager::Secret", Properties: {Name: review-b, Description: b}}`},
	}
	const bucket = "review"
	aws(t, "s3api", "create-bucket", "--bucket", bucket)
	small := &emulator.Stack{Endpoint: stack.Endpoint, Name: "review"}
	var old string
	var before map[string]string
	for _, v := range versions {
		file := filepath.Join(t.TempDir(), "template.yaml")
		require.NoError(t, os.WriteFile(file, []byte("Resources:"+v.resources), 0o600))
		// Not with aws cloudformation deploy, which names its change sets by the second:
		// two deployments within one fail.
		aws(t, "s3", "cp", "--only-show-errors", file, "s3://"+bucket+"/template.yaml")
		require.NoError(t, small.Put(t.Context(), stack.Endpoint.URL+"/"+bucket+"/template.yaml", nil))
		after := physicalIDs(t, small)
		if old != "" {
			var report struct {
				Changes []struct {
					ID      string
					Actions []string
				}
			}
			require.NoError(t, json.Unmarshal(gentemplate(t, "diff", "-o", "json", old, file), &report))
			require.Len(t, report.Changes, len(before))
			for _, c := range report.Changes {
				assert.Equal(t, v.why == "in place", slices.Equal(c.Actions, []string{"update"}), "%s: %s", v.why, c.ID)
				assert.Equal(t, slices.Contains(c.Actions, "create"), before[c.ID] != after[c.ID], "%s: %s %v", v.why, c.ID, c.Actions)
			}
		}
		old, before = file, after
	}
	aws(t, "cloudformation", "delete-stack", "--stack-name", small.Name)
	aws(t, "cloudformation", "wait", "stack-delete-complete", "--stack-name", small.Name)
}

// TestDeployerHasTheLeastPermissions gives a user what gentemplate policy prints.
// MiniStack checks the calls of the user; CloudFormation's own calls run in MiniStack
// unchecked, so calls that handlers make are made here.
func TestDeployerHasTheLeastPermissions(t *testing.T) {
	skipShort(t)
	const user = "deployer"
	document := filepath.Join(t.TempDir(), "policy.json")
	text := gentemplate(t, "policy", "-account", "000000000000", "EnvironmentSuffix="+stack.Suffix, "CodeBucket=code-"+stack.Suffix)
	require.NoError(t, os.WriteFile(document, text, 0o600))
	aws(t, "iam", "create-user", "--user-name", user)
	aws(t, "iam", "put-user-policy", "--user-name", user, "--policy-name", "deploy", "--policy-document", "file://"+document)
	var key struct {
		AccessKey struct{ AccessKeyID, SecretAccessKey string }
	}
	query(t, &key, "iam", "create-access-key", "--user-name", user)
	config := stack.Config()
	config.Credentials = credentials.NewStaticCredentialsProvider(key.AccessKey.AccessKeyID, key.AccessKey.SecretAccessKey, "")
	ctx := t.Context()
	stacks, tables, queues := cloudformation.NewFromConfig(config), dynamodb.NewFromConfig(config), sqs.NewFromConfig(config)

	for _, call := range []struct {
		why     string
		allowed bool
		do      func() error
	}{
		{"its own stack", true, func() error {
			_, err := stacks.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: new(stack.Name)})
			return err
		}},
		{"another stack", false, func() error {
			_, err := stacks.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: new("other")})
			return err
		}},
		{"its own table", true, func() error {
			_, err := tables.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: new(stack.Outputs["TableName"])})
			return err
		}},
		{"events in the table", false, func() error {
			_, err := tables.Scan(ctx, &dynamodb.ScanInput{TableName: new(stack.Outputs["TableName"])})
			return err
		}},
		{"its own queue", true, func() error {
			_, err := queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: new(path.Base(stack.Outputs["QueueUrl"]))})
			return err
		}},
		{"another queue", false, func() error {
			_, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: new("other")})
			return err
		}},
		{"messages in the queue", false, func() error {
			_, err := queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: new(stack.Outputs["QueueUrl"])})
			return err
		}},
	} {
		err := call.do()
		if call.allowed {
			assert.NoError(t, err, call.why)
			continue
		}
		var refused smithy.APIError
		if assert.ErrorAs(t, err, &refused, call.why) {
			assert.True(t, strings.HasPrefix(refused.ErrorCode(), "AccessDenied"), "%s: %v", call.why, err)
		}
	}
	aws(t, "iam", "delete-access-key", "--user-name", user, "--access-key-id", key.AccessKey.AccessKeyID)
	aws(t, "iam", "delete-user-policy", "--user-name", user, "--policy-name", "deploy")
	aws(t, "iam", "delete-user", "--user-name", user)
}
