package query

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/aws/queue"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/handlers/reconcile"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
)

// refillTimeout bounds storing one missing event, including retries.
const refillTimeout = 30 * time.Second

// KeySecret returns the name of the secret with an operator's key for a provider's API.
// It is not one of the stack's resources.
func KeySecret(s *stack.Stack, p contract.Provider) string { return p.Name + "-api-key-" + s.Suffix() }

// StackKeySecret returns ARN and name of the stack's own secret with keys for the
// providers' APIs. Both are empty if the stack compares nothing on a schedule.
func StackKeySecret(s *stack.Stack) (arn, name string) {
	arn = s.Outputs["ApiKeysSecretArn"]
	name = arn[strings.LastIndex(arn, ":")+1:]
	// The name in an ARN ends with a hyphen and six random characters (Secrets Manager
	// User Guide, DescribeSecret).
	return arn, name[:max(0, len(name)-len("-AbCdEf"))]
}

// keySecret is a secret that can have an operator's key.
type keySecret struct {
	id, name string
	parse    func(document []byte) (source.Key, error)
}

// keySecrets returns the secrets in which the key for a provider is looked up, in that
// order.
func keySecrets(s *stack.Stack, p contract.Provider) []keySecret {
	own := KeySecret(s, p)
	all := []keySecret{{own, own, func(document []byte) (source.Key, error) { return source.ParseKey(p, document) }}}
	arn, name := StackKeySecret(s)
	if arn == "" {
		return all
	}
	return append(all, keySecret{arn, name, func(document []byte) (source.Key, error) {
		keys, err := source.ParseKeys(document)
		if k := keys[p.Name]; k != nil {
			return *k, nil
		}
		if err == nil || errors.Is(err, source.ErrNoKeys) {
			err = fmt.Errorf("%w: no key of %s", ErrNotFound, p.Title)
		}
		return source.Key{}, err
	}})
}

// read returns the key of a secret. The error is ErrNotFound without one, and
// stack.ErrDenied too if the secret may not be read.
func (k keySecret) read(ctx context.Context, secrets *secretsmanager.Client) (source.Key, error) {
	out, err := secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &k.id})
	// AWS reports a secret without a value as one that is missing; an emulator returns "".
	if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing || err == nil && aws.ToString(out.SecretString) == "" {
		return source.Key{}, fmt.Errorf("%w: a value of the secret %s", ErrNotFound, k.name)
	}
	if denied, ok := errors.AsType[*stack.Denied](err); ok {
		return source.Key{}, fmt.Errorf("%w: the secret %s may not be read: %w", ErrNotFound, k.name, denied)
	}
	if err != nil {
		return source.Key{}, err
	}
	key, err := k.parse([]byte(aws.ToString(out.SecretString)))
	if err != nil {
		return source.Key{}, fmt.Errorf("secret %s: %w", k.name, err)
	}
	return key, nil
}

// APIKey reads the key of KeySecret, or else of StackKeySecret. from is the name of the
// secret that has it. The error is ErrNotFound if neither has one, and stack.ErrDenied too
// if one of them may not be read.
func APIKey(ctx context.Context, s *stack.Stack, p contract.Provider) (k source.Key, from string, err error) {
	client := secretsmanager.NewFromConfig(s.AWS.Config)
	absent := fmt.Errorf("%w: a key for %s", ErrNotFound, p.Title)
	for _, secret := range keySecrets(s, p) {
		k, err := secret.read(ctx, client)
		if !errors.Is(err, ErrNotFound) {
			return k, secret.name, err
		}
		absent = fmt.Errorf("%w; %w", absent, err)
	}
	return k, "", absent
}

// Retention returns after how many days the stack's events expire, 0 for never.
func Retention(s *stack.Stack) int {
	days, _ := strconv.Atoi(s.Parameters["EventRetentionDays"]) // the template allows numbers only
	return days
}

// Comparison returns the comparison of a provider's events with those of a stack.
func Comparison(s *stack.Stack, p contract.Provider, from source.Source, now func() time.Time) (*reconcile.Comparison, error) {
	known, err := all.All(all.Settings{}).ByName(p.Name)
	return &reconcile.Comparison{
		Provider: known, Source: from, Now: now,
		Table:   table.NewReader(dynamodb.NewFromConfig(s.AWS.Config), s.Outputs["TableName"]),
		Archive: bucket.NewArchive(NewS3(s), s.Outputs["BucketName"]),
	}, err
}

// Refill returns what gets missing events into a stack.
func Refill(s *stack.Stack, from source.Source, now func() time.Time) *reconcile.Refill {
	return &reconcile.Refill{
		Source: from, Now: now, RetentionDays: Retention(s),
		Queue:    queue.NewSender(sqs.NewFromConfig(s.AWS.Config), s.Outputs["QueueUrl"], refillTimeout),
		Payloads: bucket.NewPayloads(NewS3(s), s.Outputs["BucketName"], refillTimeout),
	}
}
