package function

import (
	"context"
	"io"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/paysluice/paysluice/handlers/contract"
)

// NewLogger returns a logger that writes JSON lines in Lambda's format, each
// with the request id of the invocation (Lambda Developer Guide, "Log formats").
// level is one of contract.LogLevels; any other value means INFO.
func NewLogger(w io.Writer, level string) *slog.Logger {
	minimum := slog.LevelInfo
	if level == contract.LogLevelDebug {
		minimum = slog.LevelDebug
	}
	return slog.New(withRequestID{slog.NewJSONHandler(w, &slog.HandlerOptions{
		Level:       minimum,
		ReplaceAttr: lambdacontext.ReplaceAttr,
	})})
}

// withRequestID adds the request id of the invocation to every record.
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
