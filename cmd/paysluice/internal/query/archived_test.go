package query_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

var errRefused = errors.New("refused")

// getter answers GetObject.
type getter struct {
	query.Objects
	key  string
	body io.Reader
	err  error
}

func (g *getter) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	g.key = *in.Bucket + "/" + *in.Key
	return &s3.GetObjectOutput{Body: io.NopCloser(g.body)}, g.err
}

func TestArchived(t *testing.T) {
	e := event.Event{ID: "stripe:evt_1", Provider: "stripe", ReceivedAt: 1_775_001_600_000, PayloadSHA256: event.HashPayload(nil)}
	kept := event.Archived{Schema: event.ArchiveSchema, FailureReason: contract.ReasonConflict, Event: &e}
	for _, tt := range []struct {
		why    string
		bucket getter
		is     error
	}{
		{"a message", getter{body: strings.NewReader(string(event.EncodeArchived(kept)))}, nil},
		{"nothing", getter{err: &types.NoSuchKey{}}, query.ErrNotFound},
		{"no access", getter{err: errRefused}, errRefused},
		{"a connection that breaks", getter{body: iotest.ErrReader(errRefused)}, errRefused},
		{"another object", getter{body: strings.NewReader("{}")}, event.ErrArchive},
	} {
		s := query.NewStore(nil, &tt.bucket, &stack.Stack{Outputs: map[string]string{"BucketName": "failed"}}, time.Now)
		m, err := s.Archived(t.Context(), e)
		assert.ErrorIs(t, err, tt.is, tt.why)
		assert.Equal(t, tt.is == nil, m.FailureReason == contract.ReasonConflict, tt.why)
		assert.Equal(t, "failed/"+kept.Key(), tt.bucket.key)
	}
}

// answer is an HTTP client that always gets the same answer.
type answer struct {
	status int
	body   string
}

func (a answer) Do(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Body: io.NopCloser(strings.NewReader(a.body)), Header: http.Header{}}, nil
}

func TestSecretDocument(t *testing.T) {
	for _, tt := range []struct {
		why    string
		answer answer
		want   string
		failed string
	}{
		{"a value", answer{200, `{"SecretString":"{}"}`}, "{}", ""},
		{"never filled", answer{400, `{"__type":"ResourceNotFoundException"}`}, "", ""},
		{"no access", answer{400, `{"__type":"AccessDeniedException"}`}, "", "AccessDeniedException"},
	} {
		s := &stack.Stack{Outputs: map[string]string{"StripeSecretArn": "arn"}}
		s.AWS.Config = aws.Config{Region: "us-east-1", HTTPClient: tt.answer, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
		got, err := query.SecretDocument(t.Context(), s, contract.Stripe())
		assert.Equal(t, tt.want, string(got), tt.why)
		if tt.failed == "" {
			require.NoError(t, err, tt.why)
		} else {
			assert.ErrorContains(t, err, tt.failed)
		}
	}
}
