package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/apigateway"

	"github.com/paysluice/paysluice/template/cfn"
)

// addAPIGatewayAccount gives API Gateway the role with which it writes access
// logs. There is one such setting for an account and region, so only a stack
// that was told to manages it. The answer is a value that is there once the
// setting is.
//
// Two things outlive the stack, and docs/deploying.md says how to clear them:
// the setting goes on naming the deleted role, and API Gateway makes the log
// group /aws/apigateway/welcome as soon as it is set, without a retention
// (aws-cloudformation/cloudformation-coverage-roadmap#2312). The group is the
// account's and not this stack's, so it is no resource of it.
func (s *stack) addAPIGatewayAccount() string {
	managed := s.Condition("ManagesApiGatewayAccount", cfn.Equals(cfn.Ref(manageAPIGatewayAccount), "true"))

	r := newRole(named(accountRoleName), "apigateway.amazonaws.com",
		// The actions of AWS's policy AmazonAPIGatewayPushToCloudWatchLogs, on
		// everything as there: the role serves every API of the account, not
		// only this stack's.
		allow("WriteLogs", []string{
			"logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups",
			"logs:DescribeLogStreams", "logs:PutLogEvents", "logs:GetLogEvents", "logs:FilterLogEvents",
		}, "*"))
	r.AWSCloudFormationCondition = managed.Name()
	const wholeAccount = "The role serves every API of the account, as AWS's own policy for it does."
	r.AWSCloudFormationMetadata = suppressed(
		suppression{"CKV_AWS_111", wholeAccount},
		suppression{"AwsSolutions-IAM5[Resource::*]", wholeAccount},
	)
	role := s.Add("ApiGatewayAccountRole", r)

	account := s.Add("ApiGatewayAccount", &apigateway.Account{
		CloudWatchRoleArn:          new(role.Att("Arn")),
		AWSCloudFormationCondition: managed.Name(),
	})
	return cfn.If(managed, account.Ref(), "external")
}
