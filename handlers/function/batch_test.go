package function_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
)

var errDown = errors.New("down")

// records returns records with the ids "0", "1", ….
func records(bodies ...string) []events.SQSMessage {
	var records []events.SQSMessage
	for i, body := range bodies {
		records = append(records, events.SQSMessage{
			MessageId: fmt.Sprint(i), Body: body,
			Attributes: map[string]string{"ApproximateReceiveCount": "2"},
		})
	}
	return records
}

// handle handles a record as its body says.
func handle(ctx context.Context, record events.SQSMessage) (string, error) {
	switch record.Body {
	case "fail":
		return "", errDown
	case "panic":
		panic("boom")
	case "hang":
		<-ctx.Done()
		return "", ctx.Err()
	case "second":
		time.Sleep(time.Second)
	}
	return "did " + record.Body, nil
}

func failed(results []function.Result[string]) []string {
	ids := []string{}
	for _, failure := range function.BatchResponse(results).BatchItemFailures {
		ids = append(ids, failure.ItemIdentifier)
	}
	return ids
}

func TestFailedRecordsDoNotFailOthers(t *testing.T) {
	results := function.RunBatch(t.Context(), records("a", "fail", "b", "panic", "c"), 2, handle)

	assert.Equal(t, []string{"1", "3"}, failed(results))
	for i, want := range []string{"did a", "", "did b", "", "did c"} {
		assert.Equal(t, fmt.Sprint(i), results[i].Record.MessageId, "in the order of the records")
		assert.Equal(t, want, results[i].Value)
	}
	require.ErrorIs(t, results[1].Err, errDown)
	require.ErrorIs(t, results[3].Err, function.ErrPanic)
	assert.ErrorContains(t, results[3].Err, "boom")
}

func TestNothingFailed(t *testing.T) {
	for why, bodies := range map[string][]string{"an empty batch": nil, "a healthy one": {"a"}} {
		t.Run(why, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			answer := function.BatchResponse(function.RunBatch(ctx, records(bodies...), 0, handle))
			assert.NotNil(t, answer.BatchItemFailures, "Lambda rejects null")
			assert.Empty(t, answer.BatchItemFailures)
		})
	}
}

func TestRunBatchIsConcurrentUpToItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		function.RunBatch(t.Context(), records("second", "second", "second", "second"), 2, handle)
		assert.Equal(t, 2*time.Second, time.Since(start), "four records of a second, two at a time")
	})
}

func TestHangingRecordsLeaveTimeForOthers(t *testing.T) {
	for _, row := range []struct {
		why         string
		bodies      []string
		concurrency int
		failed      []string
		took        time.Duration
	}{
		{"a slot for each record: each has all the time", []string{"hang", "second", "hang"}, 3, []string{"0", "2"}, 28 * time.Second},
		{"more records than slots: the last one is handled too", []string{"hang", "hang", "hang", "second"}, 2, []string{"0", "1", "2"}, 28 * time.Second},
		{"a slot that is used twice halves the time of all records", []string{"hang", "hang", "second"}, 2, []string{"0", "1"}, 15 * time.Second},
		{"one at a time, and the healthy one last", []string{"hang", "hang", "hang", "second"}, 1, []string{"0", "1", "2"}, 22 * time.Second},
	} {
		t.Run(row.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				start := time.Now()

				results := function.RunBatch(ctx, records(row.bodies...), row.concurrency, handle)

				assert.Equal(t, row.failed, failed(results))
				assert.Equal(t, row.took, time.Since(start))
				require.NoError(t, ctx.Err(), "two seconds are left to answer")
			})
		})
	}
}

// A record can ignore the end of its context.
func TestNoRecordIsStartedWithoutTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		stubborn := func(context.Context, events.SQSMessage) (string, error) {
			time.Sleep(29 * time.Second)
			return "late", nil
		}

		results := function.RunBatch(ctx, records("a", "b"), 1, stubborn)

		assert.Equal(t, []string{"1"}, failed(results), "the second record is delivered again")
		require.ErrorIs(t, results[1].Err, function.ErrNoTime)
	})
}

func TestLogFailuresNamesMessageAndEvent(t *testing.T) {
	e := event.Event{
		Schema: event.Schema, ID: "stripe:evt_1", Provider: "stripe",
		PayloadSHA256: event.HashPayload([]byte("marked")), Payload: []byte("marked"),
	}
	failing := func(context.Context, events.SQSMessage) (string, error) { return "", errDown }
	var log bytes.Buffer

	function.LogFailures(t.Context(), function.NewLogger(&log, "INFO"), "not done",
		function.RunBatch(t.Context(), records(event.Encode(e), "poison"), 2, failing))

	assert.Contains(t, log.String(), `"level":"ERROR","message":"not done","messageId":"0","receiveCount":"2","error":"down","eventId":"stripe:evt_1","provider":"stripe"`)
	assert.Contains(t, log.String(), `"messageId":"1","receiveCount":"2","error":"down"}`)
	assert.NotContains(t, log.String(), "marked")
	assert.NotContains(t, log.String(), "poison")

	log.Reset()
	function.LogFailures(t.Context(), function.NewLogger(&log, "INFO"), "not done", function.RunBatch(t.Context(), records("a"), 1, handle))
	assert.Empty(t, log.String())
}
