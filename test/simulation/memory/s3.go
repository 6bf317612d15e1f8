package memory

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Limits of an object (Amazon S3 User Guide, "Naming Amazon S3 objects" and
// "Working with object metadata"), and of a listing (S3 API Reference,
// ListObjectsV2).
const (
	maxKey      = 1024
	maxMetadata = 2 << 10
	maxListing  = 1000
)

// S3 is a service with buckets without versions.
type S3 struct {
	mu      sync.Mutex
	now     func() time.Time
	buckets map[string]map[string]*object
}

type object struct {
	body     []byte
	metadata map[string]string
	etag     string
	put      time.Time
	class    types.StorageClass
	restored bool
}

// cold reports whether the object must be restored before a read (S3 User Guide,
// "Understanding S3 Glacier storage classes").
func (o *object) cold() bool { return o.class == types.StorageClassGlacier && !o.restored }

// NewS3 returns a service without buckets.
func NewS3(now func() time.Time) *S3 {
	return &S3{now: now, buckets: map[string]map[string]*object{}}
}

// CreateBucket creates an empty bucket.
func (s *S3) CreateBucket(_ context.Context, in *s3.CreateBucketInput, _ ...func(*s3.Options)) (*s3.CreateBucketOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buckets[aws.ToString(in.Bucket)] = map[string]*object{}
	return &s3.CreateBucketOutput{}, nil
}

// PutObject replaces the object with the same key, unless IfNoneMatch is "*" (S3
// User Guide, "Conditional write behavior"). It rejects keys over 1,024
// bytes and metadata over 2 KB (names and values) or outside US-ASCII.
func (s *S3) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	objects, err := s.find(in.Bucket)
	if err != nil {
		return nil, err
	}
	key := aws.ToString(in.Key)
	if len(key) > maxKey {
		return nil, newError("KeyTooLongError", "Your key is too long")
	}
	total := 0
	for name, value := range in.Metadata {
		total += len(name) + len(value)
		if strings.ContainsFunc(name+value, outsideASCII) {
			return nil, newError("InvalidArgument", "Metadata must be US-ASCII")
		}
	}
	if total > maxMetadata {
		return nil, newError("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
	}
	var body []byte
	if in.Body != nil {
		if body, err = io.ReadAll(in.Body); err != nil {
			return nil, err
		}
	}
	if _, taken := objects[key]; taken && aws.ToString(in.IfNoneMatch) == "*" {
		return nil, newError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	}
	sum := md5.Sum(body)
	o := &object{body: body, metadata: map[string]string{}, etag: `"` + hex.EncodeToString(sum[:]) + `"`, put: s.now(), class: in.StorageClass}
	for name, value := range in.Metadata {
		o.metadata[strings.ToLower(name)] = value // S3 stores names in lower case
	}
	objects[key] = o
	return &s3.PutObjectOutput{ETag: &o.etag}, nil
}

// GetObject returns the whole object.
func (s *S3) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	objects, err := s.find(in.Bucket)
	if err != nil {
		return nil, err
	}
	o, ok := objects[aws.ToString(in.Key)]
	if !ok {
		return nil, &types.NoSuchKey{Message: aws.String("The specified key does not exist.")}
	}
	if o.cold() {
		return nil, &types.InvalidObjectState{Message: aws.String("The operation is not valid for the object's storage class")}
	}
	return &s3.GetObjectOutput{
		Body:          io.NopCloser(bytes.NewReader(o.body)),
		ContentLength: new(int64(len(o.body))),
		ETag:          &o.etag,
		LastModified:  &o.put,
		Metadata:      maps.Clone(o.metadata),
	}, nil
}

// HeadObject returns an object's metadata, also of one in Glacier.
func (s *S3) HeadObject(_ context.Context, in *s3.HeadObjectInput, _ ...func(*s3.Options)) (*s3.HeadObjectOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	objects, err := s.find(in.Bucket)
	if err != nil {
		return nil, err
	}
	o, ok := objects[aws.ToString(in.Key)]
	if !ok {
		return nil, &types.NotFound{Message: aws.String("Not Found")}
	}
	out := &s3.HeadObjectOutput{ETag: &o.etag, LastModified: &o.put, Metadata: maps.Clone(o.metadata), StorageClass: o.class}
	if o.restored {
		out.Restore = aws.String(`ongoing-request="false", expiry-date="Fri, 21 Dec 2212 00:00:00 GMT"`)
	}
	return out, nil
}

// RestoreObject makes an object in Glacier readable at once. S3 takes minutes to
// hours, and accepts no other storage class.
func (s *S3) RestoreObject(_ context.Context, in *s3.RestoreObjectInput, _ ...func(*s3.Options)) (*s3.RestoreObjectOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	objects, err := s.find(in.Bucket)
	if err != nil {
		return nil, err
	}
	o, ok := objects[aws.ToString(in.Key)]
	switch {
	case !ok:
		return nil, &types.NoSuchKey{Message: aws.String("The specified key does not exist.")}
	case !o.cold():
		return nil, newError("InvalidObjectState", "Restore is not allowed for the object's current storage class.")
	}
	o.restored = true
	return &s3.RestoreObjectOutput{}, nil
}

// ListObjectsV2 lists the keys with a prefix in the order of their bytes, at most
// 1,000 in a page.
func (s *S3) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	objects, err := s.find(in.Bucket)
	if err != nil {
		return nil, err
	}
	limit := maxListing
	if in.MaxKeys != nil {
		limit = min(limit, int(*in.MaxKeys))
	}
	after := max(aws.ToString(in.StartAfter), aws.ToString(in.ContinuationToken))
	out := &s3.ListObjectsV2Output{IsTruncated: new(false)}
	for _, key := range slices.Sorted(maps.Keys(objects)) {
		if !strings.HasPrefix(key, aws.ToString(in.Prefix)) || key <= after && after != "" {
			continue
		}
		if len(out.Contents) == limit {
			out.IsTruncated, out.NextContinuationToken = new(true), out.Contents[limit-1].Key
			break
		}
		o := objects[key]
		out.Contents = append(out.Contents, types.Object{Key: &key, Size: new(int64(len(o.body))), ETag: &o.etag, LastModified: &o.put,
			StorageClass: types.ObjectStorageClass(o.class)})
	}
	out.KeyCount = new(int32(len(out.Contents)))
	return out, nil
}

func (s *S3) find(name *string) (map[string]*object, error) {
	objects, ok := s.buckets[aws.ToString(name)]
	if !ok {
		return nil, &types.NoSuchBucket{Message: aws.String("The specified bucket does not exist")}
	}
	return objects, nil
}

func outsideASCII(r rune) bool { return r < ' ' || r > '~' }
