package memory

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// errFilter reports a filter with a rule that the simulation does not have.
var errFilter = errors.New("a rule is a value, {\"prefix\": text} or {\"exists\": bool}")

// subscription keeps the messages that a filter selects.
type subscription struct {
	filter   map[string]any
	messages []string
}

// newSubscription parses an event pattern of EventBridge, or a filter policy of SNS, which has the
// same form with one level (EventBridge User Guide, "Creating event patterns"; SNS Developer Guide,
// "Filter policy operators"). It has the rules that docs/consuming.md uses.
func newSubscription(filter string) (*subscription, error) {
	s := &subscription{}
	if err := json.Unmarshal([]byte(filter), &s.filter); err != nil {
		return nil, err
	}
	return s, check(s.filter)
}

func check(filter map[string]any) error {
	for _, part := range filter {
		inner, nested := part.(map[string]any)
		if nested {
			if err := check(inner); err != nil {
				return err
			}
			continue
		}
		rules, _ := part.([]any)
		if len(rules) == 0 || slices.ContainsFunc(rules, unknown) {
			return errFilter
		}
	}
	return nil
}

func unknown(rule any) bool {
	switch rule := rule.(type) {
	case []any:
		return true
	case map[string]any:
		_, prefix := rule["prefix"].(string)
		_, exists := rule["exists"].(bool)
		return len(rule) != 1 || !prefix && !exists
	}
	return false
}

// offer keeps a message if its members match all parts of the filter.
func (s *subscription) offer(members map[string]any, message string) {
	if selects(s.filter, members) {
		s.messages = append(s.messages, message)
	}
}

func selects(filter, members map[string]any) bool {
	for name, part := range filter {
		value, exists := members[name]
		if inner, nested := part.(map[string]any); nested {
			below, _ := value.(map[string]any)
			if !selects(inner, below) {
				return false
			}
			continue
		}
		rules, _ := part.([]any)
		if !slices.ContainsFunc(rules, func(rule any) bool { return matches(rule, value, exists) }) {
			return false
		}
	}
	return true
}

// matches reports whether one rule of a list matches a member.
func matches(rule, value any, exists bool) bool {
	operator, ok := rule.(map[string]any)
	if !ok {
		return exists && rule == value
	}
	if prefix, ok := operator["prefix"].(string); ok {
		text, isText := value.(string)
		return isText && strings.HasPrefix(text, prefix)
	}
	return operator["exists"] == exists
}
