package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/apigateway"
	"github.com/awslabs/goformation/v7/cloudformation/tags"

	"github.com/paysluice/paysluice/template/cfn"
)

// Throttling of each method. API Gateway answers 429 beyond it, and the
// provider sends again.
const (
	throttleRate  = 1000.0 // requests a second
	throttleBurst = 2000   // requests
)

func (a *api) addStage(deployment, accessLog, emptied cfn.ID, account string) cfn.ID {
	return a.Add("Stage", &apigateway.Stage{
		RestApiId:    a.id.Ref(),
		StageName:    new(stageName),
		DeploymentId: new(deployment.Ref()),
		AccessLogSetting: &apigateway.Stage_AccessLogSetting{
			DestinationArn: new(accessLog.Att("Arn")),
			Format:         new(accessLogFormat()),
		},
		// X-Ray samples: one request a second and a few per cent of the rest.
		TracingEnabled: new(true),
		MethodSettings: []apigateway.Stage_MethodSetting{{
			HttpMethod:           new("*"),
			ResourcePath:         new("/*"),
			ThrottlingRateLimit:  new(throttleRate),
			ThrottlingBurstLimit: new(throttleBurst),
			// API Gateway would create the execution log's group itself,
			// without retention or key, and it would outlive the stack
			// (aws/aws-cdk#20140). What it would tell stands in the access
			// log: the authorizer's and the integration's error.
			LoggingLevel:     new("OFF"),
			DataTraceEnabled: new(false),
		}},
		Tags: []tags.Tag{
			// The account's setting must be there before a stage that logs.
			// DependsOn cannot say so of a conditional resource; a tag can.
			{Key: accountTag, Value: account},
		},
		AWSCloudFormationDependsOn: []string{string(emptied)},
		AWSCloudFormationMetadata: suppressed(
			suppression{"CKV_AWS_120", "A cached answer would swallow events: every request is another one."},
			suppression{"AwsSolutions-APIG3", "A web ACL belongs to whoever runs the account. " +
				"The stage throttles, and nothing gets by the signature check."},
			suppression{"AwsSolutions-APIG6", "The execution log's group would be made by API Gateway and outlive the stack. " +
				"The access log has the errors of authorizer and integration."},
		),
	})
}
