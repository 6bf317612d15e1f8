package render

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/diff"
	"github.com/paysluice/paysluice/cmd/gentemplate/internal/model"
	"github.com/paysluice/paysluice/cmd/gentemplate/internal/schema"
)

// report returns what happens between two templates in YAML.
func report(t *testing.T, old, new string) *diff.Report {
	t.Helper()
	before, err := model.Parse([]byte("Resources:\n" + old))
	require.NoError(t, err)
	after, err := model.Parse([]byte("Resources:\n" + new))
	require.NoError(t, err)
	return diff.Compare(before, after, schema.Load(), nil)
}

func rendered(t *testing.T, r *diff.Report, format string) string {
	t.Helper()
	text, err := Render(r, format, MaxComment)
	require.NoError(t, err)
	return text
}

const (
	before = `
  Q: {Type: "AWS::SQS::Queue", Properties: {QueueName: a, MessageRetentionPeriod: 600, KmsMasterKeyId: k}}
  F: {Type: "AWS::Lambda::Function", Properties: {Code: {S3Key: a}}}
  M: {Type: "AWS::Lambda::EventSourceMapping", Properties: {EventSourceArn: !GetAtt Q.Arn, FunctionName: f}}
  R: {Type: "AWS::IAM::Role", Properties: {P: {Statement: [{Effect: Allow, Action: b}]}}}
  C: {Type: "AWS::SecretsManager::Secret", Properties: {Description: a}}`
	after = `
  Q: {Type: "AWS::SQS::Queue", Properties: {QueueName: a, MessageRetentionPeriod: 60}}
  F: {Type: "AWS::Lambda::Function", Properties: {Code: {S3Key: b}}}
  N: {Type: "AWS::Lambda::EventSourceMapping", Properties: {EventSourceArn: !GetAtt Q.Arn, FunctionName: f}}
  R: {Type: "AWS::IAM::Role", Properties: {P: {Statement: [{Effect: Allow, Action: a}]}}}
  C: {Type: "AWS::SecretsManager::Secret", Properties: {Description: b}}`
)

func TestText(t *testing.T) {
	assert.Equal(t, `loses data: Q

Data is lost
  Q (AWS::SQS::Queue, a): update
    MessageRetentionPeriod: Messages that are older expire at once.
      600 → 60
    KmsMasterKeyId: Messages are no longer encrypted with this key.
      k → (none)
    used by N

Names collide
  N (AWS::Lambda::EventSourceMapping): no-op, formerly M
    EventSourceArn ${Q.Arn}, FunctionName f already exists: M has it until the update ends. Creating it fails, and the stack rolls back.

May do more
  R (AWS::IAM::Role): update
    gained: Allow a
    lost: Allow b

Changed in place
  C (AWS::SecretsManager::Secret): update
    Description
      a → b

You will no longer be told
  Q MessageRetentionPeriod: Messages that are older expire at once. (600 → 60)

Permissions
  + R: Allow a
  - R: Allow b

Expected or without effect (deployment, code, metadata): F
`, rendered(t, report(t, before, after), "text"))
}

func TestQuiet(t *testing.T) {
	same, code := report(t, before, before), report(t, before, strings.Replace(before, "S3Key: a", "S3Key: b", 1))
	assert.Empty(t, rendered(t, same, "text"), "nothing to print")
	assert.Equal(t, Marker+"\n**What this change of the template does: safe**\n\n```diff\nsafe: the templates are the same\n```\n\n",
		rendered(t, same, "markdown"), "an old comment must not stay")
	assert.Contains(t, rendered(t, code, "text"), "safe: 1 of the resources change without harm\n")
	metadata := report(t, "  T: {Type: T, Metadata: {a: b}}", "  T: {Type: T, Metadata: {a: c}}")
	assert.Contains(t, rendered(t, metadata, "text"), "safe: no resource changes\n")
}

