package emptier_test

import (
	"bytes"
	"context"
	"encoding/json"
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

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/emptier"
	"github.com/paysluice/paysluice/handlers/function"
)

// timeout is the maximum of Lambda, as in the stack.
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

// handle handles a request within timeout, on synctest's clock.
func (c *cloud) handle(t *testing.T, e cfn.Event) (id string, took time.Duration, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		defer cancel()
		start := time.Now()
		id, _, err = c.handler(io.Discard).Handle(ctx, e)
		took = time.Since(start)
		require.NoError(t, ctx.Err(), "time is left to respond")
	})
	return id, took, err
}

func deleteRequest() cfn.Event { return request(cfn.RequestDelete) }

func TestBucketIsEmptiedWhenTheStackIsDeleted(t *testing.T) {
	for _, status := range []string{"DELETE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"} {
		c := newCloud(status, "stripe/a", "stripe/a", "oversize/b")
		c.versions["marker1"] = "stripe/c"

		id, took, err := c.handle(t, deleteRequest())

		require.NoError(t, err)
		assert.Equal(t, bucket, id)
		assert.Empty(t, c.versions, "old versions and markers too")
		assert.Equal(t, contract.BucketQuiet, took)
	}
}

func TestBucketInUseIsNotEmptied(t *testing.T) {
	for status, why := range map[string]string{
		"UPDATE_COMPLETE_CLEANUP_IN_PROGRESS":          "another logical id, removed from the template, or another bucket",
		"UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "a failed update had created a second resource",
		"UPDATE_ROLLBACK_IN_PROGRESS":                  "during a rollback",
		"UPDATE_IN_PROGRESS":                           "during an update",
		"IMPORT_ROLLBACK_IN_PROGRESS":                  "the resources existed before",
		"CREATE_COMPLETE":                              "a late request",
		"DELETE_COMPLETE":                              "a late request: the bucket can be another stack's",
		"SOMETHING_NEW":                                "an unknown status",
	} {
		c := newCloud(status, "stripe/a")

		id, _, err := c.handle(t, deleteRequest())

		require.NoError(t, err, why)
		assert.Equal(t, bucket, id)
		assert.Len(t, c.versions, 1, why)
		assert.Equal(t, []string{"DescribeStacks"}, c.calls)
	}
}

func TestOnlyTheStacksBucketIsEmptied(t *testing.T) {
	for why, tags := range map[string][]string{
		"without tags":        nil,
		"created by hand":     {"team=payments"},
		"of another stack":    {"aws:cloudformation:stack-id=" + stackID + "-other"},
		"with a similar name": {"stack-id=" + stackID},
	} {
		c := newCloud("DELETE_IN_PROGRESS", "stripe/a")
		c.tags = tags

		_, _, err := c.handle(t, deleteRequest())

		require.NoError(t, err, "CloudFormation itself reports that the bucket is not empty")
		assert.Len(t, c.versions, 1, why)
		assert.Zero(t, c.deletes, why)
	}
}

func TestCreateAndUpdateCallNothing(t *testing.T) {
	for _, kind := range []cfn.RequestType{cfn.RequestCreate, cfn.RequestUpdate} {
		c := newCloud("DELETE_IN_PROGRESS", "stripe/a")
		e := request(kind)
		e.PhysicalResourceID = "an older id"
		e.OldResourceProperties = map[string]any{"BucketName": bucket}

		id, _, err := c.handle(t, e)

		require.NoError(t, err)
		assert.Equal(t, bucket, id, "with another id CloudFormation would send Delete")
		assert.Empty(t, c.calls)
	}
}

func TestAnotherBucketIsRefusedExceptInARollback(t *testing.T) {
	for _, row := range []struct {
		status, why string
		refused     bool
	}{
		{"UPDATE_IN_PROGRESS", "EnvironmentSuffix was changed", true},
		{"UPDATE_ROLLBACK_IN_PROGRESS", "back to the suffix before", false},
		{"", "the status is not known", true},
	} {
		c := newCloud(row.status, "stripe/a")
		e := request(cfn.RequestUpdate)
		e.PhysicalResourceID = "an-older-bucket"
		e.OldResourceProperties = map[string]any{"BucketName": "an-older-bucket"}

		_, _, err := c.handle(t, e)

		if row.refused {
			require.ErrorIs(t, err, emptier.ErrRenamed, row.why)
			assert.ErrorContains(t, err, "set EnvironmentSuffix back to its value, or deploy a new stack")
		} else {
			require.NoError(t, err, row.why)
		}
		assert.Len(t, c.versions, 1)
	}
}

func TestResourceWithoutABucketName(t *testing.T) {
	for why, properties := range map[string]map[string]any{
		"none": nil, "empty": {"BucketName": ""}, "not a string": {"BucketName": []any{"a"}},
	} {
		c := newCloud("ROLLBACK_IN_PROGRESS", "stripe/a")
		e := request(cfn.RequestCreate)
		e.ResourceProperties = properties
		_, _, err := c.handle(t, e)
		require.ErrorIs(t, err, emptier.ErrProperties, why)

		e.RequestType, e.PhysicalResourceID = cfn.RequestDelete, "req-1"
		id, _, err := c.handle(t, e)
		require.NoError(t, err, "otherwise the rollback fails")
		assert.Equal(t, "req-1", id)
		assert.Empty(t, c.calls)
	}
}

