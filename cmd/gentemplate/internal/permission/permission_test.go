package permission

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/model"
	"github.com/paysluice/paysluice/cmd/gentemplate/internal/source"
)

// grants returns what a resource with YAML properties grants.
func grants(t *testing.T, typ, properties string) []Grant {
	t.Helper()
	value, err := source.Parse([]byte(properties))
	require.NoError(t, err)
	return Of(&model.Resource{ID: "R", Type: typ, Properties: value.(model.Object)})
}

func lines(grants []Grant) []string {
	all := []string{}
	for _, g := range grants {
		all = append(all, g.Subject+": "+g.String())
	}
	return all
}

const role = "AWS::IAM::Role"

func TestOf(t *testing.T) {
	for _, row := range []struct {
		why, typ, properties string
		want                 []string
	}{
		{"one text is a list of one", role, `{P: {Statement: {Effect: Allow, Action: "s3:Get", Resource: b}}}`, []string{"R: Allow s3:Get on b"}},
		{"a trust policy has no resource", role, `{P: {Statement: [{Effect: Allow, Principal: {Service: [lambda]}, Action: sts}]}}`, []string{"R: Allow lambda sts"}},
		{"everybody, and an account by its number", "AWS::SQS::QueuePolicy",
			`{P: {Statement: [{Effect: Allow, Principal: {AWS: ["*", "123456789012"]}, Action: a, Resource: q}]}}`,
			[]string{"R: Allow * a on q", "R: Allow arn:aws:iam::123456789012:root a on q"}},
		{"conditions", role, `{P: {Statement: [{Effect: Deny, Action: a, Resource: r, Condition: {StringEquals: {k: [y, x]}, Bool: {l: true}}}]}}`,
			[]string{"R: Deny a on r if Bool l true and StringEquals k x or y"}},
		{"the Not forms", role, `{P: {Statement: [{Effect: Allow, NotAction: [b, a], NotResource: r}]}}`, []string{"R: Allow all except a, b on all except r"}},
		{"managed policies", role, `{ManagedPolicyArns: [x]}`, []string{"R: Allow everything in the policy x"}},
		{"a policy that is attached to roles", "AWS::IAM::Policy", `{Roles: ["${A}", other], PolicyDocument: {Statement: [{Effect: Allow, Action: a, Resource: r}]}}`,
			[]string{"A: Allow a on r", "other: Allow a on r"}},
		{"a policy as text", "AWS::Logs::ResourcePolicy", `{PolicyDocument: '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "a", "Resource": "r"}]}'}`,
			[]string{"R: Allow * a on r"}},
		{"an invocation", "AWS::Lambda::Permission", `{Principal: p, Action: a, FunctionName: f, SourceArn: s}`, []string{"R: Allow p a on f if SourceArn s"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			assert.Equal(t, row.want, lines(grants(t, row.typ, row.properties)))
		})
	}
}

func TestCompare(t *testing.T) {
	statement := func(text string) string { return "{P: {Statement: [" + text + "]}}" }
	for _, row := range []struct {
		why, before, after string
		gained, lost       []string
	}{
		{"a wildcard covers an action", `{Effect: Allow, Action: [a, "s3:Get*"], Resource: b/c}`, `{Effect: Allow, Action: [a, "s3:*"], Resource: b/*}`,
			[]string{"R: Allow a on b/*", "R: Allow s3:* on b/*"}, []string{}},
		{"case of an action has no meaning", `{Effect: Allow, Action: "SQS:Send", Resource: q}`, `{Effect: Allow, Action: "sqs:send", Resource: q}`, []string{}, []string{}},
		{"a condition dropped", `{Effect: Allow, Action: a, Resource: r, Condition: {StringEquals: {k: x}}}`, `{Effect: Allow, Action: a, Resource: r}`,
			[]string{"R: Allow a on r"}, []string{}},
		{"a value more in a condition", `{Effect: Allow, Action: a, Resource: r, Condition: {StringEquals: {k: x}}}`,
			`{Effect: Allow, Action: a, Resource: r, Condition: {StringEquals: {k: [x, y]}}}`, []string{"R: Allow a on r if StringEquals k x or y"}, []string{}},
		{"a value more in a negated one", `{Effect: Allow, Action: a, Resource: r, Condition: {StringNotEquals: {k: x}}}`,
			`{Effect: Allow, Action: a, Resource: r, Condition: {StringNotEquals: {k: [x, y]}}}`, []string{}, []string{"R: Allow a on r if StringNotEquals k x"}},
		{"another condition", `{Effect: Allow, Action: a, Resource: r, Condition: {Bool: {k: true}}}`, `{Effect: Allow, Action: a, Resource: r, Condition: {Bool: {l: true}}}`,
			[]string{"R: Allow a on r if Bool l true"}, []string{"R: Allow a on r if Bool k true"}},
		{"NotAction is covered by itself only", `{Effect: Allow, Action: "*", Resource: "*"}`, `{Effect: Allow, NotAction: a, Resource: "*"}`,
			[]string{"R: Allow all except a on *"}, []string{"R: Allow * on *"}},
		{"no other condition covers one", `{Effect: Allow, Action: a, Resource: r, Condition: {Bool: {k: true}}}`, `{Effect: Allow, Action: b, Resource: r}`,
			[]string{"R: Allow b on r"}, []string{"R: Allow a on r if Bool k true"}},
		{"everybody covers anybody", `{Effect: Allow, Principal: p, Action: a, Resource: r}`, `{Effect: Allow, Principal: "*", Action: a, Resource: r}`,
			[]string{"R: Allow * a on r"}, []string{}},
		{"everybody comes first, then wildcards", ``, `{Effect: Allow, Principal: [p, "*"], Action: ["b", "s*"], Resource: r}`,
			[]string{"R: Allow * b on r", "R: Allow * s* on r", "R: Allow p s* on r", "R: Allow p b on r"}, []string{}},
	} {
		t.Run(row.why, func(t *testing.T) {
			gained, lost := Compare(grants(t, role, statement(row.before)), grants(t, role, statement(row.after)))
			assert.Equal(t, row.gained, lines(gained))
			assert.Equal(t, row.lost, lines(lost))
		})
	}
}

func TestPublic(t *testing.T) {
	for principal, want := range map[string]bool{
		"*": true, "all except x": true, "arn:aws:iam::123456789012:root": true,
		"sqs.amazonaws.com": false, "arn:${AWS::Partition}:iam::${AWS::AccountId}:root": false, "": false,
	} {
		g := Grant{Effect: "Allow", Principal: principal, Action: "a"}
		assert.Equal(t, want, g.Public(), principal)
		g.Condition = map[string][]string{"Bool k": {"true"}}
		assert.False(t, g.Public(), "with a condition")
	}
}

func TestRenamed(t *testing.T) {
	g := Grant{Resource: "a/old", Principal: "old", Condition: map[string][]string{"k": {"old", "new"}}}
	renamed := g.Renamed(strings.NewReplacer("old", "fresh"))
	assert.False(t, renamed.Widens(), "no effect is no Allow")
	assert.Equal(t, Grant{Resource: "a/fresh", Principal: "fresh", Condition: map[string][]string{"k": {"fresh", "new"}}}, renamed)
	assert.Equal(t, "old", g.Condition["k"][0], "the original is not changed")
}
