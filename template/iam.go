package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/iam"

	"github.com/paysluice/paysluice/template/cfn"
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
	Null         map[string]string   `json:",omitempty"`
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

// denyReplacing returns a statement that denies everybody to put an object without
// If-None-Match, which S3 accepts only for a key without an object (S3 User Guide,
// "Enforce conditional writes on Amazon S3 buckets"). It leaves out the parts of a
// multipart upload, which have no such header; its completion has one.
func denyReplacing(objects string) statement {
	return statement{
		Sid:       "DenyReplacing",
		Effect:    "Deny",
		Principal: &principal{AWS: "*"},
		Action:    []string{"s3:PutObject"},
		Resource:  []string{objects},
		Condition: &condition{
			Bool: map[string]string{"s3:ObjectCreationOperation": "true"},
			Null: map[string]string{"s3:if-none-match": "true"},
		},
	}
}

// newRole returns a role that one AWS service can assume. The policy is inline: it
// is created and deleted with the role, so that no resource uses the role before
// it has its permissions.
func (s *stack) newRole(name, service string, statements ...statement) *iam.Role {
	return &iam.Role{
		RoleName:            new(name),
		Path:                new(cfn.Ref(rolePath)),
		PermissionsBoundary: new(cfn.If(s.bounded, cfn.Ref(permissionsBoundary), cfn.NoValue())),
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
