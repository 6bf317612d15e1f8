package operator_test

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

type trace struct {
	IDs              []string
	Stored, Archived bool
	Stages           []struct{ Where, What string }
}

// tracedTo runs trace until the logs have a line of a function.
func tracedTo(t *testing.T, where, id string) (found trace, code int) {
	t.Helper()
	require.Eventually(t, func() bool {
		r := paysluice(t, "trace", id, "-o", "json")
		code = r.code
		if code == 1 {
			return false
		}
		found = trace{}
		require.NoError(t, json.Unmarshal([]byte(r.stdout), &found), r.stderr)
		for _, s := range found.Stages {
			if s.Where == where && s.What != "received; WebhookEvents-operator has it now" {
				return true
			}
		}
		return false
	}, waitTime, pollTime)
	return found, code
}

// logged returns the request id of a function's line with a reason.
func logged(t *testing.T, function, reason string) (request string) {
	t.Helper()
	require.Eventually(t, func() bool {
		lines, err := stack.Logs(t.Context(), function)
		require.NoError(t, err)
		for _, line := range lines {
			var members map[string]any
			if json.Unmarshal([]byte(line), &members) == nil && members["apiRequestId"] != nil && members["reason"] == reason {
				request, _ = members["apiRequestId"].(string)
			}
		}
		return request != ""
	}, waitTime, pollTime)
	return request
}

func TestTraceOfAStoredEvent(t *testing.T) {
	t.Parallel()
	id, _ := store(t, contract.Stripe())
	found, code := tracedTo(t, "stripe-processor", id)
	assert.Equal(t, 0, code)
	assert.True(t, found.Stored)
	assert.Contains(t, found.IDs, id)

	var e event.Event
	require.NoError(t, json.Unmarshal([]byte(paysluice(t, "events", "get", id, "-o", "json").stdout), &e))
	byRequest, code := tracedTo(t, "stripe-processor", e.RequestID)
	assert.Equal(t, 0, code)
	assert.ElementsMatch(t, found.IDs, byRequest.IDs, "either id finds the other")

	r := paysluice(t, "trace", id)
	assert.Regexp(t, `AT +GAP +WHERE +WHAT\n`, r.stdout)
	assert.Contains(t, r.stdout, "webhook Accepted, status 200")
	assert.Regexp(t, `^stored(, published)?; ids: `, r.stderr)
}

// The consumer names a sender that is not a processor. The trace and the console's page of an
// event show that line, and for a webhook they do not.
func TestTraceOfAMessageOfAnotherSender(t *testing.T) {
	t.Parallel()
	genuine, _ := store(t, contract.Stripe())
	foreign := event.NewID(contract.Stripe().Name, rand.Text())
	message := event.Encode(event.Event{
		Schema: event.Schema, ID: foreign, Provider: contract.Stripe().Name, Timestamp: senders.Created, ReceivedAt: time.Now().UnixMilli(),
		Payload: []byte("{}"), PayloadSHA256: event.HashPayload([]byte("{}")),
	})
	_, err := sqs.NewFromConfig(stack.Config()).SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: new(stack.Outputs["QueueUrl"]), MessageBody: &message})
	require.NoError(t, err)
	tracedTo(t, contract.ConsumerName, foreign)
	tracedTo(t, "stripe-processor", genuine)
	c := root().openConsole(t)
	const line = contract.OtherSenderMessage + ", as a replay or a refill sends it, senderId "
	for id, named := range map[string]bool{genuine: false, foreign: true} {
		_, page := c.get("/event?id=" + url.QueryEscape(id) + "&trace")
		assert.Contains(t, page, "received; WebhookEvents-operator has it now")
		assert.Equal(t, named, strings.Contains(page, line), "the console's page of %s", id)
		assert.Equal(t, named, strings.Contains(paysluice(t, "trace", id).stdout, line), id)
	}
}

// A body with the id of a stored event and other content is archived as a conflict.
func TestTraceOfAnArchivedEvent(t *testing.T) {
	t.Parallel()
	a := accounts["stripe"]
	number := a.NewID()
	for _, cents := range []int{100, 200} {
		body := a.Body(number, cents, senders.Created)
		status, _, err := stack.Post(t.Context(), a.Provider, a.Header(body, a.secret, time.Now()), body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status)
	}
	found, code := tracedTo(t, contract.ArchiverName, a.EventID(number))
	assert.Equal(t, 0, code)
	assert.True(t, found.Stored)
	assert.True(t, found.Archived)
	assert.Contains(t, paysluice(t, "trace", a.EventID(number)).stderr, "stored, and archived too")
}

// An event without an id in the table is only in the logs and in the archive.
func TestTraceOfAQuarantinedEvent(t *testing.T) {
	t.Parallel()
	a := accounts["stripe"]
	body := a.Body("", 100, senders.Created)
	status, _, err := stack.Post(t.Context(), a.Provider, a.Header(body, a.secret, time.Now()), body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	request := logged(t, contract.ArchiverName, string(provider.EventIDInvalid))
	found, code := tracedTo(t, contract.ArchiverName, request)
	assert.Equal(t, 3, code)
	assert.False(t, found.Stored)
	assert.Contains(t, paysluice(t, "trace", request).stderr, "archived, not stored")
}

func TestTraceOfARejectedRequest(t *testing.T) {
	t.Parallel()
	a := accounts["stripe"]
	body := a.Body(a.NewID(), 100, senders.Created)
	status, _, err := stack.Post(t.Context(), a.Provider, a.Header(body, a.NewSecret(), time.Now()), body)
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, status)
	request := logged(t, contract.ProcessorName(a.Provider), string(provider.SignatureMismatch))
	r := paysluice(t, "trace", request, "--since", "1h", "--until", "0s")
	assert.Equal(t, 3, r.code, r.stderr)
	assert.Contains(t, r.stdout, "webhook Rejected, status 401, reason signature_mismatch")
	assert.Contains(t, r.stderr, "not stored; ids: "+request)
}

