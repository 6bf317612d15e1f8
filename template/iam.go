package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/iam"
)

// policy is an IAM policy document.
type policy struct {
	Version   string
	Statement []statement
}

type statement struct {
	Sid       string
	Effect    string
	Principal *principal `json:",omitempty"`
	Action    []string
	Resource  []string   `json:",omitempty"`
	Condition *condition `json:",omitempty"`
}

type principal struct {
	AWS     string `json:",omitempty"`
	Service string `json:",omitempty"`
}

// condition maps the keys of each condition operator to accepted values.
type condition struct {
	ArnEquals    map[string][]string `json:",omitempty"`
	ArnLike      map[string]string   `json:",omitempty"`
	Bool         map[string]string   `json:",omitempty"`
	StringEquals map[string]string   `json:",omitempty"`
}

func newPolicy(statements ...statement) policy {
	return policy{Version: "2012-10-17", Statement: statements}
}

// allow returns a statement of a role's policy.
func allow(sid string, actions []string, resources ...string) statement {
	return statement{Sid: sid, Effect: "Allow", Action: actions, Resource: resources}
}

// denyPlainHTTP returns a statement that denies everybody access without TLS.
func denyPlainHTTP(action string, resources ...string) statement {
	return statement{
		Sid:       "DenyPlainHttp",
		Effect:    "Deny",
		Principal: &principal{AWS: "*"},
		Action:    []string{action},
		Resource:  resources,
		Condition: &condition{Bool: map[string]string{"aws:SecureTransport": "false"}},
	}
}

// newRole returns a role that one AWS service can assume. The policy is inline: it
// is created and deleted with the role, so that no resource uses the role before
// it has its permissions.
func newRole(name, service string, statements ...statement) *iam.Role {
	return &iam.Role{
		RoleName: new(name),
		AssumeRolePolicyDocument: newPolicy(statement{
			Sid:       "Assume",
			Effect:    "Allow",
			Principal: &principal{Service: service},
			Action:    []string{"sts:AssumeRole"},
		}),
		Policies: []iam.Role_Policy{{
			PolicyName:     "least-privilege",
			PolicyDocument: newPolicy(statements...),
		}},
	}
}
