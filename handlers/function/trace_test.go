package function_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/function"
)

func TestTraceparent(t *testing.T) {
	const (
		root   = "Root=1-5759e988-bd862e3fe1be46a994272793"
		parent = ";Parent=53995c3f42cd8ad8"
		want   = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01"
	)
	for _, row := range []struct{ why, header, want string }{
		{"X-Ray records the request", root + parent + ";Sampled=1", want},
		{"the header promises no order", "Sampled=1" + parent + ";" + root, want},
		{"fields of services between", "Self=1-5759e988-000000000000000000000001;" + root + parent + ";Sampled=1;Lineage=1:5759e988:0", want},
		{"no header", "", ""},
		{"the function's mode is PassThrough, as without the parameter Tracing", root + ";Lineage=1:5759e988:0", ""},
		{"X-Ray does not record the request", root + parent + ";Sampled=0", ""},
		{"X-Ray has not decided", root + parent + ";Sampled=?", ""},
		{"nothing says that X-Ray records it", root + parent, ""},
		{"no parent, which W3C requires", root + ";Sampled=1", ""},
		{"no trace id", parent + ";Sampled=1", ""},
		{"another version", "Root=2-5759e988-bd862e3fe1be46a994272793" + parent + ";Sampled=1", ""},
		{"a time of nine digits", "Root=1-5759e988b-d862e3fe1be46a994272793" + parent + ";Sampled=1", ""},
		{"a further part", root + "-1" + parent + ";Sampled=1", ""},
		{"a short trace id", "Root=1-5759e988-bd862e3fe1be46a99427279" + parent + ";Sampled=1", ""},
		{"W3C's digits are lower-case", "Root=1-5759E988-bd862e3fe1be46a994272793" + parent + ";Sampled=1", ""},
		{"a digit that is not hex", root + ";Parent=53995c3f42cd8adg;Sampled=1", ""},
		{"W3C's invalid trace id", "Root=1-00000000-000000000000000000000000" + parent + ";Sampled=1", ""},
		{"W3C's invalid parent id", root + ";Parent=0000000000000000;Sampled=1", ""},
		{"a sender chooses text", "Root=1-<script>-alert" + parent + ";Sampled=1", ""},
	} {
		//lint:ignore SA1029 aws-lambda-go has a string as the key
		ctx := context.WithValue(t.Context(), "x-amzn-trace-id", row.header)
		assert.Equal(t, row.want, function.Traceparent(ctx), row.why)
	}
	assert.Empty(t, function.Traceparent(t.Context()), "outside an invocation")
}
