package template

import (
	"slices"

	"github.com/awslabs/goformation/v7/cloudformation/s3"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

const (
	glacierAfterDays = 90
	// oldVersionDays is how long a deleted object can be restored.
	oldVersionDays = 30
	// payloadGraceDays is how much longer a large payload is kept than its row.
	// DynamoDB deletes an expired item within a few days (DynamoDB Developer Guide,
	// "Using time to live (TTL) in DynamoDB").
	payloadGraceDays = 7
	// certificateDays is the longest that a TLS certificate was valid when rules
	// began to limit it (CA/Browser Forum, Baseline Requirements, 6.3.2).
	certificateDays = 398
	// fetchDays exceeds the minute in which the object counts.
	fetchDays = 1
	// abortedUploadDays is the minimum of S3. The functions never use multipart
	// uploads.
	abortedUploadDays = 1
)

// addBucket adds failed-webhooks, its policy and its lifecycle rules. providers are
// those that have, had or may get an endpoint: their archived webhooks outlive it.
func (s *stack) addBucket(providers []contract.Provider) cfn.ID {
	const noAccessLog = "Server access logs need a bucket that outlives this one. " +
		"CloudTrail data events, which belong to the account, record access."
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
				suppression{rule: "CKV_AWS_18", reason: noAccessLog},
				suppression{rule: "AwsSolutions-S1", reason: noAccessLog},
			),
		},
		Set: map[string]any{"LifecycleConfiguration.Rules": s.lifecycle(providers)},
	})
	s.Add("FailedWebhooksPolicy", &s3.BucketPolicy{
		Bucket: bucket.Ref(),
		PolicyDocument: newPolicy(
			denyPlainHTTP("s3:*", bucket.Att("Arn"), objectARN(bucket, "*")),
			denyReplacing(objectARN(bucket, "*")),
		),
	})
	s.Output("BucketName", cfn.Output{
		Description: "Name of the bucket of failed webhooks and large payloads.",
		Value:       bucket.Ref(),
	})
	return bucket
}

// objectARN returns the ARN pattern of a bucket's objects with keys that match a
// pattern.
func objectARN(bucket cfn.ID, keys string) string {
	return cfn.Sub(variable(bucket+".Arn") + "/" + keys)
}

// objectWildcard suppresses the finding about a statement on objectARN.
func objectWildcard(bucket cfn.ID, keys string) suppression {
	return suppression{
		rule:   "AwsSolutions-IAM5[Resource::<" + string(bucket) + ".Arn>/" + keys + "]",
		reason: "Object keys are not known in advance. The actions are limited to objects of this one bucket.",
	}
}

// lifecycle returns a list of s3.Bucket_Rule and of tokens for one.
//
// The archive expires by a rule of its own, because a rule with a transition
// cannot expire objects before the transition. With two rules, S3 applies the
// earlier (S3 User Guide, "How Amazon S3 handles conflicts in lifecycle
// configurations").
func (s *stack) lifecycle(providers []contract.Provider) []any {
	archiveExpires := s.Condition("ArchiveExpires", cfn.Not(cfn.Equals(cfn.Ref(archiveRetentionDays), "0")))

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
	}
	for _, days := range contract.RetentionDays() {
		rules = append(rules, expires(contract.RetentionPrefix(days), days+payloadGraceDays))
	}
	if slices.ContainsFunc(providers, contract.Provider.HasCertificates) {
		rules = append(rules, expires(contract.CertificatePrefix, certificateDays), expires(contract.FetchPrefix, fetchDays))
	}
	rules = append(rules, expires(contract.ReconciliationsPrefix, reconciliationDays))
	for _, prefix := range archivePrefixes(providers) {
		rules = append(rules, toGlacier(prefix), expiry(prefix, archiveExpires, archiveRetentionDays))
	}
	// The records of replays go with the webhooks that they name, and are read at once.
	return append(rules, expiry(contract.ReplaysPrefix, archiveExpires, archiveRetentionDays))
}

