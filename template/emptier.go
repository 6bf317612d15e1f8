package template

import (
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// emptierTimeoutSeconds is the most that Lambda gives. Some of it goes into
// watching that the bucket stays empty; the rest lists and deletes a thousand
// objects with two calls.
const emptierTimeoutSeconds = 900

// addEmptier adds a custom resource that empties the bucket when the stack is
// deleted: CloudFormation deletes no bucket that holds anything.
//
// Things are deleted in the opposite order of their creation. So this one comes
// after the bucket and its policy, and before every way in: the stage and both
// queue pollers wait for what is returned (aws/aws-cdk#16332, #21776).
func (s *stack) addEmptier(bucket cfn.ID) cfn.ID {
	emptier := s.addFunction(function{
		id:          "Emptier",
		name:        contract.EmptierName,
		binary:      contract.EmptierBinary,
		description: "Empties the bucket when the stack is deleted.",
		// A page of a thousand keys at a time.
		memoryMB:       256,
		timeoutSeconds: emptierTimeoutSeconds,
		policy: []statement{
			// It empties the bucket only while the stack goes, and only if
			// CloudFormation's tag on it is this stack's.
			allow("SeeStack", []string{"cloudformation:DescribeStacks"}, cfn.StackID()),
			allow("FindObjects", []string{"s3:GetBucketTagging", "s3:ListBucketVersions"}, bucket.Att("Arn")),
			allow("DeleteObjects", []string{"s3:DeleteObject", "s3:DeleteObjectVersion"}, objects(bucket, "*")),
		},
		wildcards: []suppression{objectsOnly(bucket, "*")},
	})
	return s.Add("EmptiedBucket", cfn.Custom{
		Type: "Custom::EmptiedBucket",
		Properties: map[string]any{
			"ServiceToken": emptier.Att("Arn"),
			// CloudFormation would wait an hour for an answer that the function
			// can no longer give.
			"ServiceTimeout":            emptierTimeoutSeconds + 60,
			contract.BucketNameProperty: bucket.Ref(),
		},
		DependsOn:           []string{string(bucket) + "Policy"},
		DeletionPolicy:      destroy,
		UpdateReplacePolicy: destroy,
	})
}
