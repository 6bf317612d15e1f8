package operator_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// patient is a stack that the test breaks.
type patient struct {
	*emulator.Stack
	args []string          // flags that name the local template and build
	zip  string            // key of a zip that is not the consumer's
	ids  map[string]string // physical ids by logical id
}

// admit deploys a stack that has all that a production stack has: secrets,
// subscribers and termination protection. It publishes events.
func admit(t *testing.T) *patient {
	t.Helper()
	root, err := emulator.Root()
	require.NoError(t, err)
	zips, err := emulator.BuildZips(t.Context(), root)
	require.NoError(t, err)
	template := filepath.Join(root, "out", "stack.json")
	deployed, err := stack.Deploy(t.Context(), emulator.Deployment{Template: template, Zips: zips, Suffix: "doctor",
		Parameters: map[string]string{"PublishTo": "topic"}})
	require.NoError(t, err)
	p := &patient{deployed, []string{"--template", template, "--out", filepath.Dir(zips)},
		filepath.Base(zips) + "/" + filepath.Base(zipOf(t, zips, "archiver")), map[string]string{}}
	for _, s := range []senders.Sender{accounts["stripe"].Sender, accounts["paypal"].Sender, accounts["square"].Sender} {
		p.fill(t, s)
	}
	var resources [][2]string
	require.NoError(t, p.Query(t.Context(), &resources, "cloudformation", "describe-stack-resources", "--stack-name", p.Name,
		"--query", "StackResources[].[LogicalResourceId,PhysicalResourceId]"))
	for _, r := range resources {
		p.ids[r[0]] = r[1]
	}
	for _, topic := range []string{"AlarmTopic", "TicketTopic"} {
		p.do(t, "sns subscribe --protocol sqs --notification-endpoint arn:aws:sqs:us-east-1:000000000000:webhook-queue-operator --topic-arn "+p.ids[topic])
	}
	p.do(t, "cloudformation update-termination-protection --enable-termination-protection --stack-name "+p.Name)
	return p
}

func (p *patient) fill(t *testing.T, s senders.Sender) {
	require.NoError(t, p.PutSecret(t.Context(), s.Provider, s.Document(s.NewSecret())))
}

// do runs aws commands that are joined by &&, as a shell does.
func (p *patient) do(t *testing.T, commands string) {
	t.Helper()
	for command := range strings.SplitSeq(commands, " && aws ") {
		var words []string
		for i, part := range strings.Split(strings.TrimPrefix(command, "aws "), "'") {
			if i%2 == 0 {
				words = append(words, strings.Fields(part)...)
			} else {
				words = append(words, part)
			}
		}
		_, err := p.AWS(t.Context(), words...)
		require.NoError(t, err, command)
	}
}

// cut is what a break removes from the patient.
type cut struct {
	why string
	// hurt are aws commands with logical ids in braces.
	hurt string
	// check, says and do are of the expected finding; do is the command that repairs it
	// unless heal is set.
	check, says, do string
	heal            string
}

// examine runs doctor and returns the findings and the exit code.
func (p *patient) examine(t *testing.T) (found []finding, r result) {
	t.Helper()
	s := root()
	s.env = append(s.env, "PAYSLUICE_STACK="+p.Name)
	r = s.run(t, append([]string{"doctor", "-o", "json"}, p.args...)...)
	var results []struct {
		Check    string
		Findings []finding
	}
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &results), r.stderr)
	for _, one := range results {
		for _, f := range one.Findings {
			f.Check = one.Check
			found = append(found, f)
		}
	}
	return found, r
}

type finding struct{ Check, Severity, Subject, Problem, Means, Do string }

// fillIn puts physical ids in the place of logical ids in braces.
func (p *patient) fillIn(text string) string {
	for id, physical := range p.ids {
		text = strings.ReplaceAll(text, "{"+id+"}", physical)
	}
	return text
}

const open = `{"Version":"2012-10-17","Statement":[{"Sid":"Open","Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`

const everything = `{"Version":"2012-10-17","Statement":[{"Sid":"All","Effect":"Allow","Action":"*","Resource":"*"}]}`

