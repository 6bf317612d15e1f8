package query_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
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

// wire starts AWS with an answer for each operation, and returns a stack there. Text after
// a space is one that the request contains. The operations of S3 are "". An operation
// without an answer is denied.
func wire(t *testing.T, answers map[string]string) *stack.Stack {
	t.Helper()
	answers = maps.Clone(answers) // the caller may change its own while a call still runs
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		text, _ := io.ReadAll(r.Body)
		answer := `{"__type":"AccessDeniedException"}`
		for key, one := range answers {
			if name, part, _ := strings.Cut(key, " "); name == operation && strings.Contains(string(text), part) {
				answer = one
			}
		}
		if strings.Contains(answer, "Exception") {
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
	const none, denied, down = `{"__type":"ResourceNotFoundException"}`, `{"__type":"AccessDeniedException"}`, `{"__type":"InternalServiceErrorException"}`
	own := `{"SecretString":"{\"apiKey\":\"rk_test_own\"}"}`
	all := func(document string) string {
		return `{"SecretString":` + strconv.Quote(document) + `}`
	}
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_CONFIG_FILE": os.DevNull} {
		t.Setenv(name, value)
	}
	for _, row := range []struct {
		why, own, stack string // stack is "" for one without the secret
		from, says      string
		class           error
	}{
		{"the operator's own", own, "", "stripe-api-key-prod", "", nil},
		{"it comes first", own, all(`{"stripe":{"apiKey":"rk_test_stack"}}`), "stripe-api-key-prod", "", nil},
		{"the stack's", none, all(`{"stripe":{"apiKey":"rk_test_stack"}}`), "provider-api-keys-prod", "", nil},
		{"the other may not be read", denied, all(`{"stripe":{"apiKey":"rk_test_stack"}}`), "provider-api-keys-prod", "", nil},
		{"the own is malformed", all("marked"), "", "", "secret stripe-api-key-prod", source.ErrMalformed},
		{"the stack's is malformed", none, all(`{"stripe":{"apiKey":"marked"}}`), "", "secret provider-api-keys-prod: stripe: the key is malformed: a key of Stripe begins with", source.ErrMalformed},
		{"a misspelled provider", none, all(`{"Stripe":{"apiKey":"marked"}}`), "", `"Stripe" is not the name of a provider`, source.ErrMalformed},
		{"a key of another provider", none, all(`{"square":{"accessToken":"marked","environment":"live"}}`), "", "no key of Stripe", query.ErrNotFound},
		{"a key of none", none, all(`{}`), "", "no key of Stripe", query.ErrNotFound},
		{"no secret", none, "", "", "secret stripe-api-key-prod", query.ErrNotFound},
		{"no value on an emulator", none, `{"SecretString":""}`, "", "secret provider-api-keys-prod", query.ErrNotFound},
		{"no value", none, none, "", "secret provider-api-keys-prod", query.ErrNotFound},
		{"it may not be read", none, denied, "", "secretsmanager:GetSecretValue", stack.ErrDenied},
		{"so the operator is asked", denied, "", "", "", query.ErrNotFound},
	} {
		s := wire(t, map[string]string{"GetSecretValue stripe-api-key-prod": row.own, "GetSecretValue provider-api-keys": row.stack})
		if row.stack != "" {
			s.Outputs["ApiKeysSecretArn"] = "arn:aws:secretsmanager:us-east-1:1:secret:provider-api-keys-prod-AbCdEf"
		}
		var err error
		s.AWS, err = stack.Configure(t.Context(), stack.Options{Endpoint: s.AWS.Endpoint}) // it explains errors
		require.NoError(t, err)
		key, from, err := query.APIKey(t.Context(), s, contract.Stripe())
		require.ErrorIs(t, err, row.class, row.why)
		if row.class != nil {
			assert.ErrorContains(t, err, row.says, row.why)
			assert.NotContains(t, err.Error(), "marked")
			continue
		}
		assert.Equal(t, row.from, from, row.why)
		assert.Equal(t, source.Key{Token: map[bool]string{true: "rk_test_own", false: "rk_test_stack"}[from == "stripe-api-key-prod"], Sandbox: true}, key)
	}
	_, _, err := query.APIKey(t.Context(), wire(t, map[string]string{"GetSecretValue": down}), contract.Stripe())
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
