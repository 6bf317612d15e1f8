package template

import (
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
