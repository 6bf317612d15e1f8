package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/replay"
	"github.com/paysluice/paysluice/handlers/contract"
)

// publishing is an account with a stack that publishes, one event, and one message of
// webhook-unpublished.
func publishing() account {
	a := rows(1, "h")
	a["DescribeStacks"] = `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>s</StackName><StackId>arn:s</StackId><Description>paysluice</Description>
<Parameters><member><ParameterKey>PublishTo</ParameterKey><ParameterValue>topic</ParameterValue></member></Parameters>
<Outputs><member><OutputKey>TableName</OutputKey><OutputValue>t</OutputValue></member><member><OutputKey>BucketName</OutputKey><OutputValue>b</OutputValue></member>
<member><OutputKey>UnpublishedQueueUrl</OutputKey><OutputValue>https://q</OutputValue></member></Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`
	a["GetCallerIdentity"] = `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/u</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`
	a["invocations"] = `{"batchItemFailures":[]}`
	return a
}

// keepRecords keeps the objects of runs.
func keepRecords(h http.Handler) http.Handler {
	objects := map[string]string{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kept, found := objects[r.URL.Path]
		switch {
		case r.URL.Query().Has("list-type"):
			_, _ = io.WriteString(w, "<ListBucketResult>")
			for name := range objects {
				_, _ = io.WriteString(w, "<Contents><Key>"+strings.TrimPrefix(name, "/b/")+"</Key><LastModified>2026-11-01T00:00:00Z</LastModified></Contents>")
			}
			_, _ = io.WriteString(w, "</ListBucketResult>")
		case !strings.Contains(r.URL.Path, contract.ReplaysPrefix):
			h.ServeHTTP(w, r)
		case r.Method == http.MethodPut:
			body, _ := io.ReadAll(r.Body)
			objects[r.URL.Path] = string(body)
		case found:
			_, _ = io.WriteString(w, kept)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
}

func TestRepublishOnAnAccount(t *testing.T) {
	var out bytes.Buffer
	for _, row := range []struct {
		why, command string
		changed      account
		out          io.Writer
		code         int
		says         string
	}{
		{"a stack that does not publish", "events republish stripe:e", account{"DescribeStacks": stackWithoutPublishing}, &out, exitFailed, query.ErrNoPublisher.Error()},
		{"a run that cannot be read", "events republish --resume x", account{"replays": "!"}, &out, exitFailed, "StatusCode: 400"},
		{"a time that is none", "events republish --received-since x", nil, &out, exitUsage, "--received-since: "},
		{"an end that is none", "events republish --received-until x", nil, &out, exitUsage, "--received-until: "},
		{"an empty range", "events republish --received-since 2026-11-02 --received-until 2026-11-02", nil, &out, exitUsage, "--received-until must be after --received-since"},
		{"ids select alone", "events republish stripe:e --received-since 1h", nil, &out, exitUsage, "leave --received-since out"},
		{"a table that cannot be read", "events republish stripe:e --yes", account{"Query": "!"}, &out, exitFailed, "StatusCode: 400"},
		{"an index that cannot be read", "events republish --since 1h --yes", account{"Query": "!"}, &out, exitFailed, "StatusCode: 400"},
		{"stdout is closed", "events republish stripe:e --dry-run", nil, broken{}, exitFailed, errBroken.Error()},
		{"a spreadsheet has every column", "events republish stripe:e --dry-run -o csv", nil, &out, exitDone, ""},
		{"nobody confirms", "events republish stripe:e", nil, &out, exitFailed, "Publish 1 event of s again, 50 a second? [y/N] paysluice events republish: not confirmed: nothing was done; --yes confirms without a question"},
		{"the caller is not known", "events republish stripe:e --yes", account{"GetCallerIdentity": "!"}, &out, exitFailed, "StatusCode: 400"},
		{"no place for the record", "events republish stripe:e --yes", account{"replays": "!"}, &out, exitFailed, "StatusCode: 400"},
		{"an event that is no longer there", "events republish stripe:e --yes", account{"BatchGetItem": `{"Responses":{"t":[]}}`}, &out, exitFound, "of the plan, 1 event is no longer in the table\n"},
		{"a row that is not an event", "events republish stripe:e --yes", mixed(), &out, exitFound, "of the plan, 1 row is unreadable and not published\n"},
		{"the other event is published", "events republish stripe:e --yes", mixed(), &out, exitFound, "1 event is published again with"},
		{"a plan with such a row", "events republish stripe:e --dry-run", mixed(), &out, exitFound, "left out: row of eventId"},
		{"nothing but such rows", "events republish stripe:e", spoiled(rows(1, "h")), &out, exitFound, "0 would be published\n"},
		{"an event that the topic refuses again", "events republish stripe:e --yes", account{"invocations": `{"batchItemFailures":[],"unpublished":[{"sequenceNumber":"0","reason":"refused"}]}`}, &out, exitFound, "1 event is not published: see paysluice failures unpublished\n"},
	} {
		answers := publishing()
		maps.Copy(answers, row.changed)
		handler := plain
		if answers["replays"] == "" {
			handler = keepRecords
		}
		serveStack(t, handler, answers)
		var problems bytes.Buffer
		assert.Equal(t, row.code, Run(t.Context(), strings.Fields(row.command), strings.NewReader(""), row.out, &problems), "%s: %s", row.why, &problems)
		assert.Contains(t, problems.String(), row.says, row.why)
	}
	assert.Contains(t, out.String(), "provider,category,skipped,count,samples\n")
}

const stackWithoutPublishing = `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>s</StackName><StackId>arn:s</StackId><Description>paysluice</Description>
<Outputs><member><OutputKey>TableName</OutputKey><OutputValue>t</OutputValue></member></Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`

// A narrow terminal shows one sample of a group, and times without fractions.
func TestNarrowColumns(t *testing.T) {
	columns := publishedColumns()
	samples, group := columns[len(columns)-1], replay.Group{Samples: []string{"a", "b"}}
	assert.Equal(t, "a", samples.Short(group))
	assert.Equal(t, "a b", samples.Text(group))
	assert.Equal(t, "the row is not an event", columns[1].Short(replay.Group{Skipped: "the row is not an event"}))
	assert.Equal(t, "1970-01-01 00:00:05", unpublishedColumns()[0].Short(query.Unpublished{SentAt: 5400}))
}

// gaveUp is the answer with a message of Lambda.
const gaveUp = `{"Messages":[{"MessageId":"1","ReceiptHandle":"r","Attributes":{"SentTimestamp":"5"},"Body":"{\"requestContext\":{\"condition\":\"RecordAgeExceeded\"},\"DDBStreamBatchInfo\":{\"shardId\":\"s\",\"startSequenceNumber\":\"1\",\"endSequenceNumber\":\"7\",\"approximateArrivalOfFirstRecord\":\"2026-11-01T10:00:00Z\",\"approximateArrivalOfLastRecord\":\"2026-11-01T10:00:05Z\"}}"}]}`

func TestUnpublishedOnAnAccount(t *testing.T) {
	var out bytes.Buffer
	for _, row := range []struct {
		why, command string
		changed      account
		out          io.Writer
		code         int
		says         string
	}{
		{"a stack that does not publish", "", account{"DescribeStacks": stackWithoutPublishing}, &out, exitFailed, query.ErrNoPublisher.Error()},
		{"a queue that cannot be read", "", account{"ReceiveMessage": "!"}, &out, exitFailed, "StatusCode: 400"},
		{"exact times", "--limit 1 -o csv", nil, &out, exitDone, "1970-01-01T00:00:00.005Z"},
		{"counts", "--stats --limit 1", nil, &out, exitDone, "refused"},
		{"stdout is closed", "--limit 1", nil, broken{}, exitFailed, errBroken.Error()},
		{"nobody confirms", "--limit 1 --remove", nil, &out, exitFailed, "Delete 1 message? Nothing else names these events as unpublished. [y/N] paysluice failures unpublished: not confirmed: nothing was done; --yes confirms without a question"},
		{"a message is deleted", "--limit 1 --remove --yes", account{"DeleteMessageBatch": "{}"}, &out, exitDone, "1 message is deleted\n"},
		{"receipts that expire each time", "--remove --limit 1 --yes", account{"DeleteMessageBatch": `{"Failed":[{"Id":"0","Code":"ReceiptHandleIsInvalid"}]}`},
			&out, exitFound, "0 messages are deleted\nsome messages could not be read or deleted now"},
		{"messages that others show again", "--remove --yes", account{"DeleteMessageBatch": "{}"}, &out, exitFound, "1 message is deleted\nsome messages"},
		{"a queue that is longer than a minute", "", nil, &out, exitDone, "the queue is too long to read at once: only 1 of its messages could be read"},
		{"nothing to delete", "--remove", account{"ReceiveMessage": "{}"}, &out, exitDone, noUnpublished},
		{"another event", "stripe:other", account{"ReceiveMessage": "{}"}, &out, exitDone, noUnpublished},
		{"the others were not read", "stripe:other --limit 1", nil, &out, exitDone, "--limit ended the reading after 1 message, and nothing"},
		{"nor are they for a removal", "stripe:other --limit 1 --remove", nil, &out, exitDone, "--limit ended the reading after 1 message, and nothing"},
		{"stdout is closed after a removal", "--limit 1 --remove --yes -o json", account{"DeleteMessageBatch": "{}"}, broken{}, exitFailed, errBroken.Error()},
		{"what Lambda gave up", "--limit 1", account{"ReceiveMessage": gaveUp}, &out, exitDone,
			"events republish --received-since 2026-10-25T09:59:00Z --received-until 2026-11-01T10:01:06Z\nthis range is only that of the messages above"},
		{"stdout is closed before the question", "--remove", nil, broken{}, exitFailed, errBroken.Error()},
		{"a queue that cannot be read to delete", "--remove", account{"ReceiveMessage": "!"}, &out, exitFailed, "StatusCode: 400"},
		{"a message that cannot be deleted", "--limit 1 --remove --yes", account{"DeleteMessageBatch": "!"}, &out, exitFailed, "StatusCode: 400"},
	} {
		out.Reset()
		answers := publishing()
		answers["ReceiveMessage"] = `{"Messages":[{"MessageId":"1","ReceiptHandle":"r","Body":"{\"eventId\":\"stripe:e\",\"timestamp\":1,\"reason\":\"refused\"}","Attributes":{"SentTimestamp":"5"}}]}`
		maps.Copy(answers, row.changed)
		serveStack(t, plain, answers)
		var problems bytes.Buffer
		code := Run(t.Context(), strings.Fields("failures unpublished "+row.command), strings.NewReader(""), row.out, &problems)
		assert.Equal(t, row.code, code, "%s: %s", row.why, &problems)
		assert.Contains(t, out.String()+problems.String(), row.says, row.why)
	}
}

// A queue that is too long for one reading is removed in rounds: the first part ends with
// a message that comes again.
func TestUnpublishedRemovalInRounds(t *testing.T) {
	answer := func(ids ...string) string {
		var messages []string
		for _, id := range ids {
			messages = append(messages, fmt.Sprintf(`{"MessageId":%q,"ReceiptHandle":"r","Body":"{\"eventId\":\"stripe:%s\",\"timestamp\":1,\"reason\":\"refused\"}","Attributes":{"SentTimestamp":"5"}}`, id, id))
		}
		return `{"Messages":[` + strings.Join(messages, ",") + `]}`
	}
	for _, row := range []struct {
		why, args, answers, last string
		code                     int
		deleted                  []string // in the one document on stdout
		ends                     string   // stderr
	}{
		{"one document, and one line for each answer", "", "y\ny\n", answer(), exitDone, []string{"stripe:a", "stripe:b", "stripe:c"}, "3 messages are deleted\n"},
		{"--yes asks nothing", " --yes", "", answer(), exitDone, []string{"stripe:a", "stripe:b", "stripe:c"}, "3 messages are deleted\n"},
		{"the rest stays", "", "y\nn\n", answer(), exitFailed, []string{"stripe:a", "stripe:b"}, "not confirmed: the other messages stay in the queue\n"},
		{"nothing was deleted", "", "n\n", answer(), exitFailed, nil, "not confirmed: nothing was done\n"},
		{"a later reading fails", "", "y\ny\n", "!", exitFailed, []string{"stripe:a", "stripe:b"}, ""},
	} {
		answers := publishing()
		answers["DeleteMessageBatch"] = "{}"
		received := []string{answer("a", "b"), answer("a"), answer("c"), row.last}
		serveStack(t, func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".ReceiveMessage") {
					account{"ReceiveMessage": received[0]}.ServeHTTP(w, r)
					received = received[1:]
					return
				}
				h.ServeHTTP(w, r)
			})
		}, answers)
		var stdout, stderr bytes.Buffer
		code := Run(t.Context(), strings.Fields("failures unpublished --remove -o json"+row.args), strings.NewReader(row.answers), &stdout, &stderr)
		assert.Equal(t, row.code, code, "%s: %s", row.why, &stderr)
		assert.True(t, strings.HasSuffix(stderr.String(), row.ends), "%s: %s", row.why, &stderr)
		if len(row.deleted) == 0 {
			assert.Empty(t, stdout.String(), row.why)
			continue
		}
		assert.Contains(t, stderr.String(), fmt.Sprintf("%d messages are deleted\n", len(row.deleted)), row.why)
		var removed []query.Unpublished
		require.NoError(t, json.Unmarshal(stdout.Bytes(), &removed), "%s: %s", row.why, &stdout)
		var ids []string
		for _, m := range removed {
			ids = append(ids, m.EventID)
		}
		assert.Equal(t, row.deleted, ids, row.why)
	}
}
