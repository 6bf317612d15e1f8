package policy

import (
	"github.com/paysluice/paysluice/handlers/contract"
)

// Grant is one statement of the policies.
type Grant struct {
	Sid     string
	Level   Level // the lowest that has it
	Actions []string
	// Commands are those that need it.
	Commands  string
	resources func(resources) []string
	// services are those through which the key may be used; the others have none.
	services []string
}

// condition limits the use of the key to calls of other services.
func (g Grant) condition(r resources) map[string]map[string][]string {
	if len(g.services) == 0 {
		return nil
	}
	var via []string
	for _, service := range g.services {
		via = append(via, service+"."+r.region+".amazonaws.com")
	}
	return map[string]map[string][]string{"StringEquals": {"kms:ViaService": via}}
}

// Grants returns the statements of all policies. sts:GetCallerIdentity, which replay
// calls too, needs no permission (AWS STS API Reference).
func Grants() []Grant {
	// What has the same resources shares a statement: a policy has at most 6,144 characters.
	// IAM has no resource for what is listed or measured for a whole account. API Gateway's
	// role for logs can be that of any application.
	anything := func(resources) []string { return []string{"*"} }
	return []Grant{
		{"FindStack", ReadOnly, []string{"cloudformation:DescribeStacks"}, "all", anything, nil},
		{"ReadStack", ReadOnly, []string{"cloudformation:GetTemplate", "cloudformation:ListStackResources"}, "status, doctor, policy", func(r resources) []string {
			return []string{r.arn("cloudformation", "stack/"+r.Name+"/*")}
		}, nil},
		{"ReadEvents", ReadOnly, []string{"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"}, "status, events, payment, replay, secrets, send --wait", table, nil},
		{"FollowEvents", ReadOnly, []string{"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"}, "events tail", func(r resources) []string {
			return r.arns("dynamodb", "table/"+r.Outputs["TableName"]+"/stream/*")
		}, nil},
		{"ListArchive", ReadOnly, []string{"s3:GetBucketPolicy", "s3:GetBucketPublicAccessBlock", "s3:GetBucketVersioning", "s3:GetLifecycleConfiguration", "s3:ListBucket"}, "events get, events payload, events erase, failures, replay, trace, doctor, send --wait", bucket(""), nil},
		{"ReadArchive", ReadOnly, []string{"s3:GetObject"}, "events get, events payload, events erase, failures, replay, trace, send --wait", bucket("/*"), nil},
		{"ReadQueues", ReadOnly, []string{"sqs:GetQueueAttributes"}, "status, replay, doctor", func(r resources) []string {
			return r.arns("sqs", r.FunctionName("webhook-*"))
		}, nil},
		{"ReadLogs", ReadOnly, []string{"logs:DescribeMetricFilters", "logs:FilterLogEvents"}, "status, doctor", logs, nil},
		{"DecryptData", ReadOnly, []string{"kms:Decrypt"}, "all that read the table, the bucket or a secret", key, []string{"dynamodb", "s3", "secretsmanager"}},
		{"CheckFunctions", ReadOnly, []string{"lambda:GetFunctionConcurrency", "lambda:GetFunctionConfiguration", "lambda:GetPolicy"}, "doctor", functions, nil},
		{"ReadAccount", ReadOnly, []string{"cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "iam:GetRole", "lambda:GetAccountSettings", "lambda:GetEventSourceMapping", "logs:DescribeLogGroups"}, "status, doctor, destroy", anything, nil},
		{"CheckApi", ReadOnly, []string{"apigateway:GET"}, "doctor, destroy", func(r resources) []string {
			gateway := "arn:" + r.partition + ":apigateway:" + r.region + "::/"
			return []string{gateway + "account", gateway + "restapis/" + r.Outputs["ApiId"] + "/*"}
		}, nil},
		{"CheckKey", ReadOnly, []string{"kms:DescribeKey", "kms:GetKeyPolicy"}, "doctor", key, nil},
		{"CheckTables", ReadOnly, []string{"dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive"}, "doctor, destroy", func(r resources) []string {
			return r.arns("dynamodb", "table/"+r.FunctionName("Webhook*")) // events and guards
		}, nil},
		{"CheckRoles", ReadOnly, []string{"iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"}, "doctor", func(r resources) []string {
			return []string{"arn:" + r.partition + ":iam::" + r.account + ":role/*-role-" + r.Parameters["EnvironmentSuffix"]}
		}, nil},
		{"CheckRules", ReadOnly, []string{"events:DescribeEventBus", "events:DescribeRule", "events:ListTargetsByRule"}, "doctor", func(r resources) []string {
			suffix := "*-" + r.Parameters["EnvironmentSuffix"]
			return r.arns("events", "event-bus/"+suffix, "rule/"+suffix)
		}, nil},
		{"CheckTopics", ReadOnly, []string{"sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"}, "doctor", func(r resources) []string {
			return r.arns("sns", r.FunctionName("webhook-*")) // of alarms, tickets and published events
		}, nil},

		{"UseSecrets", Operator, []string{"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"}, "send, verify, secrets, doctor", secrets, nil},
		{"ReadKeys", Operator, []string{"secretsmanager:GetSecretValue"}, "reconcile, doctor", func(r resources) []string {
			// One pattern for query.KeySecret and query.StackKeySecret. An ARN ends with six
			// random characters; that of a secret that does not exist has none.
			return []string{r.arn("secretsmanager", "secret:"+r.FunctionName("*-api-key*")+"*")}
		}, nil},
		{"SendMessages", Operator, []string{"sqs:SendMessage"}, "replay, reconcile --refill", func(r resources) []string { return r.queues("QueueUrl") }, nil},
		{"WriteObjects", Operator, []string{"s3:PutObject"}, "replay, events republish, reconcile --refill", func(r resources) []string {
			return []string{r.bucket("/" + contract.ReplaysPrefix + "*"), r.bucket("/" + contract.OversizePrefix + "*")}
		}, nil},
		{"Republish", Operator, []string{"lambda:InvokeFunction"}, "events republish", func(r resources) []string {
			if r.Outputs["UnpublishedQueueUrl"] == "" {
				return nil
			}
			return r.arns("lambda", "function:"+r.FunctionName(contract.PublisherName))
		}, nil},
		{"ReadUnpublished", Operator, []string{"sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"}, "failures unpublished",
			func(r resources) []string { return r.queues("UnpublishedQueueUrl") }, nil},
		{"EraseRows", Operator, []string{"dynamodb:UpdateItem"}, "events erase", func(r resources) []string {
			return r.arns("dynamodb", "table/"+r.Outputs["TableName"])
		}, nil},
		{"FindVersions", Operator, []string{"s3:ListBucketVersions"}, "events erase, destroy", bucket(""), nil},
		// S3 asks for both to delete (S3 API Reference, DeleteObjects).
		{"ChangeArchive", Operator, []string{"s3:DeleteObject", "s3:DeleteObjectVersion", "s3:RestoreObject"}, "events erase, failures restore", bucket("/*"), nil},
		{"EncryptData", Operator, []string{"kms:Decrypt", "kms:GenerateDataKey"}, "replay, reconcile --refill, secrets add, secrets retire", key, []string{"s3", "secretsmanager", "sqs"}},
	}
}

func table(r resources) []string {
	name := "table/" + r.Outputs["TableName"]
	return r.arns("dynamodb", name, name+"/index/*")
}

func bucket(path string) func(resources) []string {
	return func(r resources) []string { return []string{r.bucket(path)} }
}

func key(r resources) []string { return r.arns("kms", "key/"+r.key) }

func secrets(r resources) (arns []string) {
	for _, p := range contract.Providers() {
		if arn := r.Outputs[p.Title+"SecretArn"]; arn != "" {
			arns = append(arns, arn)
		}
	}
	return arns
}

// functionNames returns the full names of the functions, those of all processors and of
// event-consumer and event-publisher as one pattern: a policy has at most 6,144 characters.
func functionNames(r resources) []string {
	return []string{
		r.FunctionName(contract.AuthorizerName), "*" + r.FunctionName(contract.ProcessorName(contract.Provider{})),
		r.FunctionName("event-*"), r.FunctionName(contract.ArchiverName), r.FunctionName(contract.EmptierName),
	}
}

func functions(r resources) []string {
	var names []string
	for _, name := range functionNames(r) {
		names = append(names, "function:"+name)
	}
	return r.arns("lambda", names...)
}

// logs returns the ARNs of the log groups. AWS appends :* or the name of a stream to
// a group's name (CloudWatch Logs User Guide), the emulator does not.
func logs(r resources) []string {
	groups := []string{"log-group:/aws/apigateway/" + r.FunctionName(contract.APIName) + "*"}
	for _, name := range functionNames(r) {
		groups = append(groups, "log-group:/aws/lambda/"+name+"*")
	}
	return r.arns("logs", groups...)
}
