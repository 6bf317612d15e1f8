package query

import (
	"context"
	"errors"
	"fmt"
	"strconv"
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

// APIKey reads the key of KeySecret. The error is ErrNotFound without such a secret.
func APIKey(ctx context.Context, s *stack.Stack, p contract.Provider) (source.Key, error) {
	name := KeySecret(s, p)
	out, err := secretsmanager.NewFromConfig(s.AWS.Config).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name})
	if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing {
		return source.Key{}, fmt.Errorf("%w: no secret %s", ErrNotFound, name)
	}
	if err != nil {
		return source.Key{}, err
	}
	k, err := source.ParseKey(p, []byte(aws.ToString(out.SecretString)))
	if err != nil {
		return source.Key{}, fmt.Errorf("secret %s: %w", name, err)
	}
	return k, nil
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
