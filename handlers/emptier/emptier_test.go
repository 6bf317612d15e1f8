package emptier_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/emptier"
	"github.com/paysluice/paysluice/handlers/function"
)

// timeout is that of the function in the stack.
const timeout = 15 * time.Minute

func request(kind cfn.RequestType) cfn.Event {
	return cfn.Event{
		RequestType: kind, RequestID: "req-1", StackID: stackID, LogicalResourceID: "BucketEmptier",
		PhysicalResourceID: bucket, ResourceProperties: map[string]any{"BucketName": bucket},
	}
}

func (c *cloud) handler(log io.Writer) *emptier.Handler {
	return &emptier.Handler{Stacks: c.stacks(), Objects: c.objects(), Log: function.NewLogger(log, "INFO")}
}

// handle answers a request as in the stack, on synctest's clock.
func (c *cloud) handle(t *testing.T, e cfn.Event) (id string, took time.Duration, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		defer cancel()
		start := time.Now()
		id, _, err = c.handler(io.Discard).Handle(ctx, e)
		took = time.Since(start)
		require.NoError(t, ctx.Err(), "there must be time to answer")
	})
	return id, took, err
}

func TestBucketIsEmptiedWhenTheStackGoes(t *testing.T) {
	for why, status := range map[string]string{
		"the stack is deleted":             "DELETE_IN_PROGRESS",
		"its creation failed, in the back": "ROLLBACK_IN_PROGRESS",
	} {
		t.Run(why, func(t *testing.T) {
			c := newCloud(status, "stripe/a", "stripe/a", "oversize/b")
			c.versions["marker1"] = "stripe/c"

			id, took, err := c.handle(t, request(cfn.RequestDelete))

			require.NoError(t, err)
			assert.Equal(t, bucket, id)
			assert.Empty(t, c.versions, "old versions and markers too")
			assert.Equal(t, 45*time.Second, took, "it stayed empty for longer than any writer runs")
		})
	}
}

// TestBucketInUseIsLeftAsItIs walks through every status that a Delete can meet
// while the bucket stays.
func TestBucketInUseIsLeftAsItIs(t *testing.T) {
	for status, why := range map[string]string{
		"UPDATE_COMPLETE_CLEANUP_IN_PROGRESS":          "another logical id, taken out of the template, or another bucket",
		"UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "an update that made a second one is undone",
		"UPDATE_ROLLBACK_IN_PROGRESS":                  "the same, on the way",
		"UPDATE_IN_PROGRESS":                           "nothing is deleted in it",
		"IMPORT_ROLLBACK_IN_PROGRESS":                  "the resources were there before",
		"CREATE_COMPLETE":                              "a request that comes late",
		"DELETE_COMPLETE":                              "a request that comes too late: the bucket may be another stack's",
		"SOMETHING_NEW":                                "a status that nobody knew when this was written",
	} {
		t.Run(status, func(t *testing.T) {
			c := newCloud(status, "stripe/a")

			id, _, err := c.handle(t, request(cfn.RequestDelete))

			require.NoError(t, err, why)
			assert.Equal(t, bucket, id)
			assert.Len(t, c.versions, 1, why)
			assert.Equal(t, []string{"DescribeStacks"}, c.calls, "the bucket is not even looked at")
		})
	}
}

func TestOnlyTheStacksOwnBucketIsEmptied(t *testing.T) {
	for why, tags := range map[string][]string{
		"it has no tags":       nil,
		"it was made by hand":  {"team=payments"},
		"it is another's":      {"aws:cloudformation:stack-id=" + stackID + "-other"},
		"a tag of the old one": {"stack-id=" + stackID},
	} {
		t.Run(why, func(t *testing.T) {
			c := newCloud("DELETE_IN_PROGRESS", "stripe/a")
			c.tags = tags

			_, _, err := c.handle(t, request(cfn.RequestDelete))

			require.NoError(t, err, "CloudFormation itself says that a bucket is not empty")
			assert.Len(t, c.versions, 1)
			assert.Zero(t, c.deletes)
		})
	}
}

func TestCreateAndUpdateTouchNothing(t *testing.T) {
	for _, kind := range []cfn.RequestType{cfn.RequestCreate, cfn.RequestUpdate} {
		// Whatever the stack is up to, and also for a bucket of another name.
		c := newCloud("DELETE_IN_PROGRESS", "stripe/a")
		e := request(kind)
		e.PhysicalResourceID = "an-older-bucket"
		e.OldResourceProperties = map[string]any{"BucketName": "an-older-bucket"}

		id, _, err := c.handle(t, e)

		require.NoError(t, err)
		assert.Equal(t, bucket, id, "another id would make CloudFormation send Delete")
		assert.Empty(t, c.calls)
	}
}

func TestBucketWithoutANameIsRefused(t *testing.T) {
	for why, properties := range map[string]map[string]any{
		"none": nil, "empty": {"BucketName": ""}, "no text": {"BucketName": []any{"a"}},
	} {
		t.Run(why, func(t *testing.T) {
			c := newCloud("ROLLBACK_IN_PROGRESS", "stripe/a")
			e := request(cfn.RequestCreate)
			e.ResourceProperties = properties
			_, _, err := c.handle(t, e)
			require.ErrorIs(t, err, emptier.ErrProperties)

			e.RequestType, e.PhysicalResourceID = cfn.RequestDelete, "req-1"
			id, _, err := c.handle(t, e)
			require.NoError(t, err, "or the rollback could not end")
			assert.Equal(t, "req-1", id)
			assert.Empty(t, c.calls)
		})
	}
}

