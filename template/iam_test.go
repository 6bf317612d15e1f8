package template

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
)

func roleRequirements() []requirement {
	const archiver = "ArchiverRole.Properties.Policies.0.PolicyDocument.Statement."
	return []requirement{
		{
			says:  "each role has these permissions and no others, each action on one resource",
			holds: rolesMayDoOnlyThis,
			breaks: []mutation{
				set(archiver+"3.Action.0", "s3:*"),
				set(archiver+"3.Resource.0", "*"),
				set(archiver+"3.Resource.0", "FailedWebhooks.Arn/*"), // large payloads too
				set("SquareProcessorRole.Properties.Policies.0.PolicyDocument.Statement.5.Resource.0", "FailedWebhooks.Arn/oversize/*"),
				set(archiver+"5.Condition.StringEquals.kms:ViaService", "sns.us-east-1.amazonaws.com"),
				drop(archiver + "5.Condition"),
				drop(archiver + "2.Action.1"),
				set(archiver+"3.Effect", "Deny"),
				set("AuthorizerRole.Properties.Policies.0.PolicyDocument.Statement.0.Action.0", "logs:CreateLogGroup"),
				set("EmptierRole.Properties.ManagedPolicyArns", []string{"arn:aws:iam::aws:policy/AmazonS3FullAccess"}),
				set("SpareRole", map[string]string{"Type": "AWS::IAM::Role"}),
				set("PublisherRole.Properties.Policies.0.PolicyDocument.Statement.3.Resource.0", "EventsTable.Arn/*"),
			},
		},
		{
			says: "an account can bound every role and choose its path",
			holds: func(t require.TestingT, d document) {
				for id, r := range d.ofType("AWS::IAM::Role") {
					assert.Equal(t, "PermissionsBoundary", r.Properties["PermissionsBoundary"], id)
					assert.Equal(t, "RolePath", r.Properties["Path"], id)
				}
			},
			breaks: []mutation{drop("EmptierRole.Properties.PermissionsBoundary"), drop("ApiGatewayAccountRole.Properties.Path")},
		},
		{
			says: "each function has a role of its own, which only Lambda can assume",
			holds: func(t require.TestingT, d document) {
				eachFunction(func(t require.TestingT, d document, id string, f resource) {
					assert.Equal(t, stem(id)+"Role.Arn", f.Properties["Role"])
					assert.Equal(t, "lambda.amazonaws.com", trusted(t, d.Resources[stem(id)+"Role"]))
				})(t, d)
				assert.Equal(t, "apigateway.amazonaws.com", trusted(t, d.Resources["ApiGatewayAccountRole"]))
			},
			breaks: []mutation{
				set("ArchiverFunction.Properties.Role", "ConsumerRole.Arn"),
				set("ArchiverRole.Properties.AssumeRolePolicyDocument.Statement.0.Principal", map[string]string{"AWS": "*"}),
			},
		},
	}
}

// trusted returns the service that can assume a role.
func trusted(t require.TestingT, role resource) string {
	trust := statements(t, role, "AssumeRolePolicyDocument")
	require.Len(t, trust, 1)
	require.Equal(t, []string{"sts:AssumeRole"}, trust[0].Action)
	require.Equal(t, &principal{Service: trust[0].Principal.Service}, trust[0].Principal)
	return trust[0].Principal.Service
}

