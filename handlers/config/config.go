// Package config reads a function's environment variables.
package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ErrConfig is the class of every error of Reader.Err.
var ErrConfig = errors.New("environment variables")

// Reader reads variables and remembers what was wrong with them, so that one
// cold start names everything that has to be set.
type Reader struct {
	lookup   func(string) string
	problems []string
}

// NewReader reads through lookup, which is os.Getenv in a function.
func NewReader(lookup func(string) string) *Reader { return &Reader{lookup: lookup} }

// Required is the value of a variable that must not be empty.
func (r *Reader) Required(name string) string {
	value := r.lookup(name)
	if value == "" {
		r.problems = append(r.problems, name+" is not set")
	}
	return value
}

// Optional is the value of a variable that may be empty.
func (r *Reader) Optional(name string) string { return r.lookup(name) }

// OneOf is the value of a variable that must be one of allowed.
func (r *Reader) OneOf(name string, allowed ...string) string {
	value := r.Required(name)
	if value != "" && !slices.Contains(allowed, value) {
		r.problems = append(r.problems, fmt.Sprintf("%s is %q, which is none of %s",
			name, value, strings.Join(allowed, ", ")))
	}
	return value
}

// Days is the value of a variable that must be a whole number of days, 0 or
// more.
func (r *Reader) Days(name string) int {
	value := r.Required(name)
	days, err := strconv.Atoi(value)
	if value != "" && (err != nil || days < 0) {
		r.problems = append(r.problems, fmt.Sprintf("%s is %q, which is not a number of days", name, value))
	}
	return days
}

// Err is nil or names all that was wrong.
func (r *Reader) Err() error {
	if len(r.problems) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrConfig, strings.Join(r.problems, "; "))
}
