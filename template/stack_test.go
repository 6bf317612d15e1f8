package template

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// What Build returns is the shipped stack and open to additions.
func TestCallersMayAddToTheStack(t *testing.T) {
	stack, err := Build(Options{})
	require.NoError(t, err)
	stack.Output("KeyArn", cfn.Output{Value: keyARN()})
	text, err := stack.JSON()
	require.NoError(t, err)
	assert.Contains(t, string(text), `"KeyArn": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}}`)
}

// out/stack.json is what gets deployed, so it must be what Build makes.
func TestCommittedTemplateIsCurrent(t *testing.T) {
	const file = "../out/stack.json"
	committed, err := os.ReadFile(file)
	require.NoError(t, err)
	built, err := JSON(Options{})
	require.NoError(t, err)
	if string(committed) != string(built) {
		t.Fatalf("out/stack.json is not what the code builds.\n%s\nIf the change is meant, update the file:\n\n"+
			"\tgo run ./cmd/gentemplate > out/stack.json\n", firstDifference(string(committed), string(built)))
	}
}

// firstDifference shows where two texts part, three lines of each.
func firstDifference(committed, built string) string {
	a, b := strings.Split(committed, "\n"), strings.Split(built, "\n")
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	show := func(title string, lines []string) string {
		return title + ":\n\t" + strings.Join(lines[n:min(n+3, len(lines))], "\n\t") + "\n"
	}
	return fmt.Sprintf("They differ from line %d on.\n", n+1) + show("committed", a) + show("built", b)
}

func TestFirstDifference(t *testing.T) {
	for name, row := range map[string]struct{ committed, built, want string }{
		"a changed line":          {"a\nb\nc\n", "a\nX\nc\n", "line 2 on.\ncommitted:\n\tb\n\tc\n\t\nbuilt:\n\tX\n\tc\n\t\n"},
		"one is cut short":        {"a\n", "a\nb\n", "line 2 on.\ncommitted:\n\t\nbuilt:\n\tb\n\t\n"},
		"an empty committed file": {"", "a\n", "line 1 on.\ncommitted:\n\t\nbuilt:\n\ta\n\t\n"},
		"no newline at its end":   {"a", "a\n", "line 2 on.\ncommitted:\n\t\nbuilt:\n\t\n"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, firstDifference(row.committed, row.built), row.want)
		})
	}
}

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

func interfaceRequirements() []requirement {
	return []requirement{
		{
			says: "the parameters are these; only suffix and code have no default",
			holds: func(t require.TestingT, d document) {
				want := map[string]string{
					"EnvironmentSuffix": "", "CodeBucket": "", "CodeVersion": "", "Architecture": "arm64",
					"LogLevel": "INFO", "ManageApiGatewayAccount": "true", "AlarmEmail": "",
					"EventRetentionDays": "0", "ArchiveRetentionDays": "0", "DomainName": "", "CertificateArn": "",
				}
				require.Equal(t, ids(want), ids(d.Parameters))
				for name, p := range d.Parameters {
					given := name == "EnvironmentSuffix" || name == "CodeBucket" || name == "CodeVersion"
					require.Equal(t, given, p.Default == nil, name)
					assert.True(t, given || *p.Default == want[name], name)
				}
			},
			breaks: []mutation{
				drop("Parameters.AlarmEmail"),
				set("Parameters.EnvironmentSuffix.Default", "dev"),
				set("Parameters.EventRetentionDays.Default", "30"),
				drop("Parameters.DomainName.Default"),
			},
		},
		{
			says:  "a parameter takes what makes a stack, and nothing else",
			holds: parametersTake,
			breaks: []mutation{
				set("Parameters.EnvironmentSuffix.AllowedPattern", ".*"),
				set("Parameters.CertificateArn.AllowedPattern", "^(arn:[a-z-]+:acm:.+)?$"),
				set("Parameters.EnvironmentSuffix.AllowedPattern", "^[a-z]+$"),
				set("Parameters.LogLevel.AllowedValues", []string{"DEBUG", "INFO", "WARN"}),
				drop("Parameters.ArchiveRetentionDays.AllowedPattern"),
			},
		},
		{
			says: "the outputs are these",
			holds: func(t require.TestingT, d document) {
				want := map[string]string{
					"ApiId":                    "Api",
					"QueueUrl":                 "WebhookQueue",
					"DeadLetterQueueUrl":       "DeadLetterQueue",
					"TableName":                "EventsTable",
					"TableStreamArn":           "EventsTable.StreamArn",
					"BucketName":               "FailedWebhooks",
					"AlarmTopicArn":            "AlarmTopic",
					"TicketTopicArn":           "TicketTopic",
					"DomainTarget":             "Domain.RegionalDomainName",
					"DomainTargetHostedZoneId": "Domain.RegionalHostedZoneId",
					"DashboardUrl": "https://us-east-1.console.aws.amazon.com/cloudwatch/home" +
						"?region=us-east-1#dashboards/dashboard/Dashboard",
				}
				for _, p := range withMadeUp().Providers {
					want[p.Title+"Url"] = "https://Api.execute-api.us-east-1.amazonaws.com/live/" + p.Path
					want[p.Title+"SecretArn"] = p.Title + "Secret.Id"
				}
				require.Equal(t, ids(want), ids(d.Outputs))
				for name, output := range d.Outputs {
					assert.Equal(t, want[name], output.Value, name)
				}
			},
			breaks: []mutation{
				drop("Outputs.SquareUrl"),
				set("Outputs.QueueUrl.Value", "DeadLetterQueue"),
				set("Outputs.Spare", map[string]string{"Value": "x"}),
			},
		},
	}
}

