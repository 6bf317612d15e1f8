package flow_test

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// role is a role of the running stack.
type role struct {
	Name      string `json:"RoleName"`
	ARN       string `json:"Arn"`
	policyID  string
	policy    policy
	functions []function
}

type function struct {
	FunctionName string
	Role         string
	Timeout      int
}

// findRoles lists the roles that the stack made, with their one policy each.
func findRoles(t *testing.T) []*role {
	t.Helper()
	var names []string
	query(t, &names, "cloudformation", "list-stack-resources", "--stack-name", stack.Name,
		"--query", "StackResourceSummaries[?ResourceType=='AWS::IAM::Role'].PhysicalResourceId")
	var functions []function
	query(t, &functions, "lambda", "list-functions", "--query", "Functions")

	var roles []*role
	for _, name := range names {
		r := &role{}
		query(t, r, "iam", "get-role", "--role-name", name, "--query", "Role.{RoleName:RoleName,Arn:Arn}")
		var policies, managed []string
		query(t, &policies, "iam", "list-role-policies", "--role-name", name, "--query", "PolicyNames")
		require.Len(t, policies, 1, "the policies of %s", name)
		query(t, &managed, "iam", "list-attached-role-policies", "--role-name", name, "--query", "AttachedPolicies[].PolicyArn")
		require.Empty(t, managed, "managed policies of %s", name)
		r.policyID = policies[0]
		query(t, &r.policy, "iam", "get-role-policy", "--role-name", name, "--policy-name", r.policyID, "--query", "PolicyDocument")
		require.NotEmpty(t, r.policy.permissions())
		for _, f := range functions {
			if f.Role == r.ARN {
				r.functions = append(r.functions, f)
			}
		}
		roles = append(roles, r)
	}
	require.NotEmpty(t, roles)
	return roles
}

// query reads the JSON that an aws command prints.
func query(t *testing.T, into any, args ...string) {
	t.Helper()
	out, err := stack.AWS(t.Context(), args...)
	require.NoError(t, err, strings.Join(args, " "))
	require.NoError(t, json.Unmarshal(out, into), strings.Join(args, " "))
}

// put replaces the role's policy.
func (r *role) put(ctx context.Context, p policy) error {
	document, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if len(p.Statement) == 0 {
		_, err = stack.AWS(ctx, "iam", "delete-role-policy", "--role-name", r.Name, "--policy-name", r.policyID)
		return err
	}
	_, err = stack.AWS(ctx, "iam", "put-role-policy", "--role-name", r.Name, "--policy-name", r.policyID,
		"--policy-document", string(document))
	return err
}

// restartFunctions makes the next invocation of the role's functions a cold
// start, so that none lives on what it has cached. Setting a timeout does that,
// the same one too.
func (r *role) restartFunctions(ctx context.Context) error {
	for _, f := range r.functions {
		if _, err := stack.AWS(ctx, "lambda", "update-function-configuration",
			"--function-name", f.FunctionName, "--timeout", strconv.Itoa(f.Timeout)); err != nil {
			return err
		}
	}
	return nil
}

// denials counts the lines in which the role's functions logged that they were
// denied an action.
func (r *role) denials(t *testing.T, action string) int {
	t.Helper()
	n := 0
	for _, f := range r.functions {
		lines, err := stack.Logs(t.Context(), strings.TrimSuffix(f.FunctionName, "-"+suffix))
		require.NoError(t, err)
		for _, line := range lines {
			if strings.Contains(line, "not authorized to perform: "+action) {
				n++
			}
		}
	}
	return n
}
