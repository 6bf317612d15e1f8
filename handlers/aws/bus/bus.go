// Package bus publishes events to an EventBridge bus.
package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/cloudevent"
)

// Client is the subset of the EventBridge API that a Bus calls.
type Client interface {
	PutEvents(context.Context, *eventbridge.PutEventsInput, ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)
}

// Bus publishes to one bus.
type Bus struct {
	client  Client
	name    string
	timeout time.Duration
}

// New returns the bus with that name or ARN. timeout bounds one Publish including the
// client's retries.
func New(client Client, name string, timeout time.Duration) *Bus {
	return &Bus{client: client, name: name, timeout: timeout}
}

// ErrEntry reports that EventBridge has not taken the event of an accepted request.
var ErrEntry = errors.New("EventBridge has not taken the event")

// Publish publishes an event: the CloudEvent is the detail, and its type the detail type.
// replay is "" or the id of an operator's run, a member of the detail. The error is
// event.ErrRefused if the bus refuses the event because of its content.
func (b *Bus) Publish(ctx context.Context, e cloudevent.Event, replay string) error {
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	out, err := b.client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		EventBusName: &b.name, Source: &e.Source, DetailType: &e.Type, Detail: new(detail(e, replay)),
	}}})
	if err != nil {
		return b.classify(errorCode(err), err)
	}
	// Failures of entries come with status 200 (EventBridge API Reference, PutEvents).
	for _, entry := range out.Entries {
		if code := aws.ToString(entry.ErrorCode); code != "" {
			return b.classify(code, fmt.Errorf("%w: %s: %s", ErrEntry, code, aws.ToString(entry.ErrorMessage)))
		}
	}
	if out.FailedEntryCount > 0 || len(out.Entries) == 0 {
		return b.classify("", fmt.Errorf("%w: it does not say why", ErrEntry))
	}
	return nil
}

// detail returns the event in JSON. A bus has no attributes beside it, so a replay is a
// member like CloudEvents' extensions.
func detail(e cloudevent.Event, replay string) string {
	text := e.Encode()
	if replay == "" {
		return text
	}
	id, _ := json.Marshal(replay) // a string cannot fail
	return `{"` + contract.ReplayAttribute + `":` + string(id) + `,` + strings.TrimPrefix(text, "{")
}

func errorCode(err error) string {
	if failure, ok := errors.AsType[smithy.APIError](err); ok {
		return failure.ErrorCode()
	}
	return ""
}

// classify names the bus, and adds event.ErrRefused to errors about the event itself
// (EventBridge API Reference, PutEventsResultEntry). A missing permission is the stack's
// fault: a retry helps once it is there.
func (b *Bus) classify(code string, err error) error {
	switch code {
	case "ValidationException", "InvalidArgument", "MalformedDetail", "RedactionFailure":
		return fmt.Errorf("%w: put into %s: %w", event.ErrRefused, b.name, err)
	}
	return fmt.Errorf("put into %s: %w", b.name, err)
}
