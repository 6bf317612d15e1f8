package query_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
)

const (
	apiGroup       = "/aws/apigateway/webhook-api-prod"
	processorGroup = "/aws/lambda/stripe-processor-prod"
	archiverGroup  = "/aws/lambda/dlq-archiver-prod"
)

func TestTrace(t *testing.T) {
	c := &cloud{lines: map[string][]string{
		apiGroup:       {`{"requestId":"request-1","status":"200","integrationError":"-"}`, `{"requestId":"request-10","status":"200"}`},
		processorGroup: {"START", `{"msg":"queued","apiRequestId":"request-1","eventId":"stripe:1","messageId":"m1"}`},
	}}
	m, i := newMonitor(c), &items{}
	stored := paid("stripe:1", 48*time.Hour)
	stored.RequestID = "request-1"
	i.add(stored)
	trace := func(id string) (query.Trace, error) {
		i.queries = 0
		return m.Trace(t.Context(), query.NewStore(i, nil, m.Stack, m.Now), id, time.Time{}, time.Time{})
	}
	found, err := trace("stripe:1")
	require.NoError(t, err)
	assert.True(t, found.Stored)
	assert.Equal(t, []string{"m1", "request-1", "stripe:1"}, found.IDs)
	received := time.UnixMilli(stored.ReceivedAt).UTC()
	assert.Equal(t, received.Add(time.Hour), found.Until, "an hour after the receipt")
	assert.True(t, found.Since.Before(received))
	require.Len(t, found.Stages, 3)
	assert.Equal(t, "received; t has it now", found.Stages[0].What)
	assert.Equal(t, query.Stage{At: now.Add(-time.Minute), GapMillis: now.Add(-time.Minute).Sub(received).Milliseconds(), Where: "stripe-processor", What: "queued"}, found.Stages[1])
	assert.Equal(t, query.Stage{At: now, GapMillis: 60_000, Where: "api", What: "status 200"}, found.Stages[2])

	found, err = trace("request-1")
	require.NoError(t, err)
	assert.True(t, found.Stored, "the log names the event")
	i.fail = 1
	for _, id := range []string{"stripe:1", "request-1"} {
		_, err = trace(id)
		assert.ErrorIs(t, err, errDown, id)
	}

	i.fail, i.all = 0, nil
	i.spoil(stored, "")
	found, err = trace("stripe:1")
	require.NoError(t, err)
	assert.Contains(t, found.Stages[0].What, "not an event item", "the logs are shown beside it")
	assert.Equal(t, []bool{false, true}, []bool{found.Stored, found.Unreadable})
	i.all = nil
	i.add(stored)
	m.Stack.Outputs["UnpublishedQueueUrl"] = "url"
	c.lines["/aws/lambda/event-publisher-prod"] = []string{
		`{"message":"events published","eventIds":["stripe:0","stripe:1"],"replay":"run-1"}`, `{"message":"events published","eventIds":["stripe:10",7]}`,
	}
	found, err = trace("stripe:1")
	require.NoError(t, err)
	require.Len(t, found.Stages, 4, "the other line is of another event")
	publisher := slices.IndexFunc(found.Stages, func(s query.Stage) bool { return s.Where == "event-publisher" })
	require.GreaterOrEqual(t, publisher, 2)
	assert.Equal(t, "events published, replay run-1", found.Stages[publisher].What)
	assert.Equal(t, found.Stages[publisher].At, found.PublishedAt)
	c.lines["/aws/lambda/event-consumer-prod"] = []string{`{"message":"message of another sender than a processor","eventId":"stripe:1","senderId":"AROA1:maria"}`}
	found, err = trace("stripe:1")
	require.NoError(t, err)
	consumer := slices.IndexFunc(found.Stages, func(s query.Stage) bool { return s.Where == "event-consumer" })
	require.GreaterOrEqual(t, consumer, 0)
	assert.Equal(t, "message of another sender than a processor, as a replay or a refill sends it, senderId AROA1:maria", found.Stages[consumer].What)
	delete(c.lines, "/aws/lambda/event-consumer-prod")
	assert.NotContains(t, found.IDs, "stripe:0", "events of one batch have nothing to do with each other")

	i.all = nil
	delete(c.lines, "/aws/lambda/event-publisher-prod")
	c.lines[archiverGroup] = []string{`{"msg":"archived","eventId":"stripe:1","archivedTo":"s3://b/k"}`}
	found, err = trace("stripe:1")
	require.NoError(t, err)
	assert.True(t, found.Archived)
	assert.False(t, found.Stored)
	c.lines = nil
	_, err = trace("stripe:1")
	assert.ErrorIs(t, err, query.ErrNotFound)
	at := time.UnixMilli(stored.ReceivedAt + 1000).UTC()
	c.archived = []failure.Failure{{Key: "k", Reason: "conflict", ArchivedAt: at.UnixMilli(), Event: &stored}, {Key: "again", Reason: "expired", ArchivedAt: at.UnixMilli(), Event: &stored}, {Key: "glacier", Reason: "expired", ArchivedAt: at.UnixMilli()}}
	found, err = trace("stripe:1")
	require.NoError(t, err)
	assert.Equal(t, []bool{false, true}, []bool{found.Stored, found.Archived})
	assert.Equal(t, []query.Stage{
		{At: received, Where: "stripe-processor", What: "received; t does not have it"},
		{At: at, GapMillis: 1000, Where: "archive", What: "archived, reason conflict, archivedTo s3:///k"},
		{At: at, Where: "archive", What: "archived, reason expired, archivedTo s3:///again"}, {At: at, Where: "archive", What: "archived, reason expired, archivedTo s3:///glacier"},
	}, found.Stages, "its logs may be deleted")
	assert.Equal(t, at.Add(time.Hour), found.Until)
	c.fail = "Find"
	_, err = trace("stripe:1")
	assert.ErrorIs(t, err, errDown)
	c.fail = "FilterLogEvents"
	_, err = trace("stripe:1")
	assert.ErrorIs(t, err, errDown)
}

