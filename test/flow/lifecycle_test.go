package flow_test

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template"
	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/flow/roles"
)

// customDomain is the second stack's domain.
const customDomain = "hooks.example.com"

// TestTwoStacksComeAndGo deploys two stacks side by side, updates and deletes
// them, and expects the account to be as before.
func TestTwoStacksComeAndGo(t *testing.T) {
	skipShort(t)
	before := everything(t)
	var certificate string
	query(t, &certificate, "acm", "request-certificate", "--domain-name", customDomain, "--query", "CertificateArn")

	// One suffix is the end of the other, to provoke name conflicts.
	first := deployment
	first.Suffix = "dev"
	one, err := stack.DeployWithCLI(t.Context(), first)
	require.NoError(t, err)
	second := deployment
	second.Suffix, second.Parameters = "a-dev", map[string]string{
		"DomainName": customDomain, "CertificateArn": certificate,
		"ManageApiGatewayAccount": "false", "AlarmEmail": "ops@example.com",
		"EventRetentionDays": "30", "ArchiveRetentionDays": "400",
	}
	other := deploy(t, second)
	assert.Equal(t, "https://"+customDomain+"/stripe", other.Outputs["StripeUrl"])
	resources := physicalIDs(t, other)
	for id, physical := range physicalIDs(t, one) {
		if id != "Stage" { // unique only in its API
			assert.NotEqual(t, physical, resources[id], "both stacks use the same %s", id)
		}
	}
	fillBucket(t, one)
	fillBucket(t, other)
	objects := versions(t, other)

	t.Run("an update changes what it says and replaces nothing", func(t *testing.T) {
		second.Parameters = map[string]string{"LogLevel": "DEBUG", "AlarmEmail": ""}
		deploy(t, second)
		updated := physicalIDs(t, other)
		for id, physical := range resources {
			if id != "AlarmTopicEmail" && id != "TicketTopicEmail" {
				assert.Equal(t, physical, updated[id], id)
			}
		}
		assert.NotContains(t, updated, "AlarmTopicEmail")
		assert.Equal(t, objects, versions(t, other))
	})
	second.Parameters = nil

	t.Run("another suffix is refused, and the rollback leaves everything as it is", func(t *testing.T) {
		before := physicalIDs(t, other)
		renamed := second
		renamed.Parameters = map[string]string{"EnvironmentSuffix": "b-dev"}
		_, err := stack.Deploy(t.Context(), renamed)
		require.ErrorIs(t, err, emulator.ErrDeploy)
		assert.ErrorContains(t, err, "set EnvironmentSuffix back to its value")
		assert.Equal(t, before["EventsTable"], physicalIDs(t, other)["EventsTable"])
		assert.Equal(t, objects, versions(t, other))
	})

	t.Run("an update that renames the emptier leaves the bucket as it is", func(t *testing.T) {
		second.Template = editedTemplate(t, `"EmptiedBucket"`, `"EmptiedBucketAnew"`)
		deploy(t, second)
		assert.Contains(t, physicalIDs(t, other), "EmptiedBucketAnew")
		assert.Equal(t, objects, versions(t, other))
	})

	t.Run("an update that fails leaves the bucket as it is", func(t *testing.T) {
		second.Template = editedTemplate(t, `"Resources": {`, `"Resources": {
  "Fails": {"Type": "Custom::Thing", "Properties": {"ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:none"}},`)
		_, err := stack.Deploy(t.Context(), second)
		require.ErrorIs(t, err, emulator.ErrDeploy)
		assert.Equal(t, objects, versions(t, other))
	})

	t.Run("a deleted stack takes its objects, versions and markers along, and none of the other's", func(t *testing.T) {
		deleteStack(t, other)
		assert.NotEmpty(t, versions(t, one))
	})

	deleteStack(t, one)
	for _, s := range []*emulator.Stack{one, other} {
		aws(t, "s3", "rb", "--force", "s3://code-"+s.Suffix)
	}
	assert.Equal(t, before, everything(t))
}

