package operator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// TestErase looks for what is left of a payload: in the table, in all versions in the
// bucket and in the logs. A redelivery afterwards is a duplicate.
func TestErase(t *testing.T) {
	p := contract.Stripe()
	a := accounts[p.Name]
	id, body := store(t, p)
	archived := archiveCopy(t, p, id, body)

	r := root().with("n\n").run(t, "events", "erase", id)
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "This erases 1 payload of paysluice-operator and 1 object version in the bucket:")
	require.Equal(t, 0, paysluice(t, "events", "payload", id).code, "nothing was confirmed")

	r = paysluice(t, "events", "erase", id, "--yes")
	require.Equal(t, 0, r.code, r.stderr)
	assert.Equal(t, "1 payload erased\n", r.stdout)

	rows, err := dynamodb.NewFromConfig(stack.Config()).Scan(t.Context(), &dynamodb.ScanInput{TableName: new(stack.Outputs["TableName"])})
	require.NoError(t, err)
	kept := 0
	for _, item := range rows.Items {
		if text(item["eventId"]) == id {
			kept++
			assert.NotContains(t, item, contract.PayloadAttribute)
			assert.Contains(t, item, contract.ErasedAtAttribute)
		}
	}
	assert.Equal(t, 1, kept, "the key stays")
	versions, err := objects().ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: new(stack.Outputs["BucketName"])})
	require.NoError(t, err)
	for _, v := range versions.Versions {
		assert.NotEqual(t, archived, *v.Key)
	}
	for _, function := range []string{contract.ProcessorName(p), contract.ConsumerName} {
		lines, err := stack.Logs(t.Context(), function)
		require.NoError(t, err)
		assert.NotContains(t, strings.Join(lines, "\n"), string(body))
	}
	r = paysluice(t, "events", "payload", id)
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "was erased on ")

	before := time.Now()
	again := a.Redelivered(body)
	status, _, err := stack.Post(t.Context(), p, a.Header(again, a.secret, time.Now()), again)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.Eventually(t, func() bool { return countOf(t, p, contract.MetricDuplicates, before) > 0 }, waitTime, pollTime)
	assert.Contains(t, paysluice(t, "events", "get", id).stdout, "erased on ", "the payload does not come back")
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
	m := event.Archived{Schema: event.ArchiveSchema, Message: []byte(event.Encode(e)), Event: &e}
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
		assert.Equal(t, 1, r.code)
		assert.Contains(t, r.stderr, "not found: no event matches")
	}
	for _, args := range [][]string{{}, {"a", "--payment", "b"}, {"a", "--since", "1h"}, {"--customer", "c", "--since", "x"}} {
		assert.Equal(t, 2, paysluice(t, append([]string{"events", "erase"}, args...)...).code, args)
	}
	r := user(t, allow("*", "cloudformation:DescribeStacks")).run(t, "events", "erase", "stripe:evt_1")
	assert.Contains(t, r.stderr, "access denied: dynamodb:Query")
}
