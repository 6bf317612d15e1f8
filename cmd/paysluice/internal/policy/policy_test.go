package policy_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/policy"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/contract"
)

var update = flag.Bool("update", false, "write docs/operator-policies.md")

// sample returns the stack of the documentation.
func sample() *stack.Stack {
	const account = "us-east-1:123456789012:"
	s := &stack.Stack{
		Name: "paysluice-prod", ID: "arn:aws:cloudformation:" + account + "stack/paysluice-prod/0a1b2c3d",
		Parameters: map[string]string{"EnvironmentSuffix": "prod"},
		Outputs: map[string]string{
			"ApiId": "a1b2c3d4e5", "BucketName": "failed-webhooks-123456789012-prod", "TableName": "WebhookEvents-prod",
			"QueueUrl":            "https://sqs.us-east-1.amazonaws.com/123456789012/webhook-queue-prod",
			"DeadLetterQueueUrl":  "https://sqs.us-east-1.amazonaws.com/123456789012/webhook-dlq-prod",
			"UnpublishedQueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/webhook-unpublished-prod",
			"AlarmTopicArn":       "arn:aws:sns:" + account + "webhook-alarms-prod",
			"TicketTopicArn":      "arn:aws:sns:" + account + "webhook-tickets-prod",
			"TableStreamArn":      "arn:aws:dynamodb:" + account + "table/WebhookEvents-prod/stream/2026-11-01T09:30:00.000",
		},
	}
	for _, p := range contract.Providers() {
		s.Outputs[p.Title+"SecretArn"] = "arn:aws:secretsmanager:" + account + "secret:" + p.Name + "-secret-prod-AbCdEf"
	}
	return s
}

func document(t *testing.T, level policy.Level) policy.Document {
	t.Helper()
	d, err := policy.New(level, sample(), "1234abcd-12ab-34cd-56ef-1234567890ab")
	require.NoError(t, err)
	return d
}

// commands is the folder of the commands. Each SDK operation that they call has an input
// with a name that ends with Input.
const commands = "../.."

// called returns the IAM actions of the SDK operations in the commands' source.
func called(t *testing.T) map[string]bool {
	t.Helper()
	actions := map[string]bool{}
	require.NoError(t, filepath.WalkDir(commands, func(name string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		services := map[string]bool{}
		for _, i := range file.Imports {
			if of, service := path.Split(strings.Trim(i.Path.Value, `"`)); of == "github.com/aws/aws-sdk-go-v2/service/" {
				services[service] = true
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				operation, isInput := strings.CutSuffix(s.Sel.Name, "Input")
				if x, ok := s.X.(*ast.Ident); ok && isInput && services[x.Name] {
					actions[stack.Action(x.Name, operation)] = true
				}
			}
			return true
		})
		return nil
	}))
	delete(actions, "sts:GetCallerIdentity") // needs no permission
	return actions
}

// The policies have what the commands call, and besides only the key's permissions,
// which other services use in the caller's name, and the second one of DeleteObjects.
func TestPoliciesAllowWhatCommandsCall(t *testing.T) {
	granted := map[string]bool{}
	for _, s := range document(t, policy.Operator).Statement {
		for _, action := range s.Action {
			granted[action] = true
		}
	}
	for _, action := range []string{"kms:Decrypt", "kms:GenerateDataKey", "s3:DeleteObject"} {
		assert.True(t, granted[action])
		delete(granted, action)
	}
	assert.Equal(t, slices.Sorted(maps.Keys(called(t))), slices.Sorted(maps.Keys(granted)))
}

func TestReadOnlyChangesNothing(t *testing.T) {
	for _, s := range document(t, policy.ReadOnly).Statement {
		for _, action := range s.Action {
			assert.Regexp(t, `:(GET|Get|List|Describe|Query|BatchGet|Filter|Decrypt)`, action)
			assert.NotEqual(t, "secretsmanager:GetSecretValue", action, "whoever reads a secret can forge webhooks")
		}
	}
}

func TestPolicyOfAnUnknownStack(t *testing.T) {
	s := sample()
	_, err := policy.New(policy.ReadOnly, s, "")
	assert.ErrorIs(t, err, policy.ErrStack, "no key")
	s.ID = "paysluice"
	_, err = policy.New(policy.ReadOnly, s, "key")
	assert.ErrorIs(t, err, policy.ErrStack)
}

