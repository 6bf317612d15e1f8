package query

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
)

// Loss counts the data that the deletion of a stack deletes.
type Loss struct {
	// Events is the number of rows, up to six hours old (DynamoDB API Reference,
	// DescribeTable, ItemCount).
	Events int64 `json:"eventsAbout"`
	// Messages is the number of messages that wait in both queues.
	Messages int `json:"messages"`
	// Objects and Versions are the current and the older objects of the bucket.
	Objects  int `json:"objects"`
	Versions int `json:"olderVersions"`
	// Secrets are the names of the providers with a secret.
	Secrets []string `json:"secrets"`
}

// ReadLoss counts what a stack holds. It lists the bucket and scans no table.
func ReadLoss(ctx context.Context, m *Monitor) (Loss, error) {
	s := m.Stack
	loss := Loss{Secrets: []string{}}
	table, err := dynamodb.NewFromConfig(s.AWS.Config).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: new(s.Outputs["TableName"])})
	if err != nil {
		return Loss{}, err
	}
	loss.Events = aws.ToInt64(table.Table.ItemCount)
	queues, err := m.QueueStates(ctx)
	if err != nil {
		return Loss{}, err
	}
	for _, q := range []Queue{queues.Queue, queues.DeadLetters} {
		loss.Messages += q.Waiting + q.InFlight
	}
	for _, output := range slices.Sorted(maps.Keys(s.Outputs)) {
		if name, ok := strings.CutSuffix(output, "SecretArn"); ok {
			loss.Secrets = append(loss.Secrets, name)
		}
	}
	return loss, countObjects(ctx, s, &loss)
}

func countObjects(ctx context.Context, s *stack.Stack, loss *Loss) error {
	for pages := s3.NewListObjectVersionsPaginator(NewS3(s), &s3.ListObjectVersionsInput{Bucket: new(s.Outputs["BucketName"])}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, v := range page.Versions {
			if aws.ToBool(v.IsLatest) {
				loss.Objects++
			} else {
				loss.Versions++
			}
		}
	}
	return nil
}
