package template

import (
	"regexp"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
