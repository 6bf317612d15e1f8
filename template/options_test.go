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

func TestImpossibleProviders(t *testing.T) {
	stripeAnd := func(change func(*contract.Provider)) []contract.Provider {
		p := madeUp()
		change(&p)
		return []contract.Provider{contract.Stripe(), p}
	}
	for name, row := range map[string]struct {
		providers []contract.Provider
		want      string
	}{
		"an API without endpoints": {
			[]contract.Provider{},
			"0 providers; an API takes 1 to 10",
		},
		"a name that makes the role's too long": {
			stripeAnd(func(p *contract.Provider) { p.Name = "nineteencharactersx" }),
			`provider "nineteencharactersx": its name must be 1 to 18 lower-case letters and digits`,
		},
		"a name that could be taken for another's with a suffix": {
			stripeAnd(func(p *contract.Provider) { p.Name = "acme-eu" }),
			`provider "acme-eu": its name must be`,
		},
		"a title that no logical id can hold": {
			stripeAnd(func(p *contract.Provider) { p.Title = "A&B" }),
			`provider "acme": its title "A&B" must be letters and digits`,
		},
		"a path of two segments": {
			stripeAnd(func(p *contract.Provider) { p.Path = "a/b" }),
			`provider "acme": its path "a/b" must be one segment`,
		},
		"no path": {
			stripeAnd(func(p *contract.Provider) { p.Path = "" }),
			`provider "acme": its path "" must be one segment`,
		},
		"a name that is the prefix of large payloads": {
			stripeAnd(func(p *contract.Provider) { p.Name = "oversize" }),
			`provider "oversize": the bucket keeps oversize/ for something else`,
		},
		"a name that is the prefix of what cannot be read": {
			stripeAnd(func(p *contract.Provider) { p.Name = "unknown" }),
			`provider "unknown": the bucket keeps unknown/ for something else`,
		},
		"a path with a character that API Gateway refuses": {
			stripeAnd(func(p *contract.Provider) { p.Path = "~acme" }),
			`provider "acme": its path "~acme" must be one segment of letters, digits and -._`,
		},
		"a path that API Gateway answers itself": {
			stripeAnd(func(p *contract.Provider) { p.Path = "ping" }),
			`provider "acme": its path "ping" never gets to the API`,
		},
		"another one": {
			stripeAnd(func(p *contract.Provider) { p.Path = "sping" }),
			`provider "acme": its path "sping" never gets to the API`,
		},
		"a path that clients resolve": {
			stripeAnd(func(p *contract.Provider) { p.Path = ".." }),
			`provider "acme": its path ".." never gets to the API`,
		},
		"a reason that ends the pattern it is part of": {
			stripeAnd(func(p *contract.Provider) { p.UntrustedReason = `chain" }` }),
			`provider "acme": its reason "chain\" }" must be lower-case letters`,
		},
		"two identity headers in one": {
			stripeAnd(func(p *contract.Provider) { p.IdentityHeaders = []string{"Acme-Signature,Acme-Time"} }),
			`provider "acme": its identity header "Acme-Signature,Acme-Time" cannot be the name of a header`,
		},
		"an identity header without a name": {
			stripeAnd(func(p *contract.Provider) { p.IdentityHeaders = []string{"Acme-Signature", ""} }),
			`provider "acme": its identity header "" cannot be`,
		},
		"an authorizer that looks at nothing": {
			stripeAnd(func(p *contract.Provider) { p.IdentityHeaders = nil }),
			`provider "acme": it has no identity headers`,
		},
		"two providers on one path": {
			stripeAnd(func(p *contract.Provider) { p.Path = "stripe" }),
			`provider "acme": another has its name, title or path`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := JSON(Options{Providers: row.providers})
			require.ErrorIs(t, err, ErrOptions)
			assert.ErrorContains(t, err, row.want)
		})
	}
}

func TestContradictoryOptions(t *testing.T) {
	stripe := []contract.Provider{contract.Stripe()}
	many := map[string]string{}
	for i := range 50 {
		many[strconv.Itoa(i)] = ""
	}
	for name, row := range map[string]struct {
		options Options
		want    string
	}{
		"memory for a provider that is left out": {
			Options{Providers: stripe, MemoryMB: map[string]int{"square-processor": 512}},
			`memory for "square-processor", but the functions are webhook-authorizer, event-consumer, dlq-archiver, bucket-emptier, stripe-processor`,
		},
		"less memory than Lambda gives": {
			Options{MemoryMB: map[string]int{contract.ConsumerName: 64}},
			`64 MB of memory for "event-consumer"; Lambda gives 128 to 10240`,
		},
		"more memory than Lambda gives": {
			Options{MemoryMB: map[string]int{contract.ConsumerName: 10_241}}, "10241 MB of memory",
		},
		"a resource with the id of one of the stack's": {
			Options{Resources: map[string]cfn.Resource{"Key": &kms.Key{KeyPolicy: newPolicy()}}},
			"Resources.Key: declared twice",
		},
		"a resource with the id of a parameter": {
			Options{Resources: map[string]cfn.Resource{"LogLevel": &sqs.Queue{}}}, "Resources.LogLevel: declared twice",
		},
		"a resource that refers to what the stack does not have": {
			Options{Providers: stripe, Resources: map[string]cfn.Resource{
				"Copy": &secretsmanager.Secret{KmsKeyId: new(cfn.Ref("SquareSecret"))},
			}},
			`there is no parameter and no resource "SquareSecret"`,
		},
		"a tag that the stack uses itself": {
			Options{Tags: map[string]string{accountTag: "me"}}, `tag "api-gateway-account": the stack has it itself`,
		},
		"a tag that only AWS sets": {
			Options{Tags: map[string]string{"AWS:x": "y"}}, `tag "AWS:x": what begins with aws: is AWS's`,
		},
		"a tag without a key": {
			Options{Tags: map[string]string{"": "y"}}, `tag "": a key has 1 to 128 characters`,
		},
		"a tag's value that is too long": {
			Options{Tags: map[string]string{"x": strings.Repeat("y", 257)}}, `tag "x": a key has 1 to 128 characters, a value at most 256`,
		},
		"a tag with a character that AWS refuses": {
			Options{Tags: map[string]string{"team": "payments & co"}},
			`tag "team": key and value "payments & co" are made of letters, digits, spaces and _.:/=+-@`,
		},
		"more tags than a resource takes": {Options{Tags: many}, "50 tags; a resource takes 49"},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := JSON(row.options)
			assert.Nil(t, text)
			require.ErrorIs(t, err, ErrOptions)
			assert.ErrorContains(t, err, row.want)
		})
	}
}

