package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/secretsmanager"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// processorTimeoutSeconds is below Square's timeout of 10 s: a processor that is
// late responds 503, which Square retries, and logs why. The handler reserves half
// a second of it for sending the response.
const processorTimeoutSeconds = 9

// addProcessor adds the function that verifies one provider's webhooks and queues
// them.
func (s *stack) addProcessor(p contract.Provider, secret, bucket cfn.ID, q queues, a *api) cfn.ID {
	// The wildcard is the retention, which an update may change.
	payloads := contract.OversizePrefix + "*/" + p.Name + "/*"
	policy := []statement{
		allow("ReadSecret", []string{"secretsmanager:GetSecretValue"}, secretARN(secret)),
		allow("SendEvents", []string{"sqs:SendMessage"}, q.events.Att("Arn")),
		allow("Quarantine", []string{"sqs:SendMessage"}, q.deadLetter.Att("Arn")),
		allow("StoreLargePayloads", []string{"s3:PutObject"}, objectARN(bucket, payloads)),
		useKey("UseKeyForSecret", "secretsmanager", "kms:Decrypt"),
		// SQS requires both of a sender (SQS Developer Guide, "Key management",
		// "Configuring AWS KMS permissions").
		useKey("UseKeyForQueues", "sqs", "kms:GenerateDataKey", "kms:Decrypt"),
		useKey("UseKeyForBucket", "s3", "kms:GenerateDataKey"),
	}
	wildcards := []suppression{objectWildcard(bucket, payloads)}
	if p.HasCertificates() {
		const certificates, fetches = contract.CertificatePrefix + "*", contract.FetchPrefix + "*"
		policy = append(policy,
			allow("ReadCertificates", []string{"s3:GetObject"}, objectARN(bucket, certificates)),
			allow("ShareCertificates", []string{"s3:PutObject"}, objectARN(bucket, certificates), objectARN(bucket, fetches)),
			useKey("UseKeyForCertificates", "s3", "kms:Decrypt"),
		)
		wildcards = append(wildcards, objectWildcard(bucket, certificates), objectWildcard(bucket, fetches))
	}
	return s.addFunction(function{
		id:          p.Title + "Processor",
		name:        contract.ProcessorName(p),
		binary:      contract.ProcessorBinary,
		description: "Verifies the signatures of " + p.Title + "'s webhooks and sends them to " + QueueName + ".",
		// A webhook takes less than a millisecond of CPU time, about 5 ms at this
		// share of a vCPU. Half the memory would double that and save little
		// (docs/cost.md).
		memoryMB:       256,
		timeoutSeconds: processorTimeoutSeconds,
		reserved:       s.processorReserved,
		environment: map[string]string{
			contract.ProviderVar:           p.Name,
			contract.SecretARNVar:          secretARN(secret),
			contract.QueueURLVar:           q.events.Ref(),
			contract.DeadLetterQueueURLVar: q.deadLetter.Ref(),
			contract.BucketNameVar:         bucket.Ref(),
			contract.EndpointURLVar:        a.url(p),
			contract.APIURLVar:             a.ownURL(p),
			contract.RetentionDaysVar:      cfn.Ref(eventRetentionDays),
		},
		policy:    policy,
		wildcards: wildcards,
	})
}

// addSecret adds a provider's secret without a value: providers issue a signing
// secret only for a registered URL, so the stack has to exist first. Until the
// secret has a value, webhooks are answered 503 and the provider retries.
func (s *stack) addSecret(p contract.Provider) cfn.ID {
	secret := s.Add(secretID(p), &secretsmanager.Secret{
		Name:        new(named(SecretName(p))),
		Description: new("Signing secrets of " + p.Title + "'s webhooks. Set them with aws secretsmanager put-secret-value."),
		KmsKeyId:    new(keyARN()),

		AWSCloudFormationDeletionPolicy:      destroy,
		AWSCloudFormationUpdateReplacePolicy: destroy,
		AWSCloudFormationMetadata: suppressed(suppression{
			rule:   "AwsSolutions-SMG4",
			reason: "Only the provider can issue a new signing secret. The secret holds old and new during a rotation.",
		}),
	})
	s.Output(p.Title+"SecretArn", cfn.Output{
		Description: "ARN of the secret with " + p.Title + "'s signing secrets.",
		Value:       secretARN(secret),
	})
	return secret
}

// secretID returns the id of a provider's secret.
func secretID(p contract.Provider) string { return p.Title + "Secret" }

// secretARN returns the ARN of a secret. On AWS, Ref is the ARN too; emulators
// return the name for it.
func secretARN(secret cfn.ID) string { return secret.Att("Id") }