// rolesMayDoOnlyThis lists the permissions of every role: one line for each action
// on each resource, with its condition.
func rolesMayDoOnlyThis(t require.TestingT, d document) {
	key := func(action, service string) string {
		return "kms:" + action + " on Key.Arn if kms:ViaService is " + service + ".us-east-1.amazonaws.com"
	}
	own := func(stem, function string, more ...string) []string {
		return append([]string{
			"logs:CreateLogStream on " + stem + "LogGroup.Arn",
			"logs:PutLogEvents on " + stem + "LogGroup.Arn",
			"kms:Decrypt on Key.Arn if kms:EncryptionContext:aws:lambda:FunctionArn is " +
				"arn:aws:lambda:us-east-1:123456789012:function:" + function + "-dev",
			"xray:PutTraceSegments on *", "xray:PutTelemetryRecords on *", // under the condition Traces
		}, more...)
	}
	want := map[string][]string{
		"AuthorizerRole": own("Authorizer", "webhook-authorizer"),
		"ConsumerRole": own("Consumer", "event-consumer",
			"sqs:ReceiveMessage on WebhookQueue.Arn",
			"sqs:DeleteMessage on WebhookQueue.Arn",
			"sqs:GetQueueAttributes on WebhookQueue.Arn",
			"dynamodb:PutItem on EventsTable.Arn",
			"dynamodb:PutItem on GuardTable.Arn",
			"sqs:SendMessage on DeadLetterQueue.Arn",
			key("GenerateDataKey", "sqs"), key("Decrypt", "sqs"), key("Decrypt", "dynamodb"),
		),
		"ArchiverRole": own("Archiver", "dlq-archiver",
			"sqs:ReceiveMessage on DeadLetterQueue.Arn",
			"sqs:DeleteMessage on DeadLetterQueue.Arn",
			"sqs:GetQueueAttributes on DeadLetterQueue.Arn",
			"s3:PutObject on FailedWebhooks.Arn/*/????/??/??/*.json", // {provider}/{yyyy}/{mm}/{dd}/
			key("Decrypt", "sqs"), key("GenerateDataKey", "s3"),
		),
		"ReconcilerRole": own("Reconciler", "event-reconciler", // with a refill
			"secretsmanager:GetSecretValue on ApiKeysSecret.Id",
			"dynamodb:BatchGetItem on EventsTable.Arn", "dynamodb:Query on EventsTable.Arn", "dynamodb:Query on EventsTable.Arn/index/byDay",
			"s3:ListBucket on FailedWebhooks.Arn",
			"s3:GetObject on FailedWebhooks.Arn/reconciliations/*", "s3:PutObject on FailedWebhooks.Arn/reconciliations/*",
			"sqs:SendMessage on WebhookQueue.Arn", "s3:PutObject on FailedWebhooks.Arn/oversize/*/stripe/*",
			"s3:PutObject on FailedWebhooks.Arn/oversize/*/paypal/*", "s3:PutObject on FailedWebhooks.Arn/oversize/*/square/*",
			key("Decrypt", "secretsmanager"), key("Decrypt", "dynamodb"), key("GenerateDataKey", "s3"), key("Decrypt", "s3"),
			key("GenerateDataKey", "sqs"), key("Decrypt", "sqs"),
		),
		"PublisherRole": own("Publisher", "event-publisher", // both targets: all conditions hold here
			"dynamodb:DescribeStream on EventsTable.StreamArn", "dynamodb:GetRecords on EventsTable.StreamArn",
			"dynamodb:GetShardIterator on EventsTable.StreamArn", "dynamodb:ListStreams on EventsTable.Arn/stream/*",
			"sqs:SendMessage on UnpublishedQueue.Arn", "sns:Publish on EventTopic", "events:PutEvents on EventBus.Arn",
			key("GenerateDataKey", "sqs"), key("Decrypt", "sqs"), key("Decrypt", "dynamodb"), key("GenerateDataKey", "sns"), key("Decrypt", "sns"),
		),
		"EmptierRole": own("Emptier", "bucket-emptier",
			"cloudformation:DescribeStacks on AWS::StackId",
			"s3:GetBucketTagging on FailedWebhooks.Arn",
			"s3:ListBucketVersions on FailedWebhooks.Arn",
			"s3:DeleteObject on FailedWebhooks.Arn/*",
			"s3:DeleteObjectVersion on FailedWebhooks.Arn/*",
		),
		// It serves all APIs of the account.
		"ApiGatewayAccountRole": {
			"logs:CreateLogGroup on *", "logs:CreateLogStream on *", "logs:DescribeLogGroups on *",
			"logs:DescribeLogStreams on *", "logs:PutLogEvents on *", "logs:GetLogEvents on *",
			"logs:FilterLogEvents on *",
		},
	}
	for _, p := range withMadeUp().Providers {
		want[p.Title+"ProcessorRole"] = own(p.Title+"Processor", p.Name+"-processor",
			"secretsmanager:GetSecretValue on "+p.Title+"Secret.Id",
			"sqs:SendMessage on WebhookQueue.Arn",
			"sqs:SendMessage on DeadLetterQueue.Arn",
			"s3:PutObject on FailedWebhooks.Arn/oversize/*/"+p.Name+"/*",
			key("Decrypt", "secretsmanager"),
			key("GenerateDataKey", "sqs"), key("Decrypt", "sqs"), key("GenerateDataKey", "s3"),
		)
		if p.HasCertificates() {
			want[p.Title+"ProcessorRole"] = append(want[p.Title+"ProcessorRole"],
				"s3:GetObject on FailedWebhooks.Arn/certificates/*",
				"s3:PutObject on FailedWebhooks.Arn/certificates/*",
				"s3:PutObject on FailedWebhooks.Arn/fetches/*",
				key("Decrypt", "s3"),
			)
		}
	}
	roles := d.ofType("AWS::IAM::Role")
	require.Equal(t, ids(want), ids(roles))
	for id, role := range roles {
		assert.ElementsMatch(t, want[id], grantsOf(t, role), id)
		assert.NotContains(t, role.Properties, "ManagedPolicyArns", id)
	}
}

