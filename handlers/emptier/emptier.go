package emptier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/function"
)

// ErrProperties is a custom resource that names no bucket.
var ErrProperties = errors.New("the custom resource has no property " + contract.BucketNameProperty)

// stackTag holds the id of the stack that created a bucket.
const stackTag = "aws:cloudformation:stack-id"

// margin is what is kept of an invocation's time to answer CloudFormation,
// which would else wait for the custom resource's whole timeout.
const margin = 15 * time.Second

// maxReason is in bytes: CloudFormation takes answers of up to 4,096
// (CloudFormation User Guide, "Custom resource response objects").
const maxReason = 1000

// Stacks is the part of the CloudFormation API that a Handler calls.
type Stacks interface {
	DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error)
}

// Objects is the part of the S3 API that a Handler calls.
type Objects interface {
	GetBucketTagging(context.Context, *s3.GetBucketTaggingInput, ...func(*s3.Options)) (*s3.GetBucketTaggingOutput, error)
	ListObjectVersions(context.Context, *s3.ListObjectVersionsInput, ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error)
	DeleteObjects(context.Context, *s3.DeleteObjectsInput, ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error)
}

// Handler is the custom resource; cfn.LambdaWrap sends its answers.
type Handler struct {
	Stacks  Stacks
	Objects Objects
	Log     *slog.Logger
}

// Handle implements cfn.CustomResourceFunction. The physical id is the bucket's
// name, always. An error is what CloudFormation shows as the reason.
func (h *Handler) Handle(ctx context.Context, e cfn.Event) (physicalID string, data map[string]any, err error) {
	ctx, cancel := function.WithMargin(ctx, margin)
	defer cancel()
	bucket, _ := e.ResourceProperties[contract.BucketNameProperty].(string)
	log := h.Log.With("requestType", string(e.RequestType), "stack", e.StackID, "bucket", bucket)

	if e.RequestType == cfn.RequestDelete {
		physicalID, err = e.PhysicalResourceID, h.delete(ctx, log, e.StackID, bucket)
	} else {
		physicalID, err = bucket, checkName(bucket)
	}
	if err != nil {
		log.ErrorContext(ctx, "request failed", "error", err.Error())
		err = shorten(err)
	}
	return physicalID, nil, err
}

func checkName(bucket string) error {
	if bucket == "" {
		return ErrProperties
	}
	return nil
}

// delete empties the bucket if the stack goes and the bucket is the stack's.
func (h *Handler) delete(ctx context.Context, log *slog.Logger, stackID, bucket string) error {
	if bucket == "" {
		return nil // what Create refused and a rollback deletes never had one
	}
	status, err := h.stackStatus(ctx, stackID)
	if err != nil {
		return err
	}
	if status != cfntypes.StackStatusDeleteInProgress && status != cfntypes.StackStatusRollbackInProgress {
		log.InfoContext(ctx, "bucket left as it is: the stack stays", "status", string(status))
		return nil
	}
	owner, err := h.ownerOf(ctx, bucket)
	if gone(err) {
		log.InfoContext(ctx, "bucket is gone")
		return nil
	}
	if err != nil {
		return err
	}
	if owner != stackID {
		log.InfoContext(ctx, "bucket left as it is: this stack did not create it", "owner", owner)
		return nil
	}
	deleted, err := h.empty(ctx, bucket)
	if err != nil && !gone(err) {
		return err
	}
	log.InfoContext(ctx, "bucket emptied", "deleted", deleted)
	return nil
}

func (h *Handler) stackStatus(ctx context.Context, stackID string) (cfntypes.StackStatus, error) {
	out, err := h.Stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stackID})
	if err != nil {
		return "", fmt.Errorf("cannot tell whether the stack is being deleted, so the bucket was left as it is: %w; %s", err, remedy(err, "cloudformation:DescribeStacks"))
	}
	for _, stack := range out.Stacks {
		return stack.StackStatus, nil
	}
	return "", fmt.Errorf("CloudFormation does not know the stack %s, so the bucket was left as it is; empty it by hand and delete the stack again", stackID)
}

// ownerOf is the id of the stack that created the bucket, "" when none did.
func (h *Handler) ownerOf(ctx context.Context, bucket string) (stackID string, err error) {
	out, err := h.Objects.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &bucket})
	if errorCode(err) == "NoSuchTagSet" {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("cannot tell which stack created bucket %s, so it was left as it is: %w; %s", bucket, err, remedy(err, "s3:GetBucketTagging"))
	}
	for _, tag := range out.TagSet {
		if *tag.Key == stackTag {
			return *tag.Value, nil
		}
	}
	return "", nil
}

// remedy is what to do about a call that failed for good.
func remedy(err error, permission string) string {
	if errorCode(err) == "AccessDenied" {
		return "restore the permission " + permission + " of the emptier's role and delete the stack again"
	}
	return "delete the stack again"
}

// shorten keeps an error within what CloudFormation takes. What is left out is
// its middle: it begins with what failed and ends with what to do.
func shorten(err error) error {
	const half = maxReason / 2
	if text := err.Error(); len(text) > maxReason {
		return errors.New(text[:half] + "…" + text[len(text)-half:])
	}
	return err
}
