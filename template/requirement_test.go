package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// requirement is a property that the stack must have: a check of the built
// template, and mutations of the template that each make the check fail. A check
// that no mutation fails would prove nothing.
type requirement struct {
	says   string
	holds  func(t require.TestingT, d document)
	breaks []mutation
	// domain reports whether the stack has a custom domain.
	domain bool
}

func requirements() map[string][]requirement {
	return map[string][]requirement{
		"API":        apiRequirements(),
		"domain":     domainRequirements(),
		"functions":  functionRequirements(),
		"roles":      roleRequirements(),
		"queues":     queueRequirements(),
		"storage":    storageRequirements(),
		"bucket":     bucketRequirements(),
		"deletion":   deletionRequirements(),
		"alarms":     alarmRequirements(),
		"dashboard":  dashboardRequirements(),
		"interface":  interfaceRequirements(),
		"publishing": publishingRequirements(),

		"reconciling": reconcilingRequirements(),
	}
}

func TestRequirements(t *testing.T) {
	text, err := JSON(withMadeUp())
	require.NoError(t, err)
	for area, rows := range requirements() {
		for _, row := range rows {
			t.Run(area+"/"+row.says, func(t *testing.T) {
				fresh := func() document {
					if row.domain {
						return fill(t, text, "dev")
					}
					return fill(t, text, "dev", "HasCustomDomain")
				}
				row.holds(t, fresh())
				require.NotEmpty(t, row.breaks, "a requirement needs a mutation")
				for _, m := range row.breaks {
					d := fresh()
					m.apply(t, &d)
					assert.True(t, fails(row.holds, d), "it holds despite the mutation %s", m)
				}
			})
		}
	}
}

// mutation changes a built template.
type mutation struct {
	path string // below Resources, Outputs or Parameters; a list index starts at 0
	to   any    // the new value; nil removes it
	edit func(text string) string
}

func set(path string, to any) mutation { return mutation{path: path, to: to} }

func drop(path string) mutation { return mutation{path: path} }

// replace changes a part of a string.
func replace(path, from, to string) mutation {
	return mutation{path: path, to: from + " -> " + to, edit: func(text string) string {
		return strings.Replace(text, from, to, 1)
	}}
}

func (m mutation) String() string { return fmt.Sprintf("%s is %v", m.path, m.to) }

// apply changes d, which must have a value at the path, or its parent for a new one.
func (m mutation) apply(t *testing.T, d *document) {
	t.Helper()
	text, err := json.Marshal(d)
	require.NoError(t, err)
	var tree map[string]any
	require.NoError(t, json.Unmarshal(text, &tree))
	section, path, _ := strings.Cut(m.path, ".")
	if section != "Outputs" && section != "Parameters" {
		section, path = "Resources", m.path
	}
	tree[section] = m.put(t, tree[section], strings.Split(path, "."))
	text, err = json.Marshal(tree)
	require.NoError(t, err)
	*d = document{}
	require.NoError(t, json.Unmarshal(text, d))
}

func (m mutation) put(t *testing.T, node any, steps []string) any {
	t.Helper()
	if len(steps) == 0 {
		if m.edit == nil {
			return m.to
		}
		changed := m.edit(node.(string))
		require.NotEqual(t, node, changed, "%s: nothing to replace", m)
		return changed
	}
	step, rest := steps[0], steps[1:]
	switch node := node.(type) {
	case map[string]any:
		require.True(t, len(rest) == 0 || node[step] != nil, "%s: there is no %s", m.path, step)
		require.True(t, m.to != nil || len(rest) > 0 || node[step] != nil, "%s: there is no %s to remove", m.path, step)
		changed := maps.Clone(node)
		changed[step] = m.put(t, node[step], rest)
		maps.DeleteFunc(changed, func(key string, v any) bool { return key == step && v == nil })
		return changed
	case []any:
		i, err := strconv.Atoi(step)
		require.NoError(t, err, m.path)
		require.Less(t, i, len(node), m.path)
		changed := slices.Clone(node)
		if changed[i] = m.put(t, node[i], rest); changed[i] == nil {
			return slices.Delete(changed, i, i+1)
		}
		return changed
	}
	require.Fail(t, "nothing to change", "%s at %s", m.path, step)
	return nil
}

// fails reports whether a check fails.
func fails(check func(require.TestingT, document), d document) bool {
	r := &recorder{}
	done := make(chan struct{})
	go func() {
		defer close(done) // also when FailNow ends the goroutine
		check(r, d)
	}()
	<-done
	return r.failed
}

// recorder is a TestingT that records a failure.
type recorder struct{ failed bool }

func (r *recorder) Errorf(string, ...any) { r.failed = true }

func (r *recorder) FailNow() {
	r.failed = true
	runtime.Goexit()
}

func TestFails(t *testing.T) {
	assert.False(t, fails(func(require.TestingT, document) {}, document{}))
	assert.True(t, fails(func(t require.TestingT, _ document) { assert.True(t, false) }, document{}))
	assert.True(t, fails(func(t require.TestingT, _ document) { require.True(t, false) }, document{}))
}

// property returns the requirement that a property of a resource has a value, as
// JSON. The mutation is that it is absent.
func property(says, id, path string, want any) requirement {
	return requirement{
		says: says,
		holds: func(t require.TestingT, d document) {
			require.Contains(t, d.Resources, id)
			text, err := json.Marshal(want)
			require.NoError(t, err)
			got, err := json.Marshal(decode[any](t, d.Resources[id], path))
			require.NoError(t, err)
			assert.JSONEq(t, string(text), string(got), "%s %s", id, path)
		},
		breaks: []mutation{drop(id + ".Properties." + path)},
	}
}
