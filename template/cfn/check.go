package cfn

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// checker walks a template and collects its problems.
type checker struct {
	doc      map[string]any
	graph    graph
	problems []error
}

// spot is the position of a value in the template.
type spot struct {
	owner string // the part that contains the value: "Resources.Queue"
	path  string // of the value: "Resources.Queue.Properties.QueueName"
	place *place
}

func (at spot) in(key string) spot {
	at.path += "." + key
	return at
}

func (at spot) as(p *place) spot {
	at.place = p
	return at
}

// check returns the problems of doc, in the order of its sections, and what depends on
// what.
func check(doc map[string]any) ([]error, graph) {
	c := &checker{doc: doc, graph: graph{}}
	for _, name := range []string{description, metadata} {
		if v, ok := doc[name]; ok {
			c.value(spot{path: name, place: literal()}, v)
		}
	}
	c.section(parameters, literal(), c.value)
	c.section(rules, rule(), c.value)
	c.section(conditions, condition(), c.value)
	c.section(resources, property(), c.attributes)
	c.section(outputs, property(), c.attributes)
	return append(c.problems, c.graph.cycles()...), c.graph
}

func (c *checker) section(name string, p *place, check func(spot, any)) {
	parts := object(c.doc[name])
	for _, id := range keys(parts) {
		part := name + "." + id
		check(spot{owner: part, path: part, place: p}, parts[id])
	}
}

func (c *checker) has(section, id string) bool {
	_, ok := object(c.doc[section])[id]
	return ok
}

func (c *checker) fail(at spot, class error, format string, args ...any) {
	c.problems = append(c.problems, fail(at.path, class, format, args...))
}

func fail(path string, class error, format string, args ...any) error {
	return fmt.Errorf("%s: %w: %s", path, class, fmt.Sprintf(format, args...))
}

// attributes checks a resource or an output, whose attributes are evaluated in
// different ways.
func (c *checker) attributes(at spot, v any) {
	part := object(v)
	for _, key := range keys(part) {
		v := part[key]
		switch at := at.in(key); key {
		case "Type", "Description", "DeletionPolicy", "UpdateReplacePolicy":
			c.value(at.as(literal()), v)
		case "Condition":
			c.condition(at, v)
		case "DependsOn":
			ids, isList := v.([]any)
			if !isList {
				ids = []any{v}
			}
			for i, id := range ids {
				c.resource(at.in(strconv.Itoa(i)), id)
			}
		case "Export":
			c.value(at.as(export()), v)
		default:
			c.value(at, v)
		}
	}
}

// value checks everything in v.
func (c *checker) value(at spot, v any) {
	switch v := v.(type) {
	case nil:
		c.fail(at, ErrMissing, "CloudFormation accepts no null; goformation prints one for a required property that is not set")
	case string:
		c.text(at, v)
	case []any:
		for i, item := range v {
			c.value(at.in(strconv.Itoa(i)), item)
		}
	case map[string]any:
		if name, arg, ok := function(v); ok {
			c.function(at.in(name), name, arg)
			return
		}
		for _, key := range keys(v) {
			switch {
			case broken(key):
				c.fail(at, ErrToken, "an intrinsic cannot be a key: %#q", readable(key))
			case strings.HasPrefix(key, "Fn::"):
				c.fail(at, ErrFunction, "%s has other keys besides it", key)
			default:
				c.value(at.in(key), v[key])
			}
		}
	}
}

// text returns v if it is a plain string, and reports a problem if not.
func (c *checker) text(at spot, v any) (s string, ok bool) {
	s, ok = v.(string)
	if !ok {
		c.fail(at, ErrFunction, "only a plain string is allowed here, not %s", line(v))
		return "", false
	}
	if message, ok := decode(s); ok {
		c.fail(at, ErrValue, "%s", message)
		return "", false
	}
	if broken(s) {
		c.fail(at, ErrToken, "an intrinsic was concatenated with text, cut or changed; use Sub or Join: %#q", readable(s))
		return "", false
	}
	return s, true
}

// function returns the name and argument of an intrinsic. The Condition of an IAM
// statement, an object, is not an intrinsic.
func function(v map[string]any) (name string, arg any, ok bool) {
	if len(v) != 1 {
		return "", nil, false
	}
	for name, arg = range v {
		_, isName := arg.(string)
		ok = name == "Ref" || strings.HasPrefix(name, "Fn::") || name == "Condition" && isName
	}
	return name, arg, ok
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// graph maps a part, such as "Resources.Queue", to the parts that it depends on,
// each with the path of the property that refers to it.
type graph map[string]map[string]string

// add keeps only the first property between two parts.
func (g graph) add(from, to, path string) {
	if g[from] == nil {
		g[from] = map[string]string{}
	}
	if _, ok := g[from][to]; !ok {
		g[from][to] = path
	}
}

// cycles reports the cycles that a depth-first search finds: at least one in every
// strongly connected group.
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

// report returns an error that names the parts of a cycle and their properties.
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
