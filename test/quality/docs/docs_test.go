// Package docs checks that what the Markdown pages name exists: links, headings,
// paths, tests, make targets, commands, flags and template parameters.
package docs

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
)

const root = "../../.."

var (
	fence    = regexp.MustCompile("(?ms)^```.*?^```$")
	span     = regexp.MustCompile("`([^`\n]+)`")
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ (.+)$`)
	testName = regexp.MustCompile(`^(Test|Fuzz)[A-Z]\w*$`)
	rooted   = regexp.MustCompile(`^(cmd|docs|handlers|out|template|test|\.ci|\.github)/`)
	makeCall = regexp.MustCompile(`\bmake ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)*)`)
	goRun    = regexp.MustCompile(`go run (\./[\w./-]+)((?: [^\n#>|)` + "`" + `]+)?)`)
	flagName = regexp.MustCompile(` -([a-z][a-z-]*)`)
	override = regexp.MustCompile(`\b([A-Z]\w+)=`)
)

// pages returns the text of every Markdown page by its path from the root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && strings.HasPrefix(entry.Name(), "."), entry.Name() == "node_modules":
			return fs.SkipDir
		case filepath.Ext(path) != ".md":
			return nil
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path)
		found[name] = string(text)
		return err
	}))
	require.Contains(t, found, "README.md")
	return found
}

// anchors returns the names that GitHub gives to a page's headings.
func anchors(page string) []string {
	var names []string
	for _, match := range heading.FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
		names = append(names, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case strings.ContainsRune("`.,:;!?'\"()/&+*’…–", r):
				return -1
			}
			return r
		}, strings.ToLower(match[1])))
	}
	return names
}

func TestLinks(t *testing.T) {
	all := pages(t)
	for name, page := range all {
		for _, match := range link.FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
			if strings.Contains(match[1], "://") {
				continue
			}
			path, anchor, anchored := strings.Cut(match[1], "#")
			target := filepath.Join(filepath.Dir(name), path)
			if path == "" {
				target = name
			}
			assert.FileExists(t, filepath.Join(root, target), "%s links to %s", name, match[1])
			if anchored {
				assert.Contains(t, anchors(all[target]), anchor, "%s links to a heading that %s does not have", name, target)
			}
		}
	}
}

// A path with `…` or `{` is a pattern for readers and is not checked.
func TestPathsAndTests(t *testing.T) {
	tests := sources(t)
	for name, page := range pages(t) {
		for _, match := range span.FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
			word := strings.TrimSuffix(match[1], "/")
			switch {
			case testName.MatchString(word):
				assert.True(t, strings.Contains(tests, "func "+word+"("), "%s names the test %s, which does not exist", name, word)
			case rooted.MatchString(word) && !strings.ContainsAny(word, "{…< "):
				found, err := filepath.Glob(filepath.Join(root, word))
				require.NoError(t, err)
				assert.NotEmpty(t, found, "%s names the path %s, which does not exist", name, word)
			}
		}
	}
}

// sources returns the text of all test files.
func sources(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	require.NoError(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		text.Write(content)
		return err
	}))
	return text.String()
}

func TestMakeTargets(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	var targets []string
	for _, match := range regexp.MustCompile(`(?m)^([a-z][a-z -]*):`).FindAllStringSubmatch(string(makefile), -1) {
		targets = append(targets, strings.Fields(match[1])...)
	}
	for name, page := range pages(t) {
		for _, match := range makeCall.FindAllStringSubmatch(commands(page), -1) {
			for _, target := range strings.Fields(match[1]) {
				assert.Contains(t, targets, target, "%s calls make", name)
			}
		}
	}
}

// commands returns a page's code: spans, fenced blocks and indented blocks.
func commands(page string) string {
	var code strings.Builder
	for _, block := range fence.FindAllString(page, -1) {
		code.WriteString(block)
	}
	for _, match := range span.FindAllStringSubmatch(page, -1) {
		code.WriteString(match[1] + "\n")
	}
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "    ") {
			code.WriteString(line)
		}
	}
	return strings.ReplaceAll(code.String(), "\\\n", " ")
}

