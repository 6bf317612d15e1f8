package emptier

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/function"
)

const (
	// pause is the time between two passes.
	pause = 5 * time.Second
	// maxFruitless is the number of consecutive passes that delete nothing before
	// the emptier gives up. S3 can fail single keys temporarily (InternalError).
	maxFruitless = 3
)

// ErrTime reports that the invocation ended before the bucket was empty.
var ErrTime = errors.New("no time left")

// empty deletes all versions and delete markers until the bucket has stayed
// empty for contract.BucketQuiet, and returns how many it deleted. The error says
// what to do.
func (h *Handler) empty(ctx context.Context, bucket string) (deleted int, err error) {
	emptySince, fruitless := time.Now(), 0
	for {
		swept, err := h.sweep(ctx, bucket)
		deleted += swept.deleted
		switch {
		case ctx.Err() != nil:
			return deleted, fmt.Errorf("%w: %d versions were deleted from bucket %s, which has not yet stayed empty for %v; delete the stack again to continue",
				ErrTime, deleted, bucket, contract.BucketQuiet)
		case err != nil:
			return deleted, err
		case swept.found > 0:
			emptySince = time.Now()
		case time.Since(emptySince) >= contract.BucketQuiet:
			return deleted, nil
		}
		if fruitless++; swept.found == 0 || swept.deleted > 0 {
			fruitless = 0
		}
		if fruitless == maxFruitless {
			return deleted, fmt.Errorf("bucket %s holds %d versions that cannot be deleted, the first because of %s; remove what protects them, or restore the emptier's permission to delete them, and delete the stack again",
				bucket, swept.found, swept.failure)
		}
		_ = function.Sleep(ctx, pause) // the next pass reports that ctx ended
	}
}

// pass is the result of one pass over a bucket.
type pass struct {
	found, deleted int
	failure        string // of the first version that was not deleted
}

// sweep deletes the versions in the bucket, page by page.
func (h *Handler) sweep(ctx context.Context, bucket string) (p pass, err error) {
	pages := s3.NewListObjectVersionsPaginator(h.Objects, &s3.ListObjectVersionsInput{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return p, fmt.Errorf("list bucket %s: %w; %s", bucket, err, remedy(err, "s3:ListBucketVersions"))
		}
		versions := identifiers(page)
		if len(versions) == 0 {
			continue
		}
		// A page has at most 1,000 versions, the maximum of DeleteObjects.
		out, err := h.Objects.DeleteObjects(ctx, &s3.DeleteObjectsInput{
			Bucket: &bucket,
			Delete: &types.Delete{Objects: versions, Quiet: new(true)},
		})
		if err != nil {
			return p, fmt.Errorf("delete from bucket %s: %w; %s", bucket, err, remedy(err, "s3:DeleteObject and s3:DeleteObjectVersion"))
		}
		p.found += len(versions)
		p.deleted += len(versions) - len(out.Errors)
		if p.failure == "" && len(out.Errors) > 0 {
			first := out.Errors[0]
			p.failure = fmt.Sprintf("%s (%s)", aws.ToString(first.Code), aws.ToString(first.Key))
		}
	}
	return p, nil
}

func identifiers(page *s3.ListObjectVersionsOutput) []types.ObjectIdentifier {
	var ids []types.ObjectIdentifier
	for _, v := range page.Versions {
		ids = append(ids, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
	}
	for _, m := range page.DeleteMarkers {
		ids = append(ids, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
	}
	return ids
}

// isNoSuchBucket reports whether the bucket does not exist.
func isNoSuchBucket(err error) bool { return errorCode(err) == "NoSuchBucket" }

// errorCode returns the code of an AWS error, "" for other errors.
func errorCode(err error) string {
	if failure, ok := errors.AsType[smithy.APIError](err); ok {
		return failure.ErrorCode()
	}
	return ""
}
