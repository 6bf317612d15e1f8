package secrets

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/contract"
)

// ErrChanged reports that somebody else changed the secret at the same time.
var ErrChanged = errors.New("somebody else changed the secret at the same time")

// Staging labels of a secret's versions (Secrets Manager User Guide, "What's in a
// secret").
const (
	current  = "AWSCURRENT"
	previous = "AWSPREVIOUS"
)

// Client is the subset of the Secrets Manager API that a Vault calls.
type Client interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
	PutSecretValue(context.Context, *secretsmanager.PutSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error)
	DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error)
}

// Vault reads and changes the secret of one provider.
type Vault struct {
	client      Client
	provider    contract.Provider
	arn         string
	endpointURL string
}

// Exists reports whether a stack has the secret of a provider. A stack can be built with
// some of the providers only (docs/library.md).
func Exists(s *stack.Stack, p contract.Provider) bool { return s.Outputs[p.Title+"SecretArn"] != "" }

// Open returns the vault of a provider's secret in a stack.
func Open(s *stack.Stack, p contract.Provider) *Vault {
	return NewVault(secretsmanager.NewFromConfig(s.AWS.Config), p, s.Outputs[p.Title+"SecretArn"], s.Outputs[p.Title+"Url"])
}

// NewVault returns a vault that calls a client. endpointURL is the stack's URL of
// the provider.
func NewVault(client Client, p contract.Provider, arn, endpointURL string) *Vault {
	return &Vault{client: client, provider: p, arn: arn, endpointURL: endpointURL}
}

// Version is a version of a secret. Its ID is "" for one that was never filled.
type Version struct {
	ID   string
	Text []byte
	Document
}

// Read returns the current version. The error is ErrMalformed for a document that
// the functions do not accept.
func (v *Vault) Read(ctx context.Context) (Version, error) {
	id, text, err := v.get(ctx, current)
	if err != nil || id == "" {
		return Version{Document: Empty(v.provider)}, err
	}
	d, err := Parse(v.provider, text, v.endpointURL)
	return Version{ID: id, Text: text, Document: d}, err
}

// Previous returns the text of the version before the current one, nil if there is
// none.
func (v *Vault) Previous(ctx context.Context) ([]byte, error) {
	_, text, err := v.get(ctx, previous)
	return text, err
}

// Text returns the text of the current version, whatever it is, nil if there is none.
func (v *Vault) Text(ctx context.Context) ([]byte, error) {
	_, text, err := v.get(ctx, current)
	return text, err
}

// get returns the id and the text of a version, both empty if there is none.
func (v *Vault) get(ctx context.Context, stage string) (id string, text []byte, err error) {
	out, err := v.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &v.arn, VersionStage: &stage})
	if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	if text = []byte(aws.ToString(out.SecretString)); len(text) == 0 {
		text = out.SecretBinary
	}
	if len(text) == 0 { // the emulator's value of a secret that was never filled
		return "", nil, nil
	}
	return aws.ToString(out.VersionId), text, nil
}

// Replace stores a document in place of the version that was read. The error is
// ErrMalformed for a document that the functions would not accept, and ErrChanged
// if the current version is another one by now. Secrets Manager cannot compare
// and replace in one call, so the version that was replaced is compared again
// afterwards.
func (v *Vault) Replace(ctx context.Context, old Version, d Document) error {
	text := d.Text()
	if err := check(v.provider, text, v.endpointURL); err != nil {
		return err
	}
	switch now, _, err := v.get(ctx, current); {
	case err != nil:
		return err
	case now != old.ID:
		return fmt.Errorf("%w: nothing was changed, run the command again", ErrChanged)
	}
	put, err := v.client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &v.arn, SecretString: new(string(text))})
	if err != nil || old.ID == "" {
		return err
	}
	compare := "compare the secret's versions and repeat a change that is missing: aws secretsmanager list-secret-version-ids --secret-id " + v.arn
	described, err := v.client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &v.arn})
	if err != nil {
		return fmt.Errorf("the new version is stored, and whether somebody else changed the secret at the same time is unknown: %s: %w", compare, err)
	}
	stages := described.VersionIdsToStages
	if slices.Contains(stages[old.ID], previous) && slices.Contains(stages[aws.ToString(put.VersionId)], current) {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrChanged, compare)
}
