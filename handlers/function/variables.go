package function

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
)

// ErrVariables is the class of all errors of Variables.Err.
var ErrVariables = errors.New("environment variables")

// Variables reads environment variables and collects what is wrong with them,
// so that one failed start names every variable to fix.
type Variables struct {
	lookup   func(string) string
	problems []string
}

// NewVariables returns Variables that reads through lookup, os.Getenv in a
// function.
func NewVariables(lookup func(string) string) *Variables { return &Variables{lookup: lookup} }

// Required returns the value of a variable that must not be empty.
func (v *Variables) Required(name string) string {
	value := v.lookup(name)
	if value == "" {
		v.problems = append(v.problems, name+" is not set")
	}
	return value
}

// Optional returns the value of a variable that may be empty.
func (v *Variables) Optional(name string) string { return v.lookup(name) }

// LogLevel returns the value of contract.LogLevelVar.
func (v *Variables) LogLevel() string {
	const name = contract.LogLevelVar
	level, allowed := v.Required(name), contract.LogLevels()
	if level != "" && !slices.Contains(allowed, level) {
		v.problems = append(v.problems, fmt.Sprintf("%s is %q, not one of %s", name, level, strings.Join(allowed, ", ")))
	}
	return level
}

// Days returns the value of a variable that must be a number of days, 0 or more. It
// is 0 for a variable that is not set, because CloudFormation can update a function's
// code before its variables.
func (v *Variables) Days(name string) int {
	value := cmp.Or(v.lookup(name), "0")
	days, err := strconv.Atoi(value)
	if err != nil || days < 0 {
		v.problems = append(v.problems, fmt.Sprintf("%s is %q, not a number of days", name, value))
	}
	return days
}

// Hours returns the value of a variable that must be a number of hours, 1 or more.
func (v *Variables) Hours(name string) time.Duration {
	value := v.Required(name)
	hours, err := strconv.Atoi(value)
	if value != "" && (err != nil || hours < 1) {
		v.problems = append(v.problems, fmt.Sprintf("%s is %q, not a number of hours", name, value))
	}
	return time.Duration(hours) * time.Hour
}

// Err returns an error that names all problems, or nil.
func (v *Variables) Err() error {
	if len(v.problems) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrVariables, strings.Join(v.problems, "; "))
}
