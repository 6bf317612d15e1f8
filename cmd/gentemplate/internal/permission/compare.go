package permission

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// Compare returns the grants that one set has and the other does not cover. A grant
// with a wildcard covers others, and one without a condition the same with one.
func Compare(old, new []Grant) (gained, lost []Grant) {
	return missing(new, old), missing(old, new)
}

// missing returns the grants that others do not cover, each once, the widest first.
func missing(grants, others []Grant) []Grant {
	exact, bySubject := map[string]bool{}, map[string][]Grant{}
	for _, o := range others {
		exact[o.key()] = true
		bySubject[o.Subject] = append(bySubject[o.Subject], o)
	}
	var all []Grant
	for _, g := range grants {
		if key := g.key(); !exact[key] && !slices.ContainsFunc(bySubject[g.Subject], func(o Grant) bool { return o.covers(g) }) {
			exact[key] = true
			all = append(all, g)
		}
	}
	slices.SortFunc(all, func(a, b Grant) int {
		if a.Wide() != b.Wide() {
			return strings.Compare(b.wideness(), a.wideness())
		}
		return strings.Compare(a.key(), b.key())
	})
	return all
}

// covers reports whether g grants all that other grants.
func (g Grant) covers(other Grant) bool {
	return g.Effect == other.Effect &&
		matches(strings.ToLower(g.Action), strings.ToLower(other.Action)) &&
		matches(g.Resource, other.Resource) &&
		(g.Principal == other.Principal || g.Principal == "*") &&
		weaker(g.Condition, other.Condition)
}

// matches reports whether a pattern of IAM matches a text, which can be a narrower
// pattern.
func matches(pattern, text string) bool {
	if pattern == text || pattern == "*" {
		return !strings.HasPrefix(text, except) || pattern == text
	}
	if !strings.ContainsAny(pattern, "*?") || strings.HasPrefix(text, except) || strings.HasPrefix(pattern, except) {
		return false
	}
	// path.Match stops at slashes and has brackets; IAM does neither.
	plain := strings.NewReplacer("/", "\x00", "[", "\x01", `\`, "\x02")
	matched, _ := path.Match(plain.Replace(pattern), plain.Replace(text))
	return matched
}

// weaker reports whether everything that satisfies b satisfies a.
func weaker(a, b map[string][]string) bool {
	for key, values := range a {
		other, ok := b[key]
		if !ok {
			return false
		}
		if strings.Contains(key, "Not") {
			values, other = other, values
		}
		for _, value := range other {
			if !slices.Contains(values, value) {
				return false
			}
		}
	}
	return true
}

// Widens reports whether adding the grant allows more.
func (g Grant) Widens() bool { return g.Effect == "Allow" }

// Wide reports whether a grant is for everybody, for another account, or has a
// wildcard.
func (g Grant) Wide() bool { return g.Public() || strings.ContainsAny(g.Action+g.Resource, "*") }

func (g Grant) wideness() string {
	switch {
	case g.Public():
		return "2"
	case g.Wide():
		return "1"
	}
	return "0"
}

// accountDigits is the length of an account's number.
const accountDigits = 12

// account returns the number of the account that an ARN or a principal names.
func account(principal string) (number string, found bool) {
	if parts := strings.Split(principal, ":"); len(parts) > 4 {
		principal = parts[4]
	}
	digits := strings.Trim(principal, "0123456789") == ""
	return principal, digits && len(principal) == accountDigits
}

// Public reports whether a grant allows everybody or a foreign account without
// a condition.
func (g Grant) Public() bool {
	_, foreign := account(g.Principal)
	everybody := g.Principal == "*" || strings.HasPrefix(g.Principal, except)
	return g.Effect == "Allow" && len(g.Condition) == 0 && (everybody || foreign)
}

// Renamed returns the grant with names replaced.
func (g Grant) Renamed(names *strings.Replacer) Grant {
	g.Principal, g.Resource = names.Replace(g.Principal), names.Replace(g.Resource)
	if g.Condition != nil {
		g.Condition = maps.Clone(g.Condition)
	}
	for key, values := range g.Condition {
		renamed := make([]string, len(values))
		for i, value := range values {
			renamed[i] = names.Replace(value)
		}
		slices.Sort(renamed)
		g.Condition[key] = renamed
	}
	return g
}
