// Package diff explains an update from one CloudFormation template to another: the
// resources that it loses, replaces, interrupts, exposes or no longer watches, and the
// changes that CloudFormation refuses.
package diff

import (
	"cmp"
	"slices"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/permission"
)

// Class is the class of an effect.
type Class string

// The classes. Of several effects on one resource the first here is its verdict.
const (
	LostData    Class = "lost-data"           // what a stateful resource holds is gone, or will be
	Refused     Class = "refused"             // CloudFormation rejects the update
	Collides    Class = "collides"            // a name is taken, and the update rolls back
	Interrupted Class = "interrupted"         // the resource stops working, or works with a gap
	Exposure    Class = "exposure"            // more of the world can reach or read something
	AlarmLost   Class = "alarm-lost"          // an alarm, its metric or its way to people is weaker
	Widened     Class = "permission-widened"  // a principal may do more
	Replaced    Class = "replaced"            // another physical resource takes its place
	Narrowed    Class = "permission-narrowed" // a principal may do less
	InPlace     Class = "in-place"            // it changes without interruption
	None        Class = "none"                // the same meaning
)

// Classes returns all classes, the most dangerous first.
func Classes() []Class {
	return []Class{LostData, Refused, Collides, Interrupted, Exposure, AlarmLost, Widened, Replaced, Narrowed, InPlace, None}
}

func worse(a, b Class) int { return slices.Index(Classes(), a) - slices.Index(Classes(), b) }

// Reason is one effect on a resource.
type Reason struct {
	Verdict  Class  `json:"verdict"`
	Path     string `json:"path,omitempty"` // of the property; list items by their key
	Rule     string `json:"rule"`
	Before   string `json:"before,omitempty"`
	After    string `json:"after,omitempty"`
	When     string `json:"when,omitempty"` // the condition under which it happens
	CausedBy string `json:"causedBy,omitempty"`
	Untold   bool   `json:"untold,omitempty"`   // an alarm no longer reaches somebody, or a safety net is gone
	Expected bool   `json:"expected,omitempty"` // noise of every update: a deployment's hash, new code
}

// Change describes the effects on one resource, parameter or output.
type Change struct {
	ID           string   `json:"id"` // after the change
	OldID        string   `json:"oldId,omitempty"`
	Type         string   `json:"type"`
	Name         string   `json:"name,omitempty"`
	Verdict      Class    `json:"verdict"`
	Actions      []string `json:"actions"` // in their order, as in terraform show -json
	ReplacePaths []string `json:"replacePaths,omitempty"`
	CausedBy     []string `json:"causedBy,omitempty"`
	Reasons      []Reason `json:"reasons"`
	Dependents   []string `json:"dependents,omitempty"`
}

// Expected reports whether every reason is noise.
func (c Change) Expected() bool {
	return !slices.ContainsFunc(c.Reasons, func(r Reason) bool { return !r.Expected })
}

// Causes reports whether a reason of the change leads to a verdict.
func (c Change) Causes(verdict string) bool {
	return slices.ContainsFunc(c.Reasons, func(r Reason) bool { return r.verdict() == verdict })
}

// Permissions are the grants that an update adds and removes, the widest first.
type Permissions struct {
	Added   []permission.Grant `json:"added"`
	Removed []permission.Grant `json:"removed"`
}

// Report is everything that an update does.
type Report struct {
	Format        string        `json:"format"`
	Verdict       string        `json:"verdict"` // one of Verdicts
	Worst         Class         `json:"worst"`
	Counts        map[Class]int `json:"counts"`
	Changes       []Change      `json:"changes"` // the most dangerous first
	Permissions   Permissions   `json:"permissions"`
	Parameters    []string      `json:"parameters"`
	Outputs       []string      `json:"outputs"`
	NewStacksOnly []string      `json:"newStacksOnly"`
	Costs         []string      `json:"costs"`
	Equal         bool          `json:"equal"` // the templates differ in no word but the order
}

// The verdicts on an update, the worst first.
const (
	LosesData = "loses data"
	IsRefused = "refused by CloudFormation"
	Collision = "collides"
	Interrupt = "interrupts"
	Weakens   = "weakens"
	Safe      = "safe"
)

// Verdicts returns the verdicts on an update, the worst first.
func Verdicts() []string { return []string{LosesData, IsRefused, Collision, Interrupt, Weakens, Safe} }

func (r Reason) verdict() string {
	switch r.Verdict {
	case LostData:
		return LosesData
	case Refused:
		return IsRefused
	case Collides:
		return Collision
	case Exposure, AlarmLost, Widened, Narrowed:
		return Weakens
	case Interrupted, Replaced:
		if !r.Expected {
			return Interrupt
		}
	}
	return Safe
}

// Dangerous reports whether a reviewer must look.
func (r *Report) Dangerous() bool { return r.Verdict != Safe }

// finish sorts the report and computes its verdict.
func (r *Report) finish() {
	r.Format, r.Verdict, r.Worst, r.Counts = "paysluice.template-diff/1", Safe, None, map[Class]int{}
	for i := range r.Changes {
		c := &r.Changes[i]
		slices.SortStableFunc(c.Reasons, func(a, b Reason) int {
			return cmp.Or(worse(a.Verdict, b.Verdict), cmp.Compare(a.When, b.When), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Rule, b.Rule))
		})
		c.Verdict = c.Reasons[0].Verdict
		r.Counts[c.Verdict]++
		for _, reason := range c.Reasons {
			if slices.Index(Verdicts(), reason.verdict()) < slices.Index(Verdicts(), r.Verdict) {
				r.Verdict = reason.verdict()
			}
		}
	}
	slices.SortFunc(r.Changes, func(a, b Change) int {
		return cmp.Or(worse(a.Verdict, b.Verdict), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Type, b.Type))
	})
	if len(r.Changes) > 0 {
		r.Worst = r.Changes[0].Verdict
	}
}
