package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/kms"

	"github.com/paysluice/paysluice/template/cfn"
)

// keyID is the one key that encrypts everything the stack stores.
const keyID cfn.ID = "Key"

func keyARN() string { return keyID.Att("Arn") }

// addKey comes after all log groups: its policy lists them. It cannot list the
// functions' roles, whose policies in turn name the key: the account's root is
// allowed to delegate, and each role's policy says the rest.
func (s *stack) addKey() {
	s.Add(string(keyID), &kms.Key{
		Description:         new("Encrypts queues, table, bucket, secrets, logs, alarms and functions' environments of paysluice."),
		EnableKeyRotation:   new(true),
		PendingWindowInDays: new(7),
		KeyPolicy: newPolicy(
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
					"kms:EncryptionContext:aws:logs:arn": s.logGroupARNs,
				}},
			},
			// What publishing to an encrypted topic takes: SNS Developer Guide,
			// "Enable compatibility between event sources from AWS services and
			// encrypted topics".
			statement{
				Sid:       "EncryptAlarms",
				Effect:    "Allow",
				Principal: &principal{Service: "cloudwatch.amazonaws.com"},
				Action:    []string{"kms:Decrypt", "kms:GenerateDataKey*"},
				Resource:  []string{"*"},
				Condition: fromAlarms(),
			},
		),
		AWSCloudFormationDeletionPolicy:      destroy,
		AWSCloudFormationUpdateReplacePolicy: destroy,
	})
	s.Add("KeyAlias", &kms.Alias{AliasName: named(keyAliasName), TargetKeyId: keyID.Ref()})
}

// useKey lets a role use the key, but only through one AWS service: with the
// role's credentials alone nothing can be decrypted. service is its name in
// the condition key kms:ViaService.
func useKey(sid, service string, actions ...string) statement {
	st := allow(sid, actions, keyARN())
	st.Condition = &condition{StringEquals: map[string]string{
		"kms:ViaService": cfn.Sub(service + ".${AWS::Region}.amazonaws.com"),
	}}
	return st
}

// decryptEnvironment lets Lambda read a function's environment when it starts.
//
// The scope is the encryption context that Lambda sets, the function's own ARN,
// and not kms:ViaService: sources differ on what Lambda shows as that
// (lambda.*.amazonaws.com in AWS's KMS policies for Bedrock in SageMaker Unified
// Studio, lambda.amazonaws.com in aws/serverless-application-model#1989), and a
// function whose environment cannot be read does not start. Both name this
// context, which is also the narrower scope.
func decryptEnvironment(function string) statement {
	st := allow("DecryptEnvironment", []string{"kms:Decrypt"}, keyARN())
	st.Condition = &condition{StringEquals: map[string]string{
		"kms:EncryptionContext:aws:lambda:FunctionArn": namedARN("lambda", "function:", function),
	}}
	return st
}
