package body_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/body"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/cloudevent"
)

var errDown = errors.New("down")

// stores has the body of one event, in both places.
type stores struct {
	content string
	err     error
}

func (s stores) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	if *in.TableName != "t" || in.Key["eventId"].(*types.AttributeValueMemberS).Value != "p:1" ||
		in.Key["timestamp"].(*types.AttributeValueMemberN).Value != "7" || s.content == "" {
		return &dynamodb.GetItemOutput{}, s.err
	}
	return &dynamodb.GetItemOutput{Item: map[string]types.AttributeValue{"payload": &types.AttributeValueMemberB{Value: []byte(s.content)}}}, s.err
}

func (s stores) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	if *in.Bucket != "b" || *in.Key != "oversize/1" || s.content == "" {
		return nil, &s3types.NoSuchKey{}
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(strings.NewReader(s.content))}, s.err
}

func TestFetch(t *testing.T) {
	for _, row := range []struct {
		why    string
		change func(*event.Event)
		stores stores
		want   error
	}{
		{"in the table", func(*event.Event) {}, stores{content: "body"}, nil},
		{"in the bucket", func(e *event.Event) { e.PayloadRef = "oversize/1" }, stores{content: "body"}, nil},
		{"erased before it was published", func(e *event.Event) { e.ErasedAt = 1 }, stores{content: "body"}, body.ErrGone},
		{"erased in the table since", func(*event.Event) {}, stores{}, body.ErrGone},
		{"expired in the bucket since", func(e *event.Event) { e.PayloadRef = "oversize/1" }, stores{}, body.ErrGone},
		{"another event", func(e *event.Event) { e.Timestamp = 0 }, stores{content: "body"}, body.ErrGone},
		{"other bytes in the table", func(*event.Event) {}, stores{content: "forged"}, body.ErrHash},
		{"other bytes in the bucket", func(e *event.Event) { e.PayloadRef = "oversize/1" }, stores{content: "forged"}, body.ErrHash},
		{"the table is down", func(*event.Event) {}, stores{content: "body", err: errDown}, errDown},
		{"the bucket is down", func(e *event.Event) { e.PayloadRef = "oversize/1" }, stores{content: "body", err: errDown}, errDown},
	} {
		t.Run(row.why, func(t *testing.T) {
			stored := event.Event{
				Schema: event.Schema, ID: "p:1", Timestamp: 7, Provider: "p", Category: event.Other, PayloadSHA256: event.HashPayload([]byte("body")),
			}
			row.change(&stored)
			e, err := cloudevent.From("urn:paysluice:1:r:test", stored, cloudevent.Stores{Table: "t", Bucket: "b"})
			require.NoError(t, err)

			content, err := body.New(row.stores, row.stores).Fetch(t.Context(), e)

			require.ErrorIs(t, err, row.want)
			if row.want == nil {
				assert.Equal(t, "body", string(content))
			}
		})
	}
}

// Another program's event may leave out a time of 0.
func TestFetchWithoutATimestamp(t *testing.T) {
	e := cloudevent.Event{Data: cloudevent.Data{Body: &cloudevent.Body{Table: "t", EventID: "p:1"}}}
	_, err := body.New(stores{}, stores{}).Fetch(t.Context(), e)
	require.ErrorIs(t, err, body.ErrGone)
}
