package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/kms"

	"github.com/paysluice/paysluice/template/cfn"
)

// keyID is the one key that encrypts all data of the stack.
const keyID cfn.ID = "Key"

func keyARN() string { return keyID.Att("Arn") }

// addKey adds the key. Its policy lists all log groups. It cannot list the
// functions' roles, whose policies refer to the key; instead the account's root
// delegates to IAM, and each role's policy limits its use.
func (s *stack) addKey() {
	policy := newPolicy(
		statement{
			Sid:       "DelegateToIam",
			Effect:    "Allow",
			Principal: &principal{AWS: cfn.Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")},
			Action:    []string{"kms:*"},
			Resource:  []string{"*"},
		},
		// Actions and condition: CloudWatch Logs User Guide, "Encrypt log
		// data in CloudWatch Logs using AWS KMS", step 2.
		statement{
			Sid:       "EncryptLogs",
			Effect:    "Allow",
			Principal: &principal{Service: cfn.Sub("logs.${AWS::Region}.${AWS::URLSuffix}")},
			Action:    []string{"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"},
			Resource:  []string{"*"},
			Condition: &condition{ArnEquals: map[string][]string{
				"kms:EncryptionContext:aws:logs:arn": s.logGroupARNs.close(),
			}},
		},
	)
	s.Add(string(keyID), &kms.Key{
		Description:       new("Encrypts paysluice's queues, table, bucket, secrets, logs and function environments."),
		EnableKeyRotation: new(true),
		// The backup that DynamoDB keeps of a deleted table is encrypted with the
		// key. 30 days is the maximum.
		PendingWindowInDays: new(30),
		KeyPolicy:           policy,

		AWSCloudFormationDeletionPolicy:      destroy,
		AWSCloudFormationUpdateReplacePolicy: destroy,
	})
	s.Add("KeyAlias", &kms.Alias{AliasName: named(keyAliasName), TargetKeyId: keyID.Ref()})
}

// useKey allows a role to use the key through one AWS service only: the role's
// credentials alone decrypt nothing. service is its name in the condition key
// kms:ViaService.
func useKey(sid, service string, actions ...string) statement {
	st := allow(sid, actions, keyARN())
	st.Condition = &condition{StringEquals: map[string]string{
		"kms:ViaService": cfn.Sub(service + ".${AWS::Region}.amazonaws.com"),
	}}
	return st
}

// decryptEnvironment allows Lambda to decrypt a function's environment.
//
// The condition is on the encryption context that Lambda sets, the function's own
// ARN. It is not on kms:ViaService, because sources disagree on Lambda's value
// (lambda.*.amazonaws.com in AWS's KMS policies for Bedrock in SageMaker Unified
// Studio, lambda.amazonaws.com in aws/serverless-application-model#1989). They
// agree on this context, which is also narrower.
func decryptEnvironment(function string) statement {
	st := allow("DecryptEnvironment", []string{"kms:Decrypt"}, keyARN())
	st.Condition = &condition{StringEquals: map[string]string{
		"kms:EncryptionContext:aws:lambda:FunctionArn": namedARN("lambda", "function:", function),
	}}
	return st
}
