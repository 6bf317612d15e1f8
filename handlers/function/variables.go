package function

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ErrVariables is the class of every error of Variables.Err.
var ErrVariables = errors.New("environment variables")

// Variables reads variables and remembers what was wrong with them, so that one
// cold start names everything that has to be set.
type Variables struct {
	lookup   func(string) string
	problems []string
}

// NewVariables reads through lookup, which is os.Getenv in a
func NewVariables(lookup func(string) string) *Variables { return &Variables{lookup: lookup} }

// Required is the value of a variable that must not be empty.
func (r *Variables) Required(name string) string {
	value := r.lookup(name)
	if value == "" {
		r.problems = append(r.problems, name+" is not set")
	}
	return value
}

// Optional is the value of a variable that may be empty.
func (r *Variables) Optional(name string) string { return r.lookup(name) }

// OneOf is the value of a variable that must be one of allowed.
func (r *Variables) OneOf(name string, allowed ...string) string {
	value := r.Required(name)
	if value != "" && !slices.Contains(allowed, value) {
		r.problems = append(r.problems, fmt.Sprintf("%s is %q, which is none of %s",
			name, value, strings.Join(allowed, ", ")))
	}
	return value
}

// Days is the value of a variable that must be a whole number of days, 0 or
// more.
func (r *Variables) Days(name string) int {
	value := r.Required(name)
	days, err := strconv.Atoi(value)
	if value != "" && (err != nil || days < 0) {
		r.problems = append(r.problems, fmt.Sprintf("%s is %q, which is not a number of days", name, value))
	}
	return days
}

// Err is nil or names all that was wrong.
func (r *Variables) Err() error {
	if len(r.problems) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrVariables, strings.Join(r.problems, "; "))
}