// expires returns a rule for objects that are never moved to Glacier, because events
// in the table and replayed events need large payloads at once.
//
// S3 applies rules to old objects too, so no parameter changes them: a large payload
// expires by the retention under which its row was written.
func expires(prefix string, days int) s3.Bucket_Rule {
	return s3.Bucket_Rule{
		Id:               new(prefix + " expires"),
		Status:           "Enabled",
		Prefix:           new(prefix),
		ExpirationInDays: new(days),
	}
}

// archivePrefixes returns the prefixes of archived webhooks.
func archivePrefixes(providers []contract.Provider) []string {
	var prefixes []string
	for _, p := range providers {
		if prefix := p.Name + "/"; !slices.Contains(prefixes, prefix) {
			prefixes = append(prefixes, prefix)
		}
	}
	return append(prefixes, contract.UnknownPrefix)
}

// toGlacier returns a rule that moves objects of any size to Glacier. Without the
// size filter, S3 moves no object below 128 KB, which nearly all webhooks are.
func toGlacier(prefix string) s3.Bucket_Rule {
	return s3.Bucket_Rule{
		Id:                    new(prefix + " to Glacier"),
		Status:                "Enabled",
		Prefix:                new(prefix),
		ObjectSizeGreaterThan: new("0"),
		Transitions:           []s3.Bucket_Transition{{StorageClass: "GLACIER", TransitionInDays: new(glacierAfterDays)}},
	}
}

// expiry returns a token for a rule that exists under a condition. days is a
// parameter, which goformation's ExpirationInDays, an int, cannot hold.
func expiry(prefix string, limited cfn.Cond, days string) string {
	return cfn.If(limited, map[string]any{
		"Id":               prefix + " expires",
		"Status":           "Enabled",
		"Prefix":           prefix,
		"ExpirationInDays": cfn.Ref(days),
	}, cfn.NoValue())
}

// emptiedBucketID is the id of the custom resource that empties the bucket.
const emptiedBucketID = "EmptiedBucket"

// emptierTimeoutSeconds is the maximum of Lambda. Part of it is spent on watching
// that the bucket stays empty.
const emptierTimeoutSeconds = 900

// addEmptier adds a custom resource that empties the bucket when the stack is
// deleted, because CloudFormation deletes only empty buckets.
//
// CloudFormation deletes resources in reverse order of their creation. The custom
// resource depends on the bucket and its policy. Every resource that lets data in,
// the stage and both event source mappings, depends on the returned id
// (aws/aws-cdk#16332, #21776).
func (s *stack) addEmptier(bucket cfn.ID) cfn.ID {
	emptier := s.addFunction(function{
		id:          "Emptier",
		name:        contract.EmptierName,
		binary:      contract.EmptierBinary,
		description: "Empties the bucket when the stack is deleted.",
		// It lists a page of a thousand keys at a time.
		memoryMB:       256,
		timeoutSeconds: emptierTimeoutSeconds,
		policy: []statement{
			// It empties the bucket only while the stack is being deleted, and
			// only if CloudFormation's tag on the bucket names this stack.
			allow("SeeStack", []string{"cloudformation:DescribeStacks"}, cfn.StackID()),
			allow("FindObjects", []string{"s3:GetBucketTagging", "s3:ListBucketVersions"}, bucket.Att("Arn")),
			allow("DeleteObjects", []string{"s3:DeleteObject", "s3:DeleteObjectVersion"}, objectARN(bucket, "*")),
		},
		wildcards: []suppression{objectWildcard(bucket, "*")},
	})
	return s.Add(emptiedBucketID, cfn.Custom{
		Type: "Custom::EmptiedBucket",
		Properties: map[string]any{
			"ServiceToken": emptier.Att("Arn"),
			// CloudFormation waits an hour by default, also for a function that
			// timed out without responding.
			"ServiceTimeout":            emptierTimeoutSeconds + 60,
			contract.BucketNameProperty: bucket.Ref(),
		},
		DependsOn:           []string{string(bucket) + "Policy"},
		DeletionPolicy:      destroy,
		UpdateReplacePolicy: destroy,
	})
}
