package operator_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
)

// runID returns the id of a run that a command named.
func runID(t *testing.T, stderr string) string {
	t.Helper()
	found := regexp.MustCompile(`run (\S+) started`).FindStringSubmatch(stderr)
	require.NotNil(t, found, stderr)
	return found[1]
}

// publishedTo waits until a trace has a line of the publisher with a text.
func publishedTo(t *testing.T, id, text string) {
	t.Helper()
	var last string
	require.Eventually(t, func() bool {
		last = paysluice(t, "trace", id, "-o", "csv").stdout
		return strings.Contains(last, contract.PublisherName+",\"events published"+text) || strings.Contains(last, contract.PublisherName+",events published"+text)
	}, waitTime, pollTime, "%s", &last)
}

func TestRepublish(t *testing.T) {
	one, _ := store(t, contract.Stripe())
	two, _ := store(t, contract.Square())
	publishedTo(t, one, "")

	r := paysluice(t, "events", "republish", one, two, "--dry-run")
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Regexp(t, `stripe +payment.succeeded +1 +`+one, r.stdout)
	assert.Contains(t, r.stderr, "2 would be published\n")

	r = paysluice(t, "events", "republish", one, two, "--yes")
	require.Equal(t, 0, r.code, r.stderr)
	run := runID(t, r.stderr)
	assert.Contains(t, r.stderr, "2 events are published again with the attribute replay="+run)
	publishedTo(t, one, ", replay "+run)

	assert.Regexp(t, run+` +2/2 +published`, paysluice(t, "events", "republish", "list").stdout)
	assert.NotContains(t, paysluice(t, "replay", "list").stdout, run)
	r = paysluice(t, "replay", "--resume", run)
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, run+" is a run of paysluice events republish")
	r = paysluice(t, "events", "republish", "--type", "none.such")
	assert.Equal(t, 0, r.code)
	assert.Contains(t, r.stderr, "no event matches")

	// An interrupted run is resumed.
	r = root().interrupted(t, func(_, stderr string) bool { return strings.Contains(stderr, "started") },
		"events", "republish", one, two, "--rate", "1", "--yes")
	assert.Equal(t, 130, r.code, r.stderr)
	run = runID(t, r.stderr)
	assert.Contains(t, r.stderr, "to resume: paysluice events republish --resume "+run)
	r = paysluice(t, "events", "republish", "--resume", run)
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Contains(t, r.stderr, "2 events are published again")
}

// Listing the messages leaves them in the queue.
func TestUnpublished(t *testing.T) {
	assert.Contains(t, paysluice(t, "failures", "unpublished").stderr, "webhook-unpublished names nothing of that kind")
	for _, body := range []string{
		`{"eventId":"stripe:evt_unpublished","timestamp":1780000000000,"reason":"refused"}`,
		`{"requestContext":{"condition":"RecordAgeExceeded"},"DDBStreamBatchInfo":{"shardId":"shard-1","startSequenceNumber":"1","endSequenceNumber":"7"}}`,
	} {
		_, err := stack.AWS(t.Context(), "sqs", "send-message", "--queue-url", stack.Outputs["UnpublishedQueueUrl"], "--message-body", body)
		require.NoError(t, err)
	}
	for range 2 {
		r := paysluice(t, "failures", "unpublished")
		assert.Equal(t, 0, r.code, r.stderr)
		assert.Regexp(t, `refused +stripe:evt_unpublished`, r.stdout)
		assert.Contains(t, r.stdout, "1 to 7 of shard-1")
	}
	var counts []struct {
		Reason string
		Count  int
	}
	require.NoError(t, json.Unmarshal([]byte(paysluice(t, "failures", "unpublished", "--stats", "-o", "json").stdout), &counts))
	assert.Len(t, counts, 2)
	r := paysluice(t, "status")
	assert.Equal(t, 3, r.code)
	assert.Contains(t, r.stdout, "webhook-unpublished-operator: 2 waiting, 0 in flight")

	r = paysluice(t, "failures", "unpublished", "stripe:evt_unpublished", "--remove", "--yes")
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Contains(t, r.stderr, "1 message is deleted")
	assert.NotContains(t, paysluice(t, "failures", "unpublished").stdout, "evt_unpublished")
	require.Equal(t, 0, paysluice(t, "failures", "unpublished", "--remove", "--yes").code)
	for args, says := range map[string]string{
		"failures unpublished --limit -1":          "--limit must be 0 or more",
		"failures unpublished --stats --remove":    "--stats removes nothing: leave --remove out",
		"events republish --rate 0":                "--rate must be 1 to 1000",
		"events republish --resume x --since 1h":   "--resume continues a run with its own selection: leave --since out",
		"events republish --resume x stripe:evt_1": "--resume continues a run with its own selection: leave stripe:evt_1 out",
		"events republish stripe:evt_1 --limit 5":  "ids select the events: leave --limit out",
		"events republish --provider strip":        "--provider must be one of",
	} {
		r := paysluice(t, strings.Fields(args)...)
		assert.Equal(t, 2, r.code, args)
		assert.Contains(t, r.stderr, says, fmt.Sprint(args))
	}
}
