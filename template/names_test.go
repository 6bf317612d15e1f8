package template

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
)

// names are all names that the stack gives with its suffix: type and property
// to the names.
func names(t *testing.T, o Options, suffix string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, r := range build(t, o, suffix).Resources {
		for property := range r.Properties {
			name, isString := r.Properties[property].(string)
			if isString && strings.HasSuffix(property, "Name") && strings.Contains(name, suffix) ||
				property == "Name" && r.Type != "AWS::ApiGateway::Authorizer" { // unique in its API, not in the account
				require.True(t, strings.HasSuffix(name, "-"+suffix), "%s %s: the suffix is not last", r.Type, name)
				key := r.Type + "." + property
				found[key] = append(found[key], name)
			}
		}
	}
	return found
}

func TestNamesFitTheirServices(t *testing.T) {
	// Each service's API reference, the length constraint of the parameter.
	limits := map[string]int{
		"AWS::ApiGateway::RestApi.Name":            1024,
		"AWS::CloudWatch::Alarm.AlarmName":         255,
		"AWS::CloudWatch::Alarm.MetricName":        255,
		"AWS::CloudWatch::Dashboard.DashboardName": 255,
		"AWS::DynamoDB::Table.TableName":           255,
		"AWS::IAM::Role.RoleName":                  64,
		"AWS::KMS::Alias.AliasName":                256,
		"AWS::Lambda::Function.FunctionName":       64,
		"AWS::Logs::LogGroup.LogGroupName":         512,
		"AWS::S3::Bucket.BucketName":               63,
		"AWS::SNS::Topic.TopicName":                256,
		"AWS::SQS::Queue.QueueName":                80,
		"AWS::SecretsManager::Secret.Name":         512,
	}
	longest := madeUp()
	longest.Name = strings.Repeat("p", maxProviderName)
	found := names(t, Options{Providers: []contract.Provider{contract.Stripe(), longest}}, strings.Repeat("s", maxSuffix))
	assert.Equal(t, ids(limits), ids(found), "every kind of name has a limit here")
	for kind, names := range found {
		for _, name := range names {
			assert.LessOrEqual(t, len(name), limits[kind], "%s %s", kind, name)
		}
	}
}

func TestTwoSuffixesShareNoName(t *testing.T) {
	// One suffix ends in the other: the nearest that two can be.
	one, other := names(t, withMadeUp(), "dev"), names(t, withMadeUp(), "a-dev")
	for kind := range one {
		assert.Len(t, other[kind], len(one[kind]))
		for _, name := range one[kind] {
			assert.NotContains(t, other[kind], name)
		}
	}
}
