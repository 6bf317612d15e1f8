package template

import (
	"strings"

	"github.com/awslabs/goformation/v7/cloudformation/apigateway"
	"github.com/awslabs/goformation/v7/cloudformation/tags"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// accessLogPrefix is the prefix of the access log's logical ids.
const accessLogPrefix = "Access"

// addStage adds the stage that serves the deployment. It depends on emptied, so
// that deleting the stack closes the API before it empties the bucket.
func (a *api) addStage(deployment, accessLog, emptied cfn.ID, account string) cfn.ID {
	const untraced = "Tracing is a parameter, off by default: any sender could cause traces, which cost money."
	return a.Add("Stage", cfn.With{Set: map[string]any{
		"MethodSettings": []any{stageSettings()},
		"TracingEnabled": cfn.Ref(tracing),
		// A changed DisableExecuteApiEndpoint takes effect when a setting of a stage
		// changes (API Gateway Developer Guide, "Disable the default endpoint for REST
		// APIs"). The deployment's hash contains the parameter's name, not its value.
		"Description": cfn.Sub(disableDefaultEndpoint + "=" + variable(disableDefaultEndpoint)),
	}, Resource: &apigateway.Stage{
		RestApiId:    a.id.Ref(),
		StageName:    new(contract.StageName),
		DeploymentId: new(deployment.Ref()),
		AccessLogSetting: &apigateway.Stage_AccessLogSetting{
			DestinationArn: new(accessLog.Att("Arn")),
			Format:         new(accessLogFormat()),
		},
		Tags: []tags.Tag{
			// A stage that logs needs the account's setting first. DependsOn does
			// not work with a conditional resource; a reference in a tag does.
			{Key: accountTag, Value: account},
		},
		AWSCloudFormationDependsOn: []string{string(emptied)},
		AWSCloudFormationMetadata: suppressed(
			suppression{rule: "CKV_AWS_73", reason: untraced},
			suppression{rule: "Serverless-APIGWXrayEnabled", reason: untraced},
			suppression{rule: "CKV_AWS_120", reason: "A cached response would lose events: every request is a different event."},
			suppression{rule: "AwsSolutions-APIG3", reason: "A web ACL belongs to the account's owner. " +
				"The stage throttles, and no request bypasses signature verification."},
			suppression{rule: "AwsSolutions-APIG6", reason: "API Gateway would create the execution log's group, and it would outlive the stack. " +
				"The access log contains the errors of authorizer and integration."},
		),
	}})
}

// stageSettings returns the settings of all methods. Above the throttle, which
// holds for each method, API Gateway responds 429, and the provider retries.
// goformation's numbers cannot hold a parameter.
func stageSettings() map[string]any {
	return map[string]any{
		"HttpMethod":           "*",
		"ResourcePath":         "/*",
		"ThrottlingRateLimit":  cfn.Ref(throttleRate),
		"ThrottlingBurstLimit": cfn.Ref(throttleBurst),
		// API Gateway creates the execution log's group itself, without retention
		// or key, and the group outlives the stack (aws/aws-cdk#20140). The access
		// log contains the errors of authorizer and integration.
		"LoggingLevel":     "OFF",
		"DataTraceEnabled": false,
	}
}

// accessLogFormat returns the format of the access log: one line of JSON per
// request. The variables are those of the API Gateway Developer Guide, "Variables
// for access logging"; all values are strings, "-" for an absent one. Only requestId
// can be text that the sender chooses, so nothing is decided by it: the metrics of
// alarms read other members, and extendedRequestId is always API Gateway's own.
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
	members := make([]string, len(fields))
	for i, f := range fields {
		members[i] = `"` + f.name + `":"$context.` + f.variable + `"`
	}
	return "{" + strings.Join(members, ",") + "}"
}

