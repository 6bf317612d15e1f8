package diff

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/model"
	"github.com/paysluice/paysluice/cmd/gentemplate/internal/permission"
	"github.com/paysluice/paysluice/cmd/gentemplate/internal/schema"
)

// Compare returns what an update from one template to another does. Without prices
// the report has no costs.
func Compare(old, new *model.Template, types schema.Types, prices Prices) *Report {
	report := &Report{
		Changes: []Change{}, Permissions: Permissions{[]permission.Grant{}, []permission.Grant{}},
		Parameters: []string{}, Outputs: []string{}, NewStacksOnly: []string{}, Costs: []string{},
	}
	if report.Equal = equal(old, new); !report.Equal {
		scenarios := model.Scenarios(old, new, relevant(old, new))
		dangers := map[string][]hazard{}
		for _, h := range hazards() {
			dangers[h.typ] = append(dangers[h.typ], h)
		}
		comparisons := make([]*comparison, len(scenarios))
		var running sync.WaitGroup
		for i, s := range scenarios {
			running.Go(func() {
				comparisons[i] = newComparison(old, new, s, types)
				comparisons[i].hazards = dangers
				comparisons[i].run()
			})
		}
		running.Wait()
		merged := merger{report: report, changes: map[string]*Change{}}
		for _, c := range comparisons {
			merged.add(c)
		}
		merged.finish()
		usual := comparisons[0]
		report.Costs, report.Outputs = prices.compare(usual), usual.outputs()
		report.parameters(old, new, usual)
		report.exports(usual)
		report.unresolved(old, new)
	}
	report.finish()
	return report
}

// equal reports whether templates differ in nothing but an order that has no meaning.
func equal(old, new *model.Template) bool {
	anyOrder := []string{"*/DependsOn", "*/AllowedValues"}
	for _, sections := range [][2]model.Object{
		{old.Resources, new.Resources}, {old.Parameters, new.Parameters}, {old.Outputs, new.Outputs},
		{old.Conditions, new.Conditions}, {old.Mappings, new.Mappings}, {old.Rules, new.Rules}, {old.Rest, new.Rest},
	} {
		if len(compare("", sections[0], sections[1], anyOrder)) > 0 {
			return false
		}
	}
	return true
}

// comparison compares two templates in one scenario.
type comparison struct {
	scenario   model.Scenario
	types      schema.Types
	hazards    map[string][]hazard // by type
	ids        map[string]string   // old id by new id of renamed resources
	pairs      []*pair
	old, new   map[string]*model.Resource
	oldOutputs model.Object
	newOutputs model.Object
	references map[string][]reference // by the old id of the resource that is referred to
	texts      []reference            // all texts of the new template
	names      *strings.Replacer      // old names of replaced resources by new ones
	gained     []permission.Grant
	lost       []permission.Grant
}

// reference is a text of the new template. from is nil in an output.
type reference struct {
	from       *pair
	path, text string
}

func newComparison(old, new *model.Template, s model.Scenario, types schema.Types) *comparison {
	c := &comparison{scenario: s, types: types, ids: map[string]string{}, references: map[string][]reference{}}
	c.old, c.oldOutputs = old.Resolve(s)
	c.new, c.newOutputs = new.Resolve(s)
	return c
}

// run fills the pairs' reasons.
func (c *comparison) run() {
	c.pairUp(c.old, c.new)
	for _, p := range c.pairs {
		if p.new != nil {
			leaves("", p.new.Properties, func(path, text string) {
				c.texts = append(c.texts, reference{p, path, text})
				for _, id := range model.References(text) {
					c.references[id] = append(c.references[id], reference{p, path, text})
				}
			})
		}
		if p.old != nil && p.new != nil {
			p.differences = compare("", p.old.Properties, p.new.Properties, p.info.Sets)
		}
	}
	leaves("Outputs", c.rewrite(c.newOutputs), func(path, text string) { c.texts = append(c.texts, reference{nil, path, text}) })
	c.decide()
	c.rename()
	c.permissions()
	c.attempts()
	for _, p := range c.pairs {
		c.explain(p)
	}
	c.watch()
	if c.scenario.When == "" {
		c.stale()
	}
	c.explainSnapshot()
}

// rename collects the names that the update changes, so that a text that names a
// resource in words is compared with the new name.
func (c *comparison) rename() {
	var names []string
	for _, p := range c.pairs {
		if p.old != nil && p.new != nil && p.fate == replaced {
			if before, after := c.name(p.old), c.name(p.new); before != "" && before != after {
				names = append(names, before, after)
			}
		}
	}
	c.names = strings.NewReplacer(names...)
}

