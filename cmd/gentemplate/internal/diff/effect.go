package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/model"
	"github.com/paysluice/paysluice/cmd/gentemplate/internal/schema"
)

const (
	typeTable      = "AWS::DynamoDB::Table"
	typeDeployment = "AWS::ApiGateway::Deployment"
	typePermission = "AWS::Lambda::Permission"
	typeMapping    = "AWS::Lambda::EventSourceMapping"
	typeAlarm      = "AWS::CloudWatch::Alarm"
	typeFilter     = "AWS::Logs::MetricFilter"
	typeTopic      = "AWS::SNS::Topic"
	typeBus        = "AWS::Events::EventBus"
	typeSubscriber = "AWS::SNS::Subscription"
	typeRule       = "AWS::Events::Rule"
	typeFunction   = "AWS::Lambda::Function"
	typeQueue      = "AWS::SQS::Queue"
)

// decide gives every pair its fate, after those that it refers to: a replaced resource
// changes what refers to it, which can replace further ones.
func (c *comparison) decide() {
	for _, p := range c.ordered() {
		if c.settle(p); p.fate != replaced {
			continue
		}
		for _, r := range c.references[p.key()] {
			if r.from.old == nil || r.from == p {
				continue
			}
			if !slices.ContainsFunc(r.from.differences, func(d difference) bool { return d.Path == r.path }) {
				r.from.differences = append(r.from.differences, difference{Path: r.path, Before: r.text, After: r.text, Cause: p.id()})
			}
			if !slices.Contains(r.from.causes, p.id()) {
				r.from.causes = append(r.from.causes, p.id())
			}
		}
	}
}

// ordered returns the resources that exist after the update, each after those that it
// refers to.
func (c *comparison) ordered() (order []*pair) {
	targets := map[*pair][]*pair{}
	for _, p := range c.pairs {
		for _, r := range c.references[p.key()] {
			targets[r.from] = append(targets[r.from], p)
		}
	}
	seen := map[*pair]bool{}
	var visit func(p *pair)
	visit = func(p *pair) {
		if seen[p] || p.new == nil {
			return
		}
		seen[p] = true
		for _, target := range targets[p] {
			visit(target)
		}
		order = append(order, p)
	}
	for _, p := range c.pairs {
		visit(p)
	}
	return order
}

// settle decides the fate of a resource that exists after the update.
func (c *comparison) settle(p *pair) {
	if p.old == nil {
		if holder := c.holder(p); holder != "" {
			p.fate = collided
			p.add(Reason{Verdict: Collides, Rule: c.taken(p.new, holder)})
		}
		return
	}
	if p.old.Type != p.new.Type {
		p.fate = refused
		p.add(Reason{Verdict: Refused, Path: "Type", Before: p.old.Type, After: p.new.Type,
			Rule: "Update of resource type is not permitted. Give the resource another logical id."})
		return
	}
	for _, d := range p.differences {
		if schema.Match(p.info.Fixed, d.Path) {
			p.fate = refused
			p.add(d.reason(Refused, fixedRule(d.Path)))
		}
	}
	c.indexes(p)
	c.replacement(p)
}

func fixedRule(path string) string {
	if path == "ServiceToken" {
		return "Modifying service token is not allowed. Give the custom resource another logical id."
	}
	return "The property can never change; the update fails."
}

func (d difference) reason(class Class, rule string) Reason {
	r := Reason{Verdict: class, Path: d.Path, Rule: rule, CausedBy: d.Cause}
	if d.Before != nil {
		r.Before = model.Show(d.Before)
	}
	if d.After != nil {
		r.After = model.Show(d.After)
	}
	return r
}

// replacement decides whether CloudFormation replaces a resource, and whether it can.
func (c *comparison) replacement(p *pair) {
	var decisive []difference
	for _, d := range p.differences {
		if d.touches(p.info.CreateOnly) || d.touches(p.info.Conditional) {
			decisive = append(decisive, d)
		}
	}
	if p.fate != kept || len(decisive) == 0 && !p.renamed() {
		return
	}
	for _, d := range decisive {
		p.replacePaths = append(p.replacePaths, "/Properties/"+d.Path)
	}
	name := c.name(p.new)
	switch holder := c.holder(p); {
	case holder != "":
		p.fate = collided
		p.add(Reason{Verdict: Collides, Rule: c.taken(p.new, holder)})
	case !p.renamed() && name != "" && !p.changes(p.info.Name):
		p.fate = refused
		for _, d := range decisive {
			p.add(d.reason(Refused, d.perhaps(p)+fmt.Sprintf("CloudFormation cannot update a stack when a custom-named resource requires replacing: %s would have to be replaced under its name. A new name would make a new, empty resource.", name)))
		}
	default:
		p.fate = replaced
		c.lose(p, decisive)
	}
}

// touches reports whether a listed property differs, also inside one that is added or
// removed as a whole.
func (d difference) touches(paths []string) bool {
	return schema.Match(paths, d.Path) || slices.ContainsFunc(paths, func(path string) bool {
		rest, inside := strings.CutPrefix(path, d.Path+"/")
		if !inside || strings.Contains(path, "*") {
			return false
		}
		for _, side := range []any{d.Before, d.After} {
			object, _ := side.(model.Object)
			if len(find(&model.Resource{Properties: object}, rest, nil)) > 0 {
				return true
			}
		}
		return false
	})
}

// perhaps introduces the rule of a conditionally create-only property. The conditions
// are in no schema, so the worst case is the verdict.
func (d difference) perhaps(p *pair) string {
	if d.touches(p.info.CreateOnly) {
		return ""
	}
	return "Some values of it need a replacement. Then: "
}

