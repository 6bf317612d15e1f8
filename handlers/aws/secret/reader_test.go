package secret_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/secret"
	"github.com/paysluice/paysluice/handlers/provider"
)

const arn = "arn:aws:secretsmanager:us-east-1:1:secret:stripe-secret-test-AbCdEf"

type client func(context.Context, *secretsmanager.GetSecretValueInput) (*secretsmanager.GetSecretValueOutput, error)

func (c client) GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	return c(ctx, in)
}

func TestReader(t *testing.T) {
	denied := errors.New("AccessDeniedException")
	for _, row := range []struct {
		why  string
		out  *secretsmanager.GetSecretValueOutput
		err  error
		want string
		fail error
	}{
		{"filled by put-secret-value --secret-string",
			&secretsmanager.GetSecretValueOutput{SecretString: new("text")}, nil, "text", nil},
		{"filled with --secret-binary",
			&secretsmanager.GetSecretValueOutput{SecretBinary: []byte("bytes")}, nil, "bytes", nil},
		{"never filled: AWS knows no current version",
			nil, &types.ResourceNotFoundException{}, "", provider.SecretEmpty},
		{"never filled: some answer with an empty string",
			&secretsmanager.GetSecretValueOutput{SecretString: new("")}, nil, "", provider.SecretEmpty},
		{"the role lost its permission", nil, denied, "", provider.SecretUnreachable},
	} {
		t.Run(row.why, func(t *testing.T) {
			read := secret.Reader(client(func(_ context.Context, in *secretsmanager.GetSecretValueInput) (*secretsmanager.GetSecretValueOutput, error) {
				assert.Equal(t, arn, *in.SecretId)
				return row.out, row.err
			}), arn)

			got, err := read(t.Context())

			require.ErrorIs(t, err, row.fail)
			assert.Equal(t, row.want, string(got))
		})
	}
}

func TestReaderKeepsTheCause(t *testing.T) {
	denied := errors.New("AccessDeniedException")
	read := secret.Reader(client(func(context.Context, *secretsmanager.GetSecretValueInput) (*secretsmanager.GetSecretValueOutput, error) {
		return nil, denied
	}), arn)
	_, err := read(t.Context())
	require.ErrorIs(t, err, denied)
}

func TestReaderGivesUpInTimeToAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read := secret.Reader(client(func(ctx context.Context, _ *secretsmanager.GetSecretValueInput) (*secretsmanager.GetSecretValueOutput, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}), arn)
		start := time.Now()

		_, err := read(t.Context())

		require.ErrorIs(t, err, provider.SecretUnreachable)
		assert.Equal(t, 3*time.Second, time.Since(start))
	})
}
