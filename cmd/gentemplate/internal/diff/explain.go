package diff

import (
	"slices"
	"strings"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/model"
	"github.com/paysluice/paysluice/cmd/gentemplate/internal/permission"
	"github.com/paysluice/paysluice/cmd/gentemplate/internal/schema"
)

// explain adds the reasons that do not come from a replacement.
func (c *comparison) explain(p *pair) {
	c.explainGrants(p)
	switch {
	case p.new == nil:
		c.explainRemoval(p)
	case p.old == nil:
		if len(p.reasons) == 0 {
			p.add(Reason{Verdict: InPlace, Rule: "CloudFormation creates it."})
		}
	case p.fate == kept || p.fate == replaced:
		c.explainHazards(p)
		c.explainDifferences(p)
	}
}

// explainGrants adds what a resource grants more or less.
func (c *comparison) explainGrants(p *pair) {
	for _, g := range c.gained {
		if p.new == nil || g.Carrier != p.new.ID {
			continue
		}
		class, rule := Narrowed, "denied: "
		if g.Widens() {
			class, rule = Widened, "gained: "
		}
		if g.Public() {
			class, rule = Exposure, "open to others than this account: "
		}
		p.add(Reason{Verdict: class, Rule: rule + c.show(g.String())})
	}
	for _, g := range c.lost {
		if p.old == nil || g.Carrier != p.old.ID {
			continue
		}
		r := Reason{Verdict: Widened, Rule: "no longer denied: " + g.String()}
		if g.Widens() {
			r = Reason{Verdict: Narrowed, Rule: "lost: " + g.String()}
			if publishes(g) && strings.HasSuffix(p.old.Type, "TopicPolicy") {
				r.Verdict, r.Untold = AlarmLost, true
			}
		}
		p.add(r)
	}
}

// publishes reports whether a grant lets an AWS service send alarms to a topic.
func publishes(g permission.Grant) bool {
	return strings.Contains("sns:publish sns:* *", strings.ToLower(g.Action)) &&
		(g.Principal == "*" || strings.HasSuffix(g.Principal, ".amazonaws.com") || strings.HasSuffix(g.Principal, "${AWS::URLSuffix}"))
}

// show replaces the old ids of renamed resources by the new ones.
func (c *comparison) show(text string) string {
	back := map[string]string{}
	for to, from := range c.ids {
		back[from] = to
	}
	return replaceIDs(text, back)
}

// deletion returns the policy that keeps or deletes a removed resource. RDS
// takes a snapshot unless a policy says otherwise (User Guide, DeletionPolicy).
func deletion(r *model.Resource) string {
	if r.DeletionPolicy == "" && (r.Type == "AWS::RDS::DBCluster" || r.Type == "AWS::RDS::DBInstance") {
		return "Snapshot"
	}
	return r.DeletionPolicy
}

// loss says what CloudFormation does with a resource and its data (CloudFormation User
// Guide, Troubleshooting; KMS API Reference; aws-cloudformation/cloudformation-coverage-roadmap
// #1999: it deletes a secret without a recovery window).
func loss(typ string) string {
	switch typ {
	case "AWS::S3::Bucket":
		return "cannot delete this one while it has objects: it stays behind, outside the stack."
	case "AWS::KMS::Key":
		return "schedules this one for deletion: everything that it encrypted becomes unreadable."
	case "AWS::SecretsManager::Secret":
		return "deletes this one without recovery: its value is lost."
	}
	return "deletes this one with its data."
}

