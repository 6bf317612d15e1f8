package template

import (
	"slices"
	"strings"

	"github.com/awslabs/goformation/v7/cloudformation/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
)

func storageRequirements() []requirement {
	return []requirement{
		{
			says:  "everything that holds data is encrypted with the key",
			holds: everythingIsEncrypted,
			breaks: []mutation{
				drop("EventsTable.Properties.SSESpecification"),
				set("EventsTable.Properties.SSESpecification.SSEEnabled", false),
				drop("EmptierLogGroup.Properties.KmsKeyId"),
				set("DeadLetterQueue.Properties.KmsMasterKeyId", "alias/aws/sqs"),
				drop("SquareSecret.Properties.KmsKeyId"),
				drop("AlarmTopic.Properties.KmsMasterKeyId"),
				set("FailedWebhooks.Properties.BucketEncryption.ServerSideEncryptionConfiguration.0"+
					".ServerSideEncryptionByDefault.SSEAlgorithm", "AES256"),
			},
		},
		{
			says:  "the key rotates, has an alias, and is for this account's roles, its log groups and its alarms",
			holds: keyIsRestricted,
			breaks: []mutation{
				drop("Key.Properties.EnableKeyRotation"),
				drop("Key.Properties.PendingWindowInDays"), // 30
				set("KeyAlias.Properties.TargetKeyId", "another"),
				set("Key.Properties.KeyPolicy.Statement.0.Principal.AWS", "*"),
				set("Key.Properties.KeyPolicy.Statement.0.Action.0", "kms:Describe*"),
				set("Key.Properties.KeyPolicy.Statement.1.Action", []string{"kms:Describe*"}),
				drop("Key.Properties.KeyPolicy.Statement.2.Action.1"),
				drop("Key.Properties.KeyPolicy.Statement.1.Condition"),
				drop("Key.Properties.KeyPolicy.Statement.1.Condition.ArnEquals.kms:EncryptionContext:aws:logs:arn.0"),
				drop("Key.Properties.KeyPolicy.Statement.2.Condition"),
				drop("Key.Properties.KeyPolicy.Statement.2"),
			},
		},
		{
			says: "secrets are created empty, one for each provider",
			holds: func(t require.TestingT, d document) {
				secrets := d.ofType("AWS::SecretsManager::Secret")
				require.Len(t, secrets, len(withMadeUp().Providers))
				for id, s := range secrets {
					assert.NotContains(t, s.Properties, "SecretString", id)
					assert.NotContains(t, s.Properties, "GenerateSecretString", id)
				}
			},
			breaks: []mutation{
				drop("StripeSecret"),
				set("StripeSecret.Properties.SecretString", "whsec_"),
				set("StripeSecret.Properties.GenerateSecretString", map[string]any{}),
			},
		},
		property("the table is paid by request", "EventsTable", "BillingMode", "PAY_PER_REQUEST"),
		property("the table can be put back to any second", "EventsTable", "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled", true),
		property("downstream readers get new items whole", "EventsTable", "StreamSpecification.StreamViewType", "NEW_IMAGE"),
		property("items may expire", "EventsTable", "TimeToLiveSpecification.AttributeName", contract.ExpiresAtAttribute),
		property("expiry is on", "EventsTable", "TimeToLiveSpecification.Enabled", true),
		{
			says:  "an event is found by its id, by its payment and by its day, each in order of time",
			holds: tableHasItsKeys,
			breaks: []mutation{
				drop("EventsTable.Properties.KeySchema.1"),
				drop("EventsTable.Properties.GlobalSecondaryIndexes.0"),
				set("EventsTable.Properties.GlobalSecondaryIndexes.1.KeySchema.0.AttributeName", "provider"),
				set("EventsTable.Properties.GlobalSecondaryIndexes.1.Projection.ProjectionType", "ALL"),
				set("EventsTable.Properties.AttributeDefinitions.1.AttributeType", "S"),
			},
		},
	}
}

