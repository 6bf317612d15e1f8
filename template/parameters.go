package template

import (
	"fmt"
	"strconv"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// Logical ids of the stack's parameters.
const (
	environmentSuffix       = "EnvironmentSuffix"
	codeBucket              = "CodeBucket"
	codeVersion             = "CodeVersion"
	architecture            = "Architecture"
	logLevel                = "LogLevel"
	alarmEmail              = "AlarmEmail"
	eventRetentionDays      = "EventRetentionDays"
	archiveRetentionDays    = "ArchiveRetentionDays"
	domainName              = "DomainName"
	certificateARN          = "CertificateArn"
	disableDefaultEndpoint  = "DisableExecuteApiEndpoint"
	manageAPIGatewayAccount = "ManageApiGatewayAccount"
	throttleRate            = "ThrottleRate"
	throttleBurst           = "ThrottleBurst"
	logRetentionDays        = "LogRetentionDays"
	consumerConcurrency     = "ConsumerConcurrency"
	archiverConcurrency     = "ArchiverConcurrency"
	maxReceiveCount         = "MaxReceiveCount"
	authorizerReserved      = "AuthorizerReservedConcurrency"
	processorReserved       = "ProcessorReservedConcurrency"
	tracing                 = "Tracing"
	deletionProtection      = "DeletionProtection"
	permissionsBoundary     = "PermissionsBoundary"
	rolePath                = "RolePath"
	publishTo               = "PublishTo"
	publisherParallelism    = "PublisherParallelism"
)

// maxQuietHours is the end of the logical ids of each provider's parameter.
const maxQuietHours = "MaxQuietHours"

// maxQuietPeriods is the number of hours in a week, the longest window of an
// alarm.
const maxQuietPeriods = 7 * 24

// maxSuffix is the maximum length of EnvironmentSuffix.
const maxSuffix = 30

// region is the only region that the stack supports.
const region = "us-east-1"

// addParameters declares the parameters, the settings of each deployment.
func (s *stack) addParameters() {
	s.Parameter(environmentSuffix, cfn.Parameter{
		Type:                  "String",
		Description:           "Last part of every resource name. Each stack in an account needs its own.",
		AllowedPattern:        fmt.Sprintf("^[a-z0-9]([a-z0-9-]{0,%d}[a-z0-9])?$", maxSuffix-2),
		ConstraintDescription: fmt.Sprintf("must be 1 to %d lower-case letters, digits and inner hyphens", maxSuffix),
	})
	s.Parameter(codeBucket, cfn.Parameter{
		Type:                  "String",
		Description:           "S3 bucket with the functions' zips, in the stack's region.",
		AllowedPattern:        "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
		ConstraintDescription: "must be the name of an S3 bucket",
	})
	s.Parameter(codeVersion, cfn.Parameter{
		Type:                  "String",
		Description:           "Content hash of the zips: their folder in CodeBucket.",
		AllowedPattern:        "^[0-9a-f]{8,64}$",
		ConstraintDescription: "must be 8 to 64 lower-case hexadecimal digits",
	})
	s.Parameter(architecture, cfn.Parameter{
		Type:          "String",
		Description:   "Instruction set that the zips were built for, the end of their names.",
		Default:       "arm64",
		AllowedValues: []string{"arm64", "x86_64"},
	})
	s.Parameter(logLevel, cfn.Parameter{
		Type: "String",
		Description: "Lowest level that the functions log. Above INFO, Lambda would drop " +
			"the metrics, which are INFO lines.",
		Default:       contract.LogLevelInfo,
		AllowedValues: contract.LogLevels(),
	})
	s.Parameter(alarmEmail, cfn.Parameter{
		Type:                  "String",
		Description:           "E-mail address that receives the alarms after confirming both subscriptions. Empty for none.",
		Default:               "",
		AllowedPattern:        "^([^@\\s]+@[^@\\s]+)?$",
		ConstraintDescription: "must be an e-mail address, or empty",
	})
	s.Parameter(eventRetentionDays, cfn.Parameter{
		Type: "String",
		Description: "Days after which events that are received from now on expire, and their large payloads below " +
			contract.OversizePrefix + " in the bucket. 0 keeps them.",
		Default:       "0",
		AllowedValues: retentions(),
	})
	s.Parameter(archiveRetentionDays, cfn.Parameter{
		// Not a Number, which allows fractions.
		Type:                  "String",
		Description:           "Days after which archived webhooks expire, earlier ones too. 0 keeps them.",
		Default:               "0",
		AllowedPattern:        "^(0|[1-9][0-9]{0,4})$",
		ConstraintDescription: "must be a whole number of days, 0 to 99999",
	})
	s.Parameter(domainName, cfn.Parameter{
		Type: "String",
		Description: "Host name for the webhook URLs, which then outlive the stack. " +
			"Empty for the API's own host name, which is deleted with the stack.",
		Default:               "",
		AllowedPattern:        "^([a-z0-9-]{1,63}(\\.[a-z0-9-]{1,63})+)?$",
		ConstraintDescription: "must be a host name in lower case, or empty",
	})
	s.Parameter(certificateARN, cfn.Parameter{
		Type:                  "String",
		Description:           "ARN of the DomainName's ACM certificate, in the stack's region. Empty without a DomainName.",
		Default:               "",
		AllowedPattern:        "^(arn:aws[a-z-]*:acm:" + region + ":\\d{12}:certificate/[A-Za-z0-9-]+)?$",
		ConstraintDescription: "must be the ARN of a certificate in ACM of " + region + ", or empty",
	})
	s.Parameter(disableDefaultEndpoint, cfn.Parameter{
		Type:          "String",
		Description:   "Whether the API's own host name, execute-api, answers only 403. It needs a " + domainName + ".",
		Default:       "false",
		AllowedValues: []string{"true", "false"},
	})
	// No default: true could replace the role of another application without notice,
	// and with false a new account has none.
	s.Parameter(manageAPIGatewayAccount, cfn.Parameter{
		Type: "String",
		Description: "Whether this stack sets the role with which API Gateway writes logs. An account has one such " +
			"setting per region: true if aws apigateway get-account shows no cloudwatchRoleArn, else false.",
		AllowedValues: []string{"true", "false"},
	})
	s.addLimits()
	s.addAccountRules()
}

// addAccountRules declares the parameters for an account's rules, and the
// condition whether roles have a permissions boundary.
func (s *stack) addAccountRules() {
	s.Parameter(deletionProtection, cfn.Parameter{
		Type:          "String",
		Description:   "Whether DynamoDB refuses to delete the tables. Deleting the stack then fails until an update sets false.",
		Default:       "false",
		AllowedValues: []string{"true", "false"},
	})
	s.Parameter(permissionsBoundary, cfn.Parameter{
		Type:                  "String",
		Description:           "ARN of the IAM policy that bounds every role of the stack. Empty for none.",
		Default:               "",
		AllowedPattern:        "^(arn:aws[a-z-]*:iam::(\\d{12}|aws):policy/[!-~]+)?$",
		ConstraintDescription: "must be the ARN of an IAM policy, or empty",
	})
	s.Parameter(rolePath, cfn.Parameter{
		Type:                  "String",
		Description:           "Path of every role of the stack. Set it only for a new stack: CloudFormation refuses to change it.",
		Default:               "/",
		AllowedPattern:        "^/([!-.0-~]+/)*$",
		ConstraintDescription: "must begin and end with /",
	})
	s.bounded = s.Condition("HasPermissionsBoundary", cfn.Not(cfn.Equals(cfn.Ref(permissionsBoundary), "")))
}

// retentions returns the allowed values of eventRetentionDays. Each needs a
// lifecycle rule, so they are a list.
func retentions() []string {
	values := []string{"0"}
	for _, days := range contract.RetentionDays() {
		values = append(values, strconv.Itoa(days))
	}
	return values
}

// addHours declares a parameter for a number of hours, 0 to most, which is 110 to 199.
func (s *stack) addHours(name, description string, most int) {
	tens, ones := most/10%10, most%10
	s.Parameter(name, cfn.Parameter{
		Type:                  "String",
		Description:           description,
		Default:               "0",
		AllowedPattern:        fmt.Sprintf("^(0|[1-9][0-9]?|1[0-%d][0-9]|1%d[0-%d])$", tens-1, tens, ones),
		ConstraintDescription: fmt.Sprintf("must be a whole number of hours, 0 to %d", most),
	})
}

// addRegionRule makes CloudFormation refuse another region before it creates any
// resource.
func (s *stack) addRegionRule() {
	s.Rule("Region", cfn.Rule{
		Assertions: []cfn.Assertion{{
			Assert:      cfn.Equals(cfn.Region(), region),
			Description: "This stack supports only " + region + ": deploy it with --region " + region + ".",
		}},
	})
}
