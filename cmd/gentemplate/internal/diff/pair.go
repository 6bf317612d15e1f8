package diff

import (
	"maps"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/model"
	"github.com/paysluice/paysluice/cmd/gentemplate/internal/schema"
)

// pair is a resource before and after the update. One side is nil for a resource that
// the update creates or deletes.
type pair struct {
	old, new     *model.Resource
	info         schema.Type
	differences  []difference
	fate         fate
	reasons      []Reason
	replacePaths []string
	causes       []string
}

// fate names the action that CloudFormation takes on a resource.
type fate int

const (
	kept     fate = iota // as it is, or changed in place
	replaced             // by another physical resource
	refused              // CloudFormation rejects the update
	collided             // the name of the new physical resource is taken
)

func (p *pair) id() string {
	if p.new != nil {
		return p.new.ID
	}
	return p.old.ID
}

// key returns the id by which other resources refer to the pair. It is the old one,
// because pairUp rewrites the references of the new template.
func (p *pair) key() string {
	if p.old != nil {
		return p.old.ID
	}
	return p.new.ID
}

func (p *pair) either() *model.Resource {
	if p.new != nil {
		return p.new
	}
	return p.old
}

func (p *pair) renamed() bool { return p.old != nil && p.new != nil && p.old.ID != p.new.ID }

func (p *pair) add(r Reason) { p.reasons = append(p.reasons, r) }

// infoOf returns the update rules of a type. Custom resources share one entry.
func (c *comparison) infoOf(typ string) schema.Type {
	if strings.HasPrefix(typ, "Custom::") {
		typ = schema.CustomResource
	}
	return c.types[typ]
}

// pairUp pairs the resources of both templates: by logical id, then by type and name,
// then by type and content. It rewrites the references of new to the ids of old.
func (c *comparison) pairUp(old, new map[string]*model.Resource) {
	var removed, added []*model.Resource
	for _, id := range slices.Sorted(maps.Keys(old)) {
		if new[id] != nil {
			c.pairs = append(c.pairs, c.newPair(old[id], new[id]))
		} else {
			removed = append(removed, old[id])
		}
	}
	for _, id := range slices.Sorted(maps.Keys(new)) {
		if old[id] == nil {
			added = append(added, new[id])
		}
	}
	for again := true; again; { // a renamed resource can make those that refer to it equal
		again = false
		for _, same := range []func(a, b *model.Resource) bool{c.sameName, c.sameContent, c.similar(removed, added)} {
			for i := 0; i < len(added); i++ {
				j := slices.IndexFunc(removed, func(r *model.Resource) bool { return r.Type == added[i].Type && same(r, added[i]) })
				if j < 0 {
					continue
				}
				c.ids[added[i].ID] = removed[j].ID
				c.pairs = append(c.pairs, c.newPair(removed[j], added[i]))
				removed, added = slices.Delete(removed, j, j+1), slices.Delete(added, i, i+1)
				again, i = true, i-1
			}
		}
	}
	for _, r := range removed {
		c.pairs = append(c.pairs, c.newPair(r, nil))
	}
	for _, r := range added {
		c.pairs = append(c.pairs, c.newPair(nil, r))
	}
	if len(c.ids) > 0 {
		for _, r := range new {
			r.Properties, _ = c.rewrite(r.Properties).(model.Object)
		}
	}
}

func (c *comparison) newPair(old, new *model.Resource) *pair {
	p := &pair{old: old, new: new}
	p.info = c.infoOf(p.either().Type)
	return p
}

// name returns a resource's name in the account, or "" if CloudFormation makes one.
func (c *comparison) name(r *model.Resource) string {
	if property := c.infoOf(r.Type).Name; property != "" && r.Properties[property] != nil {
		return model.Show(r.Properties[property])
	}
	return ""
}

func (c *comparison) sameName(a, b *model.Resource) bool {
	name := c.name(a)
	return name != "" && name == model.Show(c.rewrite(c.name(b)))
}

func (c *comparison) sameContent(a, b *model.Resource) bool {
	return len(compare("", a.Properties, c.rewrite(b.Properties), nil)) == 0
}

// similar pairs the only resource of a type on each side if most properties are equal.
func (c *comparison) similar(removed, added []*model.Resource) func(a, b *model.Resource) bool {
	count := map[string]int{}
	for _, r := range slices.Concat(removed, added) {
		count[r.Type]++
	}
	return func(a, b *model.Resource) bool {
		equal := 0
		for name, value := range a.Properties {
			if other, ok := b.Properties[name]; ok && len(compare("", value, c.rewrite(other), nil)) == 0 {
				equal++
			}
		}
		onlyOnes := count[a.Type] == 2 // a is removed, b is added
		return onlyOnes && 2*equal >= max(len(a.Properties), len(b.Properties)) && c.name(a) == c.name(b)
	}
}

// rewrite replaces the new ids of renamed resources by the old ones in the references
// of a value.
func (c *comparison) rewrite(value any) any {
	if len(c.ids) == 0 {
		return value
	}
	switch v := value.(type) {
	case model.Object:
		rewritten := make(model.Object, len(v))
		for key, member := range v {
			rewritten[key] = c.rewrite(member)
		}
		return rewritten
	case []any:
		rewritten := make([]any, len(v))
		for i, member := range v {
			rewritten[i] = c.rewrite(member)
		}
		return rewritten
	}
	return replaceIDs(model.Text(value), c.ids)
}

// replaceIDs replaces logical ids in references such as ${Queue.Arn}.
func replaceIDs(text string, ids map[string]string) string {
	for _, id := range model.References(text) {
		if to := ids[id]; to != "" {
			text = strings.NewReplacer("${"+id+"}", "${"+to+"}", "${"+id+".", "${"+to+".").Replace(text)
		}
	}
	return text
}
