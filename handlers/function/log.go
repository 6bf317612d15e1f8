package function

import (
	"context"
	"io"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// NewLogger writes JSON lines in Lambda's own format (docs.aws.amazon.com,
// Lambda Developer Guide, "Log formats"), each with the request id of the
// invocation. level is DEBUG or INFO; anything else is read as INFO.
func NewLogger(w io.Writer, level string) *slog.Logger {
	minimum := slog.LevelInfo
	if level == "DEBUG" {
		minimum = slog.LevelDebug
	}
	return slog.New(withRequestID{slog.NewJSONHandler(w, &slog.HandlerOptions{
		Level:       minimum,
		ReplaceAttr: lambdacontext.ReplaceAttr,
	})})
}

// withRequestID adds the invocation's request id to every record.
type withRequestID struct{ slog.Handler }

func (h withRequestID) Handle(ctx context.Context, r slog.Record) error {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		r.AddAttrs(slog.String("requestId", lc.AwsRequestID))
	}
	return h.Handler.Handle(ctx, r)
}

func (h withRequestID) WithAttrs(attrs []slog.Attr) slog.Handler {
	return withRequestID{h.Handler.WithAttrs(attrs)}
}

func (h withRequestID) WithGroup(name string) slog.Handler {
	return withRequestID{h.Handler.WithGroup(name)}
}
