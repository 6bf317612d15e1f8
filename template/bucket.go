package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/s3"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

const (
	glacierAfterDays = 90
	// oldVersionDays is how long an overwritten or deleted object can be
	// brought back.
	oldVersionDays = 30
	// abortedUploadDays is the least that S3 takes. The functions upload in one
	// piece, so that parts of an upload are somebody else's mishap.
	abortedUploadDays = 1
)

const accessLoggedElsewhere = "Server access logs need a bucket that outlives this one. " +
	"CloudTrail data events, which belong to the account, tell who read what."

// addBucket adds failed-webhooks, with what only the stack's own lifecycle does
// to its objects.
func (s *stack) addBucket(providers []contract.Provider) cfn.ID {
	bucket := s.Add("FailedWebhooks", cfn.With{
		Resource: &s3.Bucket{
			BucketName: new(named(BucketName + "-${AWS::AccountId}")),
			BucketEncryption: &s3.Bucket_BucketEncryption{
				ServerSideEncryptionConfiguration: []s3.Bucket_ServerSideEncryptionRule{{
					BucketKeyEnabled: new(true),
					ServerSideEncryptionByDefault: &s3.Bucket_ServerSideEncryptionByDefault{
						SSEAlgorithm:   "aws:kms",
						KMSMasterKeyID: new(keyARN()),
					},
				}},
			},
			PublicAccessBlockConfiguration: &s3.Bucket_PublicAccessBlockConfiguration{
				BlockPublicAcls:       new(true),
				BlockPublicPolicy:     new(true),
				IgnorePublicAcls:      new(true),
				RestrictPublicBuckets: new(true),
			},
			OwnershipControls: &s3.Bucket_OwnershipControls{
				Rules: []s3.Bucket_OwnershipControlsRule{{ObjectOwnership: new("BucketOwnerEnforced")}},
			},
			VersioningConfiguration: &s3.Bucket_VersioningConfiguration{Status: "Enabled"},

			AWSCloudFormationDeletionPolicy:      destroy,
			AWSCloudFormationUpdateReplacePolicy: destroy,
			AWSCloudFormationMetadata: suppressed(
				suppression{"CKV_AWS_18", accessLoggedElsewhere},
				suppression{"AwsSolutions-S1", accessLoggedElsewhere},
			),
		},
		Set: map[string]any{"LifecycleConfiguration.Rules": s.lifecycle(providers)},
	})
	s.Add("FailedWebhooksPolicy", &s3.BucketPolicy{
		Bucket:         bucket.Ref(),
		PolicyDocument: newPolicy(denyPlainHTTP("s3:*", bucket.Att("Arn"), objects(bucket, "*"))),
	})
	return bucket
}

// objects is the ARN pattern of a bucket's objects whose keys match a pattern.
func objects(bucket cfn.ID, keys string) string {
	return cfn.Sub("${" + string(bucket) + ".Arn}/" + keys)
}

// objectsOnly is why a role has a resource with a wildcard.
func objectsOnly(bucket cfn.ID, keys string) suppression {
	return suppression{
		"AwsSolutions-IAM5[Resource::<" + string(bucket) + ".Arn>/" + keys + "]",
		"Its objects' keys are not known in advance; the actions are on objects of this one bucket.",
	}
}

// lifecycle is a list of s3.Bucket_Rule and of tokens for one.
//
// An archive expires by a rule of its own: with the transition in one rule it
// could only expire later than that. Of two rules, S3 takes the earlier (S3
// User Guide, "How Amazon S3 handles conflicts in lifecycle configurations").
func (s *stack) lifecycle(providers []contract.Provider) []any {
	archiveExpires := s.Condition("ArchiveExpires", cfn.Not(cfn.Equals(cfn.Ref(archiveRetentionDays), "0")))
	eventsExpire := s.Condition("EventsExpire", cfn.Not(cfn.Equals(cfn.Ref(eventRetentionDays), "0")))

	rules := []any{
		s3.Bucket_Rule{
			Id:     new("clean-up"),
			Status: "Enabled",
			AbortIncompleteMultipartUpload: &s3.Bucket_AbortIncompleteMultipartUpload{
				DaysAfterInitiation: abortedUploadDays,
			},
			NoncurrentVersionExpiration: &s3.Bucket_NoncurrentVersionExpiration{NoncurrentDays: oldVersionDays},
			ExpiredObjectDeleteMarker:   new(true),
		},
		// An event of the table, or one that is sent again from the archive,
		// finds its payload at once for as long as it lives itself.
		expiry(contract.OversizePrefix, eventsExpire, eventRetentionDays),
	}
	for _, prefix := range archivePrefixes(providers) {
		rules = append(rules, toGlacier(prefix), expiry(prefix, archiveExpires, archiveRetentionDays))
	}
	return rules
}

func archivePrefixes(providers []contract.Provider) []string {
	var prefixes []string
	for _, p := range providers {
		prefixes = append(prefixes, p.Name+"/")
	}
	return append(prefixes, contract.UnknownPrefix)
}

// toGlacier moves objects of any size: without the filter, S3 leaves those
// below 128 KB where they are, as nearly all webhooks would be.
func toGlacier(prefix string) s3.Bucket_Rule {
	return s3.Bucket_Rule{
		Id:                    new(prefix + " to Glacier"),
		Status:                "Enabled",
		Prefix:                new(prefix),
		ObjectSizeGreaterThan: new("0"),
		Transitions:           []s3.Bucket_Transition{{StorageClass: "GLACIER", TransitionInDays: new(glacierAfterDays)}},
	}
}

// expiry is a rule that is there under a condition. goformation's days cannot
// hold a parameter.
func expiry(prefix string, limited cfn.Cond, days string) string {
	return cfn.If(limited, map[string]any{
		"Id":               prefix + " expires",
		"Status":           "Enabled",
		"Prefix":           prefix,
		"ExpirationInDays": cfn.Ref(days),
	}, cfn.NoValue())
}

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