func everythingIsEncrypted(t require.TestingT, d document) {
	for resourceType, path := range map[string]string{
		"AWS::Logs::LogGroup":         "KmsKeyId",
		"AWS::SQS::Queue":             "KmsMasterKeyId",
		"AWS::SNS::Topic":             "KmsMasterKeyId",
		"AWS::SecretsManager::Secret": "KmsKeyId",
	} {
		found := d.ofType(resourceType)
		require.NotEmpty(t, found, resourceType)
		for id, r := range found {
			assert.Equal(t, "Key.Arn", decode[string](t, r, path), id)
		}
	}
	assert.Equal(t, map[string]any{"SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": "Key.Arn"},
		d.Resources["EventsTable"].Properties["SSESpecification"])
	assert.Equal(t, []any{map[string]any{
		"BucketKeyEnabled":              true,
		"ServerSideEncryptionByDefault": map[string]any{"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "Key.Arn"},
	}}, decode[any](t, d.Resources["FailedWebhooks"], "BucketEncryption.ServerSideEncryptionConfiguration"))
}

func keyIsRestricted(t require.TestingT, d document) {
	key := d.Resources["Key"]
	assert.Equal(t, true, key.Properties["EnableKeyRotation"])
	assert.Equal(t, 7, decode[int](t, key, "PendingWindowInDays"))
	assert.Equal(t, "Key", d.Resources["KeyAlias"].Properties["TargetKeyId"])

	policy := statements(t, key, "KeyPolicy")
	require.Len(t, policy, 3)
	require.NotNil(t, policy[1].Condition)
	slices.Sort(policy[1].Condition.ArnEquals[logsContext])
	for i, want := range keyPolicy(t, d) {
		assert.Equal(t, want, policy[i])
	}
}

const logsContext = "kms:EncryptionContext:aws:logs:arn"

func keyPolicy(t require.TestingT, d document) []statement {
	// A log group that the policy leaves out fails to create.
	var groups []string
	for _, g := range d.ofType("AWS::Logs::LogGroup") {
		groups = append(groups, "arn:aws:logs:us-east-1:123456789012:log-group:"+decode[string](t, g, "LogGroupName"))
	}
	slices.Sort(groups)
	return []statement{
		{
			Sid: "DelegateToIam", Effect: "Allow",
			Principal: &principal{AWS: "arn:aws:iam::123456789012:root"},
			Action:    []string{"kms:*"},
			Resource:  []string{"*"},
		},
		{
			Sid: "EncryptLogs", Effect: "Allow",
			Principal: &principal{Service: "logs.us-east-1.amazonaws.com"},
			Action:    []string{"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"},
			Resource:  []string{"*"},
			Condition: &condition{ArnEquals: map[string][]string{logsContext: groups}},
		},
		{
			Sid: "EncryptAlarms", Effect: "Allow",
			Principal: &principal{Service: "cloudwatch.amazonaws.com"},
			Action:    []string{"kms:Decrypt", "kms:GenerateDataKey*"},
			Resource:  []string{"*"},
			Condition: anAlarmOfThisAccount(),
		},
	}
}

func tableHasItsKeys(t require.TestingT, d document) {
	table := d.Resources["EventsTable"]
	assert.Equal(t, "WebhookEvents-dev", table.Properties["TableName"])
	assert.Equal(t, "eventId HASH, timestamp RANGE", keys(decode[[]dynamodb.Table_KeySchema](t, table, "KeySchema")))
	indexes := map[string]string{}
	for _, index := range decode[[]dynamodb.Table_GlobalSecondaryIndex](t, table, "GlobalSecondaryIndexes") {
		indexes[index.IndexName] = keys(index.KeySchema)
		assert.Equal(t, "INCLUDE", *index.Projection.ProjectionType)
		assert.Equal(t, contract.ListColumns(), index.Projection.NonKeyAttributes)
	}
	assert.Equal(t, map[string]string{
		"byPayment": "paymentKey HASH, timestamp RANGE",
		"byDay":     "dayKey HASH, timestamp RANGE",
	}, indexes)

	types := map[string]string{}
	for _, a := range decode[[]dynamodb.Table_AttributeDefinition](t, table, "AttributeDefinitions") {
		types[a.AttributeName] = a.AttributeType
	}
	assert.Equal(t, map[string]string{"eventId": "S", "timestamp": "N", "paymentKey": "S", "dayKey": "S"}, types)
}

func keys(schema []dynamodb.Table_KeySchema) string {
	var parts []string
	for _, k := range schema {
		parts = append(parts, k.AttributeName+" "+k.KeyType)
	}
	return strings.Join(parts, ", ")
}