// addAPIGatewayAccount sets the role with which API Gateway writes access logs.
// An account has one such setting per region, so a parameter decides whether this
// stack manages it. A resource that contains the returned value is created after the
// setting.
//
// Two things outlive the stack; docs/deploying.md says how to clear them. The
// setting keeps naming the deleted role, and API Gateway creates the log group
// /aws/apigateway/welcome without a retention
// (aws-cloudformation/cloudformation-coverage-roadmap#2312).
func (s *stack) addAPIGatewayAccount(api cfn.ID) string {
	managed := s.Condition("ManagesApiGatewayAccount", cfn.Equals(cfn.Ref(manageAPIGatewayAccount), "true"))

	r := s.newRole(named(accountRoleName), "apigateway.amazonaws.com",
		// The actions and resources of the AWS managed policy
		// AmazonAPIGatewayPushToCloudWatchLogs: the role serves every API of the
		// account.
		allow("WriteLogs", []string{
			"logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups",
			"logs:DescribeLogStreams", "logs:PutLogEvents", "logs:GetLogEvents", "logs:FilterLogEvents",
		}, "*"))
	r.AWSCloudFormationCondition = managed.Name()
	const wholeAccount = "The role serves every API of the account, like the AWS managed policy for it."
	r.AWSCloudFormationMetadata = suppressed(
		suppression{rule: "CKV_AWS_111", reason: wholeAccount},
		suppression{rule: "AwsSolutions-IAM5[Resource::*]", reason: wholeAccount},
	)
	role := s.Add("ApiGatewayAccountRole", r)

	account := s.Add("ApiGatewayAccount", &apigateway.Account{
		CloudWatchRoleArn:          new(role.Att("Arn")),
		AWSCloudFormationCondition: managed.Name(),
		// In an account that never had an API, the setting can fail before the
		// first API exists.
		AWSCloudFormationDependsOn: []string{string(api)},
	})
	return cfn.If(managed, account.Ref(), "external")
}

// addDomainChoice returns the condition under which the API has a custom domain.
// Rules require a name and a certificate, or neither, and a name if the API's own host
// name is off.
func (s *stack) addDomainChoice() cfn.Cond {
	noDomain := cfn.Equals(cfn.Ref(domainName), "")
	noCertificate := cfn.Equals(cfn.Ref(certificateARN), "")
	s.Rule("CustomDomain", cfn.Rule{Assertions: []cfn.Assertion{{
		Assert: cfn.Or(
			cfn.And(noDomain, noCertificate),
			cfn.And(cfn.Not(noDomain), cfn.Not(noCertificate)),
		),
		Description: "Set both " + domainName + " and " + certificateARN + ", or neither.",
	}}})
	s.Rule("DefaultEndpoint", cfn.Rule{Assertions: []cfn.Assertion{{
		Assert: cfn.Or(cfn.Equals(cfn.Ref(disableDefaultEndpoint), "false"), cfn.Not(noDomain)),
		Description: disableDefaultEndpoint + " needs a " + domainName + ": without it no URL would be left. " +
			"Set " + domainName + " and " + certificateARN + " too.",
	}}})
	return s.Condition("HasCustomDomain", cfn.Not(noDomain))
}

// addDomain maps the custom domain, if there is one, to the stage. URLs with the
// domain outlive the stack; the API's own URLs change with every new stack.
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
		Description: "Host name for the custom domain's DNS record.",
		Value:       domain.Att("RegionalDomainName"),
		Condition:   a.customDomain,
	})
	a.Output("DomainTargetHostedZoneId", cfn.Output{
		Description: "Hosted zone of that host name, for an alias record in Route 53.",
		Value:       domain.Att("RegionalHostedZoneId"),
		Condition:   a.customDomain,
	})
}

// url returns the URL that receives a provider's webhooks.
func (a *api) url(p contract.Provider) string {
	return cfn.If(a.customDomain, cfn.Sub("https://"+variable(domainName)+"/"+p.Path), a.ownURL(p))
}

// ownURL returns that URL at the API's own host name.
func (a *api) ownURL(p contract.Provider) string {
	return cfn.Sub(p.APIURL(variable(a.id), "${AWS::Region}", "${AWS::URLSuffix}"))
}
