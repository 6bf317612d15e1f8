package stack_test

import (
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/cmd/paysluice/local"
	"github.com/paysluice/paysluice/handlers/contract"
)

// answer starts CloudFormation with one answer to every call, and sets the AWS
// environment. It returns the URL.
func answer(t *testing.T, status int, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "", "AWS_MAX_ATTEMPTS": "1",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_ENDPOINT_URL": server.URL,
	} {
		t.Setenv(name, value)
	}
	return server.URL
}

func stacks(members ...string) string {
	return "<DescribeStacksResponse><DescribeStacksResult><Stacks>" + strings.Join(members, "") + "</Stacks></DescribeStacksResult></DescribeStacksResponse>"
}

func member(name, description, status string) string {
	return fmt.Sprintf(`<member><StackName>%s</StackName><Description>%s</Description><StackStatus>%s</StackStatus>
<CreationTime>2026-03-01T00:00:00Z</CreationTime><EnableTerminationProtection>true</EnableTerminationProtection>
<Outputs><member><OutputKey>StripeUrl</OutputKey><OutputValue>https://abc.execute-api.us-east-1.amazonaws.com/live/stripe</OutputValue></member>
<member><OutputKey>SquareUrl</OutputKey><OutputValue>https://hooks.example.com/square</OutputValue></member>
<member><OutputKey>PayPalUrl</OutputKey><OutputValue>:</OutputValue></member></Outputs>
<Parameters><member><ParameterKey>EnvironmentSuffix</ParameterKey><ParameterValue>prod</ParameterValue></member></Parameters></member>`, name, description, status)
}

const description = contract.StackDescription + ": webhooks"

func find(t *testing.T, name string) (*stack.Stack, error) {
	t.Helper()
	a, err := stack.Configure(t.Context(), stack.Options{})
	require.NoError(t, err)
	return stack.Find(t.Context(), a, name)
}

func TestFind(t *testing.T) {
	url := answer(t, 200, stacks(member("other", "a website", "CREATE_COMPLETE"), member("mine", description, "UPDATE_COMPLETE"),
		member("gone", description, "DELETE_COMPLETE")))
	s, err := find(t, "")
	require.NoError(t, err)
	assert.Equal(t, "mine", s.Name)
	assert.True(t, s.Protected)
	assert.Equal(t, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), s.CreatedAt)
	assert.Equal(t, "prod", s.Suffix())
	assert.Equal(t, "event-consumer-prod", s.FunctionName(contract.ConsumerName))
	assert.Equal(t, "/aws/lambda/event-consumer-prod", s.LogGroup(contract.ConsumerName))
	assert.Equal(t, "us-east-1", s.AWS.Config.Region, "the region that paysluice supports is the default")

	webhook, err := s.WebhookURL(contract.Stripe())
	require.NoError(t, err)
	assert.Equal(t, url+"/_aws/execute-api/abc/live/stripe", webhook, "an emulator serves APIs by path")
	webhook, err = s.WebhookURL(contract.Square())
	require.NoError(t, err)
	assert.Equal(t, "https://hooks.example.com/square", webhook, "a domain of one's own")
	_, err = s.WebhookURL(contract.PayPal())
	assert.ErrorContains(t, err, "output PayPalUrl")
	s.Outputs["ApiId"] = "abc"
	assert.Equal(t, "https://abc.execute-api.us-east-1.amazonaws.com/live/square", s.APIURL(contract.Square()))
	s.AWS.Endpoint = ""
	webhook, err = s.WebhookURL(contract.Stripe())
	require.NoError(t, err)
	assert.Equal(t, "https://abc.execute-api.us-east-1.amazonaws.com/live/stripe", webhook)

	s, err = find(t, "named")
	require.NoError(t, err)
	assert.Equal(t, "other", s.Name, "CloudFormation looks names up")
	require.ErrorIs(t, s.Check(), stack.ErrForeign, "its description is another one")
}

