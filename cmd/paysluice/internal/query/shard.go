package query

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// Streams is the subset of the DynamoDB Streams API that a Follower calls.
type Streams interface {
	DescribeStream(context.Context, *dynamodbstreams.DescribeStreamInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.DescribeStreamOutput, error)
	GetShardIterator(context.Context, *dynamodbstreams.GetShardIteratorInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error)
	GetRecords(context.Context, *dynamodbstreams.GetRecordsInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error)
}

// shard reads one shard of the stream.
type shard struct {
	id string
	// exact says that all records are new: the shard is read from behind its saved
	// sequence number, or the pass began at the end of the stream.
	exact    bool
	iterator *string // nil at the end of a closed shard
	records  []types.Record
}

func (r *shard) read(ctx context.Context, streams Streams) error {
	if r.iterator == nil || len(r.records) > 0 {
		return nil
	}
	out, err := streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: r.iterator})
	if err != nil {
		return err
	}
	r.records, r.iterator = out.Records, out.NextShardIterator
	return nil
}

// expired reports whether a shard must be opened again. An iterator is valid for 15
// minutes, and an event may take its handler longer (DynamoDB API Reference, GetRecords).
func expired(err error) bool {
	_, late := errors.AsType[*types.ExpiredIteratorException](err)
	return late || trimmed(err)
}

// trimmed reports whether the stream has lost the record at a position.
func trimmed(err error) bool {
	_, lost := errors.AsType[*types.TrimmedDataAccessException](err)
	return lost
}

// next returns the shard with the oldest record, nil without a record.
func next(readers map[string]*shard) *shard {
	var oldest *shard
	for _, id := range slices.Sorted(maps.Keys(readers)) {
		r := readers[id]
		if len(r.records) > 0 && (oldest == nil || created(r).Before(created(oldest))) {
			oldest = r
		}
	}
	return oldest
}

// created returns when a shard's first record was created, rounded down to a second
// (DynamoDB API Reference, StreamRecord).
func created(r *shard) time.Time {
	return aws.ToTime(r.records[0].Dynamodb.ApproximateCreationDateTime)
}

// discover opens the shards that are not open yet. At the end of the stream it opens
// them behind their last record.
func (p *pass) discover(ctx context.Context, end bool) error {
	in := &dynamodbstreams.DescribeStreamInput{StreamArn: new(p.stack.Outputs["TableStreamArn"])}
	for {
		out, err := p.streams.DescribeStream(ctx, in)
		if err != nil {
			return err
		}
		for _, s := range out.StreamDescription.Shards {
			id := aws.ToString(s.ShardId)
			if p.readers[id] != nil {
				continue
			}
			if p.readers[id], err = p.open(ctx, id, end); err != nil {
				return err
			}
		}
		if in.ExclusiveStartShardId = out.StreamDescription.LastEvaluatedShardId; in.ExclusiveStartShardId == nil {
			return nil
		}
	}
}

// open opens a shard behind its saved sequence number. If the stream has lost that record,
// all records that it still has are behind it.
func (p *pass) open(ctx context.Context, id string, end bool) (*shard, error) {
	in := &dynamodbstreams.GetShardIteratorInput{StreamArn: new(p.stack.Outputs["TableStreamArn"]), ShardId: &id, ShardIteratorType: types.ShardIteratorTypeTrimHorizon}
	after, known := p.place.Shards[id]
	switch {
	case known:
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, &after
	case end:
		in.ShardIteratorType = types.ShardIteratorTypeLatest
	}
	out, err := p.streams.GetShardIterator(ctx, in)
	if trimmed(err) {
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeTrimHorizon, nil
		out, err = p.streams.GetShardIterator(ctx, in)
	}
	if err != nil {
		return nil, err
	}
	return &shard{id: id, exact: known || p.atEnd, iterator: out.ShardIterator}, nil
}
