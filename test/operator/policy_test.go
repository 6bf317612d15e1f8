package operator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/test/emulator/providerapi"
)

// statements returns the policy of a level, as paysluice policy prints it, with what
// the emulator asks for instead: two actions as which it knows GetFunctionConcurrency and
// GetEventSourceMapping, those of a stream and of a rule's targets without a resource, and
// two of SQS's batches, which on AWS need the actions of single messages.
func statements(t *testing.T, level string) []map[string]any {
	t.Helper()
	var policy struct{ Statement []map[string]any }
	r := paysluice(t, "policy", level)
	require.Equal(t, 0, r.code, r.stderr)
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &policy))
	return append(policy.Statement, allow("*", "lambda:PutFunctionConcurrency", "lambda:ListEventSourceMappings",
		"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "events:ListTargetsByRule", "sqs:DeleteMessageBatch", "sqs:ChangeMessageVisibilityBatch"))
}

// call is a command line, and the permission of the operator policy alone that it
// needs first, if any.
type call struct {
	args  []string
	needs string
}

// calls returns every command that calls AWS. day has failures of its own.
func calls(t *testing.T, n int) []call {
	t.Helper()
	at, filter := day(n)
	m := archive(t, 2, contract.ReasonReceivesExhausted, at, "")[0]
	archive(t, 1, contract.ReasonReceivesExhausted, at, "GLACIER")
	a := accounts["square"]
	id, body := store(t, a.Provider)
	var e event.Event
	require.NoError(t, json.Unmarshal([]byte(paysluice(t, "events", "get", id, "-o", "json").stdout), &e))
	for _, end := range []string{"", " "} {
		archiveCopy(t, a.Provider, id, append(body, end...))
	}
	capture := captured(t, a, a.Header(body, a.secret, time.Now()), body)
	l := lose(t, a.Provider, 8) // one is lost
	return []call{
		{[]string{"status"}, ""},
		{[]string{"policy", "read-only"}, ""},
		{[]string{"events", "list"}, ""},
		{[]string{"events", "get", id}, ""},
		{[]string{"events", "payload", id}, ""},
		{[]string{"payment", e.PaymentID, "--provider", "square"}, ""},
		{[]string{"events", "export", "--since", "1h"}, ""},
		{[]string{"trace", id}, ""},
		{with(filter, "failures", "list"), ""},
		{with(filter, "failures", "stats"), ""},
		{[]string{"failures", "show", m.Key()}, ""},
		{[]string{"replay", "list"}, ""},
		{with(filter, "replay", "--dry-run"), ""},
		{l.args(), ""},
		{l.args("--refill", "--yes"), "sqs:SendMessage"},
		{[]string{"destroy", "--dry-run"}, "s3:ListBucketVersions"},
		{with(filter, "failures", "restore", "--yes"), "s3:RestoreObject"},
		{with(filter, "replay", "--yes"), "s3:PutObject"},
		{[]string{"events", "republish", id, "--yes"}, "s3:PutObject"},
		{[]string{"events", "republish", id, "--dry-run"}, ""},
		{[]string{"events", "republish", "list"}, ""},
		{[]string{"failures", "unpublished", "--remove", "--yes"}, "sqs:ReceiveMessage"},
		{[]string{"events", "erase", id, "--yes"}, "s3:ListBucketVersions"},
		{[]string{"verify", "square", "--event", capture}, "secretsmanager:GetSecretValue"},
		{[]string{"secrets", "list"}, "secretsmanager:GetSecretValue"},
		{[]string{"secrets", "test", "square"}, "secretsmanager:GetSecretValue"},
		{[]string{"secrets", "add", "square", "new", "--environment", "sandbox", "--secret-stdin"}, "secretsmanager:GetSecretValue"},
		{[]string{"secrets", "retire", "square", "new", "--yes"}, "secretsmanager:GetSecretValue"},
		{[]string{"send", "square", "refund.updated", "--wait"}, "secretsmanager:GetSecretValue"},
	}
}

// Each command works with the policy that docs/operator-policies.md names for it, and
// with the read-only one what changes something is denied.
func TestPolicies(t *testing.T) {
	t.Parallel()
	a := accounts["square"]
	restore(t, a)
	readOnly, operator := user(t, statements(t, "read-only")...), user(t, statements(t, "operator")...)
	operator.stdin = a.NewSecret()
	commands := calls(t, 9)
	for _, s := range []*session{&readOnly, &operator} {
		s.env = append(s.env, "SQUARE_ACCESS_TOKEN="+providerapi.Key().Token)
		tail := s.interrupted(t, func(stdout, _ string) bool { return stdout != "" }, "events", "tail", "--since", "1h", "-o", "ndjson")
		assert.Equal(t, 130, tail.code, tail.stderr)
		console := s.openConsole(t)
		for _, page := range []string{"/", "/events", "/failures", "/replay?provider=square&reason=receives-exhausted&days=7", "/doctor?examine"} {
			status, text := console.get(page)
			assert.Equal(t, http.StatusOK, status, page)
			assert.NotContains(t, text, "may not call", page)
		}
	}
	for _, c := range commands {
		r := readOnly.run(t, c.args...)
		if c.needs == "" {
			assert.Contains(t, []int{0, 3}, r.code, "read-only %s: %s", c.args, r.stderr)
		} else {
			assert.Contains(t, []int{1, 3}, r.code, c.args) // a refill names each event that is denied
			assert.Contains(t, r.stderr, "access denied: "+c.needs+" on ", "read-only %s", c.args)
		}
		r = operator.run(t, c.args...)
		assert.Contains(t, []int{0, 3}, r.code, "operator %s: %s", c.args, r.stderr)
		assert.NotContains(t, r.stdout+r.stderr, "access denied", c.args)
	}
	doctor := operator.run(t, "doctor")
	assert.NotContains(t, doctor.stdout, "access denied", "operator doctor")
	doctor = readOnly.run(t, "doctor")
	assert.Equal(t, 1, strings.Count(strings.ReplaceAll(doctor.stdout, "secret-", ""), "access denied: secretsmanager:GetSecretValue"), "%s", doctor.stdout)
}

func TestPolicyThatCannotBePrinted(t *testing.T) {
	t.Parallel()
	finder := user(t, allow("*", "cloudformation:DescribeStacks"))
	for _, c := range []struct {
		from session
		args []string
		code int
		says string
	}{
		{root(), []string{"root"}, 2, "name one policy: read-only or operator"},
		{root(), []string{"operator", "-o", "csv"}, 2, "a policy is JSON: leave --output out"},
		{user(t), []string{"operator"}, 1, "access denied: cloudformation:DescribeStacks on "},
		{finder, []string{"operator"}, 1, "access denied: cloudformation:ListStackResources on "},
	} {
		r := c.from.run(t, append([]string{"policy"}, c.args...)...)
		assert.Equal(t, c.code, r.code, c.args)
		assert.Contains(t, r.stderr, c.says)
	}
}

// unenforced are actions that the emulator asks nobody for. CloudWatch's requests are
// CBOR, the key is used by other services, and doctor does not read there what the
// emulator does not keep.
func unenforced() []string {
	return []string{
		"cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "kms:Decrypt", "kms:GenerateDataKey", "s3:GetLifecycleConfiguration",
		"dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTimeToLive", "lambda:GetAccountSettings", "sns:ListSubscriptionsByTopic",
		"sqs:ChangeMessageVisibility", "sqs:DeleteMessage", // the queue has no message
		"events:DescribeEventBus", // the stack publishes to a topic
		// See statements.
		"lambda:GetFunctionConcurrency", "lambda:GetEventSourceMapping", "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "events:ListTargetsByRule",
	}
}

// Without an action of the operator policy, a command fails and names it.
func TestEachActionIsNeeded(t *testing.T) {
	if testing.Short() {
		t.Skip("it replaces a policy for each action: a minute")
	}
	a := accounts["square"]
	restore(t, a)
	all := statements(t, "operator")
	s := user(t, all...)
	commands := calls(t, 10)
	find := func(words ...string) []string {
		i := slices.IndexFunc(commands, func(c call) bool { return strings.HasPrefix(strings.Join(c.args, " "), strings.Join(words, " ")) })
		require.GreaterOrEqual(t, i, 0, words)
		return commands[i].args
	}
	commandOf := map[string][]string{
		"cloudformation:DescribeStacks":     find("events", "list"),
		"cloudformation:ListStackResources": find("status"),
		"dynamodb:BatchGetItem":             find("events", "export"),
		"dynamodb:UpdateItem":               find("events", "erase"),
		"s3:ListBucketVersions":             find("events", "erase"),
		"s3:DeleteObject":                   find("events", "erase"),
		"s3:DeleteObjectVersion":            find("events", "erase"),
		"dynamodb:GetItem":                  find("replay", "--dry-run"),
		"dynamodb:Query":                    find("events", "list"),
		"s3:ListBucket":                     find("failures", "list"),
		"s3:GetObject":                      find("failures", "show"),
		"sqs:GetQueueAttributes":            find("status"),
		"logs:FilterLogEvents":              find("status"),
		"secretsmanager:GetSecretValue":     find("secrets", "list"),
		"secretsmanager:PutSecretValue":     find("secrets", "add"),
		"secretsmanager:DescribeSecret":     find("secrets", "add"),
		"sqs:SendMessage":                   find("replay", "--yes"),
		"s3:PutObject":                      find("replay", "--yes"),
		"s3:RestoreObject":                  find("failures", "restore"),
		"lambda:InvokeFunction":             find("events", "republish"),
		"sqs:ReceiveMessage":                find("failures", "unpublished"),
	}
	for _, statement := range all[:len(all)-1] {
		for _, action := range statement["Action"].([]any) {
			if slices.Contains(unenforced(), action.(string)) {
				continue
			}
			putPolicy(t, s.name, without(all, action))
			args := commandOf[action.(string)]
			if args == nil {
				args = []string{"doctor"}
			}
			if strings.HasPrefix(action.(string), "s3:Delete") {
				for n := range 2 { // the emulator asks for one action on the first, for the other on the rest
					archiveCopy(t, a.Provider, args[2], fmt.Append(nil, action, n))
				}
			}
			s.stdin = a.NewSecret()
			r := s.run(t, args...)
			assert.Contains(t, r.stdout+r.stderr, "access denied: "+action.(string)+" on ", "%s without %s: %s", args, action, r.stderr)
		}
	}
}

// without returns the statements without an action.
func without(all []map[string]any, action any) []map[string]any {
	left := all[len(all)-1:]
	for _, s := range all[:len(all)-1] {
		actions := slices.DeleteFunc(slices.Clone(s["Action"].([]any)), func(a any) bool { return a == action })
		if len(actions) == 0 {
			continue
		}
		changed := map[string]any{"Effect": "Allow", "Action": actions, "Resource": s["Resource"]}
		if condition, ok := s["Condition"]; ok {
			changed["Condition"] = condition
		}
		left = append(left, changed)
	}
	return left
}
