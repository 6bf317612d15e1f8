package doctor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func roleChecks() []check[*Doctor] {
	return []check[*Doctor]{
		{"roles", "the policies of the functions' roles", (*Doctor).checkRoles},
		{"topics", "the topics, and the bus of published events", (*Doctor).checkTopics},
		{"rules", "the rules that tell of changes of the key and start comparisons", (*Doctor).checkRules},
	}
}

func (d *Doctor) checkRoles(ctx context.Context) ([]Finding, error) {
	t, err := d.deployed()
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, r := range t.kinds("AWS::IAM::Role") {
		changed, err := d.role(ctx, r)
		if _, missing := errors.AsType[*types.NoSuchEntityException](err); missing {
			found = append(found, d.missing(r))
			continue
		}
		if err != nil {
			return found, err
		}
		if len(changed) > 0 {
			found = append(found, Finding{Error, r.physical, "differs from the template: " + strings.Join(changed, "; "),
				"The function may do more than it needs, or is denied what it needs.", undo})
		}
	}
	return found, nil
}

// role returns how a role differs from the template.
func (d *Doctor) role(ctx context.Context, r resource) ([]string, error) {
	out, err := d.roles.GetRole(ctx, &iam.GetRoleInput{RoleName: &r.physical})
	if err != nil {
		return nil, err
	}
	changed := of("the trust policy", statements(r.properties["AssumeRolePolicyDocument"], decoded(out.Role.AssumeRolePolicyDocument)))
	boundary := ""
	if b := out.Role.PermissionsBoundary; b != nil {
		boundary = aws.ToString(b.PermissionsBoundaryArn)
	}
	if expected := text(r.properties["PermissionsBoundary"]); boundary != expected {
		changed = append(changed, fmt.Sprintf("the permissions boundary is %q instead of %q", boundary, expected))
	}

	want := map[string]any{}
	policies, _ := r.properties["Policies"].([]any)
	for _, p := range policies {
		p, _ := p.(map[string]any)
		want[text(p["PolicyName"])] = p["PolicyDocument"]
	}
	for pages := iam.NewListRolePoliciesPaginator(d.roles, &iam.ListRolePoliciesInput{RoleName: &r.physical}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, name := range page.PolicyNames {
			live, err := d.roles.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &r.physical, PolicyName: &name})
			if err != nil {
				return nil, err
			}
			changed = append(changed, of("the policy "+name, statements(want[name], decoded(live.PolicyDocument)))...)
			delete(want, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		changed = append(changed, "the policy "+name+" is missing")
	}
	// The template attaches no managed policy to a role.
	for pages := iam.NewListAttachedRolePoliciesPaginator(d.roles, &iam.ListAttachedRolePoliciesInput{RoleName: &r.physical}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range page.AttachedPolicies {
			changed = append(changed, "the managed policy "+aws.ToString(p.PolicyArn)+" is attached")
		}
	}
	return changed, nil
}

// of puts the name of a policy before each of its differences.
func of(policy string, changed []string) []string {
	for i := range changed {
		changed[i] = policy + ": " + changed[i]
	}
	return changed
}

// decoded returns a policy as IAM encodes it (IAM API Reference, GetRolePolicy: RFC 3986).
func decoded(document *string) any {
	plain, _ := url.PathUnescape(aws.ToString(document)) // what cannot be decoded is no JSON either
	return parse(plain)
}

// noComparison is the effect of a schedule that does not invoke its function.
const noComparison = "No comparison starts; events that never arrive go unnoticed."

func (d *Doctor) checkRules(ctx context.Context) ([]Finding, error) {
	t, err := d.deployed()
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, r := range t.kinds("AWS::Events::Rule") {
		means := "Nobody is told when somebody disables or deletes the key."
		if text(r.properties["ScheduleExpression"]) != "" {
			means = noComparison
		}
		rule, err := d.rules.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: &r.physical})
		if _, missing := errors.AsType[*eventtypes.ResourceNotFoundException](err); missing {
			found = append(found, d.missing(r))
			continue
		}
		if err != nil {
			return found, err
		}
		targets, err := d.rules.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: &r.physical})
		if err != nil {
			return found, err
		}
		if rule.State == eventtypes.RuleStateDisabled {
			found = append(found, Finding{Error, r.physical, "is disabled", means, d.aws("events enable-rule --name %s", r.physical)})
		}
		found = append(found, drift(r.physical, only(r.properties, "EventPattern", "ScheduleExpression", "Targets"), map[string]any{
			"EventPattern": parse(aws.ToString(rule.EventPattern)), "ScheduleExpression": asJSON(rule.ScheduleExpression),
			"Targets": asJSON(targets.Targets),
		}, means)...)
	}
	return found, nil
}