func TestUntoldWithoutValues(t *testing.T) {
	r := report(t, "  T: {Type: 'AWS::SNS::Topic'}\n  U: {Type: U}", "  U: {Type: U}")
	assert.Contains(t, rendered(t, r, "text"), "\nYou will no longer be told\n  T: CloudFormation deletes it. Nobody is told any more.\n")
}

func TestMarkdown(t *testing.T) {
	text := rendered(t, report(t, before, after), "markdown")
	first, rest, _ := strings.Cut(text, "\n")
	assert.Equal(t, Marker, first)
	assert.True(t, strings.HasPrefix(rest, "**What this change of the template does: loses data**\n"))
	assert.Contains(t, text, "<details open><summary>Data is lost (1)</summary>\n\n```diff\n! Q (AWS::SQS::Queue, a): update\n")
	assert.Contains(t, text, "- 600\n+ 60\n")
	assert.Contains(t, text, "<details><summary>Changed in place (1)</summary>")
	assert.Contains(t, text, "<details open><summary>You will no longer be told (1)</summary>")
	assert.Equal(t, strings.Count(text, "<details"), strings.Count(text, "</details>"))
}

// TestMarkdownFits: GitHub refuses a comment that is too long.
func TestMarkdownFits(t *testing.T) {
	var old, new strings.Builder
	for i := range 500 {
		fmt.Fprintf(&old, "  Q%d: {Type: 'AWS::SQS::Queue', Properties: {QueueName: a%d, KmsMasterKeyId: %s}}\n", i, i, strings.Repeat("k", 100))
		fmt.Fprintf(&new, "  Q%d: {Type: 'AWS::SQS::Queue', Properties: {QueueName: b%d}}\n", i, i)
	}
	r := report(t, old.String(), new.String())
	text := rendered(t, r, "markdown")
	assert.LessOrEqual(t, len(text), MaxComment)
	assert.Contains(t, text, "parts are left out")
	assert.Equal(t, strings.Count(text, "<details"), strings.Count(text, "</details>"))
	assert.Contains(t, rendered(t, r, "text"), "loses data: Q0, Q1, Q10, Q100, Q101, 495 more\n")
}

// TestHostile: a template is written by others.
func TestHostile(t *testing.T) {
	r := report(t, "  T: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: a}}",
		"  T: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: \"```\\n</details>@all \\e[2J\\u202e\"}}")
	text := rendered(t, r, "text")
	assert.NotContains(t, text, "\x1b")
	assert.NotContains(t, text, "\u202e")
	assert.Contains(t, rendered(t, r, "markdown"), "````diff\n", "the fence is longer than any in a value")
}

func TestLong(t *testing.T) {
	long := strings.Repeat("a", 200)
	before, after := excerpt(long+"b"+long, long+"c"+long)
	assert.Equal(t, "…"+strings.Repeat("a", 30)+"b"+strings.Repeat("a", 129)+"…", before)
	assert.Equal(t, strings.Replace(before, "b", "c", 1), after)
	before, after = excerpt("", long)
	assert.Equal(t, "(none)", before)
	assert.Equal(t, strings.Repeat("a", maxValue)+"…", after)

	rules := make([]string, 5)
	for i := range rules {
		rules[i] = fmt.Sprintf("{Id: r%d, Status: Enabled, ExpirationInDays: 1}", i)
	}
	r := report(t, "  B: {Type: 'AWS::S3::Bucket'}", "  B: {Type: 'AWS::S3::Bucket', Properties: {LifecycleConfiguration: {Rules: ["+strings.Join(rules, ", ")+"]}}}")
	assert.Contains(t, rendered(t, r, "text"), "    and 2 more like it\n")
	assert.Contains(t, rendered(t, r, "markdown"), "  and 2 more like it\n")
}

func TestJSON(t *testing.T) {
	var got diff.Report
	require.NoError(t, json.Unmarshal([]byte(rendered(t, report(t, before, after), "json")), &got))
	assert.Equal(t, "paysluice.template-diff/1", got.Format)
	assert.Equal(t, diff.LostData, got.Worst)

	_, err := Render(&got, "html", MaxComment)
	assert.ErrorIs(t, err, ErrFormat)
}
