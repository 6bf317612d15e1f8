package stack

import (
	"fmt"
	"strconv"
	"strings"
)

// template is as much of a template as is read.
type template struct {
	Parameters map[string]struct{ Default any }
	Resources  map[string]struct {
		Type, Condition string
		Properties      any
	}
}

// values returns what is at a path, in a list that of each element.
func values(v any, path ...string) (all []any) {
	switch v := v.(type) {
	case []any:
		for _, element := range v {
			all = append(all, values(element, path...)...)
		}
		return all
	case map[string]any:
		if len(path) > 0 {
			return values(v[path[0]], path[1:]...)
		}
	}
	if v == nil || len(path) > 0 {
		return nil
	}
	return []any{v}
}

// texts returns the texts at a path: strings, numbers, names without the suffix, and the
// defaults of parameters.
func (t template) texts(v any, path ...string) (all []string) {
	for _, v := range values(v, path...) {
		if members, ok := v.(map[string]any); ok {
			sub, _ := members["Fn::Sub"].(string)
			v = strings.TrimSuffix(sub, "-${EnvironmentSuffix}")
			if ref, ok := members["Ref"].(string); ok {
				v = t.Parameters[ref].Default
			}
		}
		all = append(all, fmt.Sprint(v))
	}
	return all
}

// text returns the first text at a path, or "".
func (t template) text(v any, path ...string) string {
	for _, first := range t.texts(v, path...) {
		return first
	}
	return ""
}

// number returns the first number at a path, or 0.
func (t template) number(v any, path ...string) float64 {
	n, _ := strconv.ParseFloat(t.text(v, path...), 64)
	return n
}

func (t template) function(p any) Function {
	f := Function{
		Name: t.text(p, "FunctionName"), MemoryMB: t.number(p, "MemorySize"), TimeoutSec: t.number(p, "Timeout"),
		Binary: binaryOf(t.text(p, "Code", "S3Key")), Environment: map[string]string{},
	}
	for _, v := range values(p, "Environment", "Variables") {
		variables, _ := v.(map[string]any)
		for name, v := range variables {
			if text, literal := v.(string); literal {
				f.Environment[name] = text
			} else {
				f.References = append(f.References, name)
			}
		}
	}
	f.Provider = f.Environment["PROVIDER"]
	return f
}

// binaryOf returns the stem of a zip by its key. Until revision 5554f04 the key did not
// name the architecture.
func binaryOf(key string) string {
	stem := strings.TrimSuffix(strings.TrimPrefix(key, "${CodeVersion}/"), ".zip")
	return strings.TrimSuffix(stem, "-${Architecture}")
}
