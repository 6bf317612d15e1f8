package operator_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// TestErase looks for what is left of a payload: in the table, in its stream's next records,
// in all versions in the bucket and in all logs. A redelivery afterwards is a duplicate.
func TestErase(t *testing.T) {
	p := contract.Stripe()
	a := accounts[p.Name]
	const unnamed = "a message without an event's id, delivered twice"
	for _, row := range []struct {
		why    string
		stored bool
		size   int // of what is added to the body
		counts string
		places []string // of the payload before
	}{
		{"a body in the row", true, 0, "1 object version", []string{"table", "bucket"}},
		{"a body in the bucket", true, 200_000, "2 object versions", []string{"bucket", "bucket"}},
		{"an event that is only in the archive", false, 0, "1 object version", []string{"bucket"}},
		{unnamed, false, 0, "2 object versions", []string{"bucket", "bucket"}},
	} {
		before, number, m := time.Now(), a.NewID(), newMark()
		id, body := a.EventID(number), a.Body(number, 4999, senders.Created)
		body = bytes.Replace(body, []byte(senders.Mark), []byte(m[0]+strings.Repeat("x", row.size)), 1)
		if row.stored {
			deliver(t, a, id, body)
		}
		erased, payload := "1 payload", id
		if row.why == unnamed {
			archiveCopy(t, p, "", body)
			erased, id = "2 payloads", ""
		}
		if key := archiveCopy(t, p, id, body); id == "" {
			payload = key
		}
		require.Equal(t, row.places, m.places(t, before), "%s: the search finds what is there", row.why)

		r := root().with("n\n").run(t, "events", "erase", payload)
		assert.Equal(t, 1, r.code)
		assert.Contains(t, r.stderr, "This erases "+erased+" of paysluice-operator and "+row.counts+" in the bucket:", row.why)
		require.Equal(t, row.places, m.places(t, before), "%s: nothing was confirmed", row.why)

		next := newRecords(t)
		r = paysluice(t, "events", "erase", payload, "--yes")
		require.Equal(t, 0, r.code, r.stderr)
		assert.Equal(t, erased+" erased\n", r.stdout)
		assert.Empty(t, m.places(t, before), row.why)
		records := next()
		assert.False(t, m.in(records), "%s: %s", row.why, records)
		assert.Equal(t, row.stored, bytes.Contains(records, []byte(payload)), "%s: %s", row.why, records)
		if !row.stored {
			assert.Equal(t, 1, paysluice(t, "failures", "show", payload).code, row.why)
			continue
		}
		r = paysluice(t, "events", "payload", id)
		assert.Equal(t, 1, r.code)
		assert.Contains(t, r.stderr, "was erased on ")

		again, sent := a.Redelivered(body), time.Now()
		status, _, err := stack.Post(t.Context(), p, a.Header(again, a.secret, sent), again)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status)
		require.Eventually(t, func() bool { return countOf(t, p, contract.MetricDuplicates, sent) > 0 }, waitTime, pollTime)
		assert.Contains(t, paysluice(t, "events", "get", id).stdout, "erased on ")
		assert.NotContains(t, m.places(t, before), "table", "%s: the payload does not come back", row.why)
	}
}

// mark is a text that only one payload has, and what base64 makes of its middle, wherever
// it begins and twice: an archived message has the payload in base64 inside base64.
type mark []string

func newMark() mark {
	m := mark{rand.Text() + rand.Text()}
	for i := 0; i < 4; i++ {
		for offset := range 3 {
			coded := base64.StdEncoding.EncodeToString([]byte("xxx"[:offset] + m[i]))
			m = append(m, coded[4:len(coded)-4])
		}
	}
	return m
}

func (m mark) in(content []byte) bool {
	return slices.ContainsFunc(m, func(form string) bool { return bytes.Contains(content, []byte(form)) })
}

// places returns where the stack has the mark: table, bucket for each version, log groups.
func (m mark) places(t *testing.T, since time.Time) (found []string) {
	t.Helper()
	look := func(place string, content any) {
		text, isText := content.([]byte)
		if !isText {
			var err error
			text, err = json.Marshal(content)
			require.NoError(t, err)
		}
		if m.in(text) {
			found = append(found, place)
		}
	}
	for pages := dynamodb.NewScanPaginator(dynamodb.NewFromConfig(stack.Config()), &dynamodb.ScanInput{TableName: new(stack.Outputs["TableName"])}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		require.NoError(t, err)
		look("table", page.Items)
	}
	bucket := new(stack.Outputs["BucketName"])
	for pages := s3.NewListObjectVersionsPaginator(objects(), &s3.ListObjectVersionsInput{Bucket: bucket}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		require.NoError(t, err)
		for _, v := range page.Versions {
			object, err := objects().GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: v.Key, VersionId: v.VersionId})
			if _, cold := errors.AsType[*s3types.InvalidObjectState](err); cold { // of another test
				continue
			}
			require.NoError(t, err)
			content, err := io.ReadAll(object.Body)
			require.NoError(t, err)
			look("bucket", content)
		}
	}
	var groups []string
	require.NoError(t, stack.Query(t.Context(), &groups, "logs", "describe-log-groups", "--query", "logGroups[].logGroupName"))
	groups = slices.DeleteFunc(groups, func(name string) bool { return !strings.HasSuffix(name, "-"+stack.Suffix) })
	require.Greater(t, len(groups), len(contract.Providers())+4, "the API, its authorizer, the processors and the other functions")
	for _, group := range groups {
		var lines []string
		require.NoError(t, stack.Query(t.Context(), &lines, "logs", "filter-log-events", "--log-group-name", group,
			"--start-time", fmt.Sprint(since.UnixMilli()), "--query", "events[].message"))
		look(group, lines)
	}
	return found
}

