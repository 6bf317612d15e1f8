// Package lifecycle runs two stacks side by side on the emulator, updates and
// deletes them, and finds nothing left.
package lifecycle

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/emulator"
)

// domain is the other stack's own.
const domain = "hooks.example.com"

func TestTwoStacksComeAndGo(t *testing.T) {
	root, err := emulator.Root()
	require.NoError(t, err)
	zips, err := emulator.BuildZips(t.Context(), root)
	require.NoError(t, err)
	e, err := emulator.Start(t.Context(), emulator.Options{Root: root})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, e.Stop()) })
	account := account{t, e}
	before := account.everything()

	deploy := func(suffix string, parameters map[string]string) *emulator.Stack {
		stack, err := e.Deploy(t.Context(), emulator.Deployment{
			Template: filepath.Join(root, "out", "stack.json"), Zips: zips, Suffix: suffix, Parameters: parameters,
		})
		require.NoError(t, err)
		return stack
	}
	// One suffix ends in the other: the nearest that two can be.
	one := deploy("dev", nil)
	other := deploy("a-dev", map[string]string{
		"DomainName": domain, "CertificateArn": account.certificate(),
		"ManageApiGatewayAccount": "false", "AlarmEmail": "ops@example.com",
		"EventRetentionDays": "30", "ArchiveRetentionDays": "400",
	})
	assert.Equal(t, "https://"+domain+"/stripe", other.Outputs["StripeUrl"])
	resources := account.resources(other)
	for id, physical := range account.resources(one) {
		if id != "Stage" { // unique in its API
			assert.NotEqual(t, physical, resources[id], "%s is shared", id)
		}
	}

	account.tag(one)
	account.tag(other)
	account.fill(one)
	account.fill(other)
	objects := account.versions(other)

	t.Run("an update changes what it says and replaces nothing", func(t *testing.T) {
		deploy("a-dev", map[string]string{"LogLevel": "DEBUG", "AlarmEmail": ""})
		updated := account.resources(other)
		for id, physical := range resources {
			if id != "AlarmTopicEmail" && id != "TicketTopicEmail" {
				assert.Equal(t, physical, updated[id], id)
			}
		}
		assert.NotContains(t, updated, "AlarmTopicEmail")
		assert.Equal(t, objects, account.versions(other))
	})

	t.Run("the emptier under another logical id leaves a bucket in use as it is", func(t *testing.T) {
		_, err := e.Deploy(t.Context(), emulator.Deployment{
			Template: changed(t, root, `"EmptiedBucket"`, `"EmptiedBucketAnew"`), Zips: zips, Suffix: "a-dev",
			Parameters: map[string]string{"ManageApiGatewayAccount": "false"},
		})
		require.NoError(t, err)
		assert.Contains(t, account.resources(other), "EmptiedBucketAnew")
		assert.Equal(t, objects, account.versions(other))
	})

	t.Run("so does an update that fails and is undone", func(t *testing.T) {
		_, err := e.Deploy(t.Context(), emulator.Deployment{
			Template: changed(t, root, `"Resources": {`, `"Resources": {
  "Fails": {"Type": "Custom::Thing", "Properties": {"ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:none"}},`),
			Zips: zips, Suffix: "a-dev", Parameters: map[string]string{"ManageApiGatewayAccount": "false"},
		})
		require.ErrorIs(t, err, emulator.ErrDeploy)
		assert.Equal(t, objects, account.versions(other))
	})

	t.Run("a stack that goes takes its objects along, versions and markers too, and nothing of the other's", func(t *testing.T) {
		account.delete(other)
		assert.NotEmpty(t, account.versions(one), "the other stack's objects are where they were")
	})

	account.delete(one)
	for _, suffix := range []string{"dev", "a-dev"} {
		_, err := e.AWS(t.Context(), "s3", "rb", "--force", "s3://code-"+suffix) // the harness's own
		require.NoError(t, err)
	}
	assert.Equal(t, before, account.everything())
}

// changed is the stack's template with one text replaced by another.
func changed(t *testing.T, root, from, to string) (file string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "out", "stack.json"))
	require.NoError(t, err)
	require.Contains(t, string(text), from)
	file = filepath.Join(t.TempDir(), "stack.json")
	require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(string(text), from, to)), 0o600))
	return file
}

// account is the emulator's one account.
type account struct {
	t *testing.T
	e *emulator.Emulator
}

func (a account) query(into any, args ...string) {
	a.t.Helper()
	out, err := a.e.AWS(a.t.Context(), args...)
	require.NoError(a.t, err, strings.Join(args, " "))
	require.NoError(a.t, json.Unmarshal(out, into), "%s: %s", args, out)
}

