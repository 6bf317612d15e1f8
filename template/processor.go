package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/secretsmanager"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// processorTimeoutSeconds: Square hangs up after 10 s; answering 503 before that
// makes it try again with a reason in our log. Half a second of these is kept for
// the answer; what a start waits for is part of the same 8.5 s, unless the secret
// has to be read twice (processor.ReadyTimeout).
const processorTimeoutSeconds = 9

// addProcessor adds the function that verifies one provider's webhooks and
// queues them.
func (s *stack) addProcessor(p contract.Provider, secret, bucket cfn.ID, q queues, url string) cfn.ID {
	payloads := contract.OversizePrefix + p.Name + "/*"
	return s.addFunction(function{
		id:          p.Title + "Processor",
		name:        contract.ProcessorName(p),
		binary:      contract.ProcessorBinary,
		description: "Verifies the signature of " + p.Title + "'s webhooks and puts them into " + QueueName + ".",
		// A webhook takes less than a millisecond of CPU, some 5 ms at this
		// share of a vCPU; half of it would double that to save little
		// (docs/cost.md, "Memory").
		memoryMB:       256,
		timeoutSeconds: processorTimeoutSeconds,
		environment: map[string]string{
			contract.ProviderVar:           p.Name,
			contract.SecretARNVar:          secretARN(secret),
			contract.QueueURLVar:           q.events.Ref(),
			contract.DeadLetterQueueURLVar: q.deadLetter.Ref(),
			contract.BucketNameVar:         bucket.Ref(),
			contract.EndpointURLVar:        url,
		},
		policy: []statement{
			allow("ReadSecret", []string{"secretsmanager:GetSecretValue"}, secretARN(secret)),
			allow("SendEvents", []string{"sqs:SendMessage"}, q.events.Att("Arn")),
			allow("Quarantine", []string{"sqs:SendMessage"}, q.deadLetter.Att("Arn")),
			allow("StoreLargePayloads", []string{"s3:PutObject"}, objects(bucket, payloads)),
			useKey("UseKeyForSecret", "secretsmanager", "kms:Decrypt"),
			// SQS asks a sender for both: SQS Developer Guide, "Key
			// management", "Configuring AWS KMS permissions".
			useKey("UseKeyForQueues", "sqs", "kms:GenerateDataKey", "kms:Decrypt"),
			useKey("UseKeyForBucket", "s3", "kms:GenerateDataKey"),
		},
		wildcards: []suppression{objectsOnly(bucket, payloads)},
	})
}

// addSecret adds a provider's secret without a value: a provider hands out its
// signing secret only once it has been given the stack's URL. Until somebody
// puts one in, webhooks are answered 503 and the provider keeps them.
func (s *stack) addSecret(p contract.Provider) cfn.ID {
	return s.Add(p.Title+"Secret", &secretsmanager.Secret{
		Name:        new(named(SecretName(p))),
		Description: new("Signing secrets of " + p.Title + "'s webhooks; put them in with aws secretsmanager put-secret-value."),
		KmsKeyId:    new(keyARN()),

		AWSCloudFormationDeletionPolicy:      destroy,
		AWSCloudFormationUpdateReplacePolicy: destroy,
		AWSCloudFormationMetadata: suppressed(suppression{"AwsSolutions-SMG4",
			"Only the provider can make a new signing secret. Old and new stand side by side while senders are switched."}),
	})
}

// secretARN is the ARN of a secret. Ref is the ARN too, but only on AWS:
// emulators answer the name.
func secretARN(secret cfn.ID) string { return secret.Att("Id") }