func TestPolicyOfAStackThatPublishesNothing(t *testing.T) {
	s := sample()
	delete(s.Outputs, "UnpublishedQueueUrl")
	d, err := policy.New(policy.Operator, s, "key")
	require.NoError(t, err)
	for _, statement := range d.Statement {
		assert.NotContains(t, []string{"Republish", "ReadUnpublished"}, statement.Sid)
		assert.NotEmpty(t, statement.Resource, "IAM refuses %s without resources", statement.Sid)
	}
}

// One pattern has all secrets with keys of the providers' APIs.
func TestKeysMayBeRead(t *testing.T) {
	statements := document(t, policy.Operator).Statement
	keys := statements[slices.IndexFunc(statements, func(s policy.Statement) bool { return s.Sid == "ReadKeys" })].Resource[0]
	for name, want := range map[string]bool{
		"provider-api-keys-prod-AbCdEf":                          true,
		query.KeySecret(sample(), contract.Stripe()) + "-AbCdEf": true,
		"stripe-secret-prod-AbCdEf":                              false,
		"provider-api-keys-test-AbCdEf":                          false,
	} {
		got, err := path.Match(keys, "arn:aws:secretsmanager:us-east-1:123456789012:secret:"+name)
		require.NoError(t, err)
		assert.Equal(t, want, got, name)
	}
}

// The longest suffix that the template takes makes the longest policy.
func TestPolicyThatIsTooLongToBeManaged(t *testing.T) {
	s := sample()
	suffix := strings.Repeat("x", 30)
	s.Parameters["EnvironmentSuffix"] = suffix
	for name, value := range s.Outputs {
		s.Outputs[name] = strings.ReplaceAll(value, "prod", suffix)
	}
	d, err := policy.New(policy.Operator, s, "1234abcd-12ab-34cd-56ef-1234567890ab")
	require.NoError(t, err)
	assert.Regexp(t, "^; it has [67][0-9]{3} characters, and a managed policy may have 6144: make it an inline policy", d.Size())
}

// Both policies read the log group of each function and of the API.
func TestLogsMayBeRead(t *testing.T) {
	template, err := os.ReadFile("../../../../out/stack.json")
	require.NoError(t, err)
	groups := regexp.MustCompile(`"LogGroupName": \{"Fn::Sub": "(.*)\$\{EnvironmentSuffix\}"`).FindAllStringSubmatch(string(template), -1)
	require.Contains(t, fmt.Sprint(groups), contract.ReconcilerName)
	for _, level := range policy.Levels() {
		statements := document(t, level).Statement
		logs := statements[slices.IndexFunc(statements, func(s policy.Statement) bool { return s.Sid == "ReadLogs" })].Resource
		for _, group := range groups {
			assert.True(t, slices.ContainsFunc(logs, func(arn string) bool {
				_, pattern, _ := strings.Cut(arn, ":log-group:")
				ok, err := path.Match(pattern, group[1]+"prod:stream")
				return err == nil && ok
			}), "%s: %s", level, group[1])
		}
	}
}

// docs/operator-policies.md is generated: go test ./cmd/paysluice/internal/policy -update
func TestPage(t *testing.T) {
	const file = "../../../../docs/operator-policies.md"
	intro, err := os.ReadFile("testdata/page.txt")
	require.NoError(t, err)
	page := bytes.NewBuffer(intro)
	page.WriteString("\n| statement | policy | actions | needed by |\n|---|---|---|---|\n")
	for _, g := range policy.Grants() {
		in := "both"
		if g.Level == policy.Operator {
			in = "operator"
		}
		fmt.Fprintf(page, "| %s | %s | %s | %s |\n", g.Sid, in, strings.Join(g.Actions, ", "), g.Commands)
	}
	for _, level := range policy.Levels() {
		d := document(t, level)
		assert.Empty(t, d.Size(), "it is no longer than a managed policy may be")
		fmt.Fprintf(page, "\n## %s\n\n```json\n%s```\n", level, d.JSON())
	}
	if *update {
		require.NoError(t, os.WriteFile(file, page.Bytes(), 0o644))
	}
	got, err := os.ReadFile(file)
	require.NoError(t, err, "run go test ./cmd/paysluice/internal/policy -update")
	assert.Equal(t, page.String(), string(got), "run go test ./cmd/paysluice/internal/policy -update")
}
