// Package permission compares policies as sets of what they allow and deny.
package permission

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/model"
)

// Grant is one permission: a principal, an action and a resource.
type Grant struct {
	Subject   string              `json:"subject"` // logical id of the role or the policy
	Carrier   string              `json:"-"`       // logical id of the resource that states it
	Effect    string              `json:"effect"`
	Principal string              `json:"principal,omitempty"` // "" in a role's policy
	Action    string              `json:"action"`
	Resource  string              `json:"resource,omitempty"`  // "" in a trust policy
	Condition map[string][]string `json:"condition,omitempty"` // values by operator and key
}

// String returns a line for a reader.
func (g Grant) String() string {
	text := g.Effect + " "
	if g.Principal != "" {
		text += g.Principal + " "
	}
	text += g.Action
	switch {
	case g.Action == managed:
		text += " " + g.Resource
	case g.Resource != "":
		text += " on " + g.Resource
	}
	for i, key := range slices.Sorted(maps.Keys(g.Condition)) {
		text += []string{" if ", " and "}[min(i, 1)] + key + " " + strings.Join(g.Condition[key], " or ")
	}
	return text
}

func (g Grant) key() string { return g.Subject + "\n" + g.String() }

// managed is the action of a grant by a managed policy.
const managed = "everything in the policy"

// Of returns what a resource grants.
func Of(r *model.Resource) []Grant {
	if r.Type == "AWS::Lambda::Permission" {
		return []Grant{invocation(r)}
	}
	c := collector{carrier: r.ID, subjects: []string{r.ID}}
	for _, property := range []string{"Roles", "RoleName", "Groups", "Users"} {
		if r.Type != "AWS::IAM::Role" && strings.HasPrefix(r.Type, "AWS::IAM::") && r.Properties[property] != nil {
			c.subjects = attached(r.Properties[property])
		}
	}
	for _, arn := range list(r.Properties["ManagedPolicyArns"]) {
		c.add(Grant{Effect: "Allow", Action: managed, Resource: arn})
	}
	c.walk(r.Properties)
	return c.grants
}

// attached returns the ids of the roles, users or groups that a policy names.
func attached(value any) []string {
	names := list(value)
	for i, name := range names {
		if ids := model.References(name); len(ids) == 1 {
			names[i] = ids[0]
		}
	}
	return names
}

// invocation returns the grant of an AWS::Lambda::Permission.
func invocation(r *model.Resource) Grant {
	text := func(name string) string { return model.Show(r.Properties[name]) }
	g := Grant{Subject: r.ID, Carrier: r.ID, Effect: "Allow", Principal: text("Principal"), Action: text("Action"), Resource: text("FunctionName")}
	for _, name := range []string{"SourceArn", "SourceAccount", "PrincipalOrgID", "EventSourceToken", "FunctionUrlAuthType", "InvokedViaFunctionUrl"} {
		if r.Properties[name] != nil {
			if g.Condition == nil {
				g.Condition = map[string][]string{}
			}
			g.Condition[name] = []string{text(name)}
		}
	}
	return g
}

// collector collects the grants of one resource.
type collector struct {
	carrier  string
	subjects []string
	grants   []Grant
}

func (c *collector) add(g Grant) {
	g.Carrier = c.carrier
	for _, g.Subject = range c.subjects {
		c.grants = append(c.grants, g)
	}
}

// walk adds the statements of all policies in a value. Some types take a policy as
// its JSON text.
func (c *collector) walk(value any) {
	switch v := value.(type) {
	case model.Object:
		if v["Statement"] != nil {
			c.policy(v["Statement"])
			return
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			c.walk(v[name])
		}
	case []any:
		for _, member := range v {
			c.walk(member)
		}
	case string:
		var document model.Object
		if strings.Contains(v, `"Statement"`) && json.Unmarshal([]byte(v), &document) == nil {
			c.walk(document)
		}
	}
}

func (c *collector) policy(statements any) {
	all, ok := statements.([]any)
	if !ok {
		all = []any{statements}
	}
	for _, s := range all {
		statement, _ := s.(model.Object)
		condition := conditions(statement["Condition"])
		for _, principal := range either(statement, "Principal", principals) {
			for _, action := range either(statement, "Action", list) {
				for _, resource := range either(statement, "Resource", list) {
					c.add(Grant{
						Effect: model.Text(statement["Effect"]), Principal: principal,
						Action: action, Resource: resource, Condition: condition,
					})
				}
			}
		}
	}
}

// except marks the one value that NotAction, NotResource and NotPrincipal become.
const except = "all except "

// either returns the values of an element, of its Not form, or one empty value.
func either(statement model.Object, name string, values func(any) []string) []string {
	if not := values(statement["Not"+name]); len(not) > 0 {
		slices.Sort(not)
		return []string{except + strings.Join(not, ", ")}
	}
	if given := values(statement[name]); len(given) > 0 {
		return given
	}
	return []string{""}
}

// list returns a list of texts; one text is a list of one.
func list(value any) []string {
	if value == nil {
		return nil
	}
	members, ok := value.([]any)
	if !ok {
		members = []any{value}
	}
	var texts []string
	for _, member := range members {
		texts = append(texts, model.Show(member))
	}
	return texts
}

// principals returns the principals of a statement; {"AWS": "*"} is everybody, and an
// account's number is its root.
func principals(value any) []string {
	kinds, ok := value.(model.Object)
	if !ok {
		return list(value)
	}
	var all []string
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		for _, name := range list(kinds[kind]) {
			if _, foreign := account(name); kind == "AWS" && foreign && len(name) == accountDigits {
				name = fmt.Sprintf("arn:aws:iam::%s:root", name)
			}
			all = append(all, name)
		}
	}
	return all
}

func conditions(value any) map[string][]string {
	operators, _ := value.(model.Object)
	var all map[string][]string
	for operator, keys := range operators {
		keys, _ := keys.(model.Object)
		for key, values := range keys {
			if all == nil {
				all = map[string][]string{}
			}
			sorted := list(values)
			slices.Sort(sorted)
			all[operator+" "+key] = sorted
		}
	}
	return all
}
