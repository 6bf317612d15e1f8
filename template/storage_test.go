package template

import (
	"slices"
	"strings"
	"testing"

	"github.com/awslabs/goformation/v7/cloudformation/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
)

func TestEverythingStoredIsEncryptedWithTheKey(t *testing.T) {
	property := map[string]string{
		"AWS::DynamoDB::Table":        "SSESpecification.KMSMasterKeyId",
		"AWS::Logs::LogGroup":         "KmsKeyId",
		"AWS::SQS::Queue":             "KmsMasterKeyId",
		"AWS::SecretsManager::Secret": "KmsKeyId",
	}
	d := build(t, withMadeUp(), "dev")
	for resourceType, path := range property {
		found := d.ofType(resourceType)
		assert.NotEmpty(t, found, resourceType)
		for id, r := range found {
			assert.Equal(t, "Key.Arn", decode[string](t, r, path), id)
		}
	}
}

func TestEverythingIsDestroyedWithTheStack(t *testing.T) {
	stateful := []string{
		"AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::SQS::Queue", "AWS::SecretsManager::Secret",
	}
	for id, r := range build(t, withMadeUp(), "dev").Resources {
		want := ""
		if slices.Contains(stateful, r.Type) {
			want = "Delete"
		}
		assert.Equal(t, want, r.DeletionPolicy, id)
		assert.Equal(t, want, r.UpdateReplacePolicy, id)
		assert.NotContains(t, r.Properties, "DeletionProtectionEnabled", id)
	}
}

func TestKey(t *testing.T) {
	d := build(t, withMadeUp(), "dev")
	key := d.Resources["Key"]
	assert.Equal(t, true, key.Properties["EnableKeyRotation"])
	assert.Equal(t, 7, decode[int](t, key, "PendingWindowInDays"))
	assert.Equal(t, "Key", d.Resources["KeyAlias"].Properties["TargetKeyId"])

	policy := statements(t, key, "KeyPolicy")
	require.Len(t, policy, 2)
	assert.Equal(t, &principal{AWS: "arn:aws:iam::123456789012:root"}, policy[0].Principal)
	assert.Equal(t, &principal{Service: "logs.us-east-1.amazonaws.com"}, policy[1].Principal)

	// A log group that the policy leaves out fails to create.
	var groups []string
	for _, g := range d.ofType("AWS::Logs::LogGroup") {
		assert.Equal(t, 30, decode[int](t, g, "RetentionInDays"))
		groups = append(groups, "arn:aws:logs:us-east-1:123456789012:log-group:"+decode[string](t, g, "LogGroupName"))
	}
	assert.ElementsMatch(t, groups, policy[1].Condition.ArnEquals["kms:EncryptionContext:aws:logs:arn"])
}

func TestSecretsAreCreatedEmpty(t *testing.T) {
	secrets := build(t, withMadeUp(), "dev").ofType("AWS::SecretsManager::Secret")
	assert.Equal(t, []string{"AcmeSecret", "StripeSecret"}, ids(secrets))
	for id, s := range secrets {
		assert.NotContains(t, s.Properties, "SecretString", id)
		assert.NotContains(t, s.Properties, "GenerateSecretString", id)
	}
}

func TestTable(t *testing.T) {
	table := build(t, Options{}, "dev").Resources["EventsTable"]
	assert.Equal(t, "WebhookEvents-dev", table.Properties["TableName"])
	assert.Equal(t, "PAY_PER_REQUEST", table.Properties["BillingMode"])
	assert.Equal(t, true, decode[bool](t, table, "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled"))
	assert.Equal(t, "NEW_IMAGE", decode[string](t, table, "StreamSpecification.StreamViewType"))
	assert.Equal(t, "expiresAt", decode[string](t, table, "TimeToLiveSpecification.AttributeName"))
	assert.Equal(t, true, decode[bool](t, table, "TimeToLiveSpecification.Enabled"))

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
