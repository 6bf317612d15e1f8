package template

import (
	"testing"

	"github.com/awslabs/goformation/v7/cloudformation/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func bucketRequirements() []requirement {
	const rules = "FailedWebhooks.Properties.LifecycleConfiguration.Rules."
	var blocks []requirement
	for _, block := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
		blocks = append(blocks, property("nothing is public: "+block, "FailedWebhooks", "PublicAccessBlockConfiguration."+block, true))
	}
	return append(blocks,
		property("its name has the account in it", "FailedWebhooks", "BucketName", "failed-webhooks-123456789012-dev"),
		property("old versions are kept for a while", "FailedWebhooks", "VersioningConfiguration.Status", "Enabled"),
		property("the account owns every object", "FailedWebhooks", "OwnershipControls.Rules.0.ObjectOwnership", "BucketOwnerEnforced"),
		requirement{
			says: "it refuses plain HTTP, whoever asks",
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
			says:  "the archive goes to Glacier after 90 days, whatever an object's size",
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
			says: "large payloads are readable at once for as long as their events live",
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

// rulesFor are the enabled lifecycle rules of a prefix. The days of an expiry
// are a parameter's name here, which is no number.
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
	for _, prefix := range []string{"stripe/", "paypal/", "square/", "acme/", "unknown/"} {
		rules := rulesFor(t, d, prefix)
		require.Len(t, rules, 2, prefix)
		require.Len(t, rules[0].Transitions, 1, prefix)
		assert.Equal(t, "GLACIER", rules[0].Transitions[0].StorageClass)
		assert.Equal(t, 90, *rules[0].Transitions[0].TransitionInDays)
		require.NotNil(t, rules[0].ObjectSizeGreaterThan)
		assert.Equal(t, "0", *rules[0].ObjectSizeGreaterThan)
	}
}

// A retention of 0 days is no rule at all: S3 takes no expiry after 0 days.
func TestExpiryIsThereWhenDaysAreGiven(t *testing.T) {
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
		"acme/": archiveRetentionDays, "unknown/": archiveRetentionDays,
	}
	assert.Equal(t, archive, expiring("EventsExpire"))
	assert.Equal(t, map[string]any{"oversize/": eventRetentionDays}, expiring("ArchiveExpires"))
	assert.Empty(t, expiring("EventsExpire", "ArchiveExpires"))
}
