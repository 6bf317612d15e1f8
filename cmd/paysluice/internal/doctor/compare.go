package doctor

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// unknown is the value of an expression that only CloudFormation can resolve. It
// equals everything but the wildcard of a policy.
type unknown struct{}

const wildcard = "*"

// differences returns a text for each member of want that live has not. live may have
// more members: AWS adds defaults. Names of members are compared without case,
// because SDK and CloudFormation spell KMSKeyArn in two ways; numbers and booleans
// are compared as text, because parameters are text.
func differences(path string, want, live any) []string {
	if live == (unknown{}) {
		want, live = live, want
	}
	switch w := want.(type) {
	case nil:
		return nil
	case unknown:
		if live == wildcard {
			return []string{path + " is " + wildcard}
		}
		return nil
	case map[string]any:
		l, _ := live.(map[string]any)
		var found []string
		for _, name := range slices.Sorted(maps.Keys(w)) {
			found = append(found, differences(strings.TrimPrefix(path+"."+name, "."), w[name], member(l, name))...)
		}
		return found
	case []any:
		l, _ := live.([]any)
		missing := slices.ContainsFunc(w, func(item any) bool {
			return !slices.ContainsFunc(l, func(other any) bool { return len(differences("", item, other)) == 0 })
		})
		if missing || len(w) != len(l) {
			return []string{fmt.Sprintf("%s is %s instead of %s", path, show(live), show(want))}
		}
		return nil
	}
	if text(want) == text(live) {
		return nil
	}
	return []string{fmt.Sprintf("%s is %s instead of %s", path, show(live), show(want))}
}

// member returns a member of an object, ignoring case.
func member(object map[string]any, name string) any {
	for key, value := range object {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return nil
}

// text returns a scalar as text.
func text(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}

// shown is the number of characters of a value that a message shows.
const shown = 120

// show returns a value for a message.
func show(value any) string {
	if value == nil {
		return "unset"
	}
	full := text(value)
	switch value.(type) {
	case map[string]any, []any:
		full = jsonText(value)
	}
	if runes := []rune(full); len(runes) > shown {
		return string(runes[:shown]) + "…"
	}
	return full
}

// jsonText returns objects and lists of JSON as text.
func jsonText(value any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value) // JSON has no value that fails
	return strings.TrimSpace(b.String())
}

// asJSON returns an SDK value as JSON objects and lists. The members of SDK types
// have the names of CloudFormation's properties.
func asJSON(value any) any {
	encoded, _ := json.Marshal(value) // SDK types hold only what JSON has
	return parse(string(encoded))
}

// parse returns the value of a JSON text, nil for no JSON.
func parse(document string) any {
	var value any
	_ = json.Unmarshal([]byte(document), &value)
	return value
}

// only returns some members of an object.
func only(object map[string]any, names ...string) map[string]any {
	some := map[string]any{}
	for _, name := range names {
		if value, ok := object[name]; ok {
			some[name] = value
		}
	}
	return some
}

// without returns an object without some members.
func without(object map[string]any, names ...string) map[string]any {
	rest := maps.Clone(object)
	for _, name := range names {
		delete(rest, name)
	}
	return rest
}
