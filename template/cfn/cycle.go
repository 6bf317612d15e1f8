package cfn

import (
	"maps"
	"slices"
	"strings"
)

// graph holds who depends on whom: the path of the property that says so, by
// the names of the two parts, such as "Resources.Queue".
type graph map[string]map[string]string

// add keeps the first property only: one is enough to see why.
func (g graph) add(from, to, path string) {
	if g[from] == nil {
		g[from] = map[string]string{}
	}
	if _, ok := g[from][to]; !ok {
		g[from][to] = path
	}
}

// cycles reports the cycles that a depth-first search meets, at least one in
// every knot.
func (g graph) cycles() (problems []error) {
	done := map[string]bool{}
	var way []string
	var visit func(part string)
	visit = func(part string) {
		if i := slices.Index(way, part); i >= 0 {
			problems = append(problems, g.report(append(slices.Clone(way[i:]), part)))
			return
		}
		if done[part] {
			return
		}
		way = append(way, part)
		for _, next := range slices.Sorted(maps.Keys(g[part])) {
			visit(next)
		}
		way = way[:len(way)-1]
		done[part] = true
	}
	for _, part := range slices.Sorted(maps.Keys(g)) {
		visit(part)
	}
	return problems
}

// report names the parts of a cycle, and the properties that make it one.
func (g graph) report(cycle []string) error {
	var ids, paths []string
	for i, part := range cycle {
		_, id, _ := strings.Cut(part, ".")
		ids = append(ids, id)
		if i > 0 {
			paths = append(paths, g[cycle[i-1]][part])
		}
	}
	return fail(cycle[0], ErrCycle, "%s, by %s", strings.Join(ids, " -> "), strings.Join(paths, ", "))
}
