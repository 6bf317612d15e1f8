// Package function holds what every Lambda function is made of: environment
// variables, API Gateway requests, SQS batches, deadlines, log lines and
// metrics. It imports no AWS SDK.
package function

import (
	"context"
	"encoding/json"
	"fmt"
)

// Handler handles invocations. It implements lambda.Handler of aws-lambda-go.
type Handler struct {
	invoke func(context.Context, []byte) ([]byte, error)
}

// NewHandler returns a Handler that decodes an event with decode, passes it to
// handle and encodes the result as JSON.
func NewHandler[In, Out any](decode func([]byte) (In, error), handle func(context.Context, In) (Out, error)) Handler {
	return Handler{invoke: func(ctx context.Context, payload []byte) ([]byte, error) {
		in, err := decode(payload)
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

// DecodeJSON decodes an event with encoding/json.
func DecodeJSON[In any](event []byte) (In, error) {
	var in In
	if err := json.Unmarshal(event, &in); err != nil {
		return in, fmt.Errorf("decode the event as %T: %w", in, err)
	}
	return in, nil
}

// Invoke implements lambda.Handler. It returns the errors of decode and handle.
func (h Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return h.invoke(ctx, payload)
}
