package secret

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/paysluice/paysluice/handlers/provider"
)

// Client is the part of the Secrets Manager API that a reader calls.
type Client interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// readTimeout bounds one reading with all the client's retries: a processor
// has 9 s in all, and must still be able to answer.
const readTimeout = 3 * time.Second

// Reader reads the current version of the secret at arn. The error is
// provider.SecretEmpty for a secret that was never filled, and
// provider.SecretUnreachable for whatever else kept it from being read.
func Reader(client Client, arn string) func(context.Context) ([]byte, error) {
	return func(ctx context.Context) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, readTimeout)
		defer cancel()

		out, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
		// A secret without a version is answered like one that does not exist
		// (Secrets Manager API Reference, GetSecretValue, Errors).
		if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing {
			return nil, fmt.Errorf("%w: %s has no value yet", provider.SecretEmpty, arn)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", provider.SecretUnreachable, err)
		}

		body := out.SecretBinary
		if out.SecretString != nil {
			body = []byte(*out.SecretString)
		}
		if len(body) == 0 {
			return nil, fmt.Errorf("%w: %s has an empty value", provider.SecretEmpty, arn)
		}
		return body, nil
	}
}
