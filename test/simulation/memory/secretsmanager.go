package memory

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// maxSecret is the largest value in bytes (Secrets Manager User Guide,
// "Quotas").
const maxSecret = 65_536

// SecretsManager is a service with the current versions of secrets.
type SecretsManager struct {
	mu      sync.Mutex
	secrets map[string]*secret // by ARN
}

type secret struct {
	name     string
	versions int
	text     *string
	binary   []byte
}

// NewSecretsManager returns a service without secrets.
func NewSecretsManager() *SecretsManager {
	return &SecretsManager{secrets: map[string]*secret{}}
}

// CreateSecret creates a secret. Without a value it has no version.
func (m *SecretsManager) CreateSecret(_ context.Context, in *secretsmanager.CreateSecretInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.CreateSecretOutput, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	arn := fmt.Sprintf("arn:aws:secretsmanager:%s:%s:secret:%s-AbCdEf", region, account, aws.ToString(in.Name))
	m.secrets[arn] = &secret{name: aws.ToString(in.Name), text: in.SecretString, binary: in.SecretBinary}
	return &secretsmanager.CreateSecretOutput{ARN: &arn, Name: in.Name}, nil
}

// PutSecretValue stores a new version, which every later GetSecretValue returns.
func (m *SecretsManager) PutSecretValue(_ context.Context, in *secretsmanager.PutSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	arn, s, err := m.find(in.SecretId)
	if err != nil {
		return nil, err
	}
	if len(aws.ToString(in.SecretString))+len(in.SecretBinary) > maxSecret {
		return nil, newError("ValidationException", "the value is longer than %d bytes", maxSecret)
	}
	s.text, s.binary = in.SecretString, in.SecretBinary
	s.versions++
	return &secretsmanager.PutSecretValueOutput{ARN: &arn, Name: &s.name, VersionId: new(s.version())}, nil
}

// GetSecretValue returns the current version. It returns the same error for a
// secret without a version as for one that does not exist (Secrets Manager API
// Reference, GetSecretValue, Errors).
func (m *SecretsManager) GetSecretValue(_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	arn, s, err := m.find(in.SecretId)
	if err != nil {
		return nil, err
	}
	if s.text == nil && s.binary == nil {
		return nil, &types.ResourceNotFoundException{Message: aws.String("Secrets Manager can't find the specified secret value for staging label: AWSCURRENT")}
	}
	return &secretsmanager.GetSecretValueOutput{
		ARN: &arn, Name: &s.name, SecretString: s.text, SecretBinary: s.binary, VersionId: new(s.version()),
	}, nil
}

// find returns the secret with an ARN or a name.
func (m *SecretsManager) find(id *string) (arn string, s *secret, err error) {
	for arn, s := range m.secrets {
		if want := aws.ToString(id); want == arn || want == s.name {
			return arn, s, nil
		}
	}
	return "", nil, &types.ResourceNotFoundException{Message: aws.String("Secrets Manager can't find the specified secret.")}
}

func (s *secret) version() string {
	return strings.Repeat("0", 8) + fmt.Sprintf("-0000-4000-8000-%012d", s.versions)
}
