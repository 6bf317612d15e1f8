package function

import (
	"context"
	"encoding/json"
	"fmt"
)

// Handler takes invocations. It implements the lambda.Handler of aws-lambda-go,
// which makes one of its own out of any function: that one reads the event
// through a json.Decoder, which copies and scans it once more than is necessary.
type Handler struct {
	invoke func(context.Context, []byte) ([]byte, error)
}

// NewHandler takes invocations with handle: its argument is what read makes of the event,
// its result encoded as the answer.
func NewHandler[In, Out any](read func([]byte) (In, error), handle func(context.Context, In) (Out, error)) Handler {
	return Handler{func(ctx context.Context, payload []byte) ([]byte, error) {
		in, err := read(payload)
		if err != nil {
			return nil, err
		}
		out, err := handle(ctx, in)
		if err != nil {
			return nil, err
		}
		return json.Marshal(out)
	}}
}

// DecodeJSON reads an event as encoding/json does.
func DecodeJSON[In any](event []byte) (In, error) {
	var in In
	if err := json.Unmarshal(event, &in); err != nil {
		return in, fmt.Errorf("the event is not a %T: %w", in, err)
	}
	return in, nil
}

// Invoke implements lambda.Handler. An error is the handler's own, or
// read's: the event is not of the handler's type.
func (h Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return h.invoke(ctx, payload)
}