// One run names all that is wrong.
func TestAllImpossibleOptionsAreNamed(t *testing.T) {
	_, err := JSON(Options{
		Providers: []contract.Provider{{}},
		MemoryMB:  map[string]int{contract.ConsumerName: 1},
		Tags:      map[string]string{"": ""},
	})
	for _, want := range []string{"its name", "its title", "its path", "identity headers", "1 MB", `tag ""`} {
		assert.ErrorContains(t, err, want)
	}
}

func TestMemoryIsSetForOneFunctionOnly(t *testing.T) {
	d := build(t, Options{MemoryMB: map[string]int{contract.ConsumerName: 1024}}, "dev")
	assert.Equal(t, 1024, decode[int](t, d.Resources["ConsumerFunction"], "MemorySize"))
	assert.Equal(t, 256, decode[int](t, d.Resources["ArchiverFunction"], "MemorySize"))
}

func TestSubsetOfProvidersHasNothingOfTheOthers(t *testing.T) {
	text, err := JSON(Options{Providers: []contract.Provider{contract.Square()}})
	require.NoError(t, err)
	assert.Contains(t, string(text), "SquareProcessorFunction")
	for _, other := range []string{"stripe", "paypal"} {
		assert.NotContains(t, strings.ToLower(string(text)), other)
	}
}

// AWS counts characters, not bytes.
func TestTagsOfAnyScript(t *testing.T) {
	key, value := strings.Repeat("ä", maxTagKey), strings.Repeat("本", maxTagValue)
	_, err := JSON(Options{Tags: map[string]string{key: value, "a b_c.d:e/f=g+h-i@j": ""}})
	require.NoError(t, err)
}

func TestOwnTagOfACallersResourceStays(t *testing.T) {
	d := build(t, Options{
		Tags:      map[string]string{"team": "payments"},
		Resources: map[string]cfn.Resource{"Mine": &sqs.Queue{Tags: []tags.Tag{{Key: "team", Value: "ledger"}}}},
	}, "dev")
	assert.Equal(t, []tags.Tag{{Key: "team", Value: "ledger"}}, decode[[]tags.Tag](t, d.Resources["Mine"], "Tags"))
}

// A resource that is not tagged is of a type that takes no tags, or none that
// goformation knows of.
func TestTagsAreOnEverythingThatTakesThem(t *testing.T) {
	o := withMadeUp()
	o.Tags = map[string]string{"team": "payments", "cost-centre": "7"}
	o.Resources = map[string]cfn.Resource{"Mine": &sqs.Queue{}}
	untaggable := []string{
		"AWS::ApiGateway::Account", "AWS::ApiGateway::Authorizer", "AWS::ApiGateway::BasePathMapping",
		"AWS::ApiGateway::Deployment", "AWS::ApiGateway::GatewayResponse", "AWS::ApiGateway::Method",
		"AWS::ApiGateway::Resource", "AWS::CloudWatch::Dashboard", "AWS::KMS::Alias", "AWS::Lambda::EventSourceMapping",
		"AWS::Lambda::Permission", "AWS::Logs::MetricFilter", "AWS::S3::BucketPolicy", "AWS::SNS::Subscription",
		"AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy", "Custom::EmptiedBucket",
	}
	found := map[string]bool{}
	d := build(t, o, "dev")
	for id, r := range d.Resources {
		if r.Properties["Tags"] == nil {
			found[r.Type] = true
			continue
		}
		all := decode[[]tags.Tag](t, r, "Tags")
		assert.Equal(t, []tags.Tag{{Key: "cost-centre", Value: "7"}, {Key: "team", Value: "payments"}}, all[len(all)-2:], id)
	}
	assert.Equal(t, untaggable, ids(found))
	assert.Contains(t, d.Resources["Mine"].Properties, "Tags")
	assert.Len(t, decode[[]tags.Tag](t, d.Resources["Stage"], "Tags"), 3, "beside its own")
}
