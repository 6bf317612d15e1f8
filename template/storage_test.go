package template

import (
	"slices"
	"strings"
	"testing"

	"github.com/awslabs/goformation/v7/cloudformation/dynamodb"
	"github.com/awslabs/goformation/v7/cloudformation/s3"
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
			says:  "the key rotates, has an alias, and serves this account's roles, the stack's log groups and alarms",
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
		property("the table is billed per request", "EventsTable", "BillingMode", "PAY_PER_REQUEST"),
		property("the table can be restored to any second", "EventsTable", "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled", true),
		property("readers of the stream get whole items", "EventsTable", "StreamSpecification.StreamViewType", "NEW_IMAGE"),
		property("items may expire", "EventsTable", "TimeToLiveSpecification.AttributeName", contract.ExpiresAtAttribute),
		property("expiry is on", "EventsTable", "TimeToLiveSpecification.Enabled", true),
		{
			says:  "events are found by id, by payment and by day, ordered by time",
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
	// Creating a log group that the policy does not list fails.
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

func bucketRequirements() []requirement {
	const rules = "FailedWebhooks.Properties.LifecycleConfiguration.Rules."
	var blocks []requirement
	for _, block := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
		blocks = append(blocks, property("nothing is public: "+block, "FailedWebhooks", "PublicAccessBlockConfiguration."+block, true))
	}
	return append(blocks,
		property("old versions are kept for a while", "FailedWebhooks", "VersioningConfiguration.Status", "Enabled"),
		property("the account owns every object", "FailedWebhooks", "OwnershipControls.Rules.0.ObjectOwnership", "BucketOwnerEnforced"),
		requirement{
			says: "it denies everybody access without TLS",
			holds: func(t require.TestingT, d document) {
				policy := d.Resources["FailedWebhooksPolicy"]
				assert.Equal(t, "FailedWebhooks", policy.Properties["Bucket"])
				assert.Equal(t, []statement{plainHTTPDenied("s3:*", "FailedWebhooks.Arn", "FailedWebhooks.Arn/*")},
					statements(t, policy, "PolicyDocument"))
			},
			breaks: []mutation{
				set("FailedWebhooksPolicy.Properties.Bucket", "another"),
				drop("FailedWebhooksPolicy.Properties.PolicyDocument.Statement.0.Resource.1"),
				drop("FailedWebhooksPolicy.Properties.PolicyDocument.Statement.0.Condition"),
			},
		},
		requirement{
			says: "aborted uploads and old versions expire, whatever the key",
			holds: func(t require.TestingT, d document) {
				everything := rulesFor(t, d, "")
				require.Len(t, everything, 1)
				assert.Equal(t, 1, everything[0].AbortIncompleteMultipartUpload.DaysAfterInitiation)
				assert.Equal(t, 30, everything[0].NoncurrentVersionExpiration.NoncurrentDays)
				assert.True(t, *everything[0].ExpiredObjectDeleteMarker)
				assert.Nil(t, everything[0].ExpirationInDays)
			},
			breaks: []mutation{
				set(rules+"0.Status", "Disabled"),
				set(rules+"0.Prefix", "stripe/"),
				set(rules+"0.AbortIncompleteMultipartUpload.DaysAfterInitiation", 100),
				set(rules+"0.NoncurrentVersionExpiration.NoncurrentDays", 1),
				set(rules+"0.ExpirationInDays", 30),
			},
		},
		requirement{
			says:  "the archive moves to Glacier after 90 days, whatever the object's size",
			holds: archiveGoesToGlacier,
			breaks: []mutation{
				drop(rules + "2"),
				drop(rules + "2.ObjectSizeGreaterThan"), // nothing below 128 KB
				set(rules+"2.Transitions.0.TransitionInDays", 1),
				set(rules+"2.Status", "Disabled"),
				set(rules+"2.Prefix", "/stripe"),
			},
		},
		requirement{
			says: "large payloads never move to Glacier",
			holds: func(t require.TestingT, d document) {
				oversize := rulesFor(t, d, "oversize/")
				require.Len(t, oversize, 1)
				assert.Empty(t, oversize[0].Transitions)
			},
			breaks: []mutation{
				set(rules+"1.Transitions", []any{map[string]any{"StorageClass": "GLACIER", "TransitionInDays": 90}}),
				drop(rules + "1"),
			},
		},
	)
}

// rulesFor returns the enabled lifecycle rules of a prefix. In a document, the
// days of an expiry are a parameter's name, which is replaced by a number.
func rulesFor(t require.TestingT, d document, prefix string) []s3.Bucket_Rule {
	var found []s3.Bucket_Rule
	for _, rule := range decode[[]map[string]any](t, d.Resources["FailedWebhooks"], "LifecycleConfiguration.Rules") {
		if rule["ExpirationInDays"] == eventRetentionDays || rule["ExpirationInDays"] == archiveRetentionDays {
			rule["ExpirationInDays"] = 1
		}
		typed := decode[s3.Bucket_Rule](t, resource{Properties: map[string]any{"Rule": rule}}, "Rule")
		if typed.Status == "Enabled" && (typed.Prefix == nil && prefix == "" || typed.Prefix != nil && *typed.Prefix == prefix) {
			found = append(found, typed)
		}
	}
	return found
}

func archiveGoesToGlacier(t require.TestingT, d document) {
	for _, prefix := range []string{"stripe/", "paypal/", "square/", "acme/", "umbra/", "unknown/"} {
		rules := rulesFor(t, d, prefix)
		require.Len(t, rules, 2, prefix)
		require.Len(t, rules[0].Transitions, 1, prefix)
		assert.Equal(t, "GLACIER", rules[0].Transitions[0].StorageClass)
		assert.Equal(t, 90, *rules[0].Transitions[0].TransitionInDays)
		require.NotNil(t, rules[0].ObjectSizeGreaterThan)
		assert.Equal(t, "0", *rules[0].ObjectSizeGreaterThan)
	}
}

// S3 refuses an expiry after 0 days, so a retention of 0 days is no rule.
func TestExpiryNeedsDays(t *testing.T) {
	expiring := func(without ...string) map[string]any {
		days := map[string]any{}
		bucket := build(t, withMadeUp(), "dev", without...).Resources["FailedWebhooks"]
		for _, rule := range decode[[]map[string]any](t, bucket, "LifecycleConfiguration.Rules") {
			if rule["ExpirationInDays"] != nil {
				days[rule["Prefix"].(string)] = rule["ExpirationInDays"]
			}
		}
		return days
	}
	archive := map[string]any{
		"stripe/": archiveRetentionDays, "paypal/": archiveRetentionDays, "square/": archiveRetentionDays,
		"acme/": archiveRetentionDays, "umbra/": archiveRetentionDays, "unknown/": archiveRetentionDays,
	}
	assert.Equal(t, archive, expiring("EventsExpire"))
	assert.Equal(t, map[string]any{"oversize/": eventRetentionDays}, expiring("ArchiveExpires"))
	assert.Empty(t, expiring("EventsExpire", "ArchiveExpires"))
}

func deletionRequirements() []requirement {
	return []requirement{
		{
			says:  "deleting the stack retains nothing, and resources that hold data have both policies",
			holds: everythingIsDestroyed,
			breaks: []mutation{
				set("EventsTable.DeletionPolicy", "Retain"),
				set("StripeSecret.UpdateReplacePolicy", "Snapshot"),
				drop("FailedWebhooks.DeletionPolicy"),
				drop("Key.UpdateReplacePolicy"),
				set("Api.DeletionPolicy", "Retain"),
				set("EventsTable.Properties.DeletionProtectionEnabled", true),
			},
		},
		{
			says:  "the stack's own function empties the stack's bucket",
			holds: bucketIsEmptied,
			breaks: []mutation{
				drop("EmptiedBucket"),
				set("EmptiedBucket.Properties.ServiceToken", "ArchiverFunction.Arn"),
				set("EmptiedBucket.Properties.BucketName", "another"),
				drop("EmptiedBucket.Properties.ServiceTimeout"), // an hour
				set("ArchiverFunction.Properties.Timeout", 60),
			},
		},
		{
			says: "the bucket is emptied after its writers are deleted and before it is deleted",
			holds: func(t require.TestingT, d document) {
				after := []string{"Stage", "ConsumerMapping", "ArchiverMapping"}
				for _, id := range after {
					assert.Contains(t, needs(d, id), "EmptiedBucket", "%s is deleted first", id)
				}
				for _, id := range []string{"FailedWebhooks", "FailedWebhooksPolicy", "EmptierFunction", "EmptierRole", "EmptierLogGroup", "Key"} {
					assert.Contains(t, needs(d, "EmptiedBucket"), id, "%s is deleted later", id)
				}
			},
			breaks: []mutation{
				drop("Stage.DependsOn"),
				drop("ConsumerMapping.DependsOn"),
				drop("ArchiverMapping.DependsOn"),
				drop("EmptiedBucket.DependsOn"),
				set("EmptierFunction.Properties.Role", "arn:aws:iam::123456789012:role/x"),
			},
		},
		{
			says: "a log group is deleted after its function, which could create it again",
			holds: eachFunction(func(t require.TestingT, d document, id string, f resource) {
				assert.Contains(t, mentions(d, f.Properties), stem(id)+"LogGroup")
			}),
			breaks: []mutation{set("ArchiverFunction.Properties.LoggingConfig.LogGroup", "/aws/lambda/dlq-archiver-dev")},
		},
	}
}

func everythingIsDestroyed(t require.TestingT, d document) {
	stateful := []string{
		"AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::S3::Bucket", "AWS::SQS::Queue",
		"AWS::SecretsManager::Secret", "Custom::EmptiedBucket",
	}
	for id, r := range d.Resources {
		want := ""
		if slices.Contains(stateful, r.Type) {
			want = "Delete"
		}
		assert.Equal(t, want, r.DeletionPolicy, id)
		assert.Equal(t, want, r.UpdateReplacePolicy, id)
		assert.NotContains(t, r.Properties, "DeletionProtectionEnabled", id)
	}
}

func bucketIsEmptied(t require.TestingT, d document) {
	emptied := d.Resources["EmptiedBucket"]
	timeout := decode[int](t, d.Resources["EmptierFunction"], "Timeout")
	assert.Equal(t, map[string]any{
		"ServiceToken":   "EmptierFunction.Arn",
		"ServiceTimeout": float64(timeout + 60),
		"BucketName":     "FailedWebhooks",
	}, emptied.Properties)
	for _, writer := range []string{"StripeProcessorFunction", "ArchiverFunction"} {
		assert.Less(t, decode[float64](t, d.Resources[writer], "Timeout"), contract.BucketQuiet.Seconds(),
			"%s, invoked just before the deletion, has ended", writer)
	}
}

// needs returns the resources that a resource refers to or depends on, directly or
// not. CloudFormation creates them before it and deletes them after it.
func needs(d document, id string) []string {
	var found []string
	for next := []string{id}; len(next) > 0; next = next[1:] {
		r := d.Resources[next[0]]
		for _, other := range slices.Concat(r.DependsOn, mentions(d, r.Properties)) {
			if !slices.Contains(found, other) {
				found = append(found, other)
				next = append(next, other)
			}
		}
	}
	return found
}

// mentions returns the resources that v refers to.
func mentions(d document, v any) (found []string) {
	switch v := v.(type) {
	case string:
		id, _, _ := strings.Cut(v, ".")
		if _, ok := d.Resources[id]; ok {
			return []string{id}
		}
	case []any:
		for _, item := range v {
			found = append(found, mentions(d, item)...)
		}
	case map[string]any:
		for _, item := range v {
			found = append(found, mentions(d, item)...)
		}
	}
	return found
}
