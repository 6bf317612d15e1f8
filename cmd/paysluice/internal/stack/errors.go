package stack

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/smithy-go"
)

// Classes of the errors of AWS calls that an operator can mend.
var (
	ErrDenied      = errors.New("access denied")
	ErrCredentials = errors.New("no valid AWS credentials")
	ErrUnreachable = errors.New("AWS cannot be reached")
)

// Denied is an ErrDenied with the missing permission.
type Denied struct {
	Action   string // such as dynamodb:Query
	Resource string // ARN, "*" if AWS does not name it
	err      error
}

// Error names the permission and a policy statement that grants it.
func (d *Denied) Error() string {
	return fmt.Sprintf("%s: %s on %s. Add this statement to your policy, or use the policies of docs/operator-policies.md: %s",
		ErrDenied, d.Action, d.Resource, d.Statement())
}

// Statement returns the policy statement that grants the permission.
func (d *Denied) Statement() string {
	return fmt.Sprintf(`{"Effect":"Allow","Action":"%s","Resource":"%s"}`, d.Action, d.Resource)
}

// Is reports whether target is ErrDenied.
func (d *Denied) Is(target error) bool { return target == ErrDenied }

// Unwrap returns the error of the AWS call.
func (d *Denied) Unwrap() error { return d.err }

// Explain returns an error that says what to do about the failure of an AWS call.
// It returns err for failures without a class.
func Explain(err error, service, operation string) error {
	if failure, ok := errors.AsType[smithy.APIError](err); ok {
		switch code := failure.ErrorCode(); code {
		// S3 answers a HEAD without a body, so that the code is the text of the status.
		case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "Forbidden":
			return newDenied(err, failure.ErrorMessage(), service, operation)
		case "ExpiredToken", "ExpiredTokenException", "RequestExpired":
			return fmt.Errorf("%w: they are expired: sign in again, for example with aws sso login: %w", ErrCredentials, err)
		case "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSignatureException":
			return fmt.Errorf("%w: AWS does not know them: check --profile and AWS_ACCESS_KEY_ID: %w", ErrCredentials, err)
		}
		return err
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Errorf("%w: its certificate is not trusted: set AWS_CA_BUNDLE to a file with its authority, or correct --endpoint-url: %w", ErrUnreachable, err)
	}
	if _, ok := errors.AsType[ratelimit.QuotaExceededError](err); ok {
		return fmt.Errorf("%w: so many calls failed that none is repeated now: check the network, then try again", ErrUnreachable)
	}
	late, ok := errors.AsType[net.Error](err)
	if _, failed := errors.AsType[*net.OpError](err); failed || ok && late.Timeout() {
		return fmt.Errorf("%w: check the network, --region and --endpoint-url: %w", ErrUnreachable, err)
	}
	if text := err.Error(); strings.Contains(text, "failed to refresh cached credentials") || strings.Contains(text, "failed to retrieve credentials") {
		return fmt.Errorf("%w: sign in with aws sso login, or set AWS_PROFILE or AWS_ACCESS_KEY_ID: %w", ErrCredentials, err)
	}
	return err
}

// ErrorCode returns the code of an error of AWS, "" for other errors.
func ErrorCode(err error) string {
	if failure, ok := errors.AsType[smithy.APIError](err); ok {
		return failure.ErrorCode()
	}
	return ""
}

// notAuthorized is a pattern of AWS's message, which S3 shares since 2024:
// "User: {ARN} is not authorized to perform: {action} on resource: {ARN} …".
const notAuthorized = `not authorized to perform: (\S+?)(?: on resource: "?([^\s"]+))?[\s".]*(?:$|because|with an)`

func newDenied(err error, message, service, operation string) error {
	d := &Denied{Action: Action(service, operation), Resource: "*", err: err}
	if found := regexp.MustCompile(notAuthorized).FindStringSubmatch(message); found != nil {
		d.Action = found[1]
		if found[2] != "" {
			d.Resource = found[2]
		}
	}
	return d
}

// Action returns the IAM action of an operation of the SDK. service is its id, or the
// name of its package. The names differ in few places (Service Authorization
// Reference).
func Action(service, operation string) string {
	prefix := strings.ToLower(strings.ReplaceAll(service, " ", ""))
	switch prefix {
	case "apigateway": // its actions are the methods of HTTP
		return "apigateway:GET"
	case "cloudwatchlogs":
		prefix = "logs"
	case "dynamodbstreams":
		prefix = "dynamodb"
	case "eventbridge":
		prefix = "events"
	}
	switch prefix + ":" + operation {
	case "s3:ListObjectsV2":
		operation = "ListBucket"
	case "s3:HeadObject":
		operation = "GetObject"
	case "s3:ListObjectVersions":
		operation = "ListBucketVersions"
	case "s3:DeleteObjects": // of a version
		operation = "DeleteObjectVersion"
	case "sqs:ChangeMessageVisibilityBatch", "sqs:DeleteMessageBatch":
		operation = strings.TrimSuffix(operation, "Batch")
	case "lambda:Invoke":
		operation = "InvokeFunction"
	case "s3:GetPublicAccessBlock":
		operation = "GetBucketPublicAccessBlock"
	case "s3:GetBucketLifecycleConfiguration":
		operation = "GetLifecycleConfiguration"
	}
	return prefix + ":" + operation
}
