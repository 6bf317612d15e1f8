package template

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
)

// out/stack.json is deployed, so it must be what Build returns.
func TestCommittedTemplateIsCurrent(t *testing.T) {
	committed, err := os.ReadFile("../out/stack.json")
	require.NoError(t, err)
	built, err := JSON(Options{})
	require.NoError(t, err)
	want, got := strings.Split(string(committed), "\n"), strings.Split(string(built), "\n")
	for i := range min(len(want), len(got)) {
		require.Equal(t, want[i], got[i], "out/stack.json is not current from line %d; update it with make template", i+1)
	}
	require.Len(t, got, len(want), "out/stack.json is not current; update it with make template")
}

// An addition after the resource that lists it would be missing there.
func TestListRefusesLateAdditions(t *testing.T) {
	var l list[string]
	l.add("a")
	assert.Equal(t, []string{"a"}, l.close())
	assert.PanicsWithValue(t, "template: b is added after the resource that lists it", func() { l.add("b") })
}

// test/quality/static checks that the checkers honour suppressions.
func TestSuppressedSpelling(t *testing.T) {
	assert.Empty(t, suppressed())
	assert.Equal(t, map[string]any{
		"checkov": map[string]any{"skip": []map[string]any{{"id": "CKV_AWS_1", "comment": "a"}}},
		"cdk_nag": map[string]any{"rules_to_suppress": []map[string]any{
			{"id": "AwsSolutions-S1", "reason": "b"},
			{"id": "AwsSolutions-IAM5", "reason": "c", "applies_to": []string{"Resource::<Bucket.Arn>/*"}},
		}},
	}, suppressed(
		suppression{rule: "CKV_AWS_1", reason: "a"},
		suppression{rule: "AwsSolutions-S1", reason: "b"},
		suppression{rule: "AwsSolutions-IAM5[Resource::<Bucket.Arn>/*]", reason: "c"},
	))
}

