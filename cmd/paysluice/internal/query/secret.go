package query

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/contract"
)

// SecretDocument returns the secret document of a provider, empty if it was never
// filled.
func SecretDocument(ctx context.Context, s *stack.Stack, p contract.Provider) ([]byte, error) {
	out, err := secretsmanager.NewFromConfig(s.AWS.Config).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId: new(s.Outputs[p.Title+"SecretArn"]),
	})
	// A secret without a value is not found either.
	if _, empty := errors.AsType[*types.ResourceNotFoundException](err); empty {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []byte(aws.ToString(out.SecretString)), nil
}