// Each row is a change by hand, its finding and its remedy.
func TestDoctor(t *testing.T) {
	t.Parallel()
	p := admit(t)
	found, r := p.examine(t)
	require.Empty(t, found, "an intact stack")
	require.Equal(t, 0, r.code)

	original := func(command string) string {
		out, err := p.AWS(t.Context(), strings.Fields(p.fillIn(command))...)
		require.NoError(t, err)
		return strings.ReplaceAll(strings.TrimSpace(string(out)), " ", "")
	}
	bucketPolicy := original("s3api get-bucket-policy --bucket {FailedWebhooks} --query Policy --output text")
	keyPolicy := original("kms get-key-policy --key-id {Key} --policy-name default --query Policy --output text")
	topicPolicy := original("sns get-topic-attributes --topic-arn {EventTopic} --query Attributes.Policy --output text")
	conflicts := "cloudwatch put-metric-alarm --cli-input-json '" + p.alarm(t, p.ids["ConflictsAlarm"]) + "'"
	rounds := [][]cut{{
		{"a secret is deleted", "secretsmanager delete-secret --secret-id stripe-secret-doctor", "secret-stripe", "is scheduled for deletion", "secretsmanager restore-secret", ""},
		{"a secret is not JSON", "secretsmanager put-secret-value --secret-id paypal-secret-doctor --secret-string {", "secret-paypal", "secret_malformed", "docs/secrets.md", "fill"},
		{"a secret is that of another provider", `secretsmanager put-secret-value --secret-id square-secret-doctor --secret-string {"endpoints":[{"label":"main","secret":"whsec_x"}]}`,
			"secret-square", "secret_malformed", "docs/secrets.md", "fill"},
		{"the authorizer may not run", "lambda put-function-concurrency --function-name webhook-authorizer-doctor --reserved-concurrent-executions 0", "url-paypal", "with 500 instead of 401", "authorizerError",
			"lambda delete-function-concurrency --function-name webhook-authorizer-doctor"},
		{"the throttle is lowered", "apigateway update-stage --rest-api-id {Api} --stage-name live --patch-operations op=replace,path=/*/*/throttling/rateLimit,value=10", "throttle", "takes 10 requests a second", "apigateway update-stage", ""},
		{"a function may run ten times at once", "lambda put-function-concurrency --function-name stripe-processor-doctor --reserved-concurrent-executions 10", "reserved", "may run 10 times at once", "lambda delete-function-concurrency", ""},
		{"API Gateway loses a permission", "lambda remove-permission --function-name square-processor-doctor --statement-id {SquareMethodPermission}", "invoke", "may not be invoked by API Gateway", "lambda add-permission", ""},
		{"a function's timeout is changed", "lambda update-function-configuration --function-name dlq-archiver-doctor --timeout 1", "functions", "Timeout is 1 instead of", "docs/operating.md", "lambda update-function-configuration --function-name dlq-archiver-doctor --timeout 30"},
		{"a function's code is replaced", "lambda update-function-code --function-name event-consumer-doctor --s3-bucket code-doctor --s3-key " + p.zip, "code", "runs other code than", "lambda update-function-code", ""},
		{"a poller is disabled", "lambda update-event-source-mapping --no-enabled --uuid {ConsumerMapping}", "mappings", "is disabled", "lambda update-event-source-mapping --enabled --uuid {ConsumerMapping}", ""},
		{"the publisher is not invoked", "lambda update-event-source-mapping --no-enabled --uuid {PublisherMapping}", "mappings", "is disabled", "lambda update-event-source-mapping --enabled --uuid {PublisherMapping}", ""},
		{"the policy of the topic of events is widened", "sns set-topic-attributes --topic-arn {EventTopic} --attribute-name Policy --attribute-value " + open, "policies", "statement DenyPlainHttp is missing, statement Open is not in the template", "docs/operating.md",
			"sns set-topic-attributes --topic-arn {EventTopic} --attribute-name Policy --attribute-value " + topicPolicy},
		{"a poller takes one message at a time", "lambda update-event-source-mapping --batch-size 1 --uuid {ArchiverMapping}", "mappings", "BatchSize is 1 instead of 10", "docs/operating.md", "lambda update-event-source-mapping --batch-size 10 --uuid {ArchiverMapping}"},
		{"failed messages go nowhere", "sqs set-queue-attributes --queue-url {WebhookQueue} --attributes RedrivePolicy=", "queues", "RedrivePolicy.deadLetterTargetArn is unset", "docs/operating.md",
			`sqs set-queue-attributes --queue-url {WebhookQueue} --attributes {"RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:webhook-dlq-doctor\",\"maxReceiveCount\":\"3\"}"}`},
		{"the key is disabled", "kms disable-key --key-id {Key}", "key", "has the state Disabled", "kms enable-key", ""},
		{"the table is protected by hand", "dynamodb update-table --table-name {EventsTable} --deletion-protection-enabled", "tables", "DeletionProtectionEnabled is true instead of false", "docs/operating.md", "dynamodb update-table --table-name {EventsTable} --no-deletion-protection-enabled"},
		{"the bucket keeps no versions", "s3api put-bucket-versioning --bucket {FailedWebhooks} --versioning-configuration Status=Suspended", "archive", "keeps no versions", "s3api put-bucket-versioning", ""},
		{"the bucket may be public", "s3api delete-public-access-block --bucket {FailedWebhooks}", "archive", "does not block public access", "s3api put-public-access-block", ""},
		{"the bucket's policy is widened", "s3api put-bucket-policy --bucket {FailedWebhooks} --policy " + open, "policies", "statement Open is not in the template", "docs/operating.md", "s3api put-bucket-policy --bucket {FailedWebhooks} --policy " + bucketPolicy},
		{"the key's policy is widened", "kms put-key-policy --key-id {Key} --policy-name default --policy " + open, "policies", "statement EncryptLogs is missing", "docs/operating.md", "kms put-key-policy --key-id {Key} --policy-name default --policy " + keyPolicy},
		{"a role may do more", "iam put-role-policy --role-name {ConsumerRole} --policy-name more --policy-document " + everything, "roles", "the policy more: statement All is not in the template", "docs/operating.md",
			"iam delete-role-policy --role-name {ConsumerRole} --policy-name more"},
		{"the key's rule is disabled", "events disable-rule --name {KeyRule}", "rules", "is disabled", "events enable-rule", ""},
		{"an alarm drifts and loses its action", conflicts + " --threshold 100 --alarm-actions {AlarmTopic}", "alarms", "Threshold is 100 instead of 1", "docs/operating.md", conflicts},
		{"an alarm's actions are disabled", "cloudwatch disable-alarm-actions --alarm-names {IntakeAlarm}", "alarms", "has its actions disabled", "cloudwatch enable-alarm-actions", ""},
		{"a metric filter counts other lines", "logs put-metric-filter --log-group-name {ArchiverLogGroup} --filter-name {RedrivenFilter} --filter-pattern x --metric-transformations metricName=Redriven-doctor,metricNamespace=Paysluice,metricValue=$.Archived",
			"filters", "FilterPattern is x instead of", "docs/operating.md",
			"logs put-metric-filter --log-group-name {ArchiverLogGroup} --filter-name {RedrivenFilter} --filter-pattern '{ $.reason = \"receives-exhausted\" && $.Archived > 0 }' --metric-transformations metricName=Redriven-doctor,metricNamespace=Paysluice,metricValue=$.Archived"},
		{"lines are kept for ever", "logs delete-retention-policy --log-group-name {ConsumerLogGroup}", "logs", "has the retention unset", "logs put-retention-policy", ""},
		{"the termination protection is removed", "cloudformation update-termination-protection --no-enable-termination-protection --stack-name " + p.Name, "protection", "has no termination protection", "cloudformation update-termination-protection", ""},
	}, {
		{"the key is to be deleted", "kms schedule-key-deletion --key-id {Key}", "key", "is deleted at ", "kms cancel-key-deletion", ""},
		{"a subscription is not confirmed", "sns subscribe --protocol https --notification-endpoint https://127.0.0.1:1/alarms --topic-arn {AlarmTopic}", "subscriptions", "has unconfirmed subscriptions: 1", "follow the link", "none"},
		{"a role's policy is deleted", "iam delete-role-policy --role-name {ArchiverRole} --policy-name least-privilege", "roles", "the policy least-privilege is missing", "docs/operating.md", "none"},
		{"the key's rule tells nobody", "events remove-targets --rule {KeyRule} --ids page", "rules", "Targets is", "docs/operating.md", "none"},
		{"an alarm is deleted", "cloudwatch delete-alarms --alarm-names {ConflictsAlarm}", "alarms", "does not exist", "docs/operating.md", "none"},
		{"a metric filter is deleted", "logs delete-metric-filter --log-group-name {ArchiverLogGroup} --filter-name {RedrivenFilter}", "filters", "does not exist", "docs/operating.md", "none"},
		{"a log group is deleted", "logs delete-log-group --log-group-name {EmptierLogGroup}", "logs", "does not exist", "docs/operating.md", "none"},
		{"a poller is deleted", "lambda delete-event-source-mapping --uuid {ArchiverMapping}", "mappings", "does not exist", "docs/operating.md", "none"},
		{"the publisher's poller is deleted", "lambda delete-event-source-mapping --uuid {PublisherMapping}", "mappings", "does not exist", "docs/operating.md", "none"},
		{"the topic of events is deleted", "sns delete-topic --topic-arn {EventTopic}", "topics", "does not exist", "docs/operating.md", "none"},
		{"a bucket's policy is deleted", "s3api delete-bucket-policy --bucket {FailedWebhooks}", "policies", "statement DenyPlainHttp is missing", "docs/operating.md", "none"},
	}}
	for _, round := range rounds {
		for _, c := range round {
			p.do(t, p.fillIn(c.hurt))
		}
		found, r = p.examine(t)
		assert.Equal(t, 3, r.code)
		for _, c := range round {
			var remedy string
			for _, f := range found {
				if f.Check == c.check && strings.Contains(f.Problem, c.says) && strings.Contains(f.Do, p.fillIn(c.do)) {
					remedy = f.Do
				}
			}
			if !assert.NotEmpty(t, remedy, "%s: %+v", c.why, found) {
				continue
			}
			switch c.heal {
			case "none":
			case "fill":
				p.fill(t, accounts[strings.TrimPrefix(c.check, "secret-")].Sender)
			case "":
				p.do(t, remedy)
			default:
				p.do(t, p.fillIn(c.heal))
			}
		}
		if round[len(round)-1].heal != "none" {
			found, r = p.examine(t)
			assert.Empty(t, found, "each remedy works")
		}
	}
}

