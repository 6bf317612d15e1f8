package conformance_test

import (
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func bucketRules() []rule {
	return []rule{
		{"S3: an object reads back unchanged", func(t *testing.T, s services) {
			bucket := newBucket(t, s)
			require.NoError(t, putObject(t, s, bucket, "stripe/2026/a b%2F.json", "\x00\xffbody"))

			body, metadata := readObject(t, s, bucket, "stripe/2026/a b%2F.json")

			assert.Equal(t, "\x00\xffbody", body)
			assert.Equal(t, map[string]string{"reason": "why"}, metadata, "S3 stores names of metadata in lower case")
		}},
		{"S3: a second put replaces the object", func(t *testing.T, s services) {
			bucket := newBucket(t, s)
			require.NoError(t, putObject(t, s, bucket, "a", "old"))
			require.NoError(t, putObject(t, s, bucket, "a", "new"))

			body, _ := readObject(t, s, bucket, "a")

			assert.Equal(t, "new", body)
		}},
		{"S3: a put with If-None-Match replaces nothing", func(t *testing.T, s services) {
			bucket := newBucket(t, s)
			create := func(body string) error {
				_, err := s.s3.PutObject(t.Context(), &s3.PutObjectInput{
					Bucket: bucket, Key: new("a"), Body: strings.NewReader(body), IfNoneMatch: new("*"), Metadata: map[string]string{"Reason": "why"},
				})
				return err
			}
			require.NoError(t, create("old"))
			requireCode(t, "PreconditionFailed", create("new"))

			body, _ := readObject(t, s, bucket, "a")

			assert.Equal(t, "old", body)
		}},
		{"S3: a key that does not exist", func(t *testing.T, s services) {
			_, err := s.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: newBucket(t, s), Key: new("a")})
			var missing *types.NoSuchKey
			assert.ErrorAs(t, err, &missing)
		}},
		{"S3: a bucket that does not exist", func(t *testing.T, s services) {
			requireCode(t, "NoSuchBucket", putObject(t, s, new(s.name("bucket")), "a", "x"))
		}},
		{"S3: a listing has a prefix, an order and pages", func(t *testing.T, s services) {
			bucket := newBucket(t, s)
			for _, key := range []string{"b/2", "a/1", "b/10", "b/1", "c"} {
				require.NoError(t, putObject(t, s, bucket, key, key))
			}
			var keys []string
			pages := 0
			for token := (*string)(nil); ; pages++ {
				out, err := s.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{
					Bucket: bucket, Prefix: new("b/"), MaxKeys: new(int32(2)), ContinuationToken: token,
				})
				require.NoError(t, err)
				for _, object := range out.Contents {
					keys = append(keys, *object.Key)
				}
				if token = out.NextContinuationToken; token == nil {
					break
				}
			}
			assert.Equal(t, []string{"b/1", "b/10", "b/2"}, keys, "in the order of their bytes")
			assert.Equal(t, 1, pages, "one page and the rest")
		}},
		{"S3: a key has at most 1,024 bytes", func(t *testing.T, s services) {
			bucket := newBucket(t, s)
			require.NoError(t, putObject(t, s, bucket, strings.Repeat("k", 1024), "x"))
			requireCode(t, "KeyTooLongError", putObject(t, s, bucket, strings.Repeat("k", 1025), "x"))
		}},
		{"S3: metadata has at most 2 KB of US-ASCII", func(t *testing.T, s services) {
			bucket := newBucket(t, s)
			of := func(size int) map[string]string {
				return map[string]string{"a": strings.Repeat("x", size-len("a")-len("b")), "b": ""}
			}
			require.NoError(t, putWithMetadata(t, s, bucket, "a", "", of(2<<10)))
			requireCode(t, "MetadataTooLarge", putWithMetadata(t, s, bucket, "a", "", of(2<<10+1)))
			for _, value := range []string{"é", "line\nfeed", "\x7f"} {
				assert.Error(t, putWithMetadata(t, s, bucket, "a", "", map[string]string{"a": value}), "%q", value)
			}
		}},
	}
}

func newBucket(t *testing.T, s services) *string {
	t.Helper()
	name := s.name("bucket")
	_, err := s.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name})
	require.NoError(t, err)
	return &name
}

func putObject(t *testing.T, s services, bucket *string, key, body string) error {
	t.Helper()
	return putWithMetadata(t, s, bucket, key, body, map[string]string{"Reason": "why"})
}

func putWithMetadata(t *testing.T, s services, bucket *string, key, body string, metadata map[string]string) error {
	t.Helper()
	_, err := s.s3.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: bucket, Key: &key, Body: strings.NewReader(body), Metadata: metadata,
	})
	return err
}

func readObject(t *testing.T, s services, bucket *string, key string) (body string, metadata map[string]string) {
	t.Helper()
	out, err := s.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: &key})
	require.NoError(t, err)
	defer out.Body.Close()
	content, err := io.ReadAll(out.Body)
	require.NoError(t, err)
	return string(content), out.Metadata
}
