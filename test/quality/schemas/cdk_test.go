package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// otherwise are the properties on which the CDK's database and the schemas disagree,
// and the source of gentemplate's answer.
func otherwise() map[string]string {
	return map[string]string{
		"AWS::Lambda::Function DurableConfig":                  "schema: conditionalCreateOnlyProperties",
		"AWS::SNS::Subscription Region":                        "schema: conditionalCreateOnlyProperties",
		"AWS::AmplifyUIBuilder::Form Tags":                     "schema: createOnlyProperties are AppId and EnvironmentName",
		"AWS::Events::EventBus EventSourceName":                "schema: createOnlyProperties has only Name",
		"AWS::Budgets::Budget Budget":                          "schema: createOnlyProperties has Budget/BudgetName; the CDK's database has no nested ones",
		"AWS::NetworkSecurityManager::Rule RuleType":           "schema: createOnlyProperties; the CDK's database lacks the type",
		"AWS::StorageGateway::SMBFileShare VPCEndpointDNSName": "schema: createOnlyProperties; the CDK's database lacks the property",
	}
}

// value returns one of two values that a property can have. A choice decides which
// member of an object differs.
func (s schema) value(n node, which string, random *rand.Rand, depth int) any {
	if n.Ref != "" {
		n = s.Definitions[strings.TrimPrefix(n.Ref, "#/definitions/")]
	}
	switch {
	case n.Items != nil && depth < 5:
		return []any{s.value(*n.Items, which, random, depth+1)}
	case len(n.Properties) > 0 && depth < 5:
		names := slices.Sorted(maps.Keys(n.Properties))
		name := names[random.IntN(len(names))]
		return map[string]any{name: s.value(n.Properties[name], which, random, depth+1)}
	}
	return which
}

// TestAgainstTheCDK asks the AWS CDK's diff which changes of one property replace a
// resource: every property of the types in use, and random ones of all others.
func TestAgainstTheCDK(t *testing.T) {
	cdk := filepath.Join(root, ".ci", "cdkdiff")
	if _, err := os.Stat(filepath.Join(cdk, "node_modules", "installed")); err != nil {
		t.Skip("the CDK's diff is not installed: make tools installs it where there is Node 20 or later")
	}
	schemas, err := read(root)
	require.NoError(t, err)
	var stack struct {
		Resources map[string]struct{ Type string }
	}
	require.NoError(t, decode(filepath.Join(root, "out", "stack.json"), &stack))
	used := map[string]bool{}
	for _, r := range stack.Resources {
		used[r.Type] = true
	}

	type change struct{ typ, property string }
	var changes []change
	var pairs [][2]any
	random := rand.New(rand.NewPCG(3, 4))
	for _, typ := range slices.Sorted(maps.Keys(schemas)) {
		s := schemas[typ]
		for _, property := range slices.Sorted(maps.Keys(s.Properties)) {
			if slices.Contains(s.ReadOnly, "/properties/"+property) || !used[typ] && random.IntN(100) > 0 {
				continue
			}
			changes = append(changes, change{typ, property})
			_, hasPolicy := s.Properties["PolicyDocument"]
			seed := random.Uint64()
			of := func(which string) any {
				same := rand.New(rand.NewPCG(seed, 0))
				properties := map[string]any{property: s.value(s.Properties[property], which, same, 0)}
				if hasPolicy && property != "PolicyDocument" {
					properties["PolicyDocument"] = map[string]any{"Statement": []any{}} // the CDK crashes without
				}
				return map[string]any{"Resources": map[string]any{"R": map[string]any{"Type": typ, "Properties": properties}}}
			}
			pairs = append(pairs, [2]any{of("a"), of("b")})
		}
	}
	input, err := json.Marshal(pairs)
	require.NoError(t, err)
	node := exec.Command("node", filepath.Join(cdk, "diff.js"))
	node.Stdin, node.Stderr = bytes.NewReader(input), os.Stderr
	output, err := node.Output()
	require.NoError(t, err)
	var impacts []map[string]string
	require.NoError(t, json.Unmarshal(output, &impacts))

	unused := otherwise()
	binary := filepath.Join(t.TempDir(), "gentemplate")
	out, err := exec.Command("go", "build", "-o", binary, root+"/cmd/gentemplate").CombinedOutput()
	require.NoError(t, err, "%s", out)
	for i, c := range changes {
		theirs := strings.HasSuffix(impacts[i]["R"], "REPLACE")
		ours := replaces(t, binary, pairs[i])
		name := fmt.Sprintf("%s %s", c.typ, c.property)
		if _, known := otherwise()[name]; known {
			delete(unused, name)
			assert.NotEqual(t, theirs, ours, "%s: agrees now", name)
			continue
		}
		assert.Equal(t, theirs, ours, "%s: the CDK says %s", name, impacts[i]["R"])
	}
	t.Logf("%d pairs", len(changes))
	assert.Empty(t, unused)
}

// replaces reports whether the binary says that R must be replaced.
func replaces(t *testing.T, binary string, pair [2]any) bool {
	t.Helper()
	var files []string
	for _, template := range pair {
		text, err := json.Marshal(template)
		require.NoError(t, err)
		files = append(files, filepath.Join(t.TempDir(), "template.json"))
		require.NoError(t, os.WriteFile(files[len(files)-1], text, 0o644))
	}
	out, _ := exec.Command(binary, append([]string{"diff", "-o", "json"}, files...)...).Output()
	var report struct {
		Changes []struct{ ReplacePaths []string }
	}
	require.NoError(t, json.Unmarshal(out, &report))
	return len(report.Changes) > 0 && len(report.Changes[0].ReplacePaths) > 0
}
