package template

import (
	"strconv"
	"strings"
	"testing"

	"github.com/awslabs/goformation/v7/cloudformation/kms"
	"github.com/awslabs/goformation/v7/cloudformation/secretsmanager"
	"github.com/awslabs/goformation/v7/cloudformation/sqs"
	"github.com/awslabs/goformation/v7/cloudformation/tags"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

func TestRefusedOptions(t *testing.T) {
	stripe := []contract.Provider{contract.Stripe()}
	stripeAnd := func(change func(*contract.Provider)) Options {
		p := penumbra()
		change(&p)
		return Options{Providers: append(stripe[:1:1], p)}
	}
	path := func(path string) Options { return stripeAnd(func(p *contract.Provider) { p.Path = path }) }
	name := func(name string) Options { return stripeAnd(func(p *contract.Provider) { p.Name = name }) }
	memory := func(function string, mb int) Options {
		return Options{Providers: stripe, MemoryMB: map[string]int{function: mb}}
	}
	tag := func(key, value string) Options { return Options{Tags: map[string]string{key: value}} }
	with := func(id string, r cfn.Resource) Options {
		return Options{Providers: stripe, Resources: map[string]cfn.Resource{id: r}}
	}
	manyTags := map[string]string{}
	for i := range 50 {
		manyTags[strconv.Itoa(i)] = ""
	}
	for _, row := range []struct {
		why     string
		options Options
		want    string
	}{
		{"an API without endpoints", Options{Providers: []contract.Provider{}}, "0 providers: an API takes 1 to 10"},
		{"a role name too long for IAM", name("nineteencharactersx"),
			`provider "nineteencharactersx": the name must be 1 to 18 lower-case letters and digits`},
		{"a name that looks like another provider's with a suffix", name("acme-eu"), `provider "acme-eu": the name must be`},
		{"the prefix of large payloads", name("oversize"), "the bucket's prefix oversize/ is used by the stack"},
		{"the prefix of unreadable dead letters", name("unknown"), "the bucket's prefix unknown/ is used by the stack"},
		{"the prefix of PayPal's certificates", name("certificates"), "the bucket's prefix certificates/ is used by the stack"},
		{"and of their fetches", name("fetches"), "the bucket's prefix fetches/ is used by the stack"},
		{"no logical id can contain it", stripeAnd(func(p *contract.Provider) { p.Title = "A&B" }), `the title "A&B" must be letters and digits`},
		{"two segments", path("a/b"), `the path "a/b" must be one segment`},
		{"no path", path(""), `the path "" must be one segment`},
		{"API Gateway refuses the character", path("~acme"), `the path "~acme" must be one segment`},
		{"API Gateway answers it itself", path("ping"), `the path "ping" never`},
		{"and this one", path("sping"), `the path "sping" never`},
		{"clients resolve it", path(".."), `the path ".." never`},
		{"it would end the filter pattern", stripeAnd(func(p *contract.Provider) { p.UntrustedReason = `chain" }` }),
			`the reason "chain\" }" must be lower-case letters`},
		{"two providers on one path", path("stripe"), `another provider has the same name, title or path`},
		{"a provider that is retired and not", Options{Providers: stripe, Retired: stripe}, `another provider has the same name, title or path`},

		{"memory of a provider that has no endpoint", memory("square-processor", 512), `memory for "square-processor": not one of the functions ` +
			"webhook-authorizer, event-consumer, dlq-archiver, bucket-emptier, event-publisher, event-reconciler, stripe-processor"},
		{"below Lambda's minimum", memory(contract.ConsumerName, 64), `memory for "event-consumer": 64 MB, must be 128 to 10240`},
		{"above Lambda's maximum", memory(contract.ConsumerName, 10_241), "10241 MB"},

		{"the id of a resource of the stack", with("Key", &kms.Key{KeyPolicy: newPolicy()}), "Resources.Key: declared twice"},
		{"the id of a parameter", with("LogLevel", &sqs.Queue{}), "Resources.LogLevel: declared twice"},
		{"a reference to a provider that has no endpoint", with("Copy", &secretsmanager.Secret{KmsKeyId: new(cfn.Ref("SquareSecret"))}),
			`there is no parameter and no resource "SquareSecret"`},

		{"the stack's own tag", tag(accountTag, "me"), `tag "api-gateway-account": the key is used by the stack`},
		{"AWS's own tags", tag("AWS:x", "y"), `tag "AWS:x": keys with aws: are reserved`},
		{"no key", tag("", "y"), `tag "": a key has 1 to 128 characters`},
		{"a long value", tag("x", strings.Repeat("y", 257)), `tag "x": a key has 1 to 128 characters, a value at most 256`},
		{"AWS refuses the character", tag("team", "payments & co"), `tag "team": key and value "payments & co" may contain letters`},
		{"more tags than a resource takes", Options{Tags: manyTags}, "50 tags: a resource takes at most 49"},

		// One error names all problems.
		{"all at once: name", Options{Providers: []contract.Provider{{}}, Tags: map[string]string{"": ""}}, "the name"},
		{"all at once: path", Options{Providers: []contract.Provider{{}}, Tags: map[string]string{"": ""}}, "the path"},
		{"all at once: tag", Options{Providers: []contract.Provider{{}}, Tags: map[string]string{"": ""}}, `tag ""`},
	} {
		t.Run(row.why, func(t *testing.T) {
			text, err := JSON(row.options)
			assert.Nil(t, text)
			require.ErrorIs(t, err, ErrOptions)
			assert.ErrorContains(t, err, row.want)
		})
	}
}

func TestMemoryOfOneFunction(t *testing.T) {
	d := build(t, Options{MemoryMB: map[string]int{contract.ConsumerName: 1024}}, "dev")
	assert.Equal(t, 1024, decode[int](t, d.Resources["ConsumerFunction"], "MemorySize"))
	assert.Equal(t, 256, decode[int](t, d.Resources["ArchiverFunction"], "MemorySize"))
}

func TestSubsetOfProviders(t *testing.T) {
	text, err := JSON(Options{Providers: []contract.Provider{contract.Square()}})
	require.NoError(t, err)
	assert.Contains(t, string(text), "SquareProcessorFunction")
	for _, other := range []string{"stripe", "paypal"} {
		rest := strings.ReplaceAll(strings.ToLower(string(text)), `"`+other+`/`, "") // lifecycle rules
		assert.NotContains(t, rest, other)
	}
}

// A stage whose deployment still has the method of a removed provider answers 5xx.
func TestRetiredProvider(t *testing.T) {
	o := Options{Providers: []contract.Provider{contract.Stripe(), contract.PayPal()}, Retired: []contract.Provider{penumbra(), contract.Square()}}
	before := build(t, Options{Providers: append(o.Providers, o.Retired...)}, "dev")
	d := build(t, o, "dev")
	for _, p := range o.Retired {
		method, found := methodAt(d, p.Path)
		require.True(t, found)
		assert.Equal(t, method, d.Resources[p.Title+"Method"], "CloudFormation updates the method")
		assert.Equal(t, before.Resources[p.Title+"Resource"], d.Resources[p.Title+"Resource"])
		assert.Equal(t, "AWS_IAM", method.Properties["AuthorizationType"], "API Gateway answers 403 itself")
		assert.Equal(t, map[string]any{"Type": "MOCK"}, method.Properties["Integration"])
		for id := range d.Resources {
			if strings.HasPrefix(id, p.Title) {
				assert.Contains(t, []string{p.Title + "Method", p.Title + "Resource"}, id)
			}
		}
	}
	deployments := [2][]string{ids(before.ofType("AWS::ApiGateway::Deployment")), ids(d.ofType("AWS::ApiGateway::Deployment"))}
	assert.NotEqual(t, deployments[0], deployments[1])
	assert.Contains(t, d.Resources[deployments[1][0]].DependsOn, "SquareMethod", "the deployment copies the changed method")

	rules := func(d document) any {
		return decode[any](t, d.Resources["FailedWebhooks"], "LifecycleConfiguration.Rules")
	}
	assert.ElementsMatch(t, rules(before), rules(d), "archived webhooks keep their lifecycle")
	assert.ElementsMatch(t, rules(build(t, Options{}, "dev")), rules(build(t, Options{Providers: o.Providers}, "dev")),
		"also those of a shipped provider that no option names")
}

// AWS counts characters, not bytes.
func TestTagsInAnyScript(t *testing.T) {
	key, value := strings.Repeat("ä", maxTagKey), strings.Repeat("本", maxTagValue)
	_, err := JSON(Options{Tags: map[string]string{key: value, "a b_c.d:e/f=g+h-i@j": ""}})
	require.NoError(t, err)
}

// A resource without tags is of a type that takes none, or none that goformation
// knows.
func TestTags(t *testing.T) {
	o := withMadeUp()
	o.Tags = map[string]string{"team": "payments", "cost-centre": "7"}
	o.Resources = map[string]cfn.Resource{
		"Mine":   &sqs.Queue{},
		"Theirs": &sqs.Queue{Tags: []tags.Tag{{Key: "team", Value: "ledger"}}},
	}
	untagged := map[string]bool{}
	d := build(t, o, "dev")
	for id, r := range d.Resources {
		if r.Properties["Tags"] == nil {
			untagged[r.Type] = true
			continue
		}
		all := decode[[]tags.Tag](t, r, "Tags")
		if id == "Theirs" {
			assert.Equal(t, []tags.Tag{{Key: "team", Value: "ledger"}, {Key: "cost-centre", Value: "7"}}, all, "its own tag takes precedence")
			continue
		}
		assert.Equal(t, []tags.Tag{{Key: "cost-centre", Value: "7"}, {Key: "team", Value: "payments"}}, all[len(all)-2:], id)
	}
	assert.Equal(t, []string{
		"AWS::ApiGateway::Account", "AWS::ApiGateway::Authorizer", "AWS::ApiGateway::BasePathMapping",
		"AWS::ApiGateway::Deployment", "AWS::ApiGateway::GatewayResponse", "AWS::ApiGateway::Method",
		"AWS::ApiGateway::Resource", "AWS::CloudWatch::Dashboard", "AWS::Events::Rule", "AWS::KMS::Alias", "AWS::Lambda::EventSourceMapping",
		"AWS::Lambda::Permission", "AWS::Logs::MetricFilter", "AWS::S3::BucketPolicy", "AWS::SNS::Subscription",
		"AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy", "Custom::EmptiedBucket",
	}, ids(untagged))
	assert.Len(t, decode[[]tags.Tag](t, d.Resources["Stage"], "Tags"), 3, "besides its own")
}