// permissions compares what the changed resources grant.
func (c *comparison) permissions() {
	var before, after []permission.Grant
	for _, p := range c.pairs {
		if p.old != nil && p.new != nil && len(p.differences) == 0 {
			continue
		}
		if p.old != nil {
			for _, g := range permission.Of(p.old) {
				before = append(before, g.Renamed(c.names))
			}
		}
		if p.new != nil {
			for _, g := range permission.Of(p.new) {
				g.Subject = cmp.Or(c.ids[g.Subject], g.Subject)
				after = append(after, g)
			}
		}
	}
	c.gained, c.lost = permission.Compare(before, after)
}

// outputs returns lines about the outputs that change.
func (c *comparison) outputs() []string {
	lines := []string{}
	for _, d := range compare("", c.oldOutputs, c.rewrite(c.newOutputs), nil) {
		lines = append(lines, d.Path+": "+change(model.Show(d.Before), model.Show(d.After)))
	}
	return lines
}

// change returns a line about an old and a new value.
func change(before, after string) string {
	switch {
	case before == "null":
		return "added: " + after
	case after == "null":
		return "removed: " + before
	}
	return before + " → " + after
}

// merger joins the changes of several scenarios. A reason that the first scenario has
// holds always.
type merger struct {
	report  *Report
	changes map[string]*Change
}

func (m *merger) add(c *comparison) {
	for _, p := range c.pairs {
		if len(p.reasons) == 0 {
			continue
		}
		change := c.change(p)
		change.Reasons = nil
		existing := m.changes[change.ID]
		if existing == nil {
			existing = &change
			m.changes[change.ID] = existing
		}
		for _, r := range p.reasons {
			if !slices.ContainsFunc(existing.Reasons, func(o Reason) bool { return o.Verdict == r.Verdict && o.Path == r.Path && o.Rule == r.Rule }) {
				r.When = c.scenario.When
				existing.Reasons = append(existing.Reasons, r)
			}
		}
		existing.Actions = slices.MaxFunc([][]string{existing.Actions, change.Actions}, func(a, b []string) int { return len(a) - len(b) })
	}
	m.report.Permissions.Added = merge(m.report.Permissions.Added, c.gained)
	m.report.Permissions.Removed = merge(m.report.Permissions.Removed, c.lost)
}

func merge(grants, more []permission.Grant) []permission.Grant {
	for _, g := range more {
		if !slices.ContainsFunc(grants, func(o permission.Grant) bool { return o.Subject == g.Subject && o.String() == g.String() }) {
			grants = append(grants, g)
		}
	}
	return grants
}

func (m *merger) finish() {
	for _, id := range slices.Sorted(maps.Keys(m.changes)) {
		m.report.Changes = append(m.report.Changes, *m.changes[id])
	}
}

// change returns the report of a pair.
func (c *comparison) change(p *pair) Change {
	result := Change{
		ID: p.id(), Type: p.either().Type, Name: c.name(p.either()), Actions: c.actions(p),
		Reasons: p.reasons, CausedBy: p.causes, ReplacePaths: p.replacePaths,
	}
	if p.renamed() {
		result.OldID = p.old.ID
	}
	result.Dependents = slices.DeleteFunc(c.users(p.key()), func(id string) bool { return id == p.id() })
	return result
}

// users returns the resources that refer to a resource or a parameter.
func (c *comparison) users(id string) (ids []string) {
	for _, r := range c.references[id] {
		ids = append(ids, r.from.id())
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// actions returns what CloudFormation does, in its order.
func (c *comparison) actions(p *pair) []string {
	switch {
	case p.old == nil:
		return []string{"create"}
	case p.new == nil && retained(p.old.DeletionPolicy):
		return []string{"forget"}
	case p.new == nil:
		return []string{"delete"}
	case p.fate == replaced && p.info.DeleteFirst && !p.renamed():
		return []string{"delete", "create"}
	case p.fate == replaced && retained(p.policy()):
		return []string{"create", "forget"}
	case p.fate == replaced:
		return []string{"create", "delete"}
	case p.fate != kept || len(p.differences) == 0:
		return []string{"no-op"}
	}
	return []string{"update"}
}

// retained reports whether a policy keeps the resource, or a copy of its data.
func retained(policy string) bool { return policy != "" && policy != "Delete" }

// policy returns the policy that keeps or deletes a replaced resource.
func (p *pair) policy() string {
	if p.renamed() {
		return p.old.DeletionPolicy
	}
	return p.new.ReplacePolicy
}