// TestProviderIsRemovedAndAddedAgain removes a provider in one update and adds it in
// another. No request of it is answered 5xx in between, and its archive stays.
func TestProviderIsRemovedAndAddedAgain(t *testing.T) {
	skipShort(t)
	t.Parallel()
	square := contract.Square()
	others := slices.DeleteFunc(contract.Providers(), func(p contract.Provider) bool { return p.Name == square.Name })
	d := deployment
	d.Suffix, d.Parameters = "retire", map[string]string{"ManageApiGatewayAccount": "false"}
	s := deploy(t, d)
	fillBucket(t, s)
	objects := versions(t, s)
	post := func(p contract.Provider) int {
		status, answer, err := s.Post(t.Context(), p, http.Header{}, []byte("{}"))
		require.NoError(t, err, "%s", answer)
		return status
	}
	require.Equal(t, http.StatusUnauthorized, post(square))

	url := s.Outputs["SquareUrl"]
	d.Template = generate(t, template.Options{Providers: others, Retired: []contract.Provider{square}})
	s = deploy(t, d)
	assert.NotContains(t, s.Outputs, "SquareUrl")
	assert.NotContains(t, physicalIDs(t, s), "SquareProcessorFunction")
	s.Outputs["SquareUrl"] = url
	assert.Equal(t, http.StatusForbidden, post(square), "not 5xx")
	assert.Equal(t, http.StatusUnauthorized, post(contract.Stripe()))
	assert.Equal(t, objects, versions(t, s))

	d.Template = deployment.Template
	s = deploy(t, d)
	assert.Equal(t, url, s.Outputs["SquareUrl"])
	assert.Equal(t, http.StatusUnauthorized, post(square))

	t.Run("another Architecture fails at the first function", func(t *testing.T) {
		d.Parameters["Architecture"] = map[string]string{"amd64": "arm64", "arm64": "x86_64"}[runtime.GOARCH]
		_, err := stack.Deploy(t.Context(), d)
		require.ErrorIs(t, err, emulator.ErrDeploy)
		assert.ErrorContains(t, err, "AuthorizerFunction")
		assert.Equal(t, http.StatusUnauthorized, post(square), "after the rollback")
	})
	deleteStack(t, s)
}

// generate writes the template of options to a file.
func generate(t *testing.T, o template.Options) (file string) {
	t.Helper()
	text, err := template.JSON(o)
	require.NoError(t, err)
	file = t.TempDir() + "/stack.json"
	require.NoError(t, os.WriteFile(file, text, 0o600))
	return file
}

// editedTemplate returns a copy of the template with one text replaced.
func editedTemplate(t *testing.T, from, to string) (file string) {
	t.Helper()
	text, err := os.ReadFile(deployment.Template)
	require.NoError(t, err)
	require.Contains(t, string(text), from)
	file = t.TempDir() + "/stack.json"
	require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(string(text), from, to)), 0o600))
	return file
}

// everything returns the names of all resources in the account, by the command
// that lists them. Keys stay listed as PendingDeletion and are not included.
func everything(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, list := range []string{
		"apigateway get-rest-apis --query items[].name",
		"apigateway get-domain-names --query items[].domainName",
		"cloudformation list-stacks --query StackSummaries[?StackStatus!='DELETE_COMPLETE'].StackName",
		"cloudwatch describe-alarms --query MetricAlarms[].AlarmName",
		"cloudwatch list-dashboards --query DashboardEntries[].DashboardName",
		"dynamodb list-tables --query TableNames",
		"events list-event-buses --query EventBuses[].Name",
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
		query(t, &names, strings.Fields(list)...)
		all[list] = slices.Sorted(slices.Values(names))
	}
	var keys []string
	query(t, &keys, "kms", "list-keys", "--query", "Keys[].KeyId")
	for _, key := range keys {
		var state string
		query(t, &state, "kms", "describe-key", "--key-id", key, "--query", "KeyMetadata.KeyState")
		if state != "PendingDeletion" {
			all["keys"] = append(all["keys"], key)
		}
	}
	slices.Sort(all["keys"])
	return all
}

