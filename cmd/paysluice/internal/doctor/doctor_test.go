package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/contract"
)

// cloud answers AWS calls by the name of their operation: with a body, or with the code of
// an error after an exclamation mark. Answers to other operations are empty.
type cloud map[string]string

func (c cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	operation := operationOf(r, string(body))
	answer, given := c[operation]
	xml := strings.HasPrefix(operation, "S3:") || strings.Contains(string(body), "Action=")
	switch {
	case strings.HasPrefix(operation, "hook:"):
		status, _ := strconv.Atoi(operation[5:])
		w.WriteHeader(status)
	case strings.HasPrefix(answer, "!"):
		w.Header().Set("X-Amzn-ErrorType", answer[1:])
		w.WriteHeader(http.StatusBadRequest)
		if xml {
			text := fmt.Sprintf("<Error><Code>%s</Code></Error>", answer[1:])
			if !strings.HasPrefix(operation, "S3:") {
				text = "<ErrorResponse>" + text + "</ErrorResponse>"
			}
			_, _ = io.WriteString(w, text)
			return
		}
		_, _ = fmt.Fprintf(w, `{"__type":%q,"message":"deletion"}`, answer[1:])
	case given:
		_, _ = io.WriteString(w, answer)
	case xml:
		_, _ = fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult></%[1]sResult></%[1]sResponse>", operation)
	default:
		_, _ = io.WriteString(w, "{}")
	}
}

// operationOf returns the name of the operation of a request; those of S3 begin with
// S3:.
func operationOf(r *http.Request, body string) string {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return target[strings.LastIndex(target, ".")+1:]
	}
	if form, err := url.ParseQuery(body); err == nil && form.Get("Action") != "" {
		if form.Get("RoleName") == gatewayRole {
			return form.Get("Action") + ":" + gatewayRole
		}
		return form.Get("Action")
	}
	if r.URL.Path == "/account" {
		return "GetAccount"
	}
	for part, name := range map[string]string{
		"/account-settings": "GetAccountSettings", "/configuration": "GetFunctionConfiguration", "/policy": "GetPolicy",
		"/concurrency": "GetFunctionConcurrency", "/event-source-mappings/": "GetEventSourceMapping", "/stages/": "GetStage", "/DescribeAlarms": "DescribeAlarms",
	} {
		if strings.Contains(r.URL.Path, part) {
			return name
		}
	}
	if status, ok := strings.CutPrefix(r.URL.Path, "/hook/"); ok {
		return "hook:" + status
	}
	for name := range r.URL.Query() {
		if name != "x-id" {
			return "S3:" + name
		}
	}
	return "S3:"
}

// gatewayRole is API Gateway's role for logs.
const gatewayRole = "gateway-logs"

