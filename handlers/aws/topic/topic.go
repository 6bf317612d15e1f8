// Package topic publishes events to an SNS topic.
package topic

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/cloudevent"
)

// Client is the subset of the SNS API that a Topic calls.
type Client interface {
	Publish(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error)
}

// Topic publishes to one topic.
type Topic struct {
	client  Client
	arn     string
	timeout time.Duration
}

// New returns the topic with that ARN. timeout bounds one Publish including the
// client's retries.
func New(client Client, arn string, timeout time.Duration) *Topic {
	return &Topic{client: client, arn: arn, timeout: timeout}
}

// Publish publishes an event. replay is "" or the id of an operator's run. The error is
// event.ErrRefused if the topic refuses the event because of its content.
func (t *Topic) Publish(ctx context.Context, e cloudevent.Event, replay string) error {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	values := e.Attributes()
	if replay != "" {
		values[contract.ReplayAttribute] = replay
	}
	attributes := make(map[string]types.MessageAttributeValue, len(values))
	for name, value := range values {
		attributes[name] = types.MessageAttributeValue{DataType: new("String"), StringValue: &value}
	}
	_, err := t.client.Publish(ctx, &sns.PublishInput{TopicArn: &t.arn, Message: new(e.Encode()), MessageAttributes: attributes})
	switch {
	case err == nil:
		return nil
	case isRefused(err):
		return fmt.Errorf("%w: publish to %s: %w", event.ErrRefused, t.arn, err)
	}
	return fmt.Errorf("publish to %s: %w", t.arn, err)
}

// isRefused reports whether SNS refuses the message itself (SNS API Reference, Publish,
// "Errors").
func isRefused(err error) bool {
	_, parameter := errors.AsType[*types.InvalidParameterException](err)
	_, value := errors.AsType[*types.InvalidParameterValueException](err)
	_, validation := errors.AsType[*types.ValidationException](err)
	return parameter || value || validation
}
