package template

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Everything that every role may do, and nothing else: one line for each action
// on each resource, with the condition it is under.
func TestRolesMayDoOnlyThis(t *testing.T) {
	own := func(stem, function string, more ...string) []string {
		return append([]string{
			"logs:CreateLogStream on " + stem + "LogGroup.Arn",
			"logs:PutLogEvents on " + stem + "LogGroup.Arn",
			"kms:Decrypt on Key.Arn if kms:EncryptionContext:aws:lambda:FunctionArn is " +
				"arn:aws:lambda:us-east-1:123456789012:function:" + function + "-dev",
		}, more...)
	}
	processor := func(stem, function, secret string) []string {
		return own(stem, function,
			"secretsmanager:GetSecretValue on "+secret+".Id",
			"kms:Decrypt on Key.Arn if kms:ViaService is secretsmanager.us-east-1.amazonaws.com",
			"sqs:SendMessage on WebhookQueue.Arn",
			"sqs:SendMessage on DeadLetterQueue.Arn",
			"kms:GenerateDataKey on Key.Arn if kms:ViaService is sqs.us-east-1.amazonaws.com",
			"kms:Decrypt on Key.Arn if kms:ViaService is sqs.us-east-1.amazonaws.com",
		)
	}
	want := map[string][]string{
		"AuthorizerRole":      own("Authorizer", "webhook-authorizer"),
		"StripeProcessorRole": processor("StripeProcessor", "stripe-processor", "StripeSecret"),
		"AcmeProcessorRole":   processor("AcmeProcessor", "acme-processor", "AcmeSecret"),
		"ConsumerRole": own("Consumer", "event-consumer",
			"sqs:ReceiveMessage on WebhookQueue.Arn",
			"sqs:DeleteMessage on WebhookQueue.Arn",
			"sqs:GetQueueAttributes on WebhookQueue.Arn",
			"dynamodb:PutItem on EventsTable.Arn",
			"sqs:SendMessage on DeadLetterQueue.Arn",
			"kms:GenerateDataKey on Key.Arn if kms:ViaService is sqs.us-east-1.amazonaws.com",
			"kms:Decrypt on Key.Arn if kms:ViaService is sqs.us-east-1.amazonaws.com",
			"kms:Decrypt on Key.Arn if kms:ViaService is dynamodb.us-east-1.amazonaws.com",
		),
		// The account's role, which serves all its APIs.
		"ApiGatewayAccountRole": {
			"logs:CreateLogGroup on *", "logs:CreateLogStream on *", "logs:DescribeLogGroups on *",
			"logs:DescribeLogStreams on *", "logs:PutLogEvents on *", "logs:GetLogEvents on *",
			"logs:FilterLogEvents on *",
		},
	}
	roles := build(t, withMadeUp(), "dev").ofType("AWS::IAM::Role")
	assert.Equal(t, ids(want), ids(roles))
	for id, role := range roles {
		var got []string
		for _, s := range roleStatements(t, role) {
			assert.Equal(t, "Allow", s.Effect)
			got = append(got, grants(s)...)
		}
		assert.ElementsMatch(t, want[id], got, id)
		assert.NotContains(t, role.Properties, "ManagedPolicyArns", id)
	}
}

func grants(s statement) []string {
	var conditions string
	if s.Condition != nil {
		for key, value := range s.Condition.StringEquals {
			conditions += " if " + key + " is " + value
		}
	}
	var all []string
	for _, action := range s.Action {
		for _, resource := range s.Resource {
			all = append(all, action+" on "+resource+conditions)
		}
	}
	return all
}

func TestRolesAreForTheirService(t *testing.T) {
	for id, role := range build(t, withMadeUp(), "dev").ofType("AWS::IAM::Role") {
		want := "lambda.amazonaws.com"
		if id == "ApiGatewayAccountRole" {
			want = "apigateway.amazonaws.com"
		}
		trust := statements(t, role, "AssumeRolePolicyDocument")
		if assert.Len(t, trust, 1, id) {
			assert.Equal(t, &principal{Service: want}, trust[0].Principal, id)
			assert.Equal(t, []string{"sts:AssumeRole"}, trust[0].Action, id)
		}
	}
}

// Without a function's own log group, role and queue there before it, its first
// calls fail.
func TestFunctionsComeAfterTheirRoleAndLogGroup(t *testing.T) {
	d := build(t, withMadeUp(), "dev")
	var used []string
	for id, f := range d.ofType("AWS::Lambda::Function") {
		stem := id[:len(id)-len("Function")]
		assert.Equal(t, stem+"Role.Arn", f.Properties["Role"])
		assert.Equal(t, stem+"LogGroup", decode[string](t, f, "LoggingConfig.LogGroup"))
		used = append(used, stem+"LogGroup")
	}
	assert.ElementsMatch(t, append(slices.Clone(used), "AccessLogGroup"), ids(d.ofType("AWS::Logs::LogGroup")))
}
