package policy

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Document returns the policy of somebody who deploys without a service role, with the
// account and the region filled in.
func (s *Stack) Document(account, region string) ([]byte, error) {
	text, err := encode(object{"Version": version, "Statement": append(s.Deployer(""), s.Handlers()...)})
	in := strings.NewReplacer("${AWS::Partition}", "aws", "${AWS::AccountId}", account, "${AWS::Region}", region)
	return []byte(in.Replace(string(text))), err
}

// ServiceRole returns a CloudFormation template with a role that CloudFormation
// deploys the stack with, and a managed policy for those who may use it.
func (s *Stack) ServiceRole() ([]byte, error) {
	name := "paysluice-deployment-" + strings.ReplaceAll(s.value("EnvironmentSuffix"), "*", "any")
	managed := func(suffix string, statements []Statement) object {
		return object{"Type": "AWS::IAM::ManagedPolicy", "Properties": object{"ManagedPolicyName": name + suffix, "PolicyDocument": document(statements)}}
	}
	resources, arns := object{"Deployer": managed("", s.Deployer(name))}, []any{}
	for i, statements := range split(s.Handlers()) {
		id := fmt.Sprintf("Handlers%d", i+1)
		resources[id] = managed(fmt.Sprintf("-handlers-%d", i+1), statements)
		arns = append(arns, object{"Ref": id})
	}
	resources["ServiceRole"] = object{"Type": role, "Properties": object{
		"RoleName": name, "ManagedPolicyArns": arns,
		"AssumeRolePolicyDocument": object{"Version": version, "Statement": []any{object{
			"Sid": "Assume", "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": object{"Service": cloudformation},
		}}},
	}}
	return encode(object{
		"AWSTemplateFormatVersion": "2010-09-09",
		"Description":              "The role with which CloudFormation deploys paysluice, and the policy of those who deploy",
		"Resources":                resources,
		"Outputs": object{
			"ServiceRoleArn": object{"Value": object{"Fn::GetAtt": []string{"ServiceRole", "Arn"}}},
			"DeployerArn":    object{"Value": object{"Ref": "Deployer"}},
		},
	})
}

type object = map[string]any

const version = "2012-10-17"

// maxManaged is the maximum length of a managed policy in characters, without white
// space (IAM User Guide, "IAM and AWS STS quotas"). It leaves 500 for ${AWS::AccountId}
// and the like, which grow when CloudFormation substitutes them.
const maxManaged = 6144 - 500

// split distributes statements to policies that are short enough.
func split(statements []Statement) (policies [][]Statement) {
	length := maxManaged
	for _, s := range statements {
		text, _ := json.Marshal(s) // no error: a statement has only texts and lists of them
		if length += len(text); length > maxManaged {
			policies, length = append(policies, nil), len(text)
		}
		policies[len(policies)-1] = append(policies[len(policies)-1], s)
	}
	return policies
}

// document returns a policy document for a template. Its ARNs become Fn::Sub.
func document(statements []Statement) object {
	text, _ := json.Marshal(statements) // no error, as in split
	var plain any
	_ = json.Unmarshal(text, &plain)
	return object{"Version": version, "Statement": substituted(plain)}
}

// substituted wraps each text that has a ${…} in Fn::Sub.
func substituted(value any) any {
	switch v := value.(type) {
	case object:
		for key, member := range v {
			v[key] = substituted(member)
		}
	case []any:
		for i, member := range v {
			v[i] = substituted(member)
		}
	case string:
		if strings.Contains(v, "${") {
			return object{"Fn::Sub": v}
		}
	}
	return value
}

// encode returns indented JSON with a line break at its end.
func encode(value any) ([]byte, error) {
	text, err := json.MarshalIndent(value, "", " ")
	return append(text, '\n'), err
}