func interfaceRequirements() []requirement {
	return []requirement{
		{
			says: "the parameters and their defaults; only suffix, code and the account's setting have none",
			holds: func(t require.TestingT, d document) {
				want := map[string]string{
					"EnvironmentSuffix": "none", "CodeBucket": "none", "CodeVersion": "none", "Architecture": "arm64",
					"LogLevel": "INFO", "ManageApiGatewayAccount": "none", "AlarmEmail": "",
					"ThrottleRate": "1000", "ThrottleBurst": "2000",
					"ConsumerConcurrency": "50", "ArchiverConcurrency": "10", "PublisherParallelism": "10", "MaxReceiveCount": "3", // as required
					"AuthorizerReservedConcurrency": "0", "ProcessorReservedConcurrency": "0", "Tracing": "false",
					"LogRetentionDays": "30", "DeletionProtection": "false", "PermissionsBoundary": "", "RolePath": "/",
					"EventRetentionDays": "0", "ArchiveRetentionDays": "0", "DomainName": "", "CertificateArn": "",
					"DisableExecuteApiEndpoint": "false", "PublishTo": "none",
					"ReconcileEvery": "0", "ReconcileRefill": "false",
				}
				for _, p := range withMadeUp().Providers {
					want[p.Title+"MaxQuietHours"] = "0"
				}
				got := map[string]string{}
				for name, p := range d.Parameters {
					got[name] = "none"
					if p.Default != nil {
						got[name] = *p.Default
					}
				}
				assert.Equal(t, want, got)
			},
			breaks: []mutation{
				drop("Parameters.AlarmEmail"),
				set("Parameters.ManageApiGatewayAccount.Default", "true"), // takes over another application's setting
				set("Parameters.EnvironmentSuffix.Default", "dev"),
				set("Parameters.EventRetentionDays.Default", "30"),
				drop("Parameters.DomainName.Default"),
			},
		},
		{
			says:  "a parameter accepts only values that the stack can use",
			holds: parametersAccept,
			breaks: []mutation{
				set("Parameters.EnvironmentSuffix.AllowedPattern", ".*"),
				set("Parameters.CertificateArn.AllowedPattern", "^(arn:[a-z-]+:acm:.+)?$"),
				set("Parameters.EnvironmentSuffix.AllowedPattern", "^[a-z]+$"),
				set("Parameters.LogLevel.AllowedValues", []string{"DEBUG", "INFO", "WARN"}),
				drop("Parameters.ArchiveRetentionDays.AllowedPattern"),
			},
		},
		{
			says: "the outputs and their values",
			holds: func(t require.TestingT, d document) {
				want := map[string]any{
					"ApiId":                    "Api",
					"QueueUrl":                 "WebhookQueue",
					"DeadLetterQueueUrl":       "DeadLetterQueue",
					"TableName":                "EventsTable",
					"TableStreamArn":           "EventsTable.StreamArn",
					"BucketName":               "FailedWebhooks",
					"AlarmTopicArn":            "AlarmTopic",
					"TicketTopicArn":           "TicketTopic",
					"EventTopicArn":            "EventTopic",
					"EventBusName":             "EventBus",
					"UnpublishedQueueUrl":      "UnpublishedQueue",
					"ApiKeysSecretArn":         "ApiKeysSecret.Id",
					"DomainTarget":             "Domain.RegionalDomainName",
					"DomainTargetHostedZoneId": "Domain.RegionalHostedZoneId",
					"DashboardUrl": "https://us-east-1.console.aws.amazon.com/cloudwatch/home" +
						"?region=us-east-1#dashboards/dashboard/Dashboard",
				}
				for _, p := range withMadeUp().Providers {
					want[p.Title+"Url"] = "https://Api.execute-api.us-east-1.amazonaws.com/live/" + p.Path
					want[p.Title+"SecretArn"] = p.Title + "Secret.Id"
				}
				got := map[string]any{}
				for name, output := range d.Outputs {
					got[name] = output.Value
				}
				assert.Equal(t, want, got)
			},
			breaks: []mutation{
				drop("Outputs.SquareUrl"),
				set("Outputs.QueueUrl.Value", "DeadLetterQueue"),
				set("Outputs.Spare", map[string]string{"Value": "x"}),
			},
		},
	}
}