func TestBucketThatDoesNotExist(t *testing.T) {
	c := newCloud("DELETE_IN_PROGRESS")
	c.noBucket = true
	_, _, err := c.handle(t, deleteRequest())
	require.NoError(t, err)

	c = newCloud("DELETE_IN_PROGRESS", "stripe/a")
	c.before = func(call string) string {
		c.noBucket = call == "POST delete" // deleted by somebody else
		return ""
	}
	_, _, err = c.handle(t, deleteRequest())
	require.NoError(t, err)
}

func TestFailedCallsSayWhatToDo(t *testing.T) {
	restore := func(permission string) string {
		return "; restore the permission " + permission + " of the emptier's role and delete the stack again"
	}
	for _, row := range []struct{ call, code, says, because, do string }{
		{"DescribeStacks", "AccessDenied", "cannot read the status of the stack", "AccessDenied", restore("cloudformation:DescribeStacks")},
		{"GET tagging", "AccessDenied", "cannot read which stack created", "AccessDenied", restore("s3:GetBucketTagging")},
		{"GET versions", "AccessDenied", "list bucket " + bucket, "AccessDenied", restore("s3:ListBucketVersions")},
		{"POST delete", "AccessDenied", "delete from bucket " + bucket, "AccessDenied", restore("s3:DeleteObject and s3:DeleteObjectVersion")},
		{"GET tagging", "SlowDown", "cannot read which stack created", "context deadline exceeded", "; delete the stack again"},
	} {
		c := newCloud("DELETE_IN_PROGRESS", "stripe/a")
		c.before = func(call string) string {
			if call == row.call {
				return row.code
			}
			return ""
		}

		_, _, err := c.handle(t, deleteRequest())

		require.ErrorContains(t, err, row.says)
		assert.ErrorContains(t, err, row.because)
		assert.True(t, strings.HasSuffix(err.Error(), row.do), err)
		assert.Len(t, c.versions, 1)
	}
	_, _, err := newCloud("").handle(t, deleteRequest())
	assert.EqualError(t, err, "CloudFormation does not know the stack "+stackID+", so the bucket was not emptied; "+
		"empty it by hand and delete the stack again")
}

// respond returns the response that CloudFormation gets.
func respond(t *testing.T, handler cfn.CustomResourceFunction) (response cfn.Response) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		assert.Less(t, len(body), 4096, "the maximum of CloudFormation")
		assert.NoError(t, json.Unmarshal(body, &response))
	}))
	defer server.Close()
	e := deleteRequest()
	e.ResponseURL = server.URL
	defer func() { _ = recover() }() // LambdaWrap panics again after its response
	_, err := cfn.LambdaWrap(handler)(t.Context(), e)
	require.NoError(t, err)
	return response
}

func TestCloudFormationAlwaysGetsAResponse(t *testing.T) {
	refused := newCloud("DELETE_IN_PROGRESS")
	refused.before = func(string) string { return strings.Repeat("AccessDenied", 500) }
	broken := newCloud("DELETE_IN_PROGRESS")
	broken.before = func(string) string { panic("boom") }
	for _, row := range []struct {
		why           string
		cloud         *cloud
		status        cfn.StatusType
		reason, until string
	}{
		{"nothing to do", newCloud("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"), cfn.StatusSuccess, "", ""},
		{"an error that is too long", refused, cfn.StatusFailed, "AccessDenied", "; delete the stack again"},
		{"a panic", broken, cfn.StatusFailed, "panicked", ""},
	} {
		response := respond(t, row.cloud.handler(io.Discard).Handle)
		assert.Equal(t, row.status, response.Status, row.why)
		assert.Contains(t, response.Reason, row.reason, row.why)
		assert.True(t, strings.HasSuffix(response.Reason, row.until), row.why)
		assert.Equal(t, bucket, response.PhysicalResourceID)
		assert.Equal(t, "BucketEmptier", response.LogicalResourceID)
	}
}

func TestLogSaysWhatWasDoneAndWhy(t *testing.T) {
	for _, row := range []struct {
		change func(*cloud)
		says   []string
	}{
		{func(c *cloud) { c.status = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" },
			[]string{"the stack is not being deleted", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"}},
		{func(c *cloud) { c.tags = nil }, []string{"this stack did not create it"}},
		{func(c *cloud) { c.noBucket = true }, []string{"bucket does not exist"}},
		{func(c *cloud) { c.status = "" }, []string{`"level":"ERROR"`, "does not know the stack"}},
		{func(*cloud) {}, []string{"bucket emptied", `"deleted":1`}},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newCloud("DELETE_IN_PROGRESS", "stripe/a")
			row.change(c)
			var log bytes.Buffer
			_, _, _ = c.handler(&log).Handle(t.Context(), deleteRequest())
			for _, says := range append(row.says, `"bucket":"`+bucket+`"`, stackID, `"requestType":"Delete"`) {
				assert.Contains(t, log.String(), says)
			}
		})
	}
}
