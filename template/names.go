package template

import (
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// Names of queues and bucket, without the environment suffix. Package contract
// has those of functions and table.
const (
	QueueName           = "webhook-queue"
	DeadLetterQueueName = "webhook-dlq"
	// BucketName is followed by the account id, because bucket names are unique
	// across all accounts.
	BucketName = "failed-webhooks"
)

// SecretName returns the name of a provider's secret, without the environment
// suffix.
func SecretName(p contract.Provider) string { return p.Name + "-secret" }

// Names of other resources, without the environment suffix.
const (
	accountRoleName    = "webhook-api-account-role"
	accessLogGroupName = "/aws/apigateway/" + contract.APIName
	keyAliasName       = "alias/webhook-key"
	alarmTopicName     = "webhook-alarms"
	ticketTopicName    = "webhook-tickets"
	dashboardName      = "webhooks"
	keyRuleName        = "webhook-key-changes"
)

func functionRoleName(function string) string { return function + "-role" }

// functionLogGroupName returns the name of Lambda's default log group, where
// people and tools look for a function's log.
func functionLogGroupName(function string) string { return "/aws/lambda/" + function }

const suffix = "-${" + environmentSuffix + "}"

// named returns a resource's name: {name}-{environment suffix}. The suffix comes
// last, so that no two stacks share a name.
func named(name string) string { return cfn.Sub(name + suffix) }

// namedARN returns the ARN of a resource with a name from named, where Fn::GetAtt
// would make a dependency cycle. kind precedes the name in the service's ARNs:
// "function:", or "" for a queue.
func namedARN(service, kind, name string) string {
	return cfn.Sub("arn:${AWS::Partition}:" + service + ":${AWS::Region}:${AWS::AccountId}:" + kind + name + suffix)
}

// variable returns the variable of Fn::Sub for an id, or for an attribute
// "id.attribute".
func variable(id cfn.ID) string { return "${" + string(id) + "}" }