// everything is what each service in use has, by the command that lists it.
// Keys are gone for good after their waiting period only.
func (a account) everything() map[string][]string {
	a.t.Helper()
	all := map[string][]string{}
	for _, list := range []string{
		"apigateway get-rest-apis --query items[].name",
		"apigateway get-domain-names --query items[].domainName",
		"cloudformation list-stacks --query StackSummaries[?StackStatus!='DELETE_COMPLETE'].StackName",
		"cloudwatch describe-alarms --query MetricAlarms[].AlarmName",
		"cloudwatch list-dashboards --query DashboardEntries[].DashboardName",
		"dynamodb list-tables --query TableNames",
		"dynamodbstreams list-streams --query Streams[].TableName",
		"iam list-roles --query Roles[].RoleName",
		"iam list-policies --scope Local --query Policies[].PolicyName",
		"kms list-aliases --query Aliases[?!starts_with(AliasName,'alias/aws/')].AliasName",
		"lambda list-event-source-mappings --query EventSourceMappings[].FunctionArn",
		"lambda list-functions --query Functions[].FunctionName",
		"logs describe-log-groups --query logGroups[].logGroupName",
		"logs describe-metric-filters --query metricFilters[].filterName",
		"s3api list-buckets --query Buckets[].Name",
		"secretsmanager list-secrets --include-planned-deletion --query SecretList[].Name",
		"sns list-subscriptions --query Subscriptions[].Endpoint",
		"sns list-topics --query Topics[].TopicArn",
		"sqs list-queues --query QueueUrls",
	} {
		var names []string
		a.query(&names, strings.Fields(list)...)
		if len(names) > 0 {
			all[list] = names
		}
	}
	var keys []string
	a.query(&keys, "kms", "list-keys", "--query", "Keys[].KeyId")
	for _, key := range keys {
		var state string
		a.query(&state, "kms", "describe-key", "--key-id", key, "--query", "KeyMetadata.KeyState")
		if state != "PendingDeletion" {
			all["keys"] = append(all["keys"], key)
		}
	}
	return all
}

// certificate is one of ACM's for the domain.
func (a account) certificate() (arn string) {
	a.t.Helper()
	a.query(&arn, "acm", "request-certificate", "--domain-name", domain, "--query", "CertificateArn")
	return arn
}

// resources are a stack's physical ids by logical id.
func (a account) resources(s *emulator.Stack) map[string]string {
	a.t.Helper()
	var resources []struct {
		LogicalID  string `json:"LogicalResourceId"`
		PhysicalID string `json:"PhysicalResourceId"`
	}
	a.query(&resources, "cloudformation", "list-stack-resources", "--stack-name", s.Name, "--query", "StackResourceSummaries")
	ids := map[string]string{}
	for _, r := range resources {
		ids[r.LogicalID] = r.PhysicalID
	}
	return ids
}

// fill puts two versions of an object, a deleted object and a nested one into a
// stack's bucket.
func (a account) fill(s *emulator.Stack) {
	a.t.Helper()
	file := filepath.Join(a.t.TempDir(), "body")
	require.NoError(a.t, os.WriteFile(file, []byte("{}"), 0o600))
	bucket := s.Outputs["BucketName"]
	for _, key := range []string{"stripe/2026/01/01/a.json", "stripe/2026/01/01/a.json", "oversize/stripe/b", "unknown/c"} {
		_, err := a.e.AWS(a.t.Context(), "s3api", "put-object", "--bucket", bucket, "--key", key, "--body", file)
		require.NoError(a.t, err)
	}
	_, err := a.e.AWS(a.t.Context(), "s3api", "delete-object", "--bucket", bucket, "--key", "unknown/c")
	require.NoError(a.t, err)
	require.Len(a.t, a.versions(s), 5, "four versions and a marker")
}

// tag does what CloudFormation does to each bucket that it creates, and MiniStack
// 1.5.33 does not. The emptier looks at it.
func (a account) tag(s *emulator.Stack) {
	a.t.Helper()
	var id string
	a.query(&id, "cloudformation", "describe-stacks", "--stack-name", s.Name, "--query", "Stacks[0].StackId")
	_, err := a.e.AWS(a.t.Context(), "s3api", "put-bucket-tagging", "--bucket", s.Outputs["BucketName"],
		"--tagging", "TagSet=[{Key=aws:cloudformation:stack-id,Value="+id+"}]")
	require.NoError(a.t, err)
}

// versions are all that a stack's bucket holds, delete markers too.
func (a account) versions(s *emulator.Stack) []string {
	a.t.Helper()
	var ids []string
	a.query(&ids, "s3api", "list-object-versions", "--bucket", s.Outputs["BucketName"],
		"--query", "[Versions[].VersionId, DeleteMarkers[].VersionId][]|[]")
	return ids
}

// delete deletes a stack. The emulator would delete a bucket that holds objects,
// AWS does not: so it shows that the bucket is empty while it is still there.
func (a account) delete(s *emulator.Stack) {
	a.t.Helper()
	_, err := a.e.AWS(a.t.Context(), "cloudformation", "delete-stack", "--stack-name", s.Name)
	require.NoError(a.t, err)
	require.Eventually(a.t, func() bool {
		_, err := a.e.AWS(a.t.Context(), "s3api", "head-bucket", "--bucket", s.Outputs["BucketName"])
		require.NoError(a.t, err, "the bucket went with what was in it")
		return len(a.versions(s)) == 0
	}, 30*time.Second, 500*time.Millisecond, "the bucket is not emptied")
	_, err = a.e.AWS(a.t.Context(), "cloudformation", "wait", "stack-delete-complete", "--stack-name", s.Name)
	require.NoError(a.t, err)
}
