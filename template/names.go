package template

import (
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// Names of what is stored in, without the environment suffix. Those of the
// functions and the table are in contract.
const (
	QueueName           = "webhook-queue"
	DeadLetterQueueName = "webhook-dlq"
	// BucketName is followed by the account's id: S3's names are one space for
	// all accounts.
	BucketName = "failed-webhooks"
)

// SecretName is the name of a provider's secret, without the environment suffix.
func SecretName(p contract.Provider) string { return p.Name + "-secret" }

// Resource types in other names.
const (
	apiName            = "webhook-api"
	accountRoleName    = "webhook-api-account-role"
	accessLogGroupName = "/aws/apigateway/" + apiName
	keyAliasName       = "alias/webhook-key"
	alarmTopicName     = "webhook-alarms"
	ticketTopicName    = "webhook-tickets"
	dashboardName      = "webhooks"
)

func functionRoleName(function string) string { return function + "-role" }

// functionLogGroupName is the one that Lambda would choose, where people and
// tools look for it.
func functionLogGroupName(function string) string { return "/aws/lambda/" + function }

// stageName is part of URLs. It has no suffix: the API has one.
const stageName = "live"

const suffix = "-${" + environmentSuffix + "}"

// named makes every name of the stack: {resource-type}-{environment-suffix}.
// The suffix comes last, so that two stacks share no name.
func named(resourceType string) string { return cfn.Sub(resourceType + suffix) }

// namedARN is the ARN of a resource with a name from named, for places where
// Fn::GetAtt would make two resources need each other. kind is what the service
// puts before the name: "function:", or "" for a queue.
func namedARN(service, kind, resourceType string) string {
	return cfn.Sub("arn:${AWS::Partition}:" + service + ":${AWS::Region}:${AWS::AccountId}:" +
		kind + resourceType + suffix)
}
