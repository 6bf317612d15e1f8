// Package emptier empties the stack's bucket when the stack is deleted, as a
// custom resource, because CloudFormation cannot delete a bucket with objects.
//
// # When a Delete request means that the stack is deleted
//
// CloudFormation sends Delete to a custom resource in these situations:
//
//   - The stack is deleted: empty the bucket.
//   - The stack's creation failed and is rolled back: empty the bucket.
//   - An update changed the logical id of the custom resource: CloudFormation
//     creates a new one for the same bucket and deletes the old one.
//   - An update removed the custom resource (aws/aws-cdk#16603).
//   - An update of these kinds failed: CloudFormation deletes the new resource
//     (aws/aws-cdk#27199).
//   - An update changed the bucket's name: CloudFormation deletes the resource of
//     the old bucket. That bucket then cannot be deleted and is left behind
//     (aws/aws-cdk#14011), which is cheaper than losing an archive. The emptier
//     refuses such an update, see ErrRenamed.
//   - The ServiceToken changed together with the logical id. CloudFormation
//     refuses a new ServiceToken for the same one
//     (AWS::CloudFormation::CustomResource).
//
// Request type, physical id and properties are the same in all of them. So the
// physical id is the bucket's name in every response, which keeps updates from
// causing a Delete, and a Delete reads the status of the stack. Two statuses mean
// that all resources are deleted: DELETE_IN_PROGRESS, and ROLLBACK_IN_PROGRESS
// after a failed creation (CloudFormation User Guide, "Stack status codes"). With
// any other status the bucket is not emptied.
//
// A deletion that retains only the bucket (delete-stack --retain-resources) has
// the same status, so it empties the bucket. To keep its objects, retain the
// custom resource as well.
//
// # Which bucket
//
// The bucket must have the tag aws:cloudformation:stack-id with the id of the
// stack. CloudFormation sets it on the resources that it creates, and nobody else
// can set tags that begin with aws: (CloudFormation User Guide, "Resource tag").
// So a wrong name or a late request cannot empty the bucket of another stack.
package emptier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/function"
)

// ErrProperties reports a custom resource that names no bucket.
var ErrProperties = errors.New("the custom resource has no property " + contract.BucketNameProperty)

// ErrRenamed reports an update that would replace the bucket, and with it every
// other resource that has the EnvironmentSuffix in its name. CloudFormation itself
// refuses it on AWS, because the suffix changes the ServiceToken too: "Modifying
// service token is not allowed".
var ErrRenamed = errors.New("the bucket's name cannot change, since the update would delete the table, the queues and the secrets")

// stackTag is the tag with the id of the stack that created a resource.
const stackTag = "aws:cloudformation:stack-id"

// AttemptTimeout bounds one attempt of Stacks or Objects. S3 needs a few seconds
// to delete 1,000 versions.
const AttemptTimeout = 30 * time.Second

// margin is reserved at the end of an invocation for responding to
// CloudFormation, which otherwise waits for the timeout of the custom resource.
const margin = 15 * time.Second

// maxReason is the maximum length of a reason in bytes. CloudFormation accepts
// responses of 4,096 (CloudFormation User Guide, "Custom resource response
// objects").
const maxReason = 1000

// Stacks is the subset of the CloudFormation API that a Handler calls.
type Stacks interface {
	DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error)
}

// Objects is the subset of the S3 API that a Handler calls.
type Objects interface {
	GetBucketTagging(context.Context, *s3.GetBucketTaggingInput, ...func(*s3.Options)) (*s3.GetBucketTaggingOutput, error)
	ListObjectVersions(context.Context, *s3.ListObjectVersionsInput, ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error)
	DeleteObjects(context.Context, *s3.DeleteObjectsInput, ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error)
}

// Handler handles the requests of the custom resource. cfn.LambdaWrap sends its
// responses.
type Handler struct {
	Stacks  Stacks
	Objects Objects
	Log     *slog.Logger
}

