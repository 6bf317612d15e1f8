// Package roles reads and changes the roles of a stack on the emulator, and
// compares their policies with the calls that the functions made.
package roles

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/paysluice/paysluice/test/emulator"
)

// Role is a role of a running stack and its only policy.
type Role struct {
	Name   string `json:"RoleName"`
	ARN    string `json:"Arn"`
	Type   string `json:"-"` // the name without the stack's suffix
	Policy Policy `json:"-"`

	stack     *emulator.Stack
	policyID  string
	functions []function
}

// TypeOf returns the Type of a function's role.
func TypeOf(function string) string { return function + "-role" }

type function struct {
	FunctionName string
	Role         string
	Timeout      int
}

// Permission is one action of one statement.
type Permission struct{ Sid, Action string }

// Is reports whether p equals other.
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

// Permissions returns everything that the policy allows.
func (p Policy) Permissions() []Permission {
	var all []Permission
	for _, s := range p.Statement {
		for _, action := range s.Action {
			all = append(all, Permission{s.Sid, action})
		}
	}
	return all
}

// Without returns the policy without the permissions that match.
func (p Policy) Without(match func(Permission) bool) Policy {
	less := Policy{Version: p.Version}
	for _, s := range p.Statement {
		s.Action = slices.DeleteFunc(slices.Clone(s.Action), func(action string) bool {
			return match(Permission{s.Sid, action})
		})
		if len(s.Action) > 0 {
			less.Statement = append(less.Statement, s)
		}
	}
	return less
}

// Find returns the stack's roles. A role with a managed policy, or without
// exactly one inline policy, is an error.
func Find(ctx context.Context, stack *emulator.Stack) ([]*Role, error) {
	var names []string
	if err := stack.Query(ctx, &names, "cloudformation", "list-stack-resources", "--stack-name", stack.Name,
		"--query", "StackResourceSummaries[?ResourceType=='AWS::IAM::Role'].PhysicalResourceId"); err != nil {
		return nil, err
	}
	var functions []function
	if err := stack.Query(ctx, &functions, "lambda", "list-functions", "--query", "Functions"); err != nil {
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
		if err := stack.Query(ctx, q.into, append([]string{"iam", q.args[0], "--role-name", name}, q.args[1:]...)...); err != nil {
			return nil, err
		}
	}
	if len(policies) != 1 || len(managed) > 0 {
		return nil, fmt.Errorf("role %s has the inline policies %v and the managed policies %v, not one inline policy", name, policies, managed)
	}
	r.Type = strings.TrimSuffix(name, "-"+stack.Suffix)
	r.policyID = policies[0]
	return r, stack.Query(ctx, &r.Policy, "iam", "get-role-policy", "--role-name", name,
		"--policy-name", r.policyID, "--query", "PolicyDocument")
}

// Assume returns the configuration of AWS clients with the credentials of a role. For
// the moment of the call everybody may assume it.
func Assume(ctx context.Context, stack *emulator.Stack, name string) (config aws.Config, err error) {
	var trust json.RawMessage
	if err := stack.Query(ctx, &trust, "iam", "get-role", "--role-name", name, "--query", "Role.AssumeRolePolicyDocument"); err != nil {
		return config, err
	}
	replace := func(trust string) error {
		_, err := stack.AWS(context.WithoutCancel(ctx), "iam", "update-assume-role-policy", "--role-name", name, "--policy-document", trust)
		return err
	}
	defer func() { err = errors.Join(err, replace(string(trust))) }()
	if err := replace(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}`); err != nil {
		return config, err
	}
	config = stack.Config()
	out, err := sts.NewFromConfig(config).AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: new("arn:aws:iam::000000000000:role/" + name), RoleSessionName: new("test"),
	})
	if err != nil {
		return config, err
	}
	config.Credentials = credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	return config, nil
}

// Put replaces the role's policy. It also restarts the role's functions, so that
// they use nothing from their caches.
func (r *Role) Put(ctx context.Context, p Policy) error {
	if err := r.replace(ctx, p); err != nil {
		return err
	}
	for _, f := range r.functions {
		// Setting a timeout restarts a function, even if it is unchanged.
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

// Denials counts the log lines in which the role's functions report that an
// action was denied.
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