// alarm returns an alarm as put-metric-alarm takes it.
func (p *patient) alarm(t *testing.T, name string) string {
	t.Helper()
	var described struct{ MetricAlarms []map[string]any }
	require.NoError(t, p.Query(t.Context(), &described, "cloudwatch", "describe-alarms", "--alarm-names", name))
	put := described.MetricAlarms[0]
	for member := range put {
		if strings.HasPrefix(member, "State") || member == "AlarmArn" || member == "AlarmConfigurationUpdatedTimestamp" {
			delete(put, member)
		}
	}
	text, err := json.Marshal(put)
	require.NoError(t, err)
	return string(text)
}

// The local template and build are what the stack should have.
func TestDoctorComparesWithTheSources(t *testing.T) {
	t.Parallel()
	root, err := emulator.Root()
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, "out", "stack.json"))
	require.NoError(t, err)
	dir := t.TempDir()
	file := filepath.Join(dir, "stack.json")
	examine := func(template string) string {
		require.NoError(t, os.WriteFile(file, []byte(template), 0o600))
		r := paysluice(t, "doctor", "--template", file, "--out", dir, "-o", "csv")
		return r.stdout
	}
	assert.NotContains(t, examine(string(text)), "template,")
	changed := strings.NewReplacer(`"ConflictsAlarm"`, `"OtherAlarm"`, `"VisibilityTimeout": 300`, `"VisibilityTimeout": 301`, `2010-09-09`, `2010-09-10`).Replace(string(text))
	assert.Contains(t, examine(changed), "AWSTemplateFormatVersion differs, ConflictsAlarm is only deployed, DeadLetterQueue differs, OtherAlarm is not deployed, UnpublishedQueue differs, WebhookQueue differs")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "0123456789abcdef0123"), 0o755))
	assert.Contains(t, examine("{"), "is no template")
	out := examine(`{"Resources":{}}`)
	assert.Contains(t, out, " more\",")
	assert.Contains(t, out, "has 0123456789abcdef0123")
}

func TestDoctorWithoutPermissions(t *testing.T) {
	t.Parallel()
	r := user(t, allow("*", "cloudformation:DescribeStacks")).run(t, "doctor")
	assert.Equal(t, 3, r.code, r.stderr)
	assert.Contains(t, r.stdout, "could not be checked: access denied: cloudformation:GetTemplate on ")
	assert.Contains(t, r.stdout, `do     add to your policy: {"Effect":"Allow","Action":"cloudformation:GetTemplate"`)
	assert.Regexp(t, `mappings +skipped: not possible, see `, r.stdout)

	r = paysluice(t, "doctor", "--skip", "logs,nothing")
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.stderr, "--skip nothing is no check: choose of stack, template, ")
}