// Handle implements cfn.CustomResourceFunction. The physical id is always the
// bucket's name. CloudFormation shows the error as the reason.
func (h *Handler) Handle(ctx context.Context, e cfn.Event) (physicalID string, data map[string]any, err error) {
	ctx, cancel := function.WithMargin(ctx, margin)
	defer cancel()
	bucket, _ := e.ResourceProperties[contract.BucketNameProperty].(string)
	log := h.Log.With("requestType", string(e.RequestType), "stack", e.StackID, "bucket", bucket)

	switch e.RequestType {
	case cfn.RequestDelete:
		physicalID, err = e.PhysicalResourceID, h.delete(ctx, log, e.StackID, bucket)
	case cfn.RequestUpdate:
		old, _ := e.OldResourceProperties[contract.BucketNameProperty].(string)
		physicalID, err = bucket, h.checkUpdate(ctx, e.StackID, old, bucket)
	default:
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

// checkUpdate refuses another bucket, except in a rollback, which returns to the
// bucket before.
func (h *Handler) checkUpdate(ctx context.Context, stackID, old, bucket string) error {
	if old == "" || old == bucket {
		return checkName(bucket)
	}
	status, err := h.stackStatus(ctx, stackID)
	if err == nil && strings.Contains(string(status), "ROLLBACK") {
		return checkName(bucket)
	}
	return errors.Join(fmt.Errorf("%w: %s would become %s; set EnvironmentSuffix back to its value, or deploy a new stack for the new suffix",
		ErrRenamed, old, bucket), err)
}

// delete empties the bucket if the stack is being deleted and created it.
func (h *Handler) delete(ctx context.Context, log *slog.Logger, stackID, bucket string) error {
	if bucket == "" {
		return nil // the rollback of a Create that was refused
	}
	status, err := h.stackStatus(ctx, stackID)
	if err != nil {
		return err
	}
	if status != cfntypes.StackStatusDeleteInProgress && status != cfntypes.StackStatusRollbackInProgress {
		log.InfoContext(ctx, "bucket not emptied: the stack is not being deleted", "status", string(status))
		return nil
	}
	owner, err := h.owner(ctx, bucket)
	if isNoSuchBucket(err) {
		log.InfoContext(ctx, "bucket does not exist")
		return nil
	}
	if err != nil {
		return err
	}
	if owner != stackID {
		log.InfoContext(ctx, "bucket not emptied: this stack did not create it", "owner", owner)
		return nil
	}
	deleted, err := h.empty(ctx, bucket)
	if err != nil && !isNoSuchBucket(err) {
		return err
	}
	log.InfoContext(ctx, "bucket emptied", "deleted", deleted)
	return nil
}

func (h *Handler) stackStatus(ctx context.Context, stackID string) (cfntypes.StackStatus, error) {
	out, err := h.Stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stackID})
	if err != nil {
		return "", fmt.Errorf("cannot read the status of the stack, so the bucket was not emptied: %w; %s", err, remedy(err, "cloudformation:DescribeStacks"))
	}
	for _, stack := range out.Stacks {
		return stack.StackStatus, nil
	}
	return "", fmt.Errorf("CloudFormation does not know the stack %s, so the bucket was not emptied; empty it by hand and delete the stack again", stackID)
}

// owner returns the id of the stack that created the bucket, "" without one.
func (h *Handler) owner(ctx context.Context, bucket string) (stackID string, err error) {
	out, err := h.Objects.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &bucket})
	if errorCode(err) == "NoSuchTagSet" {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("cannot read which stack created bucket %s, so it was not emptied: %w; %s", bucket, err, remedy(err, "s3:GetBucketTagging"))
	}
	for _, tag := range out.TagSet {
		if *tag.Key == stackTag {
			return *tag.Value, nil
		}
	}
	return "", nil
}

// remedy returns what to do about a failed call.
func remedy(err error, permission string) string {
	if errorCode(err) == "AccessDenied" {
		return "restore the permission " + permission + " of the emptier's role and delete the stack again"
	}
	return "delete the stack again"
}

// shorten cuts an error to maxReason. It cuts the middle, because the text begins
// with the failure and ends with what to do.
func shorten(err error) error {
	const half = maxReason / 2
	if text := err.Error(); len(text) > maxReason {
		return errors.New(text[:half] + "…" + text[len(text)-half:])
	}
	return err
}
