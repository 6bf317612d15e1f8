package operator_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/emulator/providerapi"
)

// comparing is a stack beside the tests' that compares with the providers' lists.
type comparing struct {
	*emulator.Stack
	apis      map[string]*providerapi.Server // by provider
	variables map[string]string              // with them a program meets the APIs
	build     []string                       // flags of paysluice deploy
}

// newComparing deploys it. every is ReconcileEvery.
func newComparing(t *testing.T, suffix, every string) *comparing {
	t.Helper()
	root, err := emulator.Root()
	require.NoError(t, err)
	zips, err := emulator.BuildZips(t.Context(), root)
	require.NoError(t, err)
	template := filepath.Join(root, "out", "stack.json")
	c := &comparing{apis: map[string]*providerapi.Server{}, build: []string{"--template", template, "--out", filepath.Dir(zips), "--code-version", filepath.Base(zips)}}
	c.Stack, err = stack.Deploy(t.Context(), emulator.Deployment{Template: template, Zips: zips, Suffix: suffix,
		Parameters: map[string]string{"ReconcileEvery": every, "ManageApiGatewayAccount": "false"}})
	require.NoError(t, err)
	var servers []*providerapi.Server
	for _, p := range contract.Providers() {
		api := providerapi.New(p)
		t.Cleanup(api.Close)
		api.Subscribe(providerapi.Endpoint{ID: "we_1", URL: c.Outputs[p.Title+"Url"], Types: []string{"*"}})
		c.apis[p.Name], servers = api, append(servers, api)
	}
	trusted := regexp.MustCompile(`AWS_CA_BUNDLE=(\S+)`).FindStringSubmatch(strings.Join(stack.ClientEnvironment(), "\n"))
	roots, err := os.ReadFile(trusted[1])
	require.NoError(t, err)
	c.variables = providerapi.Play(t, roots, servers...)
	if every != "0" {
		c.scheduled(t)
	}
	return c
}

// scheduled lets the function meet the APIs, and only the test invoke it.
func (c *comparing) scheduled(t *testing.T) {
	t.Helper()
	aws(t, "events", "disable-rule", "--name", contract.ReconcilerName+"-"+c.Suffix)
	require.NoError(t, c.AddVariables(t.Context(), contract.ReconcilerName, c.variables))
}

func (c *comparing) putKeys(t *testing.T, providers ...string) {
	t.Helper()
	aws(t, "secretsmanager", "put-secret-value", "--secret-id", "provider-api-keys-"+c.Suffix, "--secret-string", string(providerapi.KeyDocument(providers...)))
}

// list lets a provider list an event that it made at a time, and returns its body.
func (c *comparing) list(a *account, at time.Time) (id string, body []byte) {
	id, at = a.NewID(), at.Truncate(time.Second)
	body = a.Body(id, 4999, at.UnixMilli())
	c.apis[a.Provider.Name].Add(providerapi.Event{ID: id, Created: at, Body: listed(a.Provider, 0, body)})
	return id, body
}

// compare invokes the function, which logs a text.
func (c *comparing) compare(t *testing.T, text string) {
	t.Helper()
	out, err := lambda.NewFromConfig(c.Config()).Invoke(t.Context(), &lambda.InvokeInput{FunctionName: new(contract.ReconcilerName + "-" + c.Suffix)})
	require.NoError(t, err)
	require.Nil(t, out.FunctionError, "%s", out.Payload)
	logs(t, c.Stack, contract.ReconcilerName, text)
}

func TestPageReconciling(t *testing.T) {
	if testing.Short() {
		t.Skip("not run: a step of make verify plays the page")
	}
	t.Parallel() // it has a stack of its own
	stripe, c := accounts["stripe"], newComparing(t, "compared", "0")
	api := c.apis["stripe"]
	api.Subscribe(
		providerapi.Endpoint{ID: "we_2", URL: "https://hooks.example.com/stripe", Types: []string{"*"}},
		providerapi.Endpoint{ID: "we_3", URL: c.Outputs["StripeUrl"], Types: []string{"*"}, Application: "ca_1"},
	)
	require.NoError(t, c.PutSecret(t.Context(), stripe.Provider, stripe.Document(stripe.secret)))
	s := reader(t)
	s.env = append(s.env, "PAYSLUICE_STACK="+c.Name)
	for name, value := range c.variables {
		s.env = append(s.env, name+"="+value)
	}
	withKey := s
	withKey.env = append(s.env, "STRIPE_API_KEY="+providerapi.Key().Token)
	for n := range 3 { // the third is lost
		if id, body := c.list(stripe, time.Now().Add(-3*time.Hour)); n < 2 {
			status, _, err := c.Post(t.Context(), stripe.Provider, stripe.Header(body, stripe.secret, time.Now()), body)
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, status)
			require.Eventually(t, func() bool { return s.run(t, "events", "get", stripe.EventID(id)).code == 0 }, waitTime, pollTime)
		}
	}
	s.write(t, "keys.json", providerapi.KeyDocument("stripe"))
	s.write(t, "key.json", fmt.Appendf(nil, `{"apiKey":%q}`, providerapi.Key().Token))
	values := map[string]string{"-prod": "-" + c.Suffix, "20261130T090524Z": "", "paysluice deploy": "paysluice deploy " + strings.Join(c.build, " ")}
	withKey.play(t, "docs/reconciling.md", plan{
		replace: values,
		before: map[string]func(){
			"aws s3 ls…": func() {
				c.scheduled(t)
				c.compare(t, "comparison finished")
				var keys []string
				require.NoError(t, stack.Query(t.Context(), &keys, "s3api", "list-objects-v2", "--bucket", c.Outputs["BucketName"], "--prefix", "reconciliations/stripe/", "--query", "Contents[].Key"))
				values["20261130T090524Z"] = strings.Split(keys[0], "/")[2]
			},
			"paysluice doctor --provider stripe": func() {
				api.Change(func(endpoints []providerapi.Endpoint) []providerapi.Endpoint {
					endpoints[0].URL += "/"
					return endpoints[:1]
				})
			},
		},
		after: map[string]func(){
			"paysluice reconcile stripe --since 48h -o ndjson > findings.ndjson": func() {
				found, err := os.ReadFile(filepath.Join(s.dir, "findings.ndjson"))
				require.NoError(t, err)
				assert.Contains(t, string(found), `{"state":"missing","eventId":"stripe:evt_`)
			},
			"paysluice deploy --set ReconcileEvery=24": func() {
				var every []string
				require.NoError(t, stack.Query(t.Context(), &every, "cloudformation", "describe-stacks", "--stack-name", c.Name, "--query", "Stacks[0].Parameters[?ParameterKey=='ReconcileEvery'].ParameterValue"))
				assert.Equal(t, []string{"24"}, every)
			},
			"aws secretsmanager create-secret…": func() {
				assert.Contains(t, s.run(t, "reconcile", "stripe", "--all-types").stderr, "key for Stripe: from the secret stripe-api-key-"+c.Suffix)
				aws(t, "secretsmanager", "delete-secret", "--secret-id", "stripe-api-key-"+c.Suffix, "--force-delete-without-recovery")
			},
		},
	})
}
