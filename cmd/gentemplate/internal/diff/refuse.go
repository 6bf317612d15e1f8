package diff

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/model"
)

// refuse adds an effect outside the resources that makes CloudFormation reject the
// update.
func (r *Report) refuse(id, typ string, reason Reason) {
	reason.Verdict = Refused
	r.Changes = append(r.Changes, Change{ID: id, Type: typ, Actions: []string{"no-op"}, Reasons: []Reason{reason}})
}

// exports adds the exports that are removed or change their value: "Export … cannot be
// deleted as it is in use by …", "Cannot update export … as it is in use by …"
// (CloudFormation User Guide, Fn::ImportValue).
func (r *Report) exports(c *comparison) {
	after := map[string]string{}
	for _, output := range c.rewrite(c.newOutputs).(model.Object) {
		if name, value := export(output); name != "" {
			after[name] = value
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.oldOutputs)) {
		name, before := export(c.oldOutputs[id])
		value, kept := after[name]
		moves := slices.ContainsFunc(c.pairs, func(p *pair) bool {
			return p.fate == replaced && p.old != nil && slices.Contains(model.References(before), p.old.ID)
		})
		if name == "" || kept && value == before && !moves {
			continue
		}
		reason := Reason{Path: "Export", Before: name + " = " + before,
			Rule: "CloudFormation refuses this while another stack imports the export. Move the importers to another export first."}
		switch {
		case kept && moves:
			reason.Rule += " The exported resource is replaced."
		case kept:
			reason.After = name + " = " + value
		}
		r.refuse(id, "Output", reason)
	}
}

// export returns the name of an output's export, "" without one, and its value.
func export(output any) (name, value string) {
	o := output.(model.Object)
	if e, ok := o["Export"].(model.Object); ok {
		name = model.Show(e["Name"])
	}
	return name, model.Show(o["Value"])
}

// unresolved adds references to what the new template does not define. A transform can
// define resources that the template does not show.
func (r *Report) unresolved(old, new *model.Template) {
	if new.Rest["Transform"] != nil {
		return
	}
	known, unknown := dangling(old), dangling(new)
	for _, id := range slices.Sorted(maps.Keys(unknown)) {
		if users := unknown[id]; known[id] == nil {
			slices.Sort(users)
			r.refuse(id, "Reference", Reason{Rule: fmt.Sprintf("Unresolved resource dependencies [%s]: %s refer to it, and the template does not define it.",
				id, strings.Join(slices.Compact(users), ", "))})
		}
	}
}

// dangling returns the ids that the template refers to and does not define, with the
// resources and outputs that refer to them.
func dangling(t *model.Template) map[string][]string {
	found := map[string][]string{}
	search := func(user string, value any) {
		referred(value, func(id string) {
			if t.Resources[id] == nil && t.Parameters[id] == nil && !strings.HasPrefix(id, "AWS::") {
				found[id] = append(found[id], user)
			}
		})
	}
	for id, resource := range t.Resources {
		search(id, resource.(model.Object)["Properties"])
	}
	for id, output := range t.Outputs {
		search(id, output)
	}
	return found
}

// referred visits the ids in Ref and Fn::GetAtt.
func referred(value any, visit func(id string)) {
	switch v := value.(type) {
	case model.Object:
		if id := model.Text(v["Ref"]); id != "" && len(v) == 1 {
			visit(id)
		}
		if attribute := model.Text(v["Fn::GetAtt"]); attribute != "" {
			id, _, _ := strings.Cut(attribute, ".")
			visit(id)
		} else if list, ok := v["Fn::GetAtt"].([]any); ok && len(list) > 0 {
			visit(model.Text(list[0]))
		}
		for _, member := range v {
			referred(member, visit)
		}
	case []any:
		for _, member := range v {
			referred(member, visit)
		}
	}
}