func parametersAccept(t require.TestingT, d document) {
	for name, row := range map[string]struct{ good, bad []string }{
		"EnvironmentSuffix": {
			[]string{"d", "prod", "pr-12", "012345678901234567890123456789"},
			[]string{"", "Prod", "-a", "a-", "a_b", "0123456789012345678901234567890"},
		},
		"CodeVersion":                  {[]string{"0123456789ab"}, []string{"", "main", "../x"}},
		"Architecture":                 {[]string{"arm64", "x86_64"}, []string{"amd64"}},
		"ReconcileEvery":               {[]string{"0", "1", "164"}, []string{"", "-1", "1.5", "165", "01"}},
		"PublishTo":                    {[]string{"none", "topic", "event-bus"}, []string{"", "fifo-topic"}},
		"LogLevel":                     {[]string{"DEBUG", "INFO"}, []string{"WARN", "ERROR"}}, // Lambda would drop the metrics
		"AlarmEmail":                   {[]string{"", "a@example.com"}, []string{"a", "a@", "a b@example.com"}},
		"EventRetentionDays":           {[]string{"0", "30", "3653"}, []string{"", "-1", "1", "45"}},
		"ArchiveRetentionDays":         {[]string{"0", "7", "99999"}, []string{"", "-1", "1.5", "030", "forever"}},
		"ThrottleRate":                 {[]string{"1", "10000"}, []string{"0", "10001", "1.5", ""}}, // the account's limit
		"ThrottleBurst":                {[]string{"1", "10000"}, []string{"0", "10001", ""}},
		"PublisherParallelism":         {[]string{"1", "9", "10"}, []string{"0", "11", "01", "1.5", ""}},
		"ConsumerConcurrency":          {[]string{"2", "99", "100", "1000"}, []string{"1", "1001", "02", ""}},
		"MaxReceiveCount":              {[]string{"1", "5", "1000"}, []string{"0", "1001", ""}},
		"ProcessorReservedConcurrency": {[]string{"0", "9999"}, []string{"-1", "00", ""}},
		"LogRetentionDays":             {[]string{"30", "3653"}, []string{"0", "31", ""}},
		"PermissionsBoundary":          {[]string{"", "arn:aws:iam::123456789012:policy/bounds"}, []string{"bounds", "arn:aws:iam::123456789012:role/r"}},
		"RolePath":                     {[]string{"/", "/teams/payments/"}, []string{"", "teams/", "/teams", "//"}},
		"DomainName":                   {[]string{"", "hooks.example.com"}, []string{"example", "https://example.com", "a.b/c"}},
		"CertificateArn": {[]string{"", "arn:aws:acm:us-east-1:123456789012:certificate/c"}, []string{
			"c", "arn:aws:iam::1:x",
			"arn:aws:acm:eu-west-1:123456789012:certificate/c", // another region
			"arn:aws:acm:us-east-1:1234:certificate/c",
			"arn:aws:acm:us-east-1:123456789012:c",
		}},
	} {
		p := d.Parameters[name]
		accepts := func(value string) bool {
			if p.AllowedValues != nil {
				return slices.Contains(p.AllowedValues, value)
			}
			return regexp.MustCompile(p.AllowedPattern).MatchString(value)
		}
		for _, value := range row.good {
			assert.True(t, accepts(value), "%s: %q", name, value)
		}
		for _, value := range row.bad {
			assert.False(t, accepts(value), "%s: %q", name, value)
		}
	}
}

// names returns all names with the suffix, by type and property.
func names(t *testing.T, o Options, suffix string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, r := range build(t, o, suffix).Resources {
		for property := range r.Properties {
			name, isString := r.Properties[property].(string)
			if isString && strings.HasSuffix(property, "Name") && strings.Contains(name, suffix) ||
				property == "Name" {
				require.True(t, strings.HasSuffix(name, "-"+suffix), "%s %s: the suffix is not last", r.Type, name)
				key := r.Type + "." + property
				found[key] = append(found[key], name)
			}
		}
	}
	return found
}

func TestNamesFitTheirServices(t *testing.T) {
	// Length limits of each service's API reference.
	limits := map[string]int{
		"AWS::ApiGateway::Authorizer.Name":         128,
		"AWS::ApiGateway::RestApi.Name":            1024,
		"AWS::CloudWatch::Alarm.AlarmName":         255,
		"AWS::CloudWatch::Alarm.MetricName":        255,
		"AWS::CloudWatch::Dashboard.DashboardName": 255,
		"AWS::DynamoDB::Table.TableName":           255,
		"AWS::Events::EventBus.Name":               256,
		"AWS::Events::Rule.Name":                   64,
		"AWS::IAM::Role.RoleName":                  64,
		"AWS::KMS::Alias.AliasName":                256,
		"AWS::Lambda::Function.FunctionName":       64,
		"AWS::Logs::LogGroup.LogGroupName":         512,
		"AWS::S3::Bucket.BucketName":               63,
		"AWS::SNS::Topic.TopicName":                256,
		"AWS::SQS::Queue.QueueName":                80,
		"AWS::SecretsManager::Secret.Name":         512,
	}
	longest := penumbra()
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
	// One suffix ends with the other, the hardest case.
	one, other := names(t, withMadeUp(), "dev"), names(t, withMadeUp(), "a-dev")
	for kind := range one {
		assert.Len(t, other[kind], len(one[kind]))
		for _, name := range one[kind] {
			assert.NotContains(t, other[kind], name)
		}
	}
}
