package diagram

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// chart returns the lines of the diagram of resources, without the first.
func chart(t *testing.T, resources string) []string {
	t.Helper()
	text, err := Mermaid([]byte(`{"Resources": {` + resources + `}}`))
	require.NoError(t, err)
	first, lines, _ := strings.Cut(text, "\n")
	require.Equal(t, "flowchart LR", first)
	drawn := []string{}
	for line := range strings.Lines(lines) {
		drawn = append(drawn, strings.TrimSpace(line))
	}
	return drawn
}

const (
	aFunction = `"F": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": {"Fn::Sub": "worker-${Suffix}"}}}`
	aQueue    = `"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs"}}`
)

func TestMermaid(t *testing.T) {
	for name, row := range map[string]struct {
		resources string
		want      []string
	}{
		"a method, its authorizer and its function": {
			aFunction + `,
			"R": {"Type": "AWS::ApiGateway::Resource", "Properties": {"PathPart": "in"}},
			"A": {"Type": "AWS::ApiGateway::Authorizer", "Properties": {"AuthorizerUri": {"Fn::Sub": "x/${G.Arn}/y"}}},
			"G": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "guard"}},
			"M": {"Type": "AWS::ApiGateway::Method", "Properties": {"HttpMethod": "POST", "ResourceId": {"Ref": "R"},
				"AuthorizerId": {"Ref": "A"}, "Integration": {"Uri": {"Fn::Sub": "x/${F.Arn}/invocations"}}}}`,
			[]string{`F["worker"]`, `G["guard"]`, `M(["POST /in"])`, "M --> F", "M -.->|authorizer| G"},
		},
		"a queue, its poller and its dead letters": {
			aFunction + `,` + aQueue + `,
			"D": {"Type": "AWS::SQS::Queue", "Properties": {"RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Q", "Arn"]}}}},
			"E": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {
				"EventSourceArn": {"Fn::GetAtt": ["Q", "Arn"]}, "FunctionName": {"Ref": "F"}}}`,
			[]string{`D[["AWS::SQS::Queue"]]`, `F["worker"]`, `Q[["jobs"]]`, "D -.->|redrive| Q", "Q --> F"},
		},
		"a role's actions, with every kind of reference, each once": {
			`"F": {"Type": "AWS::Lambda::Function", "Properties": {"Role": {"Fn::GetAtt": ["R", "Arn"]}}}, ` + aQueue + `,
			"T": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "rows"}},
			"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "files"}},
			"S": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "word"}},
			"N": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "news"}},
			"R": {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyDocument": {"Statement": [
				{"Action": ["sqs:ReceiveMessage"], "Resource": [{"Fn::GetAtt": ["Q", "Arn"]}]},
				{"Action": ["sqs:SendMessage"], "Resource": [{"Fn::GetAtt": ["Q", "Arn"]}]},
				{"Fn::If": ["C", {"Action": ["events:PutEvents"], "Resource": [{"Fn::GetAtt": ["N", "Arn"]}]}, {"Ref": "AWS::NoValue"}]},
				{"Action": ["dynamodb:PutItem", "dynamodb:Query"], "Resource": [{"Fn::If": ["C", {"Ref": "T"}, {"Ref": "T"}]}]},
				{"Action": ["s3:PutObject"], "Resource": [{"Fn::Sub": "${B.Arn}/${Suffix}/*"}]},
				{"Action": ["secretsmanager:GetSecretValue"], "Resource": [{"Ref": "S"}]},
				{"Action": ["kms:Decrypt"], "Resource": [{"Ref": "Key"}]}]}}]}}`,
			[]string{
				`B[("files")]`, `F["AWS::Lambda::Function"]`, `N[/"news"/]`, `Q[["jobs"]]`, `S[/"word"/]`, `T[("rows")]`,
				"F -->|SendMessage| Q", "F -->|PutEvents| N", "F -->|PutItem, Query| T", "F -->|PutObject| B", "F -->|GetSecretValue| S",
			},
		},
		"a table's stream, its reader, and what it publishes to under a condition": {
			`"F": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "publisher", "Role": {"Fn::GetAtt": ["R", "Arn"]}}},
			"T": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "rows"}},
			"N": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Fn::Sub": "news-${Suffix}"}}},
			"E": {"Type": "AWS::Lambda::EventSourceMapping", "Condition": "C", "Properties": {
				"EventSourceArn": {"Fn::GetAtt": ["T", "StreamArn"]}, "FunctionName": {"Ref": "F"}}},
			"R": {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyDocument": {"Statement": [
				{"Action": ["dynamodb:GetRecords"], "Resource": [{"Fn::GetAtt": ["T", "StreamArn"]}]},
				{"Fn::If": ["C", {"Action": ["sns:Publish"], "Resource": [{"Ref": "N"}]}, {"Ref": "AWS::NoValue"}]}]}}]}}`,
			[]string{`F["publisher"]`, `N[/"news"/]`, `T[("rows")]`, "T --> F", "F -->|Publish| N"},
		},
		"alarms, by topic": {
			`"T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "alarms"}},
			"V": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "news"}},
			"A": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmActions": [{"Ref": "T"}]}},
			"B": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmActions": [{"Ref": "T"}]}},
			"C": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmActions": [{"Ref": "U"}]}}`,
			[]string{`T[/"alarms"/]`, `TAlarms(["2 alarms"])`, "TAlarms --> T"},
		},
		"unconnected resources are not drawn": {aFunction + `,` + aQueue, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, row.want, chart(t, row.resources))
		})
	}
}

func TestPage(t *testing.T) {
	page, err := Page([]byte(`{}`))
	require.NoError(t, err)
	assert.Contains(t, string(page), "```mermaid\nflowchart LR\n```\n")
}

func TestNoTemplate(t *testing.T) {
	_, err := Page([]byte(`[`))
	require.ErrorIs(t, err, ErrTemplate)
}