func (c *comparison) explainRemoval(p *pair) {
	r := Reason{Verdict: Interrupted, Rule: "CloudFormation deletes it, and nothing takes its place."}
	switch policy := deletion(p.old); {
	case retained(policy):
		r = Reason{Verdict: InPlace, Rule: "It leaves the stack. Its data stays, by its policy " + policy + "."}
	case p.info.Stateful:
		r = Reason{Verdict: LostData, Rule: "CloudFormation " + loss(p.old.Type)}
	case c.tells(p.old):
		r = Reason{Verdict: AlarmLost, Rule: "CloudFormation deletes it. Nobody is told any more.", Untold: true}
	case len(permission.Of(p.old)) > 0 && p.old.Type != "AWS::IAM::Role",
		slices.Contains([]string{"AWS::CloudWatch::Dashboard", "AWS::CDK::Metadata"}, p.old.Type):
		r = Reason{Verdict: InPlace, Rule: "CloudFormation deletes it."}
	case p.old.Type == typeDeployment:
		r = Reason{Verdict: InPlace, Rule: "CloudFormation deletes a former snapshot of the API.", Expected: true}
	}
	p.add(r)
}

// explainSnapshot adds changes of an API that wait for a deployment: a stage serves the
// snapshot that its deployment made (API Gateway Developer Guide, Deploy REST APIs).
func (c *comparison) explainSnapshot() {
	for _, p := range c.pairs {
		if p.either().Type == typeDeployment && len(p.reasons) > 0 {
			return
		}
	}
	for _, p := range c.pairs {
		switch strings.TrimPrefix(p.either().Type, "AWS::ApiGateway::") {
		case "Authorizer", "GatewayResponse", "Method", "Resource", "RestApi":
			if len(p.reasons) > 0 {
				p.add(Reason{Verdict: None, Rule: "No deployment is made: the stage serves the former API."})
			}
		}
	}
}

// tells reports whether a resource is part of the way from a fault to people.
func (c *comparison) tells(r *model.Resource) bool {
	switch r.Type {
	case typeAlarm, typeFilter, typeTopic, typeBus, typeSubscriber, "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::AnomalyDetector":
		return true
	case typeRule:
		for _, target := range find(r, "Targets/*/Arn", nil) {
			for _, id := range model.References(model.Show(target)) {
				if c.old[id] != nil && c.old[id].Type == typeTopic {
					return true
				}
			}
		}
	}
	return false
}

// explainDifferences adds the properties that no other reason explains.
func (c *comparison) explainDifferences(p *pair) {
	granted := slices.ContainsFunc(p.reasons, func(r Reason) bool { return r.Verdict == Widened || r.Verdict == Narrowed || r.Verdict == Exposure })
	for _, d := range p.differences {
		explained := func(r Reason) bool { return r.Path == d.Path || strings.HasPrefix(r.Path, d.Path+"/") }
		if slices.ContainsFunc(p.reasons, explained) || granted && d.Cause == "" && isGrant(p, d) {
			continue
		}
		r := d.reason(InPlace, "")
		r.After = c.show(r.After)
		switch {
		case d.Cause != "":
			r.Rule, r.Before, r.After = "It refers to "+d.Cause+", which is replaced.", "", ""
			r.Expected = strings.Contains(d.Path, "DeploymentId")
		case p.info.Known || p.info.Fixed != nil:
			r.Expected = p.new.Type == typeFunction && schema.Match([]string{"Code"}, d.Path)
		default:
			r.Rule = "No schema of this type is known: the change may replace the resource."
		}
		p.add(r)
	}
	if len(p.reasons) > 0 {
		return
	}
	for _, d := range compare("", p.old.Attributes, p.new.Attributes, []string{"DependsOn"}) {
		p.add(Reason{Verdict: None, Path: d.Path, Rule: "CloudFormation updates nothing for it."})
		return
	}
}

// isGrant reports whether a difference is one of permissions, which are explained as
// sets.
func isGrant(p *pair, d difference) bool {
	if p.new.Type == typePermission || schema.Match([]string{"ManagedPolicyArns"}, d.Path) {
		return true
	}
	for _, side := range []any{d.Before, d.After} {
		if len(permission.Of(&model.Resource{Properties: model.Object{"Value": side}})) > 0 {
			return true
		}
	}
	return false
}