// newRecords returns a function that returns the records that the table's stream has had
// since, as JSON.
func newRecords(t *testing.T) func() []byte {
	t.Helper()
	client, arn := dynamodbstreams.NewFromConfig(stack.Config()), new(stack.Outputs["TableStreamArn"])
	described, err := client.DescribeStream(t.Context(), &dynamodbstreams.DescribeStreamInput{StreamArn: arn})
	require.NoError(t, err)
	var iterators []*string
	for _, shard := range described.StreamDescription.Shards {
		out, err := client.GetShardIterator(t.Context(), &dynamodbstreams.GetShardIteratorInput{StreamArn: arn, ShardId: shard.ShardId, ShardIteratorType: types.ShardIteratorTypeLatest})
		require.NoError(t, err)
		iterators = append(iterators, out.ShardIterator)
	}
	return func() (all []byte) {
		for _, iterator := range iterators {
			out, err := client.GetRecords(t.Context(), &dynamodbstreams.GetRecordsInput{ShardIterator: iterator})
			require.NoError(t, err)
			text, err := json.Marshal(out.Records)
			require.NoError(t, err)
			all = append(all, text...)
		}
		return all
	}
}

// countOf returns what a provider's processor and the consumer counted under a metric since
// a time. The emulator makes no metrics of the lines that it reads, and finds at most the
// first 10,000 of them.
func countOf(t *testing.T, p contract.Provider, metric string, since time.Time) (sum int) {
	for _, function := range []string{contract.ProcessorName(p), contract.ConsumerName} {
		var lines []string
		require.NoError(t, stack.Query(context.Background(), &lines, "logs", "filter-log-events", "--log-group-name", "/aws/lambda/"+function+"-"+stack.Suffix,
			"--filter-pattern", metric, "--start-time", fmt.Sprint(since.UnixMilli()), "--query", "events[].message"))
		for _, line := range lines {
			var counted map[string]any
			if json.Unmarshal([]byte(line), &counted) == nil && counted[contract.ProviderDimension] == p.Name {
				n, _ := counted[metric].(float64)
				sum += int(n)
			}
		}
	}
	return sum
}

// archiveCopy puts a dead letter of the event into the bucket, as dlq-archiver does.
func archiveCopy(t *testing.T, p contract.Provider, id string, body []byte) (key string) {
	t.Helper()
	e := event.Event{Schema: event.Schema, ID: id, Provider: p.Name, ReceivedAt: time.Now().UnixMilli(), PayloadSHA256: event.HashPayload(body), Payload: body}
	m := event.Archived{Schema: event.ArchiveSchema, MessageID: rand.Text(), Message: []byte(event.Encode(e)), Event: &e}
	_, err := objects().PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: new(stack.Outputs["BucketName"]), Key: new(m.Key()), Body: strings.NewReader(string(event.EncodeArchived(m))), IfNoneMatch: new("*"),
	})
	require.NoError(t, err)
	return m.Key()
}

func objects() *s3.Client {
	return s3.NewFromConfig(stack.Config(), func(o *s3.Options) { o.UsePathStyle = true })
}

func TestEraseOfNothing(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"stripe:evt_none"}, {"--payment", "pi_none"}, {"--customer", "cus_none", "--since", "1h"}} {
		r := paysluice(t, append([]string{"events", "erase", "--yes"}, args...)...)
		code, says := 1, "not found: no event matches"
		if strings.Contains(r.stderr, "left out: ") { // messages of other tests
			code, says = 3, "no event matches: none of the rows and messages that can be read has it"
		}
		assert.Equal(t, code, r.code)
		assert.Contains(t, r.stderr, says)
	}
	for _, args := range [][]string{{}, {"a", "--payment", "b"}, {"a", "--since", "1h"}, {"--customer", "c", "--since", "x"}} {
		assert.Equal(t, 2, paysluice(t, append([]string{"events", "erase"}, args...)...).code, args)
	}
	r := user(t, allow("*", "cloudformation:DescribeStacks")).run(t, "events", "erase", "stripe:evt_1")
	assert.Contains(t, r.stderr, "access denied: dynamodb:Query")
}
