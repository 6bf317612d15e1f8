package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/secretsmanager"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

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
