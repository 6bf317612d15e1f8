package runtimeapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/paysluice/paysluice/test/quality/runtimeapi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// behaviourVar turns this test binary into a Lambda function.
const behaviourVar = "FUNCTION_BEHAVIOUR"

func TestMain(m *testing.M) {
	switch os.Getenv(behaviourVar) {
	case "":
		os.Exit(m.Run())
	case "no config":
		fmt.Fprintln(os.Stderr, "QUEUE_URL is not set")
		os.Exit(1)
	case "never ready":
		time.Sleep(time.Hour)
	default:
		lambda.Start(behave)
	}
}

// behave does what its event says.
func behave(ctx context.Context, event string) (map[string]string, error) {
	switch event {
	case "fail":
		return nil, errors.New("no table")
	case "panic":
		panic("no secret")
	case "exit":
		os.Exit(3)
	case "hang":
		time.Sleep(time.Hour)
	case "log":
		fmt.Println("a line of log")
	}
	deadline, _ := ctx.Deadline()
	lc, _ := lambdacontext.FromContext(ctx)
	return map[string]string{
		"event":   event,
		"id":      lc.AwsRequestID,
		"seconds": strconv.Itoa(int(time.Until(deadline).Seconds())),
		"home":    os.Getenv("HOME"),
	}, nil
}

func start(t *testing.T, behaviour string, limit time.Duration) (*runtimeapi.Function, error) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	return runtimeapi.Start(ctx, self, []string{behaviourVar + "=" + behaviour})
}

func started(t *testing.T) *runtimeapi.Function {
	t.Helper()
	f, err := start(t, "handler", time.Minute)
	require.NoError(t, err)
	return f
}

func TestInvoke(t *testing.T) {
	f := started(t)
	response, err := f.Invoke(t.Context(), []byte(`"hello"`))
	require.NoError(t, err)
	var got map[string]string
	require.NoError(t, json.Unmarshal(response, &got))
	assert.Regexp(t, `^[12]\d$`, got["seconds"], "until the deadline; a busy machine takes some")
	delete(got, "seconds")
	assert.Equal(t, map[string]string{"event": "hello", "id": "00000000-0000-4000-8000-000000000001", "home": ""}, got)

	_, err = f.Invoke(t.Context(), []byte(`"fail"`))
	failed, ok := errors.AsType[*runtimeapi.Error](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, runtimeapi.Error{Type: "errorString", Message: "no table"}, *failed)

	_, err = f.Invoke(t.Context(), []byte(`"log"`))
	require.NoError(t, err, "a failed invocation does not end the function")

	require.NoError(t, f.Stop())
	assert.Contains(t, f.Logs(), "a line of log\n", "whole once the function has ended")
	require.NoError(t, f.Stop(), "again")
	_, err = f.Invoke(t.Context(), []byte(`"hello"`))
	assert.ErrorIs(t, err, runtimeapi.ErrExited)
}

func TestInvokeOneAtATime(t *testing.T) {
	f := started(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			event := strconv.Itoa(i)
			response, err := f.Invoke(t.Context(), []byte(strconv.Quote(event)))
			var got struct{ Event string }
			assert.NoError(t, errors.Join(err, json.Unmarshal(response, &got)))
			assert.Equal(t, event, got.Event, "every caller gets its own answer")
		})
	}
	wg.Wait()
	require.NoError(t, f.Stop())
}

func TestInvokeReportsAPanic(t *testing.T) {
	f := started(t)
	_, err := f.Invoke(t.Context(), []byte(`"panic"`))
	assert.EqualError(t, err, "string: no secret")
	require.NoError(t, f.Stop())
}

func TestInvokeEndsWithTheProcess(t *testing.T) {
	f := started(t)
	_, err := f.Invoke(t.Context(), []byte(`"exit"`))
	require.ErrorIs(t, err, runtimeapi.ErrExited)
	assert.ErrorContains(t, err, "exit status 3")
	require.NoError(t, f.Stop())
}

func TestStopKillsWhatHangs(t *testing.T) {
	t.Parallel()
	f := started(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := f.Invoke(ctx, []byte(`"hang"`))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	_, err = f.Invoke(ctx, []byte(`"hello"`))
	require.ErrorIs(t, err, context.DeadlineExceeded, "it never asks again")
	assert.ErrorIs(t, f.Stop(), runtimeapi.ErrKilled)
}

func TestStartFails(t *testing.T) {
	t.Parallel()
	_, err := start(t, "no config", time.Minute)
	require.ErrorIs(t, err, runtimeapi.ErrExited)
	assert.ErrorContains(t, err, "exit status 1")
	assert.ErrorContains(t, err, "QUEUE_URL is not set", "the logs say why")

	_, err = start(t, "never ready", time.Second)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorIs(t, err, runtimeapi.ErrKilled, "nothing is left running")

	_, err = runtimeapi.Start(t.Context(), t.TempDir()+"/missing", nil)
	assert.ErrorIs(t, err, os.ErrNotExist)
}
