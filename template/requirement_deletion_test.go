package template

import (
	"slices"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
)

func deletionRequirements() []requirement {
	return []requirement{
		{
			says:  "nothing is retained or protected, and all that holds data says so",
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
			says:  "the bucket is emptied: by the stack's own function, which takes no other bucket",
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
			says: "it is emptied after every writer is gone and before its policy and itself go",
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
			says: "no log group is left: a function's goes after the function, which so cannot make it anew",
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
			"%s, started just before, is over", writer)
	}
}

// needs are all resources that must be there before one, and are so deleted
// after it: those that it refers to or depends on, and theirs.
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

// mentions are the resources whose ids or attributes stand in v.
func mentions(d document, v any) []string {
	var found []string
	walk(v, func(s string) {
		for id := range d.Resources {
			if s == id || len(s) > len(id) && s[:len(id)+1] == id+"." {
				found = append(found, id)
			}
		}
	})
	return found
}

// walk visits every string in v.
func walk(v any, visit func(string)) {
	switch v := v.(type) {
	case string:
		visit(v)
	case []any:
		for _, item := range v {
			walk(item, visit)
		}
	case map[string]any:
		for _, item := range v {
			walk(item, visit)
		}
	}
}