func TestBucketThatIsGoneIsASuccess(t *testing.T) {
	c := newCloud("DELETE_IN_PROGRESS")
	c.noBucket = true
	_, _, err := c.handle(t, request(cfn.RequestDelete))
	require.NoError(t, err)

	c = newCloud("DELETE_IN_PROGRESS", "stripe/a")
	c.before = func(call string) string {
		c.noBucket = call == "POST delete" // somebody deletes it at this moment
		return ""
	}
	_, _, err = c.handle(t, request(cfn.RequestDelete))
	require.NoError(t, err)
}

func TestWhatCannotBeTold(t *testing.T) {
	restore := func(permission string) string {
		return "; restore the permission " + permission + " of the emptier's role and delete the stack again"
	}
	for _, row := range []struct{ why, failing, code, says, because, do string }{
		{"may not ask for the stack", "DescribeStacks", "AccessDenied",
			"cannot read the status of the stack", "AccessDenied", restore("cloudformation:DescribeStacks")},
		{"may not read tags", "GET tagging", "AccessDenied",
			"cannot read which stack created", "AccessDenied", restore("s3:GetBucketTagging")},
		{"may not list", "GET versions", "AccessDenied",
			"list bucket " + bucket, "AccessDenied", restore("s3:ListBucketVersions")},
		{"may not delete", "POST delete", "AccessDenied",
			"delete from bucket " + bucket, "AccessDenied", restore("s3:DeleteObject and s3:DeleteObjectVersion")},
		{"S3 throttles all the time, and the client tries again until the end", "GET tagging", "SlowDown",
			"cannot read which stack created", "context deadline exceeded", "; delete the stack again"},
	} {
		t.Run(row.why, func(t *testing.T) {
			c := newCloud("DELETE_IN_PROGRESS", "stripe/a")
			c.before = func(call string) string {
				if call == row.failing {
					return row.code
				}
				return ""
			}

			_, _, err := c.handle(t, request(cfn.RequestDelete))

			require.ErrorContains(t, err, row.says)
			assert.ErrorContains(t, err, row.because)
			assert.True(t, strings.HasSuffix(err.Error(), row.do), err)
			assert.Len(t, c.versions, 1)
		})
	}
	_, _, err := newCloud("").handle(t, request(cfn.RequestDelete))
	assert.EqualError(t, err, "CloudFormation does not know the stack "+stackID+", so the bucket was not emptied; "+
		"empty it by hand and delete the stack again")
}

// answerOf lets the handler answer a request as Lambda does in the stack.
func answerOf(t *testing.T, handler cfn.CustomResourceFunction) (answer cfn.Response, panicked any) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		assert.Less(t, len(body), 4096, "what CloudFormation takes")
		assert.NoError(t, json.Unmarshal(body, &answer))
	}))
	defer server.Close()
	e := request(cfn.RequestDelete)
	e.ResponseURL = server.URL
	defer func() { panicked = recover() }()
	_, err := cfn.LambdaWrap(handler)(t.Context(), e)
	require.NoError(t, err)
	return answer, nil
}

func TestCloudFormationIsAlwaysAnswered(t *testing.T) {
	refused := newCloud("DELETE_IN_PROGRESS")
	refused.before = func(string) string { return strings.Repeat("AccessDenied", 500) }
	broken := newCloud("DELETE_IN_PROGRESS")
	broken.before = func(string) string { panic("boom") }
	for _, row := range []struct {
		why    string
		cloud  *cloud
		status cfn.StatusType
		reason string
	}{
		{"nothing to do", newCloud("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"), cfn.StatusSuccess, ""},
		{"an error longer than an answer may be", refused, cfn.StatusFailed, "AccessDenied"},
		{"a panic", broken, cfn.StatusFailed, "panicked"},
	} {
		t.Run(row.why, func(t *testing.T) {
			var log bytes.Buffer
			answer, _ := answerOf(t, row.cloud.handler(&log).Handle)
			assert.Equal(t, row.status, answer.Status)
			assert.Contains(t, answer.Reason, row.reason)
			if row.cloud == refused {
				assert.True(t, strings.HasSuffix(answer.Reason, "; delete the stack again"), "what to do is not cut off")
			}
			assert.Equal(t, bucket, answer.PhysicalResourceID)
			assert.Equal(t, "BucketEmptier", answer.LogicalResourceID)
		})
	}
}

func TestLogSaysWhatWasDoneAndWhy(t *testing.T) {
	for _, row := range []struct {
		why    string
		change func(*cloud)
		says   []string
	}{
		{"left in an update", func(c *cloud) { c.status = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" },
			[]string{"the stack is not being deleted", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"}},
		{"another's", func(c *cloud) { c.tags = nil }, []string{"this stack did not create it"}},
		{"gone", func(c *cloud) { c.noBucket = true }, []string{"bucket does not exist"}},
		{"failed", func(c *cloud) { c.status = "" }, []string{`"level":"ERROR"`, "does not know the stack"}},
		{"emptied", func(*cloud) {}, []string{"bucket emptied", `"deleted":1`}},
	} {
		t.Run(row.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud("DELETE_IN_PROGRESS", "stripe/a")
				row.change(c)
				var log bytes.Buffer
				_, _, _ = c.handler(&log).Handle(t.Context(), request(cfn.RequestDelete))
				for _, says := range append(row.says, fmt.Sprintf("%q:%q", "bucket", bucket), stackID, `"requestType":"Delete"`) {
					assert.Contains(t, log.String(), says)
				}
			})
		})
	}
}
