package conformance_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func secretRules() []rule {
	return []rule{
		{"Secrets Manager: the latest value is current", func(t *testing.T, s services) {
			arn, name := newSecret(t, s)
			putText(t, s, arn, "one")
			assert.Equal(t, "one", readText(t, s, arn))
			putText(t, s, name, "two")
			assert.Equal(t, "two", readText(t, s, arn))
			assert.Equal(t, "two", readText(t, s, name), "by name and by ARN")
		}},
		{"Secrets Manager: a binary value has a field of its own", func(t *testing.T, s services) {
			arn, _ := newSecret(t, s)
			_, err := s.secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: arn, SecretBinary: []byte{0, 1}})
			require.NoError(t, err)
			out, err := s.secrets.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: arn})
			require.NoError(t, err)
			assert.Equal(t, []byte{0, 1}, out.SecretBinary)
			assert.Nil(t, out.SecretString)
		}},
		{"Secrets Manager: a secret that does not exist", func(t *testing.T, s services) {
			_, err := s.secrets.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: new(s.name("secret"))})
			var missing *types.ResourceNotFoundException
			assert.ErrorAs(t, err, &missing)
		}},
		{"Secrets Manager: a secret without a value reads like a missing one", func(t *testing.T, s services) {
			arn, _ := newSecret(t, s)
			_, err := s.secrets.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: arn})
			var missing *types.ResourceNotFoundException
			assert.ErrorAs(t, err, &missing)
		}},
		{"Secrets Manager: a value has at most 65,536 bytes", func(t *testing.T, s services) {
			arn, _ := newSecret(t, s)
			putText(t, s, arn, strings.Repeat("x", 65_536))
			_, err := s.secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{
				SecretId: arn, SecretString: new(strings.Repeat("x", 65_537)),
			})
			requireCode(t, "ValidationException", err)
		}},
	}
}

func newSecret(t *testing.T, s services) (arn, name *string) {
	t.Helper()
	out, err := s.secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: new(s.name("secret"))})
	require.NoError(t, err)
	return out.ARN, out.Name
}

func putText(t *testing.T, s services, id *string, value string) {
	t.Helper()
	_, err := s.secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: id, SecretString: &value})
	require.NoError(t, err)
}

func readText(t *testing.T, s services, id *string) string {
	t.Helper()
	out, err := s.secrets.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: id})
	require.NoError(t, err)
	require.NotNil(t, out.SecretString)
	return *out.SecretString
}