// fillBucket puts two versions of an object, a deleted object and a nested one
// into a stack's bucket. It also adds the tag that CloudFormation gives to every
// bucket and MiniStack does not. The emptier reads it.
func fillBucket(t *testing.T, s *emulator.Stack) {
	t.Helper()
	bucket := s.Outputs["BucketName"]
	for _, key := range []string{"stripe/2026/01/01/a.json", "stripe/2026/01/01/a.json", "oversize/stripe/b", "unknown/c"} {
		_, err := objectClient().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("{}")})
		require.NoError(t, err)
	}
	_, err := objectClient().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: new("unknown/c")})
	require.NoError(t, err)
	require.Len(t, versions(t, s), 5, "four versions and a marker")

	var id string
	query(t, &id, "cloudformation", "describe-stacks", "--stack-name", s.Name, "--query", "Stacks[0].StackId")
	aws(t, "s3api", "put-bucket-tagging", "--bucket", bucket, "--tagging", "TagSet=[{Key=aws:cloudformation:stack-id,Value="+id+"}]")
}

// versions returns the ids of all versions and delete markers in a stack's
// bucket.
func versions(t *testing.T, s *emulator.Stack) []string {
	t.Helper()
	out, err := objectClient().ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: new(s.Outputs["BucketName"])})
	require.NoError(t, err, "the bucket was deleted with its objects")
	var ids []string
	for _, v := range out.Versions {
		ids = append(ids, *v.VersionId)
	}
	for _, m := range out.DeleteMarkers {
		ids = append(ids, *m.VersionId)
	}
	return ids
}

// deleteStack deletes a stack. AWS would not delete a bucket that holds objects,
// but MiniStack does. So deleteStack requires that the bucket is empty while it
// still exists.
func deleteStack(t *testing.T, s *emulator.Stack) {
	t.Helper()
	require.NoError(t, s.StartDelete(t.Context()))
	require.Eventually(t, func() bool { return len(versions(t, s)) == 0 }, waitTime, 50*time.Millisecond, "the bucket is not emptied")
	require.NoError(t, s.AwaitDelete(t.Context()))
}

// TestTheEmptierNeedsEachOfItsPermissions deletes a stack with all permissions,
// which must use each, and one stack without each of them. CloudFormation must
// then report the denied action. Each needs a stack of its own, because the
// emulator deletes the rest of a stack when its custom resource fails.
func TestTheEmptierNeedsEachOfItsPermissions(t *testing.T) {
	skipShort(t)
	t.Parallel()
	emptierOf := func(t *testing.T, suffix string) (*emulator.Stack, *roles.Role) {
		d := deployment
		d.Suffix, d.Parameters = suffix, map[string]string{"ManageApiGatewayAccount": "false"}
		s := deploy(t, d)
		fillBucket(t, s)
		all, err := roles.Find(t.Context(), s)
		require.NoError(t, err)
		i := slices.IndexFunc(all, func(r *roles.Role) bool { return r.Type == roles.TypeOf(contract.EmptierName) })
		require.GreaterOrEqual(t, i, 0)
		return s, all[i]
	}

	s, emptier := emptierOf(t, "all")
	t.Run("with all of them", func(t *testing.T) {
		deleteStack(t, s)
		calls, err := s.Calls()
		require.NoError(t, err)
		assert.NoError(t, emptier.Minimal(calls))
	})
	for i, p := range emptier.Policy.Permissions() {
		if emptier.IsUnseen(p) {
			continue
		}
		t.Run("without "+p.Action, func(t *testing.T) {
			t.Parallel() // the emulator waits for CloudFormation's timeout
			s, emptier := emptierOf(t, fmt.Sprintf("no%d", i))
			require.NoError(t, emptier.Put(t.Context(), emptier.Policy.Without(p.Is)))

			require.NoError(t, s.StartDelete(t.Context()))

			err := s.AwaitDelete(t.Context())
			require.ErrorIs(t, err, emulator.ErrDeploy)
			assert.ErrorContains(t, err, "not authorized to perform: "+p.Action)
		})
	}
}