// lose adds the reasons for a replaced resource.
func (c *comparison) lose(p *pair, decisive []difference) {
	class, rule := Replaced, "CloudFormation creates another one, moves references over and deletes this one."
	expected := p.either().Type == typeDeployment || p.either().Type == typePermission
	switch typ := p.either().Type; {
	case p.info.Stateful && retained(p.policy()):
		rule = "CloudFormation creates another, empty one. This one stays outside the stack, by its policy " + p.policy() + "."
	case p.info.Stateful:
		class, rule = LostData, "CloudFormation creates another, empty one and "+loss(typ)
	case p.info.DeleteFirst && !p.renamed():
		class, rule = Interrupted, "CloudFormation deletes it first and creates it again; nothing works in between."
	case typ == typeTopic:
		class, rule = AlarmLost, "CloudFormation creates another topic. Subscriptions outside the stack are gone, and e-mail subscriptions must be confirmed again."
	case typ == typeBus:
		class, rule = AlarmLost, "CloudFormation creates another bus. Rules outside the stack are gone."
	case typ == typeSubscriber && p.renamed(): // go-to-k/cdkd#1967 measured it
		class, rule = AlarmLost, "Subscribing again returns the same subscription, which CloudFormation then deletes."
	case p.renamed() && (typ == "AWS::SNS::TopicPolicy" || typ == "AWS::SQS::QueuePolicy"): // pulumi/pulumi-aws#1923
		class, rule = Interrupted, "CloudFormation writes the policy and then deletes it under its former id, which leaves none."
	case typ == typeSubscriber:
		class, rule = AlarmLost, "CloudFormation creates another subscription. By e-mail it tells nobody until it is confirmed."
	case typ == typeDeployment:
		rule = "a new snapshot of the API"
	}
	if p.renamed() {
		p.add(Reason{Verdict: class, Rule: fmt.Sprintf("%s becomes %s: %s", p.old.ID, p.new.ID, rule), Expected: expected, Untold: class == AlarmLost})
	}
	for _, d := range decisive {
		r := d.reason(class, d.perhaps(p)+rule)
		r.Expected, r.Untold = expected, class == AlarmLost
		p.add(r)
	}
}

// changes reports whether a property differs.
func (p *pair) changes(property string) bool {
	return slices.ContainsFunc(p.differences, func(d difference) bool { return schema.Match([]string{property}, d.Path) })
}

// holder returns the id of another resource that has what must be unique: a name, or
// properties that are unique together. A resource under a new logical id meets itself.
func (c *comparison) holder(p *pair) string {
	if p.info.DeleteFirst && !p.renamed() && p.old != nil {
		return ""
	}
	properties := p.info.Keys
	if p.info.Name != "" {
		properties = []string{p.info.Name}
	}
	if len(properties) == 0 {
		return ""
	}
	for _, other := range c.pairs {
		if other.either().Type != p.new.Type || other == p && !p.renamed() {
			continue
		}
		if other.old != nil && c.clash(properties, other.old, p) {
			return other.old.ID
		}
		// A name that two resources get is as bad; only one of them reports it.
		if other.new != nil && other != p && other.id() < p.id() && c.clash(properties, other.new, p) {
			return other.new.ID
		}
	}
	return ""
}

// clash reports whether an existing resource has the unique values of a new one.
func (c *comparison) clash(properties []string, existing *model.Resource, p *pair) bool {
	for _, name := range properties {
		value := existing.Properties[name]
		if value == nil || model.Show(value) != model.Show(p.new.Properties[name]) || c.moved(model.Show(value)) {
			return false
		}
	}
	return true
}

// moved reports whether a text refers to a resource that is replaced, so that it has
// another value afterwards.
func (c *comparison) moved(text string) bool {
	return slices.ContainsFunc(model.References(text), func(id string) bool {
		return slices.ContainsFunc(c.pairs, func(p *pair) bool { return p.key() == id && p.fate == replaced })
	})
}

func (c *comparison) taken(r *model.Resource, holder string) string {
	what := c.name(r)
	if what == "" {
		var values []string
		for _, key := range c.infoOf(r.Type).Keys {
			values = append(values, key+" "+model.Show(r.Properties[key]))
		}
		what = strings.Join(values, ", ")
	}
	return fmt.Sprintf("%s already exists: %s has it until the update ends. Creating it fails, and the stack rolls back.", what, holder)
}

// indexes refuses what DynamoDB cannot do with a table's indexes in one update.
func (c *comparison) indexes(p *pair) {
	if p.new.Type != typeTable {
		return
	}
	before := find(p.old, "GlobalSecondaryIndexes/*", p.info.Sets)
	after := find(p.new, "GlobalSecondaryIndexes/*", p.info.Sets)
	var changed []string
	for _, path := range union(before, after) {
		if before[path] == nil || after[path] == nil {
			changed = append(changed, path[strings.LastIndex(path, "/")+1:])
			continue
		}
		for _, d := range compare(path, before[path], after[path], p.info.Sets) {
			if schema.Match([]string{"*/*/KeySchema", "*/*/Projection"}, d.Path) {
				p.fate = refused
				p.add(d.reason(Refused, "Cannot update GSI's properties other than Provisioned Throughput and Contributor Insights Specification. Add an index under another name, and remove this one in a later update."))
			}
		}
	}
	if len(changed) > 1 {
		p.fate = refused
		p.add(Reason{Verdict: Refused, Path: "GlobalSecondaryIndexes", After: strings.Join(changed, ", "),
			Rule: "Cannot perform more than one GSI creation or deletion in a single update. Split it into several updates."})
	}
}
