// Package roles compares the roles of a stack on the emulator with the calls
// that were made in their name, and changes them, to show what each permission
// is for.
package roles

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/paysluice/paysluice/test/emulator"
)

// Role is a role of a running stack, with its one policy.
type Role struct {
	Name   string `json:"RoleName"`
	ARN    string `json:"Arn"`
	Type   string `json:"-"` // its name without the stack's suffix
	Policy Policy `json:"-"`

	stack     *emulator.Stack
	policyID  string
	functions []function
}

// TypeOf is the Type of a function's role.
func TypeOf(function string) string { return function + "-role" }

type function struct {
	FunctionName string
	Role         string
	Timeout      int
}

// Permission is one action of one statement.
type Permission struct{ Sid, Action string }

// Is reports whether it is another's equal.
func (p Permission) Is(other Permission) bool { return p == other }

// Policy is a role's policy document as IAM returns it.
type Policy struct {
	Version   string
	Statement []statement
}

type statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition any `json:",omitempty"`
}

// Permissions are all that the policy allows.
func (p Policy) Permissions() []Permission {
	var all []Permission
	for _, s := range p.Statement {
		for _, action := range s.Action {
			all = append(all, Permission{s.Sid, action})
		}
	}
	return all
}

// Without is the policy less the permissions that are gone.
func (p Policy) Without(gone func(Permission) bool) Policy {
	less := Policy{Version: p.Version}
	for _, s := range p.Statement {
		s.Action = slices.DeleteFunc(slices.Clone(s.Action), func(action string) bool {
			return gone(Permission{s.Sid, action})
		})
		if len(s.Action) > 0 {
			less.Statement = append(less.Statement, s)
		}
	}
	return less
}

// Find lists the roles that the stack made. A role with a managed policy, or
// with other than one of its own, is an error.
func Find(ctx context.Context, stack *emulator.Stack) ([]*Role, error) {
	var names []string
	if err := query(ctx, stack, &names, "cloudformation", "list-stack-resources", "--stack-name", stack.Name,
		"--query", "StackResourceSummaries[?ResourceType=='AWS::IAM::Role'].PhysicalResourceId"); err != nil {
		return nil, err
	}
	var functions []function
	if err := query(ctx, stack, &functions, "lambda", "list-functions", "--query", "Functions"); err != nil {
		return nil, err
	}
	var roles []*Role
	for _, name := range names {
		r, err := find(ctx, stack, name)
		if err != nil {
			return nil, err
		}
		for _, f := range functions {
			if f.Role == r.ARN {
				r.functions = append(r.functions, f)
			}
		}
		roles = append(roles, r)
	}
	return roles, nil
}

func find(ctx context.Context, stack *emulator.Stack, name string) (*Role, error) {
	r := &Role{stack: stack}
	var policies, managed []string
	for _, q := range []struct {
		into any
		args []string
	}{
		{r, []string{"get-role", "--query", "Role.{RoleName:RoleName,Arn:Arn}"}},
		{&policies, []string{"list-role-policies", "--query", "PolicyNames"}},
		{&managed, []string{"list-attached-role-policies", "--query", "AttachedPolicies[].PolicyArn"}},
	} {
		if err := query(ctx, stack, q.into, append([]string{"iam", q.args[0], "--role-name", name}, q.args[1:]...)...); err != nil {
			return nil, err
		}
	}
	if len(policies) != 1 || len(managed) > 0 {
		return nil, fmt.Errorf("role %s has policies %v and managed ones %v", name, policies, managed)
	}
	r.Type = strings.TrimSuffix(name, "-"+stack.Suffix)
	r.policyID = policies[0]
	return r, query(ctx, stack, &r.Policy, "iam", "get-role-policy", "--role-name", name,
		"--policy-name", r.policyID, "--query", "PolicyDocument")
}

// query reads the JSON that an aws command prints.
func query(ctx context.Context, stack *emulator.Stack, into any, args ...string) error {
	out, err := stack.AWS(ctx, args...)
	if err != nil {
		return err
	}
	return json.Unmarshal(out, into)
}

// Put replaces the role's policy, and makes the next invocation of its
// functions a cold start, so that none lives on what it has cached.
func (r *Role) Put(ctx context.Context, p Policy) error {
	if err := r.replace(ctx, p); err != nil {
		return err
	}
	for _, f := range r.functions {
		// Setting a timeout restarts a function, the same one too.
		if _, err := r.stack.AWS(ctx, "lambda", "update-function-configuration",
			"--function-name", f.FunctionName, "--timeout", strconv.Itoa(f.Timeout)); err != nil {
			return err
		}
	}
	return nil
}

func (r *Role) replace(ctx context.Context, p Policy) error {
	named := []string{"--role-name", r.Name, "--policy-name", r.policyID}
	if len(p.Statement) == 0 {
		_, err := r.stack.AWS(ctx, append([]string{"iam", "delete-role-policy"}, named...)...)
		return err
	}
	document, err := json.Marshal(p)
	if err != nil {
		return err
	}
	_, err = r.stack.AWS(ctx, append([]string{"iam", "put-role-policy", "--policy-document", string(document)}, named...)...)
	return err
}

// Denials counts the lines in which the role's functions logged that they were
// denied an action.
func (r *Role) Denials(ctx context.Context, action string) (n int, err error) {
	for _, f := range r.functions {
		lines, err := r.stack.Logs(ctx, strings.TrimSuffix(f.FunctionName, "-"+r.stack.Suffix))
		if err != nil {
			return 0, err
		}
		for _, line := range lines {
			if strings.Contains(line, "not authorized to perform: "+action) {
				n++
			}
		}
	}
	return n, nil
}