func TestCheck(t *testing.T) {
	for _, row := range []struct {
		why, description, status, output, suffix string
		is                                       error
	}{
		{"a website with the suffix of its own", "a website", "CREATE_COMPLETE", "TableName", "prod", stack.ErrForeign},
		{"a description that begins alike", description, "CREATE_COMPLETE", "Url", "prod", stack.ErrForeign},
		{"neither description nor outputs", "", "CREATE_COMPLETE", "", "", stack.ErrForeign},
		{"parameters alike do not suffice", "", "ROLLBACK_COMPLETE", "", "prod", stack.ErrForeign},
		{"a table does not suffice", "", "CREATE_COMPLETE", "TableName", "", stack.ErrForeign},
		{"the emulator describes no stack of a change set", "", "CREATE_COMPLETE", "TableName", "prod", nil},
		{"no change set was executed", "", "REVIEW_IN_PROGRESS", "", "", nil},
		{"it is being created", description, "CREATE_IN_PROGRESS", "", "prod", nil},
		{"its first deployment failed", description, "ROLLBACK_COMPLETE", "", "prod", nil},
		{"it is deployed", description, "UPDATE_COMPLETE", "TableName", "prod", nil},
	} {
		s := &stack.Stack{Name: "s", Description: row.description, Status: row.status, Outputs: map[string]string{}, Parameters: map[string]string{"EnvironmentSuffix": row.suffix}}
		if row.output != "" {
			s.Outputs[row.output] = "x"
		}
		assert.ErrorIs(t, s.Check(), row.is, row.why)
	}
}

func TestFindFails(t *testing.T) {
	apiError := func(code, message string) string {
		return "<ErrorResponse><Error><Code>" + code + "</Code><Message>" + message + "</Message></Error></ErrorResponse>"
	}
	for _, row := range []struct {
		why, name string
		status    int
		body      string
		is        error
		says      string
	}{
		{"a typo", "x", 400, apiError("ValidationError", "Stack with id x does not exist"), stack.ErrNotFound, "us-east-1 has no stack x: check --stack"},
		{"a typo, on an emulator", "x", 200, stacks(), stack.ErrNotFound, "has no stack x"},
		{"another region", "", 200, stacks(member("other", "a website", "CREATE_COMPLETE")), stack.ErrNotFound, "choose another --region"},
		{"several", "", 200, stacks(member("b", description, ""), member("a", description, "")), stack.ErrAmbiguous, "--stack or PAYSLUICE_STACK: a, b"},
		{"a missing permission", "", 403, apiError("AccessDenied", "User: arn:aws:iam::1:user/u is not authorized to perform: cloudformation:DescribeStacks on resource: arn:aws:cloudformation:us-east-1:1:stack/x/* because no identity-based policy allows it"),
			stack.ErrDenied, `{"Effect":"Allow","Action":"cloudformation:DescribeStacks","Resource":"arn:aws:cloudformation:us-east-1:1:stack/x/*"}`},
		{"a missing permission, by name", "x", 403, apiError("AccessDenied", "no"), stack.ErrDenied, "cloudformation:DescribeStacks on *"},
		{"expired credentials", "x", 403, apiError("ExpiredToken", "old"), stack.ErrCredentials, "aws sso login"},
		{"unknown credentials", "x", 403, apiError("InvalidClientTokenId", "who"), stack.ErrCredentials, "check --profile"},
		{"anything else", "x", 400, apiError("Odd", "odd"), nil, "Odd"},
	} {
		t.Run(row.why, func(t *testing.T) {
			answer(t, row.status, row.body)
			_, err := find(t, row.name)
			require.Error(t, err)
			if row.is != nil {
				assert.ErrorIs(t, err, row.is)
			}
			assert.ErrorContains(t, err, row.says)
		})
	}
}

func TestFindWithoutAWS(t *testing.T) {
	answer(t, 200, "")
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	_, err := find(t, "x")
	assert.ErrorIs(t, err, stack.ErrUnreachable)
	other := httptest.NewTLSServer(nil)
	defer other.Close()
	t.Setenv("AWS_ENDPOINT_URL", other.URL)
	_, err = find(t, "x")
	assert.ErrorIs(t, err, stack.ErrUnreachable)
	assert.ErrorContains(t, err, "its certificate is not trusted: set AWS_CA_BUNDLE")

	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	_, err = find(t, "x")
	assert.ErrorIs(t, err, stack.ErrCredentials)
}

