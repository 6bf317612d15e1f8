package diff

import (
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/model"
	"github.com/paysluice/paysluice/cmd/gentemplate/internal/schema"
)

// operation is one of RFC 6902, or rename-resource, which also renames all
// references, or replace-text, which replaces a part of one text.
type operation struct {
	Op, Path, From, To string
	Value              any
}

// patched returns a template's text with operations applied.
func patched(t testing.TB, text []byte, operations []operation) []byte {
	t.Helper()
	var document any
	require.NoError(t, json.Unmarshal(text, &document))
	for _, o := range operations {
		switch o.Op {
		case "rename-resource":
			renamed, err := json.Marshal(document)
			require.NoError(t, err)
			quoted := strings.NewReplacer(`"`+o.From+`"`, `"`+o.To+`"`, "${"+o.From+"}", "${"+o.To+"}", "${"+o.From+".", "${"+o.To+".")
			document = nil
			require.NoError(t, json.Unmarshal([]byte(quoted.Replace(string(renamed))), &document))
		case "replace-text":
			document = edit(t, document, o.Path, func(old any) any {
				require.Equal(t, 1, strings.Count(old.(string), o.From))
				return strings.Replace(old.(string), o.From, o.To, 1)
			})
		case "move":
			var moved any
			document = edit(t, document, o.From, func(old any) any { moved = old; return nothing })
			document = edit(t, document, o.Path+"\x00", func(any) any { return moved })
		case "add":
			document = edit(t, document, o.Path+"\x00", func(any) any { return o.Value })
		case "remove":
			document = edit(t, document, o.Path, func(any) any { return nothing })
		case "replace":
			document = edit(t, document, o.Path, func(any) any { return o.Value })
		}
	}
	result, err := json.Marshal(document)
	require.NoError(t, err)
	return result
}

// nothing is a removed value.
var nothing = new(struct{ byte })

// edit returns a document with the value at a pointer changed. A pointer that ends
// with \x00 inserts into a list.
func edit(t testing.TB, document any, pointer string, change func(any) any) any {
	t.Helper()
	first, rest, deeper := strings.Cut(strings.TrimPrefix(pointer, "/"), "/")
	name := strings.NewReplacer("~1", "/", "~0", "~", "\x00", "").Replace(first)
	switch v := document.(type) {
	case map[string]any:
		if deeper {
			v[name] = edit(t, v[name], rest, change)
		} else if changed := change(v[name]); changed == any(nothing) {
			delete(v, name)
		} else {
			v[name] = changed
		}
		return v
	case []any:
		if name == "-" {
			return append(v, change(nil))
		}
		i, err := strconv.Atoi(name)
		require.NoError(t, err, pointer)
		if deeper {
			v[i] = edit(t, v[i], rest, change)
		} else if strings.HasSuffix(first, "\x00") {
			return slices.Insert(v, i, change(nil))
		} else if changed := change(v[i]); changed == any(nothing) {
			return slices.Delete(v, i, i+1)
		} else {
			v[i] = changed
		}
		return v
	}
	require.Fail(t, "no such place", pointer)
	return nil
}

func parse(t testing.TB, text []byte) *model.Template {
	t.Helper()
	template, err := model.Parse(text)
	require.NoError(t, err)
	return template
}

// TestCases has changes of an earlier out/stack.json, and what a reviewer must be told.
func TestCases(t *testing.T) {
	base, err := os.ReadFile("testdata/stack.json")
	require.NoError(t, err)
	text, err := os.ReadFile("testdata/cases.json")
	require.NoError(t, err)
	var cases []struct {
		ID, Resource, Description, Source string
		Expected                          Class
		Patch                             []operation
	}
	require.NoError(t, json.Unmarshal(text, &cases))
	types := schema.Load()
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			report := Compare(parse(t, base), parse(t, patched(t, base, c.Patch)), types, nil)
			assert.Equal(t, c.Expected, report.Worst, c.Description)
			assert.Equal(t, slices.Contains([]Class{None, InPlace}, c.Expected) || c.ID == "new-deployment", !report.Dangerous())
			i := slices.IndexFunc(report.Changes, func(change Change) bool { return change.ID == c.Resource })
			if i >= 0 {
				assert.Equal(t, c.Expected, report.Changes[i].Verdict, c.Source)
			} else {
				assert.Equal(t, None, c.Expected, "%s is missing in %+v", c.Resource, report.Changes)
			}
			if t.Failed() {
				for _, change := range report.Changes {
					t.Logf("%s %s %v", change.ID, change.Verdict, change.Actions)
					for _, r := range change.Reasons {
						t.Logf("   %s %s: %s", r.Verdict, r.Path, r.Rule)
					}
				}
			}
		})
	}
}

// TestCreateOnly changes every create-only property of every type in the shipped
// template, one at a time. A named resource that keeps its name cannot be replaced; the
// others are, and lose their data.
func TestCreateOnly(t *testing.T) {
	template, types := parse(t, shipped(t)), schema.Load()
	ids := map[string]string{}
	for id, raw := range template.Resources {
		ids[raw.(model.Object)["Type"].(string)] = id
	}
	n := 0
	for typ, id := range ids {
		info := types[typ]
		for _, property := range slices.Concat(info.CreateOnly, info.Conditional) {
			if strings.Contains(property, "/") {
				continue // TestResources has one
			}
			n++
			old, new := model.Object{"KeySchema": "k"}, model.Object{"KeySchema": "k"}
			for _, unique := range append(slices.Clone(info.Keys), info.Name) {
				old[unique], new[unique] = "same", "same"
			}
			old[property], new[property] = "before", "after"
			resources := func(properties model.Object) *model.Template {
				return &model.Template{Resources: model.Object{id: model.Object{"Type": typ, "Properties": properties}}}
			}
			c := Compare(resources(old), resources(new), types, nil).of(t, id)
			assert.Equal(t, []string{"/Properties/" + property}, c.ReplacePaths, typ)
			want, actions := Replaced, "create delete"
			switch {
			case info.Name != "" && property != info.Name:
				want, actions = Refused, "no-op"
			case slices.Contains([]string{"AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::S3::Bucket", "AWS::SecretsManager::Secret", "AWS::Logs::LogGroup"}, typ):
				want = LostData
			case typ == typeFilter:
				want, actions = Interrupted, "delete create"
			case typ == typeTopic || typ == typeBus || typ == typeSubscriber:
				want = AlarmLost
			case typ == typePermission:
				want = Widened // it grants another permission
			}
			assert.Equal(t, want, c.Verdict, "%s %s", typ, property)
			assert.Equal(t, actions, strings.Join(c.Actions, " "), "%s %s", typ, property)
		}
	}
	assert.Greater(t, n, 50)
}
