// Package source reads CloudFormation templates, in JSON or YAML, from files and git
// revisions.
package source

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ErrSource is wrapped by every error of this package.
var ErrSource = errors.New("no template")

// committed is the template's path in a git revision.
const committed = "out/stack.json"

// Read returns the text of a template. name is a file, a git revision that has
// out/stack.json, or REVISION:PATH.
func Read(ctx context.Context, name string) ([]byte, error) {
	text, err := os.ReadFile(name)
	if err == nil || !errors.Is(err, os.ErrNotExist) {
		return text, wrap(err)
	}
	if strings.HasPrefix(name, "-") {
		return nil, fmt.Errorf("%w: %q is neither a file nor a git revision", ErrSource, name)
	}
	object := name
	if !strings.Contains(name, ":") {
		object += ":" + committed
	}
	var stderr bytes.Buffer
	git := exec.CommandContext(ctx, "git", "show", object)
	git.Stderr = &stderr
	if text, err = git.Output(); err != nil {
		return nil, fmt.Errorf("%w: %q is no file, and git has no %s: %s", ErrSource, name, object, bytes.TrimSpace(stderr.Bytes()))
	}
	return text, nil
}

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrSource, err)
}

// Parse returns the value of a template. Numbers and booleans are returned as their
// text, because CloudFormation does not distinguish them from strings. YAML's short
// forms of intrinsic functions are returned in their long form.
func Parse(text []byte) (any, error) {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	notJSON := decoder.Decode(&value)
	if notJSON == nil && !decoder.More() {
		return plain(value), nil
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("%w: neither JSON (%v) nor YAML (%w)", ErrSource, notJSON, err)
	}
	if len(document.Content) == 0 {
		return nil, fmt.Errorf("%w: the text is empty", ErrSource)
	}
	reader := yamlReader{left: maxValues}
	return reader.value(document.Content[0], 0)
}

func plain(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, member := range v {
			v[key] = plain(member)
		}
	case []any:
		for i, member := range v {
			v[i] = plain(member)
		}
	case json.Number:
		return number(v.String())
	case bool:
		return strconv.FormatBool(v)
	}
	return value
}

// number returns one text for all spellings of a number.
func number(text string) string {
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return text
}

// Bounds of a document in YAML: aliases can contain themselves, and can multiply.
const (
	maxDepth  = 200
	maxValues = 1_000_000
)

// yamlReader reads a document with at most left values.
type yamlReader struct{ left int }

func (r *yamlReader) value(n *yaml.Node, depth int) (value any, err error) {
	if r.left--; r.left < 0 || depth > maxDepth {
		return nil, fmt.Errorf("%w: line %d: more than %d values, or nested more than %d levels deep", ErrSource, n.Line, maxValues, maxDepth)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return r.value(n.Alias, depth+1)
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if m[n.Content[i].Value], err = r.value(n.Content[i+1], depth+1); err != nil {
				return nil, err
			}
		}
		value = m
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, item := range n.Content {
			if list[i], err = r.value(item, depth+1); err != nil {
				return nil, err
			}
		}
		value = list
	default:
		switch n.Tag {
		case "!!null":
			return nil, nil
		case "!!bool":
			return strings.ToLower(n.Value), nil
		case "!!int", "!!float":
			return number(n.Value), nil
		}
		value = n.Value
	}
	return longForm(n.Tag, value), nil
}

// longForm returns the intrinsic function for which a tag such as !Sub is short.
func longForm(tag string, value any) any {
	name, short := strings.CutPrefix(tag, "!")
	if !short || name == "" || strings.HasPrefix(name, "!") {
		return value
	}
	if name != "Ref" && name != "Condition" {
		name = "Fn::" + name
	}
	return map[string]any{name: value}
}
