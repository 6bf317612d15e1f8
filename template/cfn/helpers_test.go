package cfn_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/awslabs/goformation/v7/cloudformation/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/template/cfn"
)

type object = map[string]any

// queue returns a queue of the given name, the plainest resource there is.
func queue(name string) *sqs.Queue { return &sqs.Queue{QueueName: &name} }

// of returns a template with r as its one resource, R, the parameter P and the
// condition C.
func of(r cfn.Resource) *cfn.Template {
	t := cfn.New("")
	t.Parameter("P", cfn.Parameter{Type: "String"})
	t.Condition("C", cfn.Equals(cfn.Ref("P"), "a"))
	t.Add("R", r)
	return t
}

// property returns a template whose queue R has v as its RedrivePolicy, a
// property that takes anything.
func property(v any) *cfn.Template { return of(&sqs.Queue{RedrivePolicy: v}) }

// named returns a reference to the condition of that name.
func named(id string) cfn.Cond { return cfn.New("").Condition(id, cfn.Cond{}) }

// printed returns the template, which must have no problems.
func printed(t *testing.T, template *cfn.Template) string {
	t.Helper()
	out, err := template.JSON()
	require.NoError(t, err)
	return string(out)
}

// problems returns the parts of what Template.JSON returned.
func problems(err error) []error {
	joined, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err)
	if !ok {
		return nil
	}
	return joined.Unwrap()
}

// refuses asserts that the template has exactly one problem, of a class and
// with a message that begins with path and mentions about.
func refuses(t *testing.T, template *cfn.Template, class error, path, about string) {
	t.Helper()
	out, err := template.JSON()
	assert.Nil(t, out)
	require.ErrorIs(t, err, class)
	require.Len(t, problems(err), 1, "%v", err)
	assert.True(t, strings.HasPrefix(err.Error(), path+": "+class.Error()+": "), "%v", err)
	assert.Contains(t, err.Error(), about)
}
