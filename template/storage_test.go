package template

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/awslabs/goformation/v7/cloudformation/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
)

func storageRequirements() []requirement {
	return []requirement{
		{
			says:  "everything that keeps data is encrypted with the key; a bus, which keeps none, loses none because of it",
			holds: everythingIsEncrypted,
			breaks: []mutation{
				drop("EventsTable.Properties.SSESpecification"),
				set("EventsTable.Properties.SSESpecification.SSEEnabled", false),
				drop("EmptierLogGroup.Properties.KmsKeyId"),
				set("DeadLetterQueue.Properties.KmsMasterKeyId", "alias/aws/sqs"),
				drop("SquareSecret.Properties.KmsKeyId"),
				drop("EventTopic.Properties.KmsMasterKeyId"),
				set("EventBus.Properties.KmsKeyIdentifier", "Key.Arn"),
				set("FailedWebhooks.Properties.BucketEncryption.ServerSideEncryptionConfiguration.0"+
					".ServerSideEncryptionByDefault.SSEAlgorithm", "AES256"),
			},
		},
		{
			says:  "the key rotates, has an alias, and serves this account's roles and the stack's log groups",
			holds: keyIsRestricted,
			breaks: []mutation{
				drop("Key.Properties.EnableKeyRotation"),
				set("Key.Properties.PendingWindowInDays", 7), // DynamoDB's backup lives for 35 days
				set("KeyAlias.Properties.TargetKeyId", "another"),
				set("Key.Properties.KeyPolicy.Statement.0.Principal.AWS", "*"),
				set("Key.Properties.KeyPolicy.Statement.0.Action.0", "kms:Describe*"),
				drop("Key.Properties.KeyPolicy.Statement.1.Condition"),
				drop("Key.Properties.KeyPolicy.Statement.1.Condition.ArnEquals.kms:EncryptionContext:aws:logs:arn.0"),
			},
		},
		{
			says: "secrets are created empty, one for each provider and one for the keys of their APIs",
			holds: func(t require.TestingT, d document) {
				secrets := d.ofType("AWS::SecretsManager::Secret")
				require.Len(t, secrets, len(withMadeUp().Providers)+1)
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
		property("events are found by id and ordered by time", "EventsTable", "KeySchema", keySchema("eventId")),
		property("and by payment and by day", "EventsTable", "GlobalSecondaryIndexes", []any{
			listIndex("byPayment", "paymentKey", contract.PaymentColumns()), listIndex("byDay", "dayKey", contract.DayColumns()),
		}),
		property("an index lists events without their payloads", "EventsTable", "GlobalSecondaryIndexes.0.Projection",
			map[string]any{"ProjectionType": "INCLUDE", "NonKeyAttributes": contract.PaymentColumns()}),
		property("a guard has a name and may expire", "GuardTable", "KeySchema",
			[]dynamodb.Table_KeySchema{{AttributeName: contract.GuardAttribute, KeyType: "HASH"}}),
		property("expired guards are deleted", "GuardTable", "TimeToLiveSpecification",
			map[string]any{"AttributeName": contract.ExpiresAtAttribute, "Enabled": true}),
		property("the partition key comes first", "EventsTable", "KeySchema.0",
			dynamodb.Table_KeySchema{AttributeName: "eventId", KeyType: "HASH"}),
		property("the types of all keys", "EventsTable", "AttributeDefinitions", []dynamodb.Table_AttributeDefinition{
			{AttributeName: "eventId", AttributeType: "S"}, {AttributeName: "timestamp", AttributeType: "N"},
			{AttributeName: "paymentKey", AttributeType: "S"}, {AttributeName: "dayKey", AttributeType: "S"},
		}),
	}
}

func everythingIsEncrypted(t require.TestingT, d document) {
	for resourceType, path := range map[string]string{
		"AWS::Logs::LogGroup":         "KmsKeyId",
		"AWS::SQS::Queue":             "KmsMasterKeyId",
		"AWS::SecretsManager::Secret": "KmsKeyId",
	} {
		found := d.ofType(resourceType)
		require.NotEmpty(t, found, resourceType)
		for id, r := range found {
			assert.Equal(t, "Key.Arn", decode[string](t, r, path), id)
		}
	}
	assert.Equal(t, "Key.Arn", decode[string](t, d.Resources["EventTopic"], "KmsMasterKeyId"))
	assert.NotContains(t, d.Resources["EventBus"].Properties, "KmsKeyIdentifier")
	for id, table := range d.ofType("AWS::DynamoDB::Table") {
		assert.Equal(t, map[string]any{"SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": "Key.Arn"},
			table.Properties["SSESpecification"], id)
	}
	assert.Equal(t, []any{map[string]any{
		"BucketKeyEnabled":              true,
		"ServerSideEncryptionByDefault": map[string]any{"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "Key.Arn"},
	}}, decode[any](t, d.Resources["FailedWebhooks"], "BucketEncryption.ServerSideEncryptionConfiguration"))
}

func keyIsRestricted(t require.TestingT, d document) {
	key := d.Resources["Key"]
	assert.Equal(t, true, key.Properties["EnableKeyRotation"])
	assert.Equal(t, 30, decode[int](t, key, "PendingWindowInDays"))
	assert.Equal(t, "Key", d.Resources["KeyAlias"].Properties["TargetKeyId"])

	policy := statements(t, key, "KeyPolicy")
	require.Len(t, policy, 2)
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
	}
}

func bucketRequirements() []requirement {
	archive := func(provider, days string) []any {
		return []any{
			// Without a size filter, S3 moves nothing below 128 KB.
			map[string]any{"Id": provider + " to Glacier", "Prefix": provider, "Status": "Enabled", "ObjectSizeGreaterThan": "0",
				"Transitions": []any{map[string]any{"StorageClass": "GLACIER", "TransitionInDays": 90}}},
			map[string]any{"Id": provider + " expires", "Prefix": provider, "Status": "Enabled", "ExpirationInDays": days},
		}
	}
	rules := []any{
		map[string]any{
			"Id": "clean-up", "Status": "Enabled", "ExpiredObjectDeleteMarker": true,
			"AbortIncompleteMultipartUpload": map[string]any{"DaysAfterInitiation": 1},
			"NoncurrentVersionExpiration":    map[string]any{"NoncurrentDays": 30},
		},
	}
	for _, days := range contract.RetentionDays() {
		prefix := fmt.Sprintf("oversize/%dd/", days)
		rules = append(rules, map[string]any{
			"Id": prefix + " expires", "Prefix": prefix, "Status": "Enabled", "ExpirationInDays": days + 7,
		})
	}
	for _, own := range []struct {
		prefix string
		days   int
	}{{"certificates/", 398}, {"fetches/", 1}, {"reconciliations/", 90}} {
		rules = append(rules, map[string]any{
			"Id": own.prefix + " expires", "Prefix": own.prefix, "Status": "Enabled", "ExpirationInDays": own.days,
		})
	}
	for _, provider := range []string{"stripe/", "paypal/", "square/", "penumbra/", "umbra/", "unknown/"} {
		rules = append(rules, archive(provider, archiveRetentionDays)...)
	}
	rules = append(rules, map[string]any{
		"Id": "replays/ expires", "Prefix": "replays/", "Status": "Enabled", "ExpirationInDays": archiveRetentionDays,
	})
	return []requirement{
		property("nothing is public", "FailedWebhooks", "PublicAccessBlockConfiguration", map[string]any{
			"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true,
		}),
		property("old versions are kept for a while", "FailedWebhooks", "VersioningConfiguration.Status", "Enabled"),
		property("the account owns every object", "FailedWebhooks", "OwnershipControls.Rules.0.ObjectOwnership", "BucketOwnerEnforced"),
		property("the bucket has a policy", "FailedWebhooksPolicy", "Bucket", "FailedWebhooks"),
		property("it denies everybody access without TLS, and to replace an object", "FailedWebhooksPolicy", "PolicyDocument.Statement",
			[]statement{plainHTTPDenied("s3:*", "FailedWebhooks.Arn", "FailedWebhooks.Arn/*"), {
				Sid: "DenyReplacing", Effect: "Deny", Principal: &principal{AWS: "*"},
				Action: []string{"s3:PutObject"}, Resource: []string{"FailedWebhooks.Arn/*"},
				Condition: &condition{
					Bool: map[string]string{"s3:ObjectCreationOperation": "true"},
					Null: map[string]string{"s3:if-none-match": "true"},
				},
			}}),
		property("the archive moves to Glacier after 90 days; objects and old versions expire", "FailedWebhooks", "LifecycleConfiguration.Rules", rules),
		{
			says:  "a large payload outlives its row by a week, whatever retention is in force later",
			holds: payloadsOutliveTheirRows,
			breaks: []mutation{
				set("Parameters.EventRetentionDays.AllowedValues", []string{"0", "7", "45"}), // no rule: for ever
				set("FailedWebhooks.Properties.LifecycleConfiguration.Rules.1.ExpirationInDays", eventRetentionDays),
				set("FailedWebhooks.Properties.LifecycleConfiguration.Rules.1.ExpirationInDays", 7),
				set("FailedWebhooks.Properties.LifecycleConfiguration.Rules.1.Prefix", "oversize/"),
				set("WebhookQueue.Properties.MessageRetentionPeriod", 8*24*3600),
			},
		},
	}
}

// payloadsOutliveTheirRows looks for the rules that can hit a large payload of each
// retention. S3 applies rules to existing objects, so none may depend on a parameter.
func payloadsOutliveTheirRows(t require.TestingT, d document) {
	rules := decode[[]map[string]any](t, d.Resources["FailedWebhooks"], "LifecycleConfiguration.Rules")
	queued := decode[int](t, d.Resources["WebhookQueue"], "MessageRetentionPeriod") / (24 * 3600)
	for _, value := range d.Parameters[eventRetentionDays].AllowedValues {
		days, err := strconv.Atoi(value)
		require.NoError(t, err)
		var expiries []any
		for _, rule := range rules {
			prefix, ok := rule["Prefix"].(string)
			if ok && strings.HasPrefix(contract.RetentionPrefix(days)+"stripe/2026-03-01/", prefix) {
				expiries = append(expiries, rule["ExpirationInDays"])
			}
		}
		if days == 0 {
			assert.Empty(t, expiries, "kept")
			continue
		}
		assert.Equal(t, []any{float64(days + 7)}, expiries, "%d days", days)
		assert.GreaterOrEqual(t, days, queued, "a row is stored before it expires")
	}
}

// S3 refuses an expiry after 0 days, so a retention of 0 days is no rule.
func TestExpiryNeedsDays(t *testing.T) {
	archived := archivePrefixes(withMadeUp().Providers)
	expiring := func(without ...string) map[string]any {
		days := map[string]any{}
		bucket := build(t, withMadeUp(), "dev", without...).Resources["FailedWebhooks"]
		for _, rule := range decode[[]map[string]any](t, bucket, "LifecycleConfiguration.Rules") {
			if prefix, _ := rule["Prefix"].(string); rule["ExpirationInDays"] != nil && slices.Contains(archived, prefix) {
				days[prefix] = rule["ExpirationInDays"]
			}
		}
		return days
	}
	archive := map[string]any{}
	for _, prefix := range archived {
		archive[prefix] = archiveRetentionDays
	}
	assert.Equal(t, archive, expiring())
	assert.Empty(t, expiring("ArchiveExpires"))
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
				drop("GuardTable.Properties.DeletionProtectionEnabled"),
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
				// An invocation of the reconciler can be longer than the bucket is watched. Its
				// role is deleted first.
				after := []string{"Stage", "ConsumerMapping", "ArchiverMapping", "ReconcilerRole", "ReconcilerSchedule", "ReconcilerPermission"}
				for _, id := range after {
					assert.Contains(t, needs(d, id), "EmptiedBucket", "%s is deleted first", id)
				}
				for _, id := range []string{"FailedWebhooks", "FailedWebhooksPolicy", "EmptierFunction", "EmptierRole", "EmptierLogGroup", "Key"} {
					assert.Contains(t, needs(d, "EmptiedBucket"), id, "%s is deleted later", id)
				}
			},
			breaks: []mutation{
				drop("Stage.DependsOn"),
				drop("EventsTable.DependsOn"),
				drop("ArchiverMapping.DependsOn"),
				drop("EmptiedBucket.DependsOn"),
				set("EmptierFunction.Properties.Role", "arn:aws:iam::123456789012:role/x"),
			},
		},
		{
			says: "a deletion that DeletionProtection refuses keeps all data, because the tables are deleted first",
			holds: func(t require.TestingT, d document) {
				kept := []string{"FailedWebhooks", "EmptiedBucket", "WebhookQueue", "DeadLetterQueue", "Key"}
				for _, p := range withMadeUp().Providers {
					kept = append(kept, p.Title+"Secret")
				}
				for id := range d.ofType("AWS::DynamoDB::Table") {
					assert.Subset(t, needs(d, id), kept, id)
				}
			},
			breaks: []mutation{drop("EventsTable.DependsOn"), drop("GuardTable.DependsOn"), drop("EventsTable.DependsOn.0")},
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
		if r.Type == "AWS::DynamoDB::Table" { // the parameter is false by default
			assert.Equal(t, "DeletionProtection", r.Properties["DeletionProtectionEnabled"], id)
			continue
		}
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