func TestExplain(t *testing.T) {
	denied := func(message string) error { return &smithy.GenericAPIError{Code: "AccessDenied", Message: message} }
	for _, row := range []struct{ why, service, operation, message, action, resource string }{
		{"S3 without details", "S3", "ListObjectsV2", "Access Denied", "s3:ListBucket", "*"},
		{"a head needs the permission to get", "S3", "HeadObject", "", "s3:GetObject", "*"},
		{"versions", "S3", "ListObjectVersions", "", "s3:ListBucketVersions", "*"},
		{"erasing", "S3", "DeleteObjects", "", "s3:DeleteObjectVersion", "*"},
		{"a bucket's settings", "S3", "GetPublicAccessBlock", "", "s3:GetBucketPublicAccessBlock", "*"},
		{"an action without Bucket", "S3", "GetBucketLifecycleConfiguration", "", "s3:GetLifecycleConfiguration", "*"},
		{"methods", "API Gateway", "GetStage", "", "apigateway:GET", "*"},
		{"streams", "DynamoDB Streams", "GetRecords", "", "dynamodb:GetRecords", "*"},
		{"invoking", "Lambda", "Invoke", "", "lambda:InvokeFunction", "*"},
		{"a batch needs the permission for one", "SQS", "ChangeMessageVisibilityBatch", "", "sqs:ChangeMessageVisibility", "*"},
		{"rules", "EventBridge", "DescribeRule", "", "events:DescribeRule", "*"},
		{"logs", "CloudWatch Logs", "FilterLogEvents", "", "logs:FilterLogEvents", "*"},
		{"AWS names both", "KMS", "Decrypt", "User: u is not authorized to perform: kms:Decrypt on resource: \"arn:aws:kms:us-east-1:1:key/k\" because no", "kms:Decrypt", "arn:aws:kms:us-east-1:1:key/k"},
		{"AWS names the action", "SNS", "X", "User: u is not authorized to perform: sns:X because no", "sns:X", "*"},
	} {
		err := stack.Explain(denied(row.message), row.service, row.operation)
		found, ok := errors.AsType[*stack.Denied](err)
		require.True(t, ok, row.why)
		assert.Equal(t, row.action, found.Action, row.why)
		assert.Equal(t, row.resource, found.Resource, row.why)
		assert.ErrorAs(t, err, new(*smithy.GenericAPIError), "the cause is kept")
		assert.Equal(t, "AccessDenied", stack.ErrorCode(err))
	}
	other := errors.New("other")
	assert.Equal(t, other, stack.Explain(other, "S3", "GetObject"))
	assert.ErrorIs(t, stack.Explain(os.ErrDeadlineExceeded, "S3", "GetObject"), stack.ErrUnreachable, "a timeout of a handshake")
	assert.EqualError(t, stack.Explain(fmt.Errorf("failed to get rate limit token, %w", ratelimit.QuotaExceededError{Available: 10, Requested: 20}), "S3", "GetObject"),
		"AWS cannot be reached: so many calls failed that none is repeated now: check the network, then try again")
	forbidden := &smithy.GenericAPIError{Code: "Forbidden"}
	assert.ErrorIs(t, stack.Explain(forbidden, "S3", "HeadObject"), stack.ErrDenied, "an answer without a body")
	assert.Empty(t, stack.ErrorCode(other))
}

func TestConfigure(t *testing.T) {
	url := answer(t, 200, stacks())
	a, err := stack.Configure(t.Context(), stack.Options{Region: "eu-west-1", Endpoint: url + "/other"})
	require.NoError(t, err)
	assert.Equal(t, "eu-west-1", a.Config.Region)
	assert.Equal(t, url+"/other", a.Endpoint)
	for _, wrong := range []string{"localhost", "localhost:4566", "ftp://localhost", "httpx://localhost", "http:", ":"} {
		_, err = stack.Configure(t.Context(), stack.Options{Endpoint: wrong})
		assert.ErrorIs(t, err, stack.ErrConfiguration, wrong)
	}
	_, err = stack.Configure(t.Context(), stack.Options{Profile: "nobody"})
	assert.ErrorIs(t, err, stack.ErrConfiguration)
}

func TestConfigureForTheLocalStack(t *testing.T) {
	answer(t, 200, "")
	root := t.TempDir()
	folder := filepath.Join(root, "cmd")
	dir := filepath.Join(root, local.Dir)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.Mkdir(folder, 0o755))
	configure := func() (stack.AWS, error) {
		return stack.Configure(t.Context(), stack.Options{Local: true, Folder: folder})
	}
	_, err := configure()
	assert.ErrorIs(t, err, local.ErrNotRunning, "none was started")

	state := local.State{URL: "https://127.0.0.1:8443", Bundle: filepath.Join(dir, "bundle.pem"), KeyID: "key", Secret: "s"}
	require.NoError(t, local.Write(dir, state))
	_, err = configure()
	assert.ErrorIs(t, err, local.ErrNotRunning, "its files are gone")

	server := httptest.NewTLSServer(nil)
	defer server.Close()
	require.NoError(t, os.WriteFile(state.Bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	a, err := configure()
	require.NoError(t, err)
	assert.True(t, a.Local)
	assert.Equal(t, state.URL, a.Endpoint)
	credentials, err := a.Config.Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "key", credentials.AccessKeyID)
}