// grantsOf returns a role's permissions.
func grantsOf(t require.TestingT, role resource) []string {
	var all []string
	for _, s := range roleStatements(t, role) {
		require.Equal(t, "Allow", s.Effect)
		all = append(all, grants(s)...)
	}
	return all
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

// TestWhatRolesCannotDoToOthers tries actions on concrete resources, which wildcards
// may match, with each role. All but the listed ones are denied.
func TestWhatRolesCannotDoToOthers(t *testing.T) {
	d := build(t, withMadeUp(), "dev")
	objects := []string{"reconciliations/x", "unknown/2026/01/02/x.json", "certificates/x", "fetches/2026-01-02T03:04/live/1"}
	secrets := []string{"ApiKeysSecret.Id"}
	for _, p := range withMadeUp().Providers {
		objects = append(objects, p.Name+"/2026/01/02/x.json", "oversize/30d/"+p.Name+"/2026-01-02/x")
		secrets = append(secrets, p.Title+"Secret.Id")
	}
	probes := []string{}
	try := func(service string, actions []string, resources ...string) {
		for _, action := range actions {
			for _, resource := range resources {
				probes = append(probes, service+":"+action+" on "+resource)
			}
		}
	}
	try("sqs", []string{"SendMessage", "ReceiveMessage", "DeleteMessage", "PurgeQueue", "SetQueueAttributes"}, "WebhookQueue.Arn", "DeadLetterQueue.Arn", "UnpublishedQueue.Arn")
	try("sns", []string{"Publish", "Subscribe"}, "EventTopic", "AlarmTopic", "TicketTopic")
	try("events", []string{"PutEvents", "PutRule"}, "EventBus.Arn")
	try("dynamodb", []string{"PutItem", "GetItem", "Query", "Scan", "UpdateItem", "DeleteItem", "BatchWriteItem"}, "EventsTable.Arn", "GuardTable.Arn")
	try("secretsmanager", []string{"GetSecretValue", "PutSecretValue"}, secrets...)
	for _, key := range objects {
		try("s3", []string{"PutObject", "GetObject", "DeleteObject"}, "FailedWebhooks.Arn/"+key)
	}
	try("s3", []string{"ListBucket", "PutBucketPolicy", "PutLifecycleConfiguration"}, "FailedWebhooks.Arn")
	for _, function := range ids(d.ofType("AWS::Lambda::Function")) {
		try("lambda", []string{"InvokeFunction", "UpdateFunctionCode", "UpdateFunctionConfiguration"}, function+".Arn")
	}
	for _, role := range ids(d.ofType("AWS::IAM::Role")) {
		try("iam", []string{"PassRole", "PutRolePolicy"}, role+".Arn")
		try("sts", []string{"AssumeRole"}, role+".Arn")
	}

	can := map[string][]string{
		"AuthorizerRole": nil,
		"ReconcilerRole": {
			"sqs:SendMessage on WebhookQueue.Arn", "dynamodb:Query on EventsTable.Arn", "secretsmanager:GetSecretValue on ApiKeysSecret.Id",
			"s3:ListBucket on FailedWebhooks.Arn", "s3:GetObject on FailedWebhooks.Arn/reconciliations/x", "s3:PutObject on FailedWebhooks.Arn/reconciliations/x",
		},
		"PublisherRole": {"sqs:SendMessage on UnpublishedQueue.Arn", "sns:Publish on EventTopic", "events:PutEvents on EventBus.Arn"},
		"ConsumerRole": {
			"sqs:ReceiveMessage on WebhookQueue.Arn", "sqs:DeleteMessage on WebhookQueue.Arn", "sqs:SendMessage on DeadLetterQueue.Arn",
			"dynamodb:PutItem on EventsTable.Arn", "dynamodb:PutItem on GuardTable.Arn",
		},
		"ArchiverRole": {"sqs:ReceiveMessage on DeadLetterQueue.Arn", "sqs:DeleteMessage on DeadLetterQueue.Arn", "s3:PutObject on FailedWebhooks.Arn/unknown/2026/01/02/x.json"},
	}
	for _, key := range objects {
		can["EmptierRole"] = append(can["EmptierRole"], "s3:DeleteObject on FailedWebhooks.Arn/"+key)
	}
	for _, p := range withMadeUp().Providers {
		if slices.ContainsFunc(contract.Providers(), func(q contract.Provider) bool { return q.Name == p.Name }) {
			can["ReconcilerRole"] = append(can["ReconcilerRole"], "s3:PutObject on FailedWebhooks.Arn/oversize/30d/"+p.Name+"/2026-01-02/x")
		}
		can["ArchiverRole"] = append(can["ArchiverRole"], "s3:PutObject on FailedWebhooks.Arn/"+p.Name+"/2026/01/02/x.json")
		own := []string{
			"sqs:SendMessage on WebhookQueue.Arn", "sqs:SendMessage on DeadLetterQueue.Arn", "secretsmanager:GetSecretValue on " + p.Title + "Secret.Id",
			"s3:PutObject on FailedWebhooks.Arn/oversize/30d/" + p.Name + "/2026-01-02/x",
		}
		if p.HasCertificates() {
			own = append(own, "s3:GetObject on FailedWebhooks.Arn/certificates/x", "s3:PutObject on FailedWebhooks.Arn/certificates/x",
				"s3:PutObject on FailedWebhooks.Arn/fetches/2026-01-02T03:04/live/1")
		}
		can[p.Title+"ProcessorRole"] = own
	}
	for id, role := range d.ofType("AWS::IAM::Role") {
		if id == "ApiGatewayAccountRole" { // it only writes logs
			continue
		}
		allowed := []string{}
		for _, probe := range probes {
			if slices.ContainsFunc(grantsOf(t, role), func(grant string) bool { return permits(grant, probe) }) {
				allowed = append(allowed, probe)
			}
		}
		assert.ElementsMatch(t, can[id], allowed, id)
	}
}

// permits reports whether a grant covers a probe, both in the form of grants.
func permits(grant, probe string) bool {
	pattern := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(grant))
	return regexp.MustCompile("^" + pattern + "$").MatchString(probe)
}
