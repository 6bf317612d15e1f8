package template

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Whether a checker obeys is shown with the checkers, in test/static.
func TestSuppressionsAreSpelledAsEachCheckerReadsThem(t *testing.T) {
	assert.Empty(t, suppressed())
	assert.Equal(t, map[string]any{
		"checkov": map[string]any{"skip": []map[string]any{{"id": "CKV_AWS_1", "comment": "a"}}},
		"cdk_nag": map[string]any{"rules_to_suppress": []map[string]any{
			{"id": "AwsSolutions-S1", "reason": "b"},
			{"id": "AwsSolutions-IAM5", "reason": "c", "applies_to": []string{"Resource::<Bucket.Arn>/*"}},
		}},
	}, suppressed(
		suppression{"CKV_AWS_1", "a"},
		suppression{"AwsSolutions-S1", "b"},
		suppression{"AwsSolutions-IAM5[Resource::<Bucket.Arn>/*]", "c"},
	))
}
