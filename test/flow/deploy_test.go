package flow_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/quality/sources"
)

func TestSecondDeployChangesNothing(t *testing.T) {
	before := lastUpdate(t)

	_, err := stack.Deploy(t.Context(), deployment)

	require.NoError(t, err)
	assert.Equal(t, before, lastUpdate(t))
}

func TestChangedHandlerUpdatesFunctionsOnly(t *testing.T) {
	changed := copySources(t)
	sources.Edit(t, filepath.Join(changed, "handlers", "consumer", "consumer.go"), `"record not stored"`, `"record was not stored"`)
	zips, err := emulator.BuildZips(t.Context(), changed)
	require.NoError(t, err)
	version := filepath.Base(zips)
	require.NotEqual(t, filepath.Base(deployment.Zips), version)
	aws(t, "s3", "cp", "--recursive", "--only-show-errors", zips, "s3://code-"+suffix+"/"+version)

	resources, code := physicalIDs(t), codeHashes(t)
	direct := update(t, version)

	assert.Equal(t, []string{"AWS::Lambda::Function"}, direct)
	assert.Equal(t, resources, physicalIDs(t), "nothing is replaced, so nothing that refers to a function changes")
	for name, hash := range codeHashes(t) {
		if name == contract.ConsumerName+"-"+suffix {
			assert.NotEqual(t, code[name], hash)
		} else {
			assert.Equal(t, code[name], hash, "the code of %s is what it was", name)
		}
	}
	w := accounts[0].newWebhook()
	deliver(t, w, http.StatusOK)
	requireRow(t, w.eventID())
}

// physicalIDs are the stack's resources by logical id.
func physicalIDs(t *testing.T) map[string]string {
	t.Helper()
	var resources []struct {
		LogicalID  string `json:"LogicalResourceId"`
		PhysicalID string `json:"PhysicalResourceId"`
	}
	query(t, &resources, "cloudformation", "list-stack-resources", "--stack-name", stack.Name, "--query", "StackResourceSummaries")
	ids := map[string]string{}
	for _, r := range resources {
		ids[r.LogicalID] = r.PhysicalID
	}
	return ids
}

// codeHashes tell what each function runs.
func codeHashes(t *testing.T) map[string]string {
	t.Helper()
	var functions []struct{ FunctionName, CodeSha256 string }
	query(t, &functions, "lambda", "list-functions", "--query", "Functions")
	hashes := map[string]string{}
	for _, f := range functions {
		hashes[f.FunctionName] = f.CodeSha256
	}
	return hashes
}

// lastUpdate is when the stack was last changed; "null" for never.
func lastUpdate(t *testing.T) string {
	t.Helper()
	out, err := stack.AWS(t.Context(), "cloudformation", "describe-stacks", "--stack-name", stack.Name,
		"--query", "Stacks[0].LastUpdatedTime")
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}

// change is what a change set says of one resource. Details that are Static
// will happen; Dynamic ones follow from references, if those change their value
// (CloudFormation User Guide, ResourceChangeDetail).
type change struct {
	ResourceType string
	Details      []struct{ Evaluation string }
}

// update sets another CodeVersion and returns the types of the resources that
// this changes by itself. The emulator writes an event for every resource of an
// updated stack, so that the events would not tell.
func update(t *testing.T, version string) (types []string) {
	t.Helper()
	var parameters []struct{ ParameterKey, ParameterValue string }
	query(t, &parameters, "cloudformation", "describe-stacks", "--stack-name", stack.Name, "--query", "Stacks[0].Parameters")
	named := []string{"--stack-name", stack.Name, "--change-set-name", "changed-handler"}
	create := append([]string{
		"cloudformation", "create-change-set", "--use-previous-template", "--capabilities", "CAPABILITY_NAMED_IAM",
	}, append(named, "--parameters")...)
	for _, p := range parameters {
		if p.ParameterKey == "CodeVersion" {
			p.ParameterValue = version
		}
		create = append(create, "ParameterKey="+p.ParameterKey+",ParameterValue="+p.ParameterValue)
	}
	aws(t, create...)
	aws(t, append([]string{"cloudformation", "wait", "change-set-create-complete"}, named...)...)
	var changes []change
	query(t, &changes, append([]string{"cloudformation", "describe-change-set", "--query", "Changes[].ResourceChange"}, named...)...)
	aws(t, append([]string{"cloudformation", "execute-change-set"}, named...)...)
	require.Eventually(t, func() bool {
		var status string
		query(t, &status, "cloudformation", "describe-stacks", "--stack-name", stack.Name, "--query", "Stacks[0].StackStatus")
		return status == "UPDATE_COMPLETE"
	}, time.Minute, time.Second)

	for _, c := range changes {
		if slices.ContainsFunc(c.Details, func(d struct{ Evaluation string }) bool { return d.Evaluation == "Static" }) {
			types = append(types, c.ResourceType)
		}
	}
	slices.Sort(types)
	return slices.Compact(types)
}

func aws(t *testing.T, args ...string) {
	t.Helper()
	_, err := stack.AWS(t.Context(), args...)
	require.NoError(t, err, strings.Join(args, " "))
}

// copySources copies what the stack is built from.
func copySources(t *testing.T) (root string) {
	t.Helper()
	from, err := emulator.Root()
	require.NoError(t, err)
	root = t.TempDir()
	sources.Copy(t, from, root)
	return root
}

// query reads the JSON that an aws command prints.
func query(t *testing.T, into any, args ...string) {
	t.Helper()
	out, err := stack.AWS(t.Context(), args...)
	require.NoError(t, err, strings.Join(args, " "))
	require.NoError(t, json.Unmarshal(out, into), strings.Join(args, " "))
}
