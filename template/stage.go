package template

import (
	"strings"

	"github.com/awslabs/goformation/v7/cloudformation/apigateway"
	"github.com/awslabs/goformation/v7/cloudformation/tags"

	"github.com/paysluice/paysluice/handlers/contract"
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

// accessLogFormat is one line of JSON for each request. The variables are those
// of the API Gateway Developer Guide, "Variables for access logging"; an absent
// one becomes "-", so all are strings. None is text of the caller's making (a
// path, a header, an error message that repeats one), which would get into the
// log and could break the line.
func accessLogFormat() string {
	fields := []struct{ name, variable string }{
		{"requestId", "requestId"},
		{"extendedRequestId", "extendedRequestId"},
		{"time", "requestTime"},
		{"sourceIp", "identity.sourceIp"},
		{"method", "httpMethod"},
		{"resource", "resourcePath"},
		{"status", "status"},
		{"responseLength", "responseLength"},
		{"responseLatency", "responseLatency"},
		{"authorizerError", "authorizer.error"},
		{"authorizerStatus", "authorizer.status"},
		{"authorizerLatency", "authorizer.latency"},
		{"errorResponseType", "error.responseType"},
		{"integrationStatus", "integration.status"},
		{"integrationLatency", "integrationLatency"},
		{"integrationError", "integrationErrorMessage"},
	}
	var line strings.Builder
	for i, f := range fields {
		separator := ","
		if i == 0 {
			separator = "{"
		}
		line.WriteString(separator + `"` + f.name + `":"$context.` + f.variable + `"`)
	}
	return line.String() + "}"
}

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

// addDomainChoice declares whether the API has a domain of its own: with a name
// and a certificate, or with neither.
func (s *stack) addDomainChoice() cfn.Cond {
	noDomain := cfn.Equals(cfn.Ref(domainName), "")
	noCertificate := cfn.Equals(cfn.Ref(certificateARN), "")
	s.Rule("CustomDomain", cfn.Rule{Assertions: []cfn.Assertion{{
		Assert: cfn.Or(
			cfn.And(noDomain, noCertificate),
			cfn.And(cfn.Not(noDomain), cfn.Not(noCertificate)),
		),
		Description: "Give both " + domainName + " and " + certificateARN + ", or neither.",
	}}})
	return s.Condition("HasCustomDomain", cfn.Not(noDomain))
}

// addDomain shows the stage under the custom domain, if there is one. Its URLs
// outlive the stack; those of the API itself are new in every stack.
func (a *api) addDomain(stage cfn.ID) {
	domain := a.Add("Domain", &apigateway.DomainName{
		DomainName:                 new(cfn.Ref(domainName)),
		RegionalCertificateArn:     new(cfn.Ref(certificateARN)),
		EndpointConfiguration:      &apigateway.DomainName_EndpointConfiguration{Types: []string{"REGIONAL"}},
		SecurityPolicy:             new("TLS_1_2"),
		AWSCloudFormationCondition: a.customDomain.Name(),
	})
	a.Add("DomainMapping", &apigateway.BasePathMapping{
		DomainName:                 domain.Ref(),
		RestApiId:                  new(a.id.Ref()),
		Stage:                      new(stage.Ref()),
		AWSCloudFormationCondition: a.customDomain.Name(),
	})
	a.Output("DomainTarget", cfn.Output{
		Description: "Host name that the custom domain's DNS record must point to.",
		Value:       domain.Att("RegionalDomainName"),
		Condition:   a.customDomain,
	})
	a.Output("DomainTargetHostedZoneId", cfn.Output{
		Description: "Hosted zone of that host name, for an alias record in Route 53.",
		Value:       domain.Att("RegionalHostedZoneId"),
		Condition:   a.customDomain,
	})
}

// url is where a provider's webhooks arrive.
func (a *api) url(p contract.Provider) string {
	return cfn.If(a.customDomain,
		cfn.Sub("https://${"+domainName+"}/"+p.Path),
		cfn.Sub("https://${"+string(a.id)+"}.execute-api.${AWS::Region}.${AWS::URLSuffix}/"+stageName+"/"+p.Path))
}
