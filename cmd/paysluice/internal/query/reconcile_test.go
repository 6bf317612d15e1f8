package query_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
)

// wire starts AWS with an answer for each operation, and returns a stack there. The
// operations of S3 are "". An operation without an answer is denied.
func wire(t *testing.T, answers map[string]string) *stack.Stack {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		answer, ok := answers[operation]
		if !ok || strings.Contains(answer, "Exception") {
			w.WriteHeader(http.StatusBadRequest)
		}
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return &stack.Stack{
		Outputs: map[string]string{
			"TableName": "events", "BucketName": "archive", "QueueUrl": server.URL + "/1/q", "DeadLetterQueueUrl": server.URL + "/1/d", "StripeSecretArn": "arn",
		},
		Parameters: map[string]string{"EnvironmentSuffix": "prod", "EventRetentionDays": "20"},
		AWS: stack.AWS{Endpoint: server.URL, Config: aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")}},
	}
}

func TestAPIKey(t *testing.T) {
	for answer, want := range map[string]error{
		`{"SecretString":"{\"apiKey\":\"rk_test_1\"}"}`: nil,
		`{"SecretString":"marked"}`:                     source.ErrKey,
		`{"__type":"ResourceNotFoundException"}`:        query.ErrNotFound,
	} {
		key, err := query.APIKey(t.Context(), wire(t, map[string]string{"GetSecretValue": answer}), contract.Stripe())
		require.ErrorIs(t, err, want)
		assert.Equal(t, want == nil, key.Token == "rk_test_1" && key.Sandbox)
		if want != nil {
			assert.ErrorContains(t, err, "secret stripe-api-key-prod")
			assert.NotContains(t, err.Error(), "marked")
		}
	}
	_, err := query.APIKey(t.Context(), wire(t, nil), contract.Stripe())
	require.Error(t, err)
	assert.NotErrorIs(t, err, query.ErrNotFound, "the secret may be there")
}

func TestComparisonAndRefill(t *testing.T) {
	s := wire(t, nil)
	c, err := query.Comparison(s, contract.Square(), nil, time.Now)
	require.NoError(t, err)
	assert.Equal(t, contract.Square(), c.Provider.Descriptor())
	assert.Equal(t, 20, query.Refill(s, nil, time.Now).RetentionDays)
	_, err = query.Comparison(s, contract.Provider{Name: "adyen"}, nil, time.Now)
	assert.ErrorIs(t, err, provider.ErrUnknown)
}

func TestReadLoss(t *testing.T) {
	answers := map[string]string{
		"DescribeTable":      `{"Table":{"ItemCount":7}}`,
		"GetQueueAttributes": `{"Attributes":{"ApproximateNumberOfMessages":"2","ApproximateNumberOfMessagesNotVisible":"1"}}`,
		"": `<ListVersionsResult><Version><Key>a</Key><IsLatest>true</IsLatest></Version>` +
			`<Version><Key>a</Key><IsLatest>false</IsLatest></Version></ListVersionsResult>`,
	}
	read := func() (query.Loss, error) {
		m := query.NewMonitor(wire(t, answers), time.Now)
		m.Metrics = &cloud{}
		return query.ReadLoss(t.Context(), m)
	}
	loss, err := read()
	require.NoError(t, err)
	assert.Equal(t, query.Loss{Events: 7, Messages: 6, Objects: 1, Versions: 1, Secrets: []string{"Stripe"}}, loss)
	for _, operation := range []string{"", "GetQueueAttributes", "DescribeTable"} {
		delete(answers, operation)
		_, err := read()
		assert.Error(t, err, "denied: "+operation)
	}
}
