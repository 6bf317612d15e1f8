package doctor

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
)

// checkTopics checks the topics of alarms and the topic or bus of published events.
func (d *Doctor) checkTopics(ctx context.Context) ([]Finding, error) {
	t, err := d.deployed()
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, r := range t.kinds("AWS::SNS::Topic") {
		out, err := d.topics.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &r.physical})
		switch {
		case stack.ErrorCode(err) == "NotFound":
			found = append(found, d.missing(r))
		case err != nil:
			return found, err
		case !d.emulated(): // MiniStack has no key of a topic
			found = append(found, drift(r.physical, only(r.properties, "KmsMasterKeyId"), asJSON(out.Attributes),
				"Others than the template says may read its messages.")...)
		}
	}
	for _, r := range t.kinds("AWS::Events::EventBus") {
		_, err := d.rules.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: &r.physical})
		if _, missing := errors.AsType[*eventtypes.ResourceNotFoundException](err); missing {
			found = append(found, d.missing(r))
			continue
		}
		if err != nil {
			return found, err
		}
	}
	return found, nil
}