func TestLeftovers(t *testing.T) {
	for _, tt := range []struct {
		why, account, groups string
		fail                 string
		commands             int
	}{
		{"both", `{"cloudwatchRoleArn":"arn:aws:iam::1:role/webhook-queue-prod"}`, `{"logGroups":[{}]}`, "", 2},
		{"no log group", `{"cloudwatchRoleArn":"arn:aws:iam::1:role/webhook-queue-prod"}`, "{}", "", 1},
		{"the role of another application", `{"cloudwatchRoleArn":"arn:aws:iam::1:role/other"}`, "{}", "", 0},
		{"no account", "", "", "/account", 0},
		{"no resources", "{}", "", "ListStackResources", 0},
		{"no log groups", `{"cloudwatchRoleArn":"arn:aws:iam::1:role/webhook-queue-prod"}`, "", "DescribeLogGroups", 1},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, answer := tt.groups, "DescribeLogGroups"
			if strings.HasSuffix(r.URL.Path, "/account") {
				body, answer = tt.account, "/account"
			}
			if answer == tt.fail {
				w.WriteHeader(http.StatusBadRequest)
			}
			_, _ = io.WriteString(w, body)
		}))
		m := newMonitor(&cloud{fail: tt.fail, kind: "AWS::IAM::Role"})
		m.Stack.AWS.Config = configOf(server)
		commands, err := query.Leftovers(t.Context(), m)
		assert.Equal(t, tt.fail != "", err != nil, "%s: %v", tt.why, err)
		assert.Len(t, commands, tt.commands, tt.why)
		server.Close()
	}
}

func TestKeyOfAStackWithoutOne(t *testing.T) {
	key, err := newMonitor(&cloud{}).Key(t.Context())
	require.NoError(t, err)
	assert.Empty(t, key)
}

func TestReplaysAndCaller(t *testing.T) {
	s := &stack.Stack{Outputs: map[string]string{"BucketName": "b", "TableName": "t"}}
	engine := query.Replays(s, 5, time.Minute, time.Now)
	assert.Equal(t, []any{"b", "t", 5}, []any{engine.BucketName, engine.TableName, engine.Rate})
	assert.NotNil(t, query.Failures(s))
	assert.Equal(t, "b", query.Republications(s, time.Now).BucketName)
	for _, to := range []string{"", "none"} {
		_, err := query.Republisher(&stack.Stack{Parameters: map[string]string{"PublishTo": to}}, 5, time.Now)
		require.ErrorIs(t, err, query.ErrNoPublisher, "PublishTo is %q", to)
	}
	p, err := query.Republisher(&stack.Stack{Parameters: map[string]string{"PublishTo": "topic", "EnvironmentSuffix": "prod"}}, 5, time.Now)
	require.NoError(t, err)
	assert.Equal(t, []any{"event-publisher-prod", 5}, []any{p.FunctionName, p.Rate})
	_, err = query.Identity(t.Context(), s)
	assert.ErrorContains(t, err, "GetCallerIdentity", "a stack without a region")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:me</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>")
	}))
	defer server.Close()
	s.AWS.Config = configOf(server)
	who, err := query.Identity(t.Context(), s)
	require.NoError(t, err)
	assert.Equal(t, "arn:me", who)
}

func configOf(server *httptest.Server) aws.Config {
	return aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")}
}
