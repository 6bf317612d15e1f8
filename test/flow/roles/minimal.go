package roles

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/test/emulator"
)

// Minimal returns an error that names every action and resource that the role
// allows and no call needed, and every unseen permission that it lacks. calls
// must cover everything that the role is for.
func (r *Role) Minimal(calls []emulator.Call) error {
	var all []error
	for _, e := range r.Unneeded(calls) {
		all = append(all, fmt.Errorf("%s allows %s (%s) on %s; the calls needed it on %s",
			r.Name, e.Action, e.Sid, e.Resource, cmp.Or(e.Needed, "nothing")))
	}
	for _, p := range r.Missing() {
		all = append(all, fmt.Errorf("%s does not allow %s (%s), which AWS demands: %s", r.Name, p.Action, p.Sid, r.Unseen()[p]))
	}
	return errors.Join(all...)
}

// Excess is a resource on which a role allows more than the calls needed.
type Excess struct {
	Permission
	Resource string
	// Needed is the narrowest sufficient pattern; empty if there were no calls.
	Needed string
}

// Unneeded returns what the policy allows beyond the calls.
func (r *Role) Unneeded(calls []emulator.Call) []Excess {
	var all []Excess
	for _, s := range r.Policy.Statement {
		for _, action := range s.Action {
			p := Permission{s.Sid, action}
			if r.IsUnseen(p) {
				continue
			}
			for _, resource := range s.Resource {
				if needed := narrowest(resource, r.called(p, calls)); needed != resource {
					all = append(all, Excess{p, resource, needed})
				}
			}
		}
	}
	return all
}

// called returns the resources of the calls that needed p.
func (r *Role) called(p Permission, calls []emulator.Call) []string {
	var resources []string
	for _, c := range calls {
		if c.Role == r.Name && (Permission{c.Sid, c.Action}) == p {
			resources = append(resources, c.Resource)
		}
	}
	return resources
}

// year begins the date in an object's key. A policy cannot name future dates.
var year = regexp.MustCompile(`/\d{4}[-/]`)

// retention is the retention in a large payload's key. A policy names no retention,
// because a stack's may change.
var retention = regexp.MustCompile(`/\d+d/`)

// narrowest returns the narrowest pattern that allows the same calls as pattern,
// or "" if pattern allows none of them.
func narrowest(pattern string, called []string) string {
	called = slices.DeleteFunc(called, func(resource string) bool { return !matches(pattern, resource) })
	if len(called) == 0 {
		return ""
	}
	wild := strings.IndexAny(pattern, "*?")
	if wild < 0 {
		return pattern
	}
	for i, resource := range called {
		called[i] = retention.ReplaceAllString(resource, "/*/")
	}
	common := folder(called[0])
	for _, resource := range called[1:] {
		for !strings.HasPrefix(resource, common) {
			common = folder(strings.TrimSuffix(common, "/"))
		}
	}
	if at := year.FindStringIndex(common); at != nil {
		common = common[:at[0]+1]
	}
	if len(common) <= wild {
		return pattern
	}
	return common + "*"
}

// matches reports whether an IAM pattern matches the resource. * matches any text
// and ? any character.
func matches(pattern, resource string) bool {
	text := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
	return regexp.MustCompile("^(?s:" + text + ")$").MatchString(resource)
}

// folder returns the resource up to and including its last slash.
func folder(resource string) string { return resource[:strings.LastIndex(resource, "/")+1] }

// Missing returns the role's unseen permissions that its policy does not allow.
func (r *Role) Missing() []Permission {
	var missing []Permission
	allowed := r.Policy.Permissions()
	for p := range r.Unseen() {
		if !slices.Contains(allowed, p) {
			missing = append(missing, p)
		}
	}
	return missing
}