func TestCommandsAndFlags(t *testing.T) {
	usages := map[string]string{}
	for name, page := range pages(t) {
		for _, match := range goRun.FindAllStringSubmatch(commands(page), -1) {
			program, arguments := match[1], match[2]
			if !assert.DirExists(t, filepath.Join(root, program), "%s runs it", name) {
				continue
			}
			words := strings.Fields(arguments)
			help := []string{"run", program}
			if len(words) > 0 && !strings.HasPrefix(words[0], "-") {
				help = append(help, words[0])
			}
			key := strings.Join(help, " ")
			for _, flag := range flagName.FindAllStringSubmatch(arguments, -1) {
				if _, known := usages[key]; !known {
					command := exec.Command("go", append(help, "-h")...)
					command.Dir = root
					output, _ := command.CombinedOutput() // -h may exit with 0 or 2
					usages[key] = string(output)
				}
				assert.Contains(t, usages[key], "-"+flag[1], "%s calls %s", name, key)
			}
		}
	}
	assert.NotEmpty(t, usages, "no page shows a command with a flag")
}

func TestDeployParameters(t *testing.T) {
	var template struct {
		Parameters map[string]struct{ Default *string }
	}
	text, err := os.ReadFile(filepath.Join(root, "out/stack.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &template))
	var required []string
	for name, parameter := range template.Parameters {
		if parameter.Default == nil {
			required = append(required, name)
		}
	}
	calls := 0
	for name, page := range pages(t) {
		for line := range strings.Lines(commands(page)) {
			_, overrides, found := strings.Cut(line, "--parameter-overrides")
			if !found {
				continue
			}
			calls++
			var given []string
			for _, match := range override.FindAllStringSubmatch(overrides, -1) {
				given = append(given, match[1])
				assert.Contains(t, template.Parameters, match[1], "%s deploys with it", name)
			}
			assert.Subset(t, given, required, "%s deploys without a parameter that has no default", name)
		}
	}
	assert.NotZero(t, calls, "no page shows how to deploy")
	assert.NotEmpty(t, required, "no parameter of the template is required")
}

// docs/runbook.md has a section for each alarm of the template.
func TestRunbookNamesEachAlarm(t *testing.T) {
	var template struct {
		Resources map[string]struct {
			Type       string
			Properties struct {
				AlarmName struct {
					Sub string `json:"Fn::Sub"`
				}
			}
		}
	}
	text, err := os.ReadFile(filepath.Join(root, "out/stack.json"))
	require.NoError(t, err)
	// AlarmName is an object only in resources that are alarms.
	require.NoError(t, json.Unmarshal(text, &template))
	want := map[string]bool{}
	for _, r := range template.Resources {
		if r.Type == "AWS::CloudWatch::Alarm" {
			_, name, _ := strings.Cut(strings.TrimSuffix(r.Properties.AlarmName.Sub, "-${EnvironmentSuffix}"), "-")
			for _, p := range contract.Providers() {
				name = strings.ReplaceAll(name, p.Name, "{provider}")
			}
			name = regexp.MustCompile(`^(.+)-(errors|throttles)$`).ReplaceAllString(name, "{function}-$2")
			want[name] = true
		}
	}
	require.NotEmpty(t, want)
	got := map[string]bool{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([a-z{][^|]*) \| \[`).FindAllStringSubmatch(pages(t)["docs/runbook.md"], -1) {
		for name := range strings.SplitSeq(row[1], ", ") {
			got[name] = true
		}
	}
	assert.Equal(t, want, got)
}

// blocks returns a page's commands for a shell: the lines of its blocks, without
// prompts.
func blocks(page string) string {
	var code strings.Builder
	for _, block := range fence.FindAllString(page, -1) {
		for line := range strings.Lines(block) {
			code.WriteString(strings.TrimPrefix(line, "$ "))
		}
	}
	for line := range strings.Lines(fence.ReplaceAllString(page, "")) {
		if command, ok := strings.CutPrefix(line, "    "); ok {
			code.WriteString(command)
		}
	}
	return code.String()
}

// Commands that need an account run up to their request.
func TestAWSCommands(t *testing.T) {
	code := map[string]string{}
	for name, page := range pages(t) {
		if name != "CHANGELOG.md" {
			code[name] = blocks(page)
		}
	}
	in, err := json.Marshal(code)
	require.NoError(t, err)
	script, err := filepath.Abs("testdata/aws.py")
	require.NoError(t, err)
	cmd := exec.Command(filepath.Join(root, ".venv/bin/python"), script)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Regexp(t, `^[1-9]\d+\n$`, string(out), "the aws command line rejects them")
}
