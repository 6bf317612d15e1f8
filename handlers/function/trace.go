package function

import (
	"context"
	"strings"
)

// traceKey is the key under which aws-lambda-go puts the trace header of an invocation
// into its context (lambda/invoke_loop.go).
const traceKey = "x-amzn-trace-id"

// Traceparent returns the trace context of an invocation in W3C's form, version 00, or
// nothing for one that X-Ray does not sample. The header is
// "Root=1-{8 hex}-{24 hex};Parent={16 hex};Sampled=1"; further fields may follow (AWS X-Ray
// Developer Guide, "Tracing header"). W3C's trace id is Root without version and hyphens
// (X-Ray, "Sending trace data"). Functions in the mode PassThrough get only Root
// (aws/aws-xray-sdk-java, pull request 409). A sender can choose Root, so nothing is returned for a
// header in another form and for ids that W3C calls invalid (Trace Context, "trace-id" and
// "parent-id": lower-case hex, not only zeros).
func Traceparent(ctx context.Context) string {
	header, _ := ctx.Value(traceKey).(string)
	var root, parent, sampled string
	for field := range strings.SplitSeq(header, ";") {
		switch name, value, _ := strings.Cut(field, "="); name {
		case "Root":
			root = value
		case "Parent":
			parent = value
		case "Sampled":
			sampled = value
		}
	}
	id, known := strings.CutPrefix(root, "1-")
	seconds, unique, _ := strings.Cut(id, "-")
	trace := seconds + unique
	if sampled != "1" || !known || len(seconds) != 8 || !isTraceID(trace, 32) || !isTraceID(parent, 16) {
		return ""
	}
	return "00-" + trace + "-" + parent + "-01"
}

// isTraceID reports whether an id has that many digits of lower-case hex and one that is
// not 0.
func isTraceID(id string, digits int) bool {
	return len(id) == digits && strings.Trim(id, "0123456789abcdef") == "" && strings.Trim(id, "0") != ""
}
