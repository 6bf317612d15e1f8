package schema

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNames(t *testing.T) {
	types := Load()
	for typ, want := range map[string]string{
		"AWS::DynamoDB::Table":        "TableName", // the identifier is the name
		"AWS::SQS::Queue":             "QueueName", // the identifier is a URL
		"AWS::SecretsManager::Secret": "Name",
		"AWS::Events::Rule":           "Name",
		"AWS::ApiGateway::RestApi":    "", // two APIs can have one name
		"AWS::Logs::MetricFilter":     "", // unique in its log group only
		"AWS::Lambda::Permission":     "",
	} {
		assert.True(t, types[typ].Known, typ)
		assert.Equal(t, want, types[typ].Name, typ)
	}
	assert.False(t, types["AWS::Serverless::Function"].Known)
	assert.True(t, types["AWS::Logs::MetricFilter"].DeleteFirst)
	assert.Equal(t, []string{"HttpMethod", "ResourceId", "RestApiId"}, types["AWS::ApiGateway::Method"].Keys)
	assert.Equal(t, []string{"DurableConfig"}, types["AWS::Lambda::Function"].Conditional)
	assert.Contains(t, types["AWS::IAM::Role"].Sets, "ManagedPolicyArns")
}

func TestMatch(t *testing.T) {
	for _, row := range []struct {
		listed, path string
		want         bool
	}{
		{"KeySchema", "KeySchema/0/KeyType", true},
		{"KeySchema", "KeySchemas", false},
		{"A/*/B", "A/3/B", true},
		{"A/*/B", "A/3/C", false},
		{"A/B", "A", false},
	} {
		assert.Equal(t, row.want, Match([]string{row.listed}, row.path), "%s %s", row.listed, row.path)
	}
}
