package doctor

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func deliveryChecks() []check[*Doctor] {
	return []check[*Doctor]{
		{"mappings", "the pollers of queues and stream", (*Doctor).checkMappings},
		{"queues", "the queues' settings", (*Doctor).checkQueues},
	}
}

func (d *Doctor) checkMappings(ctx context.Context) ([]Finding, error) {
	t, err := d.deployed()
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, r := range t.kinds("AWS::Lambda::EventSourceMapping") {
		out, err := d.functions.GetEventSourceMapping(ctx, &lambda.GetEventSourceMappingInput{UUID: &r.physical})
		if _, missing := errors.AsType[*lambdatypes.ResourceNotFoundException](err); missing {
			found = append(found, d.missing(r))
			continue
		}
		if err != nil {
			return found, err
		}
		subject := r.id + " of " + text(r.properties["FunctionName"])
		lost, slow := "Its messages wait in the queue, and are lost after its retention.",
			"Events may be stored too slowly, or a whole batch is retried for one message."
		if r.properties["StartingPosition"] != nil { // of a stream
			lost = "No event is published. The stream keeps events for 24 hours, the table keeps them."
			slow = "Events may be published too slowly, or never."
		}
		if state := aws.ToString(out.State); strings.HasPrefix(state, "Disabl") {
			found = append(found, Finding{Error, subject, "is disabled", lost,
				d.aws("lambda update-event-source-mapping --enabled --uuid %s", r.physical)})
		}
		found = append(found, drift(subject, without(r.properties, "FunctionName", "Enabled", "Tags"), asJSON(out), slow)...)
	}
	return found, nil
}

func (d *Doctor) checkQueues(ctx context.Context) ([]Finding, error) {
	t, err := d.deployed()
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, r := range t.kinds("AWS::SQS::Queue") {
		live, err := d.queue(ctx, r.physical)
		if _, missing := errors.AsType[*types.QueueDoesNotExist](err); missing {
			found = append(found, d.missing(r))
			continue
		}
		if err != nil {
			return found, err
		}
		found = append(found, drift(text(r.properties["QueueName"]), without(r.properties, "QueueName", "Tags"), live,
			"Messages may be delivered twice at a time, or lost instead of archived.")...)
	}
	return found, nil
}

// queue returns a queue's attributes; those that are documents are parsed.
func (d *Doctor) queue(ctx context.Context, url string) (map[string]any, error) {
	out, err := d.queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	if err != nil {
		return nil, err
	}
	live := map[string]any{}
	for name, value := range out.Attributes {
		live[name] = value
		if strings.HasPrefix(value, "{") {
			live[name] = parse(value)
		}
	}
	return live, nil
}