func parametersTake(t require.TestingT, d document) {
	for name, row := range map[string]struct{ good, bad []string }{
		"EnvironmentSuffix": {
			[]string{"d", "prod", "pr-12", "012345678901234567890123456789"},
			[]string{"", "Prod", "-a", "a-", "a_b", "0123456789012345678901234567890"},
		},
		"CodeVersion":          {[]string{"0123456789ab"}, []string{"", "main", "../x"}},
		"Architecture":         {[]string{"arm64", "x86_64"}, []string{"amd64"}},
		"LogLevel":             {[]string{"DEBUG", "INFO"}, []string{"WARN", "ERROR"}}, // Lambda would drop the metrics
		"AlarmEmail":           {[]string{"", "a@example.com"}, []string{"a", "a@", "a b@example.com"}},
		"EventRetentionDays":   {[]string{"0", "30", "99999"}, []string{"", "-1", "1.5", "030"}},
		"ArchiveRetentionDays": {[]string{"0", "7", "365"}, []string{"", "-1", "forever"}},
		"DomainName":           {[]string{"", "hooks.example.com"}, []string{"example", "https://example.com", "a.b/c"}},
		"CertificateArn": {[]string{"", "arn:aws:acm:us-east-1:123456789012:certificate/c"}, []string{
			"c", "arn:aws:iam::1:x",
			"arn:aws:acm:eu-west-1:123456789012:certificate/c", // of another region
			"arn:aws:acm:us-east-1:1234:certificate/c",
			"arn:aws:acm:us-east-1:123456789012:c",
		}},
	} {
		p := d.Parameters[name]
		takes := func(value string) bool {
			if p.AllowedValues != nil {
				for _, v := range p.AllowedValues {
					if v == value {
						return true
					}
				}
				return false
			}
			return regexp.MustCompile(p.AllowedPattern).MatchString(value)
		}
		for _, value := range row.good {
			assert.True(t, takes(value), "%s: %q", name, value)
		}
		for _, value := range row.bad {
			assert.False(t, takes(value), "%s: %q", name, value)
		}
	}
}

func nameRequirements() []requirement {
	return []requirement{
		{
			says: "what people and tools look for has these names, whatever else changes",
			holds: func(t require.TestingT, d document) {
				for at, name := range promisedNames() {
					id, property, _ := strings.Cut(at, ".")
					assert.Equal(t, name, d.Resources[id].Properties[property], at)
				}
			},
			breaks: []mutation{
				set("Api.Properties.Name", "webhooks-dev"),
				set("Dashboard.Properties.DashboardName", "webhook-dashboard-dev"),
				set("KeyAlias.Properties.AliasName", "alias/paysluice-dev"),
				set("SquareSecret.Properties.Name", "secret-square-dev"),
				set("AcmeProcessorRole.Properties.RoleName", "acme-role-dev"),
				set("TicketTopic.Properties.TopicName", "webhook-alarms-dev"),
				set("AccessLogGroup.Properties.LogGroupName", "/aws/apigateway/live-dev"),
			},
		},
	}
}

// promisedNames are all names of the stack but those of its alarms: logical id
// and property to the name.
func promisedNames() map[string]string {
	all := map[string]string{
		"Api.Name":                       "webhook-api-dev",
		"Stage.StageName":                "live",
		"ApiGatewayAccountRole.RoleName": "webhook-api-account-role-dev",
		"AccessLogGroup.LogGroupName":    "/aws/apigateway/webhook-api-dev",
		"WebhookQueue.QueueName":         "webhook-queue-dev",
		"DeadLetterQueue.QueueName":      "webhook-dlq-dev",
		"EventsTable.TableName":          "WebhookEvents-dev",
		"FailedWebhooks.BucketName":      "failed-webhooks-123456789012-dev",
		"KeyAlias.AliasName":             "alias/webhook-key-dev",
		"AlarmTopic.TopicName":           "webhook-alarms-dev",
		"TicketTopic.TopicName":          "webhook-tickets-dev",
		"Dashboard.DashboardName":        "webhooks-dev",
	}
	functions := map[string]string{
		"Authorizer": "webhook-authorizer", "Consumer": "event-consumer",
		"Archiver": "dlq-archiver", "Emptier": "bucket-emptier",
	}
	for _, p := range withMadeUp().Providers {
		functions[p.Title+"Processor"] = p.Name + "-processor"
		all[p.Title+"Secret.Name"] = p.Name + "-secret-dev"
	}
	for stem, name := range functions {
		all[stem+"Function.FunctionName"] = name + "-dev"
		all[stem+"Role.RoleName"] = name + "-role-dev"
		all[stem+"LogGroup.LogGroupName"] = "/aws/lambda/" + name + "-dev"
	}
	return all
}

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
