package flow_test

import (
	"crypto/ed25519"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/flow/imaginary"
	"github.com/paysluice/paysluice/test/quality/sources"
)

func TestSecondDeployChangesNothing(t *testing.T) {
	skipShort(t)
	lastUpdate := func() (time string) {
		query(t, &time, "cloudformation", "describe-stacks", "--stack-name", stack.Name, "--query", "Stacks[0].LastUpdatedTime")
		return time
	}
	before := lastUpdate()

	_, err := stack.DeployWithCLI(t.Context(), deployment)

	require.NoError(t, err)
	assert.Equal(t, before, lastUpdate())
}

func TestChangedHandlerUpdatesFunctionsOnly(t *testing.T) {
	skipShort(t)
	changed := copySources(t)
	sources.Edit(t, filepath.Join(changed, "handlers", "consumer", "consumer.go"), `"batch handled"`, `"batch was handled"`)
	zips, err := emulator.BuildZips(t.Context(), changed)
	require.NoError(t, err)
	version := filepath.Base(zips)
	require.NotEqual(t, filepath.Base(deployment.Zips), version)
	aws(t, "s3", "cp", "--recursive", "--only-show-errors", zips, "s3://code-"+stack.Suffix+"/"+version)

	resources, code := physicalIDs(t, stack), codeHashes(t)
	direct := update(t, version)

	assert.Equal(t, []string{"AWS::Lambda::Function"}, direct)
	assert.Equal(t, resources, physicalIDs(t, stack), "nothing is replaced")
	for name, hash := range codeHashes(t) {
		assert.Equal(t, name == contract.ConsumerName+"-"+stack.Suffix, hash != code[name], "only the consumer's code changes, not %s", name)
	}
	w := accounts[0].newWebhook()
	deliver(t, w, http.StatusOK)
	requireRow(t, w.eventID())
}

// TestFirstFunctionComesFirst: a function without its zip, as one of another
// Architecture, fails before anything that holds data or is public. MiniStack accepts
// such a function, so the order is all that it shows.
func TestFirstFunctionComesFirst(t *testing.T) {
	skipShort(t)
	var created []string
	query(t, &created, "cloudformation", "describe-stack-events", "--stack-name", stack.Name,
		"--query", "reverse(StackEvents)[?ResourceStatus=='CREATE_COMPLETE'].LogicalResourceId")
	first := slices.Index(created, "AuthorizerFunction")
	require.Positive(t, first)
	assert.ElementsMatch(t, []string{"Key", "AuthorizerLogGroup", "AuthorizerRole"}, created[:first])
	assert.Contains(t, created[first:], "EventsTable")
}

// physicalIDs returns the physical ids of a stack's resources by logical id.
func physicalIDs(t *testing.T, s *emulator.Stack) map[string]string {
	t.Helper()
	var resources []struct {
		LogicalID  string `json:"LogicalResourceId"`
		PhysicalID string `json:"PhysicalResourceId"`
	}
	query(t, &resources, "cloudformation", "list-stack-resources", "--stack-name", s.Name, "--query", "StackResourceSummaries")
	ids := map[string]string{}
	for _, r := range resources {
		ids[r.LogicalID] = r.PhysicalID
	}
	return ids
}

// codeHashes returns the hash of each function's code by name.
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

// update deploys another CodeVersion and returns the types of the resources that
// the change set changes directly. Its Static details are certain to happen;
// Dynamic ones depend on the value of a reference (CloudFormation User Guide,
// ResourceChangeDetail). Stack events would not tell: MiniStack writes one for
// every resource of an updated stack.
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
	var changes []struct {
		ResourceType string
		Details      []struct{ Evaluation string }
	}
	query(t, &changes, append([]string{"cloudformation", "describe-change-set", "--query", "Changes[].ResourceChange"}, named...)...)
	aws(t, append([]string{"cloudformation", "execute-change-set"}, named...)...)
	require.Eventually(t, func() bool {
		var status string
		query(t, &status, "cloudformation", "describe-stacks", "--stack-name", stack.Name, "--query", "Stacks[0].StackStatus")
		return status == "UPDATE_COMPLETE"
	}, waitTime, time.Second)

	for _, c := range changes {
		if slices.ContainsFunc(c.Details, func(d struct{ Evaluation string }) bool { return d.Evaluation == "Static" }) {
			types = append(types, c.ResourceType)
		}
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// TestAFurtherProviderIsOnePackageOneDescriptorOneLine adds a provider with its
// own signature scheme to a copy of the repository, deploys the copy as a second
// stack, and follows an event from its endpoint to its table.
func TestAFurtherProviderIsOnePackageOneDescriptorOneLine(t *testing.T) {
	skipShort(t)
	root := copySources(t)
	handlers := filepath.Join(root, "handlers")
	require.NoError(t, os.CopyFS(filepath.Join(handlers, "provider", "imaginary"), os.DirFS("imaginary")))
	descriptor, err := os.ReadFile(filepath.Join("testdata", "descriptor.go"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(handlers, "contract", "imaginary.go"), descriptor, 0o600))
	sources.Edit(t, filepath.Join(handlers, "contract", "provider.go"), "return []Provider{", "return []Provider{Imaginary(), ")
	registry := filepath.Join(handlers, "provider", "all", "all.go")
	sources.Edit(t, registry, "provider.Set{", "provider.Set{imaginary.New(), ")
	sources.Edit(t, registry, "import (", "import (\n\t\"github.com/paysluice/paysluice/handlers/provider/imaginary\"")
	other := deployCopy(t, root, "fourth")

	further := contract.Provider{Title: "Imaginary"} // names the stack's outputs
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	require.NoError(t, other.PutSecret(t.Context(), further, []byte(public)))
	body := []byte(`{"notice":"n1","payment":"p1","seconds":1780000000}`)
	signed := http.Header(providertest.Multi(providertest.Sign(imaginary.Signer{Key: private}, body, time.Now())))
	status, answer, err := other.Post(t.Context(), further, signed, body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, "%s", answer)
	status, _, err = other.Post(t.Context(), further, signed, append(body, ' '))
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, status)

	var rows []event.Event
	require.Eventually(t, func() bool {
		rows, err = other.Events(t.Context())
		return err == nil && len(rows) > 0
	}, waitTime, 100*time.Millisecond)
	require.Len(t, rows, 1)
	assert.Equal(t, "imaginary:n1", rows[0].ID)
	assert.Equal(t, "p1", rows[0].PaymentID)
	assert.Equal(t, body, rows[0].Payload)
}

// deployCopy deploys a copy of the repository as a second stack.
func deployCopy(t *testing.T, root, suffix string) *emulator.Stack {
	t.Helper()
	zips, err := emulator.BuildZips(t.Context(), root)
	require.NoError(t, err)
	template, err := emulator.GenerateTemplate(t.Context(), root)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "stack.json")
	require.NoError(t, os.WriteFile(file, template, 0o600))
	return deploy(t, emulator.Deployment{
		Template: file, Zips: zips, Suffix: suffix,
		Parameters: map[string]string{"ManageApiGatewayAccount": "false"},
	})
}

func deploy(t *testing.T, d emulator.Deployment) *emulator.Stack {
	t.Helper()
	deployed, err := stack.Deploy(t.Context(), d)
	require.NoError(t, err)
	return deployed
}

// copySources copies the sources that the stack is built from.
func copySources(t *testing.T) (root string) {
	t.Helper()
	from, err := emulator.Root()
	require.NoError(t, err)
	root = t.TempDir()
	sources.Copy(t, from, root)
	return root
}