// newDoctor returns the doctor of a stack on AWS that has the resources of
// out/stack.json.
func newDoctor(t *testing.T, c cloud) *Doctor {
	t.Helper()
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	document, err := os.ReadFile("../../../../out/stack.json")
	require.NoError(t, err)
	s := &stack.Stack{
		Name: "paysluice-x", ID: "arn:aws:cloudformation:us-east-1:1:stack/paysluice-x/1", Status: "CREATE_COMPLETE",
		Outputs: map[string]string{
			"StripeUrl": server.URL + "/hook/401", "StripeSecretArn": "s", "ApiKeysSecretArn": "arn:aws:secretsmanager:us-east-1:1:secret:provider-api-keys-x-AbCdEf", "AlarmTopicArn": "arn:aws:sns:us-east-1:1:a", "TicketTopicArn": "arn:aws:sns:us-east-1:1:b",
		},
		Parameters: map[string]string{
			"EnvironmentSuffix": "x", "ThrottleRate": "10", "ThrottleBurst": "20", "LogRetentionDays": "30", "RolePath": "/",
			"CodeVersion": "0a", "PermissionsBoundary": "", "PublishTo": "topic",
			"ConsumerConcurrency": "50", "ArchiverConcurrency": "10", "PublisherParallelism": "10", "AuthorizerReservedConcurrency": "5", "ProcessorReservedConcurrency": "0",
		},
		AWS: stack.AWS{Config: aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL, HTTPClient: server.Client(), RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")}},
	}
	d := New(t.Context(), s, "none.json", t.TempDir())
	deployed := &template{document: parse(string(document)).(map[string]any), values: s.Parameters, physical: map[string]string{}}
	for id := range deployed.section("Resources") {
		deployed.physical[id] = id
	}
	for name, value := range map[string]string{"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "1", "AWS::URLSuffix": "amazonaws.com"} {
		s.Parameters[name] = value
	}
	d.deployed = func() (*template, error) { return deployed, nil }
	return d
}

// examine makes one check.
func examine(t *testing.T, d *Doctor, name string) Result {
	t.Helper()
	var others []string
	for _, other := range Names() {
		if other != name {
			others = append(others, other)
		}
	}
	results, err := d.Examine(t.Context(), others)
	require.NoError(t, err)
	for _, r := range results {
		if r.Check == name {
			return r
		}
	}
	t.Fatalf("no check %s", name)
	return Result{}
}

// What the emulator cannot show: answers of AWS and failures of its services.
func TestChecksOnAWS(t *testing.T) {
	const (
		backups = `{"ContinuousBackupsDescription":{"PointInTimeRecoveryDescription":{"PointInTimeRecoveryStatus":"DISABLED"}}}`
		expiry  = `{"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}}`
		list    = `<ListBucketResult></ListBucketResult>`
		role    = `<GetRoleResponse><GetRoleResult><Role><PermissionsBoundary><PermissionsBoundaryArn>arn:b</PermissionsBoundaryArn></PermissionsBoundary></Role></GetRoleResult></GetRoleResponse>`
		inline  = `<ListRolePoliciesResponse><ListRolePoliciesResult><PolicyNames><member>least-privilege</member><member>more</member></PolicyNames></ListRolePoliciesResult></ListRolePoliciesResponse>`
		policy  = `<GetRolePolicyResponse><GetRolePolicyResult><PolicyDocument>%7B%22Statement%22%3A%7B%22Sid%22%3A%22Open%22%2C%22Resource%22%3A%22%2A%22%7D%7D</PolicyDocument></GetRolePolicyResult></GetRolePolicyResponse>`
		managed = `<ListAttachedRolePoliciesResponse><ListAttachedRolePoliciesResult><AttachedPolicies><member><PolicyArn>arn:m</PolicyArn></member></AttachedPolicies></ListAttachedRolePoliciesResult></ListAttachedRolePoliciesResponse>`
		account = `{"cloudwatchRoleArn":"arn:aws:iam::1:role/path/` + gatewayRole + `"}`
		failed  = "could not be checked: "
	)
	for _, row := range []struct {
		why, check string
		answers    cloud
		says       string
	}{
		{"no protection", "protection", nil, "has no termination protection"},
		{"a new account", "concurrency", cloud{"GetAccountSettings": `{"AccountLimit":{"ConcurrentExecutions":10}}`}, "may run 10 functions at a time, 1000 webhooks a second need 210"},
		{"a backlog takes all", "concurrency", cloud{"GetAccountSettings": `{"AccountLimit":{"ConcurrentExecutions":70}}`}, "may run 70 functions at a time, and the pollers alone up to 70"},
		{"", "concurrency", cloud{"GetAccountSettings": "!X"}, failed},
		{"a low parameter", "throttle", cloud{"GetStage": `{"methodSettings":{"*/*":{"throttlingRateLimit":10,"throttlingBurstLimit":20}}}`}, "takes 10 requests a second, fewer than 1000"},
		{"", "throttle", cloud{"GetStage": "!X"}, failed},
		{"the stage is gone", "throttle", cloud{"GetStage": "!NotFoundException"}, "does not exist"},
		{"no role", "access-log", nil, "has no role for its logs"},
		{"the role is gone", "access-log", cloud{"GetAccount": account, "GetRole:" + gatewayRole: "!NoSuchEntity"}, "has a role for its logs that does not exist: arn:aws:iam::1:role/path/gateway-logs"},
		{"", "access-log", cloud{"GetAccount": "!X"}, failed},
		{"", "access-log", cloud{"GetAccount": account, "GetRole:" + gatewayRole: "!X"}, failed},
		{"no policy", "invoke", cloud{"GetPolicy": "!ResourceNotFoundException"}, "may not be invoked"},
		{"", "invoke", cloud{"GetPolicy": "!X"}, failed},
		{"the functions are gone", "functions", cloud{"GetFunctionConfiguration": "!ResourceNotFoundException"}, "does not exist"},
		{"", "functions", cloud{"GetFunctionConfiguration": "!X"}, failed},
		{"", "code", cloud{"GetFunctionConfiguration": "!X"}, failed},
		{"a function that failed", "functions", cloud{"GetFunctionConfiguration": `{"State":"Failed","StateReason":"no role"}`}, "is Failed: no role"},
		{"a reservation is gone", "reserved", nil, `has the reserved concurrency "", the parameters say 5`},
		{"the functions are gone: another check says so", "reserved", cloud{"GetFunctionConcurrency": "!ResourceNotFoundException"}, ""},
		{"", "reserved", cloud{"GetFunctionConcurrency": "!X"}, failed},
		{"", "mappings", cloud{"GetEventSourceMapping": "!X"}, failed},
		{"the queues are gone", "queues", cloud{"GetQueueAttributes": "!QueueDoesNotExist"}, "does not exist"},
		{"", "queues", cloud{"GetQueueAttributes": "!X"}, failed},
		{"", "key", cloud{"DescribeKey": "!X"}, failed},
		{"the tables are gone", "tables", cloud{"DescribeTable": "!ResourceNotFoundException"}, "does not exist"},
		{"", "tables", cloud{"DescribeTable": "!X"}, failed},
		{"AWS leaves out what is off", "tables", cloud{"DescribeTable": `{"Table":{"TableName":"x"}}`}, "KeySchema is unset"},
		{"no recovery", "backups", cloud{"DescribeContinuousBackups": backups, "DescribeTimeToLive": expiry}, "has no point-in-time recovery"},
		{"no expiry", "backups", cloud{"DescribeContinuousBackups": backups, "DescribeTimeToLive": expiry}, "does not expire items"},
		{"", "backups", cloud{"DescribeContinuousBackups": "!X"}, failed},
		{"", "backups", cloud{"DescribeContinuousBackups": backups, "DescribeTimeToLive": "!X"}, failed},
		{"the bucket is gone", "archive", cloud{"S3:list-type": "!NoSuchBucket", "S3:max-keys": "!NoSuchBucket"}, "does not exist"},
		{"", "archive", cloud{"S3:list-type": "!X", "S3:max-keys": "!X"}, failed},
		{"", "archive", cloud{"S3:list-type": list, "S3:max-keys": list, "S3:versioning": "!X"}, failed},
		{"", "archive", cloud{"S3:list-type": list, "S3:max-keys": list, "S3:publicAccessBlock": "!X"}, failed},
		{"no rules", "lifecycle", cloud{"S3:lifecycle": "!NoSuchLifecycleConfiguration"}, "lifecycle rules"},
		{"one rule", "lifecycle", cloud{"S3:lifecycle": "<LifecycleConfiguration><Rule><ID>clean-up</ID><Status>Enabled</Status></Rule></LifecycleConfiguration>"}, `"certificates/ expires" among them`},
		{"", "lifecycle", cloud{"S3:lifecycle": "!X"}, failed},
		{"", "policies", cloud{"S3:policy": "!X"}, failed},
		{"", "policies", cloud{"GetTopicAttributes": "!X"}, failed},
		{"", "policies", cloud{"GetQueueAttributes": "!X"}, failed},
		{"", "policies", cloud{"GetKeyPolicy": "!X"}, failed},
		{"the roles are gone", "roles", cloud{"GetRole": "!NoSuchEntity"}, "does not exist"},
		{"", "roles", cloud{"GetRole": "!X"}, failed},
		{"", "roles", cloud{"GetRole": role, "ListRolePolicies": "!X"}, failed},
		{"", "roles", cloud{"GetRole": role, "ListRolePolicies": inline, "GetRolePolicy": "!X"}, failed},
		{"", "roles", cloud{"GetRole": role, "ListAttachedRolePolicies": "!X"}, failed},
		{"a role without anything", "roles", cloud{"GetRole": role}, "the trust policy: statement Assume is missing; the permissions boundary is \"arn:b\" instead of \"\"; the policy least-privilege is missing"},
		{"widened", "roles", cloud{"GetRole": role, "ListRolePolicies": inline, "GetRolePolicy": policy}, "the policy more: statement Open is not in the template"},
		{"another policy", "roles", cloud{"GetRole": role, "ListAttachedRolePolicies": managed}, "the managed policy arn:m is attached"},
		{"the topics are gone", "topics", cloud{"GetTopicAttributes": "!NotFound"}, "does not exist"},
		{"the topic is gone: its policy too", "policies", cloud{"GetTopicAttributes": "!NotFound"}, "statement DenyPlainHttp is missing"},
		{"", "topics", cloud{"GetTopicAttributes": "!X"}, failed},
		{"anybody with the topic can read it", "topics", nil, "KmsMasterKeyId is unset"},
		{"the bus is gone", "topics", cloud{"DescribeEventBus": "!ResourceNotFoundException"}, "does not exist"},
		{"", "topics", cloud{"DescribeEventBus": "!X"}, failed},
		{"the rule is gone", "rules", cloud{"DescribeRule": "!ResourceNotFoundException"}, "does not exist"},
		{"", "rules", cloud{"DescribeRule": "!X"}, failed},
		{"", "rules", cloud{"ListTargetsByRule": "!X"}, failed},
		{"disabled", "rules", cloud{"DescribeRule": `{"State":"DISABLED"}`}, "is disabled"},
		{"nobody is told", "rules", nil, "Targets is unset instead of"},
		{"slower", "rules", cloud{"DescribeRule": `{"ScheduleExpression":"rate(1 day)"}`}, "ScheduleExpression is rate(1 day) instead of rate(15 minutes)"},
		{"", "alarms", cloud{"DescribeAlarms": "!X"}, failed},
		{"", "filters", cloud{"DescribeMetricFilters": "!X"}, failed},
		{"the group is gone", "filters", cloud{"DescribeMetricFilters": "!ResourceNotFoundException"}, "does not exist"},
		{"", "logs", cloud{"DescribeLogGroups": "!X"}, failed},
		{"", "subscriptions", cloud{"GetTopicAttributes": "!X"}, failed},
		{"nobody", "subscriptions", nil, "has no confirmed subscription"},
		{"a message without an answer", "subscriptions", cloud{"GetTopicAttributes": attributes, "ListSubscriptionsByTopic": pending}, "has unconfirmed subscriptions: 1, email oncall@example.com"},
		{"", "subscriptions", cloud{"GetTopicAttributes": attributes, "ListSubscriptionsByTopic": "!X"}, failed},
		{"a secret without a value", "secret-stripe", cloud{"GetSecretValue": "!ResourceNotFoundException"}, "is empty or does not exist"},
		{"", "secret-stripe", cloud{"GetSecretValue": "!X"}, failed},
		{"keys without a value", "api-keys", cloud{"GetSecretValue": "!ResourceNotFoundException"}, "is empty or does not exist"},
		{"a misspelled provider", "api-keys", cloud{"GetSecretValue": `{"VersionId":"1","SecretString":"{\"Stripe\":{\"apiKey\":\"marked\"}}"}`}, `"Stripe" is not the name of a provider`},
		{"a key that is none", "api-keys", cloud{"GetSecretValue": `{"VersionId":"1","SecretString":"{\"stripe\":{\"apiKey\":\"marked\"}}"}`}, "stripe: the key is malformed: a key of Stripe begins with"},
		{"the keys of no provider", "api-keys", cloud{"GetSecretValue": `{"VersionId":"1","SecretString":"{}"}`}, "no provider has a key"},
		{"a provider is left out", "api-keys", cloud{"GetSecretValue": keys(`{"square":{"accessToken":"marked","environment":"live"}}`)}, "has neither a key nor null for Stripe"},
	} {
		t.Run(row.check+" "+row.why, func(t *testing.T) {
			var problems []string
			for _, f := range examine(t, newDoctor(t, row.answers), row.check).Findings {
				problems = append(problems, f.Problem)
				assert.NotEmpty(t, f.Do)
			}
			assert.Contains(t, strings.Join(problems, "\n"), row.says)
		})
	}
}

// Who has set API Gateway's role decides on the remedy.
func TestAccessLog(t *testing.T) {
	assert.Empty(t, examine(t, newDoctor(t, cloud{"GetAccount": `{"cloudwatchRoleArn":"r"}`}), "access-log").Findings)
	d := newDoctor(t, nil)
	assert.Equal(t, undo, examine(t, d, "access-log").Findings[0].Do)
	assert.NotContains(t, examine(t, d, "access-log").Findings[0].Means, "{", "nobody fills in a name")
	deployed, err := d.deployed()
	require.NoError(t, err)
	delete(deployed.physical, "ApiGatewayAccount")
	assert.Contains(t, examine(t, d, "access-log").Findings[0].Do, "ManageApiGatewayAccount=true")
	d.stack.AWS.Endpoint = "x"
	assert.Equal(t, "the emulator writes no access log", examine(t, d, "access-log").Skipped)
}

// keys is the answer with a secret of the providers' keys.
func keys(document string) string {
	return fmt.Sprintf(`{"VersionId":"1","SecretString":%q}`, document)
}

// A disabled rule has another effect if it is a schedule.
func TestEffectOfRules(t *testing.T) {
	means := map[string]string{}
	for _, f := range examine(t, newDoctor(t, cloud{"DescribeRule": `{"State":"DISABLED"}`}), "rules").Findings {
		means[f.Subject] = f.Means
	}
	assert.Len(t, means, 2)
	for subject, m := range means {
		assert.Equal(t, strings.Contains(subject, "Schedule"), strings.HasPrefix(m, "No comparison starts"), subject)
	}
}

// A function that a schedule invokes is no function of API Gateway.
func TestPermissionOfASchedule(t *testing.T) {
	findings := func(policy string) (found []Finding) {
		for _, f := range examine(t, newDoctor(t, cloud{"GetPolicy": policy}), "invoke").Findings {
			if f.Subject == "ReconcilerFunction" {
				found = append(found, f)
			}
		}
		return found
	}
	const rule = "arn:aws:events:us-east-1:1:rule/ReconcilerSchedule"
	assert.Empty(t, findings(`{"Policy":"{\"Condition\":{\"AWS:SourceArn\":\"`+rule+`\"}}"}`))
	found := findings("{}")
	require.Len(t, found, 1)
	assert.Equal(t, []string{"may not be invoked by EventBridge", noComparison}, []string{found[0].Problem, found[0].Means})
	assert.Contains(t, found[0].Do, "--principal events.amazonaws.com --source-arn '"+rule+"'")
}

const (
	attributes = `<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes><entry><key>SubscriptionsPending</key><value>1</value></entry></Attributes></GetTopicAttributesResult></GetTopicAttributesResponse>`
	pending    = `<ListSubscriptionsByTopicResponse><ListSubscriptionsByTopicResult><Subscriptions><member><SubscriptionArn>PendingConfirmation</SubscriptionArn><Protocol>email</Protocol><Endpoint>oncall@example.com</Endpoint></member></Subscriptions></ListSubscriptionsByTopicResult></ListSubscriptionsByTopicResponse>`
)

func TestURLs(t *testing.T) {
	for status, says := range map[int]string{200: "past the authorizer", 403: "not that of the API", 429: "throttled now", 502: "The authorizer does not run"} {
		d := newDoctor(t, nil)
		d.stack.Outputs["StripeUrl"] = strings.Replace(d.stack.Outputs["StripeUrl"], "/401", "/"+strconv.Itoa(status), 1) // a port may have 401
		found := examine(t, d, "url-stripe").Findings
		require.Len(t, found, 1)
		assert.Contains(t, found[0].Means, says)
	}
	d := newDoctor(t, nil)
	assert.Empty(t, examine(t, d, "url-stripe").Findings)
	assert.Equal(t, "the stack has no Square", examine(t, d, "url-square").Skipped)
	assert.Equal(t, "the stack has no Square", examine(t, d, "secret-square").Skipped)
	whole := newDoctor(t, cloud{"GetSecretValue": keys(`{"stripe":{"apiKey":"rk_live_marked"}}`)})
	assert.Empty(t, examine(t, whole, "api-keys").Findings, "no key of providers that the stack does not have")
	delete(d.stack.Outputs, "ApiKeysSecretArn")
	assert.Contains(t, examine(t, d, "api-keys").Skipped, "ReconcileEvery is 0")
	d.stack.Outputs["StripeUrl"] = "http://127.0.0.1:1"
	assert.Contains(t, examine(t, d, "url-stripe").Findings[0].Problem, "cannot be reached")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := d.checkURL(ctx, contract.Stripe())
	assert.ErrorIs(t, err, context.Canceled)
	d.stack.Outputs["StripeUrl"] = ":"
	assert.Contains(t, examine(t, d, "url-stripe").Findings[0].Problem, "missing protocol scheme")
	d.stack.AWS.Endpoint = "x"
	assert.Contains(t, examine(t, d, "url-stripe").Findings[0].Problem, "output StripeUrl")
}

func TestLocalStacksMayBeQuietAndEmpty(t *testing.T) {
	d := newDoctor(t, cloud{"GetSecretValue": "!ResourceNotFoundException"})
	d.stack.AWS.Local = true
	for _, name := range []string{"protection", "secret-stripe", "subscriptions"} {
		r := examine(t, d, name)
		assert.Empty(t, r.Findings)
		assert.Contains(t, r.Skipped, "local stack")
	}
}

func TestStatus(t *testing.T) {
	for status, says := range map[string]string{"UPDATE_IN_PROGRESS": "is changing", "UPDATE_ROLLBACK_FAILED": "could not finish", "UPDATE_ROLLBACK_COMPLETE": "was undone"} {
		d := newDoctor(t, nil)
		d.stack.Status = status
		assert.Contains(t, examine(t, d, "stack").Findings[0].Means, says)
	}
}

func TestUnreadableTemplates(t *testing.T) {
	d := newDoctor(t, nil)
	assert.Contains(t, examine(t, d, "template").Skipped, "there is no none.json")
	d.templateFile = t.TempDir()
	assert.Contains(t, examine(t, d, "template").Findings[0].Problem, "is a directory")
	assert.Contains(t, examine(t, d, "code").Skipped, "there is no build")

	broken := errors.New("broken")
	d.deployed = func() (*template, error) { return nil, broken }
	d.templateFile = "../../../../out/stack.json"
	results, err := d.Examine(t.Context(), []string{"protection", "secret-stripe", "api-keys", "subscriptions"})
	require.NoError(t, err)
	findings, skipped := 0, 0
	for _, r := range results {
		findings += len(r.Findings)
		if strings.HasPrefix(r.Skipped, "not possible, see template") {
			skipped++
		}
	}
	assert.Equal(t, 1, findings, "one failure is one finding")
	assert.Equal(t, 21, skipped)

	for body, says := range map[string]string{
		"":  "is not JSON",
		"{": "is not JSON",
	} {
		server := httptest.NewServer(cloud{"GetTemplate": "<GetTemplateResponse><GetTemplateResult><TemplateBody>" + body + "</TemplateBody></GetTemplateResult></GetTemplateResponse>"})
		defer server.Close()
		config := d.stack.AWS.Config
		config.BaseEndpoint = &server.URL
		_, err := readTemplate(t.Context(), cloudformation.NewFromConfig(config), d.stack)
		assert.ErrorContains(t, err, says)
	}
	server := httptest.NewServer(cloud{"GetTemplate": "<GetTemplateResponse><GetTemplateResult><TemplateBody>{}</TemplateBody></GetTemplateResult></GetTemplateResponse>", "ListStackResources": "!X"})
	defer server.Close()
	config := d.stack.AWS.Config
	config.BaseEndpoint = &server.URL
	_, err = readTemplate(t.Context(), cloudformation.NewFromConfig(config), d.stack)
	assert.ErrorContains(t, err, "ListStackResources")
}

func TestResolve(t *testing.T) {
	d := &template{
		document: parse(`{"Conditions":{"Yes":{"Fn::Equals":[{"Ref":"A"},"a"]},"No":{"Fn::Not":[{"Condition":"Yes"}]},
			"Both":{"Fn::And":[{"Condition":"Yes"},{"Condition":"No"}]},"Either":{"Fn::Or":[{"Condition":"Yes"},{"Condition":"No"}]}},
			"Resources":{"Q":{"Type":"AWS::SQS::Queue"},"X":{"Type":"AWS::Odd::One"},"L":{"Type":"AWS::Logs::LogGroup"}}}`).(map[string]any),
		values:   map[string]string{"A": "a", "AWS::Partition": "aws", "AWS::Region": "r", "AWS::AccountId": "1"},
		physical: map[string]string{"Q": "https://host/1/q", "X": "x", "L": "/aws/lambda/l"},
	}
	for text, want := range map[string]any{
		`{"Fn::If":["Both",1,2]}`:                          float64(2),
		`{"Fn::If":["Either",1,2]}`:                        float64(1),
		`{"Fn::If":["Missing",1,2]}`:                       float64(2),
		`{"Fn::Join":["-",["x",{"Ref":"A"}]]}`:             "x-a",
		`{"Fn::Join":["-",[{"Fn::GetAtt":["X","Id"]}]]}`:   unknown{},
		`{"Fn::Sub":"${A}/${Q.Arn}"}`:                      "a/arn:aws:sqs:r:1:q",
		`{"Fn::Sub":"${Nothing}"}`:                         unknown{},
		`{"Fn::GetAtt":["X","Arn"]}`:                       unknown{},
		`{"Fn::GetAtt":["L","Arn"]}`:                       "arn:aws:logs:r:1:log-group:/aws/lambda/l:*",
		`{"Fn::Select":[0,["x"]]}`:                         unknown{},
		`{"Ref":"AWS::NoValue"}`:                           nil,
		`[{"Ref":"AWS::NoValue"},{"a":{"Ref":"X"},"b":1}]`: []any{map[string]any{"a": "x", "b": float64(1)}},
	} {
		assert.Equal(t, want, d.resolve(parse(text)), text)
	}
}

func TestPoliciesAsAWSStoresThem(t *testing.T) {
	want := parse(`{"Statement":[{"Action":["a"],"Effect":"Allow","Resource":["x","y"]}]}`)
	assert.Empty(t, statements(want, parse(`{"Statement":{"Action":"a","Effect":"Allow","Resource":["y","x"]}}`)))
	assert.Equal(t, []string{"a statement without Sid is missing"}, statements(want, nil))
	assert.Len(t, statements(want, parse(`{"Statement":[{"Action":"a","Effect":"Allow","Resource":["x","y","z"]}]}`)), 2)
	// The ARN that only CloudFormation knows equals any, but not all at once.
	of := func(resource any) any {
		return map[string]any{"Statement": []any{map[string]any{"Effect": "Allow", "Resource": resource}}}
	}
	assert.Empty(t, statements(of([]any{unknown{}, "b"}), of([]any{"a", "b"})))
	assert.Len(t, statements(of([]any{unknown{}}), of("*")), 2)
	assert.Empty(t, differences("", nil, "x"), "what the template leaves out may be anything")
	assert.Equal(t, 121, len([]rune(show(strings.Repeat("é", 200)))), "long values are cut")
}