// accessLog writes the line that API Gateway writes of a request, in the template's format.
// The emulator writes none. Variables without a value are "-".
func accessLog(t *testing.T, values map[string]string) {
	t.Helper()
	settings, _ := readTemplate(t).Resources["Stage"].Properties["AccessLogSetting"].(map[string]any)
	format, _ := settings["Format"].(string)
	line := regexp.MustCompile(`\$context\.([\w.]+)`).ReplaceAllStringFunc(format, func(variable string) string {
		return cmp.Or(values[strings.TrimPrefix(variable, "$context.")], "-")
	})
	for name, value := range values {
		require.Contains(t, line, `"`+value+`"`, "the format has %s", name)
	}
	var group string
	require.NoError(t, stack.Query(t.Context(), &group, "cloudformation", "describe-stack-resource", "--stack-name", stack.Name,
		"--logical-resource-id", "AccessLogGroup", "--query", "StackResourceDetail.PhysicalResourceId"))
	logs, stream := cloudwatchlogs.NewFromConfig(stack.Config()), rand.Text()
	_, err := logs.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream})
	require.NoError(t, err)
	_, err = logs.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream, LogEvents: []types.InputLogEvent{
		{Message: &line, Timestamp: new(time.Now().UnixMilli())},
	}})
	require.NoError(t, err)
}

// The access log says what API Gateway answered, and how long the functions took.
func TestTraceOfTheAccessLog(t *testing.T) {
	t.Parallel()
	a := accounts["stripe"]
	id, body := store(t, a.Provider)
	var e event.Event
	require.NoError(t, json.Unmarshal([]byte(paysluice(t, "events", "get", id, "-o", "json").stdout), &e))
	status, _, err := stack.Post(t.Context(), a.Provider, a.Header(body, a.NewSecret(), time.Now()), body)
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, status)
	refused := logged(t, contract.ProcessorName(a.Provider), string(provider.SignatureMismatch))
	for _, row := range []struct {
		why, id, request string
		code             int
		values           map[string]string
		want             string
	}{
		{"accepted", id, e.RequestID, 0,
			map[string]string{"status": "200", "responseLatency": "41", "authorizer.status": "200", "authorizer.latency": "12", "integration.status": "200", "integrationLatency": "25"},
			"status 200, responseLatency 41, authorizerStatus 200, authorizerLatency 12, integrationStatus 200, integrationLatency 25"},
		{"the processor refuses it", refused, refused, 3,
			map[string]string{"status": "401", "responseLatency": "40", "authorizer.status": "200", "authorizer.latency": "11", "integration.status": "401", "integrationLatency": "24"},
			"status 401, responseLatency 40, authorizerStatus 200, authorizerLatency 11, integrationStatus 401, integrationLatency 24"},
		// The emulator's authorizers get no request id.
		{"the authorizer refuses it", "", rand.Text(), 3,
			map[string]string{"status": "401", "responseLatency": "17", "authorizer.status": "200", "authorizer.latency": "13", "error.responseType": "ACCESS_DENIED"},
			"status 401, responseLatency 17, authorizerStatus 200, authorizerLatency 13, errorResponseType ACCESS_DENIED"},
		{"no function sees it", "", rand.Text(), 3,
			map[string]string{"status": "429", "responseLatency": "1", "error.responseType": "THROTTLED"},
			"status 429, responseLatency 1, errorResponseType THROTTLED"},
	} {
		maps.Copy(row.values, map[string]string{
			"requestId": row.request, "extendedRequestId": rand.Text(), "requestTime": "30/Nov/2026:08:50:00 +0000", "identity.sourceIp": "203.0.113.7",
			"httpMethod": http.MethodPost, "resourcePath": "/stripe", "responseLength": "20",
		})
		accessLog(t, row.values)
		for _, named := range []string{cmp.Or(row.id, row.request), row.values["extendedRequestId"]} {
			found, code := tracedTo(t, "api", named)
			assert.Equal(t, row.code, code, row.why)
			var whats, wheres []string
			for _, s := range found.Stages {
				wheres = append(wheres, s.Where)
				if s.Where == "api" {
					whats = append(whats, s.What)
				}
			}
			assert.Equal(t, []string{row.want}, whats, row.why)
			assert.Equal(t, row.id != "", len(wheres) > 1, "%s: the lines of the functions are beside it: %s", row.why, wheres)
		}
	}
}

func TestTraceFails(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"trace"}, 2, "accepts 1 arg(s), received 0"},
		{[]string{"trace", "x", "--since", "never"}, 2, `--since: "never" must be a time before now`},
		{[]string{"trace", "x", "--since", "1h", "--until", "2h"}, 2, "--until must be after --since"},
		{[]string{"trace", "stripe:evt_none"}, 1, "not found: neither the table, the archive nor the logs from "},
	} {
		r := paysluice(t, row.args...)
		assert.Equal(t, row.code, r.code)
		assert.Contains(t, r.stderr, row.says)
	}
	allowed := []string{"cloudformation:DescribeStacks"}
	for _, action := range []string{"dynamodb:Query", "s3:ListBucket", "logs:FilterLogEvents"} {
		r := user(t, allow("*", allowed...)).run(t, "trace", "stripe:evt_1")
		assert.Contains(t, r.stderr, "access denied: "+action)
		allowed = append(allowed, action)
	}
}
