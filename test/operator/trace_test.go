package operator_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

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
			if s.Where == where && s.What != "received; stored in WebhookEvents-operator" {
				return true
			}
		}
		return false
	}, waitTime, pollTime)
	return found, code
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
	var request string
	require.Eventually(t, func() bool {
		lines, err := stack.Logs(t.Context(), contract.ArchiverName)
		require.NoError(t, err)
		for _, line := range lines {
			var members map[string]any
			if json.Unmarshal([]byte(line), &members) == nil && members["apiRequestId"] != nil && members["reason"] == string(provider.EventIDInvalid) {
				request, _ = members["apiRequestId"].(string)
			}
		}
		return request != ""
	}, waitTime, pollTime)
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
	var request string
	require.Eventually(t, func() bool {
		lines, err := stack.Logs(t.Context(), "stripe-processor")
		require.NoError(t, err)
		for _, line := range lines {
			var members map[string]any
			if json.Unmarshal([]byte(line), &members) == nil && members["reason"] == "signature_mismatch" {
				request, _ = members["apiRequestId"].(string)
			}
		}
		return request != ""
	}, waitTime, pollTime)
	r := paysluice(t, "trace", request, "--since", "1h", "--until", "0s")
	assert.Equal(t, 3, r.code, r.stderr)
	assert.Contains(t, r.stdout, "webhook Rejected, status 401, reason signature_mismatch")
	assert.Contains(t, r.stderr, "not stored; ids: "+request)
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
		{[]string{"trace", "stripe:evt_none"}, 1, "not found: neither the table nor the logs from "},
	} {
		r := paysluice(t, row.args...)
		assert.Equal(t, row.code, r.code)
		assert.Contains(t, r.stderr, row.says)
	}
	r := user(t, allow("*", "cloudformation:DescribeStacks")).run(t, "trace", "stripe:evt_1")
	assert.Contains(t, r.stderr, "access denied: dynamodb:Query")
	r = user(t, allow("*", "cloudformation:DescribeStacks", "dynamodb:Query")).run(t, "trace", "stripe:evt_1")
	assert.Contains(t, r.stderr, "access denied: logs:FilterLogEvents")
}
