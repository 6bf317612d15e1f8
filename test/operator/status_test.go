package operator_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

func TestStatus(t *testing.T) {
	t.Parallel()
	store(t, contract.Stripe())
	var status struct {
		Providers []struct {
			Provider string
			Counts   map[string]int
		}
		Queue struct{ Name string }
	}
	require.Eventually(t, func() bool {
		r := paysluice(t, "status", "-o", "json")
		require.Contains(t, []int{0, 3}, r.code, r.stderr)
		require.NoError(t, json.Unmarshal([]byte(r.stdout), &status))
		return status.Providers[0].Counts[contract.MetricStored] > 0
	}, waitTime, pollTime)
	assert.Equal(t, "webhook-queue-operator", status.Queue.Name)

	r := paysluice(t, "status")
	assert.Contains(t, r.stdout, "PROVIDER  LAST EVENT")
	assert.Contains(t, r.stdout, "webhook-queue-operator: ")
	for line := range strings.Lines(r.stdout) {
		assert.LessOrEqual(t, len(line), 81, "a terminal of 80 columns: %s", line)
	}
}

func TestFiringAlarmSaysWhatToDo(t *testing.T) {
	t.Parallel()
	set := func(state string) {
		_, err := stack.AWS(t.Context(), "cloudwatch", "set-alarm-state", "--alarm-name", "ticket-conflicts-operator", "--state-value", state, "--state-reason", "test")
		require.NoError(t, err)
	}
	set("ALARM")
	defer set("OK")
	r := paysluice(t, "status")
	assert.Equal(t, 3, r.code, r.stderr)
	assert.Regexp(t, `(?s)TICKET ticket-conflicts-operator since \d+ s\n  means  .*\n  do     `, r.stdout)
}

// A request that fails for a known cause says so in status and failures stats.
func TestStatusShowsHints(t *testing.T) {
	t.Parallel()
	p := contract.Stripe()
	a := accounts[p.Name]
	body := a.Body(a.NewID(), 100, senders.Created)
	status, _, err := stack.Post(t.Context(), p, a.Header(body, a.secret, time.Now()), append(body, '\n'))
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, status)
	require.Eventually(t, func() bool {
		return strings.Contains(paysluice(t, "status").stdout, "(proven): ")
	}, waitTime, pollTime)
	stats := paysluice(t, "failures", "stats", "--provider", p.Name, "--since", "1h")
	assert.Equal(t, 0, stats.code, stats.stderr)
	assert.Contains(t, stats.stderr, "(proven): ")
}

func TestStatusDenied(t *testing.T) {
	t.Parallel()
	r := user(t, allow("*", "cloudformation:*", "dynamodb:*", "cloudwatch:*", "sqs:*")).run(t, "status")
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "access denied: logs:FilterLogEvents on arn:aws:logs:")
}

func TestStatusWatchIsInterrupted(t *testing.T) {
	t.Parallel()
	r := root().interrupted(t, func(stdout, _ string) bool { return strings.Contains(stdout, "webhook-dlq-operator") }, "status", "--watch")
	assert.Equal(t, 130, r.code)
	assert.Contains(t, r.stderr, "paysluice status: interrupt signal received")
}
