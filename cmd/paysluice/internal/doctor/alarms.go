package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
)

func alarmChecks() []check[*Doctor] {
	return []check[*Doctor]{
		{"alarms", "the alarms and their actions", (*Doctor).checkAlarms},
		{"filters", "the metric filters that alarms read", (*Doctor).checkFilters},
		{"subscriptions", "who gets the alarms", (*Doctor).checkSubscriptions},
		{"logs", "the log groups and their retention", (*Doctor).checkLogs},
	}
}

// alarmsPerCall is the largest number of names in one DescribeAlarms call
// (CloudWatch API Reference).
const alarmsPerCall = 100

func (d *Doctor) checkAlarms(ctx context.Context) ([]Finding, error) {
	t, err := d.deployed()
	if err != nil {
		return nil, err
	}
	var found []Finding
	for chunk := range slices.Chunk(t.kinds("AWS::CloudWatch::Alarm"), alarmsPerCall) {
		var names []string
		for _, r := range chunk {
			names = append(names, r.physical)
		}
		out, err := d.alarms.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: names, MaxRecords: new(int32(alarmsPerCall))})
		if err != nil {
			return found, err
		}
		for _, r := range chunk {
			i := slices.IndexFunc(out.MetricAlarms, func(a cwtypes.MetricAlarm) bool { return aws.ToString(a.AlarmName) == r.physical })
			if i < 0 {
				found = append(found, d.missing(r))
				continue
			}
			found = append(found, d.alarm(r, out.MetricAlarms[i])...)
		}
	}
	return found, nil
}

func (d *Doctor) alarm(r resource, live cwtypes.MetricAlarm) []Finding {
	want := without(r.properties, "Tags")
	if d.emulated() { // MiniStack replaces expressions by their first metric
		want = without(want, "Metrics")
	}
	found := drift(r.physical, want, asJSON(live), "The alarm may fire too late, never, or unnoticed.")
	if !aws.ToBool(live.ActionsEnabled) {
		found = append(found, Finding{Error, r.physical, "has its actions disabled", "It fires and tells nobody.",
			d.aws("cloudwatch enable-alarm-actions --alarm-names %s", r.physical)})
	}
	return found
}

func (d *Doctor) checkFilters(ctx context.Context) ([]Finding, error) {
	t, err := d.deployed()
	if err != nil {
		return nil, err
	}
	groups := map[string][]types.MetricFilter{}
	var found []Finding
	for _, r := range t.kinds("AWS::Logs::MetricFilter") {
		group := text(r.properties["LogGroupName"])
		if _, read := groups[group]; !read {
			for pages := cloudwatchlogs.NewDescribeMetricFiltersPaginator(d.logs, &cloudwatchlogs.DescribeMetricFiltersInput{LogGroupName: &group}); pages.HasMorePages(); {
				page, err := pages.NextPage(ctx)
				if stack.ErrorCode(err) == "ResourceNotFoundException" {
					break // a finding of the check logs
				}
				if err != nil {
					return found, err
				}
				groups[group] = append(groups[group], page.MetricFilters...)
			}
		}
		i := slices.IndexFunc(groups[group], func(f types.MetricFilter) bool { return aws.ToString(f.FilterName) == r.physical })
		if i < 0 {
			found = append(found, d.missing(r))
			continue
		}
		found = append(found, drift(r.physical, only(r.properties, "FilterPattern", "MetricTransformations"), asJSON(groups[group][i]),
			"An alarm counts other lines than it says.")...)
	}
	return found, nil
}

func (d *Doctor) checkSubscriptions(ctx context.Context) ([]Finding, error) {
	var found []Finding
	quiet := false
	for _, output := range []string{"AlarmTopicArn", "TicketTopicArn"} {
		topic := d.stack.Outputs[output]
		out, err := d.topics.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &topic})
		if err != nil {
			return found, err
		}
		if n := out.Attributes["SubscriptionsPending"]; n != "" && n != "0" {
			to, err := d.pending(ctx, topic)
			if err != nil {
				return found, err
			}
			found = append(found, Finding{Error, topic, fmt.Sprintf("has unconfirmed subscriptions: %s%s", n, to), "SNS sends no alarm there.",
				"follow the link in the message that SNS has sent; " + d.aws("sns subscribe --topic-arn %s", topic) + " with the same endpoint sends it again"})
		}
		switch n := out.Attributes["SubscriptionsConfirmed"]; {
		case n != "" && n != "0":
		case d.stack.AWS.Local:
			quiet = true
		default:
			found = append(found, Finding{Error, topic, "has no confirmed subscription", "Alarms fire and nobody is told.",
				d.aws("sns subscribe --topic-arn %s --protocol email --notification-endpoint you@example.com", topic)})
		}
	}
	if quiet && len(found) == 0 {
		return nil, skipped("a local stack sends its alarms to nobody")
	}
	return found, nil
}

// pending returns the endpoints of a topic's unconfirmed subscriptions. SNS gives them
// no ARN (API Reference, ListSubscriptionsByTopic).
func (d *Doctor) pending(ctx context.Context, topic string) (string, error) {
	var to string
	for pages := sns.NewListSubscriptionsByTopicPaginator(d.topics, &sns.ListSubscriptionsByTopicInput{TopicArn: &topic}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", err
		}
		for _, s := range page.Subscriptions {
			if !strings.HasPrefix(aws.ToString(s.SubscriptionArn), "arn:") {
				to += fmt.Sprintf(", %s %s", aws.ToString(s.Protocol), aws.ToString(s.Endpoint))
			}
		}
	}
	return to, nil
}

func (d *Doctor) checkLogs(ctx context.Context) ([]Finding, error) {
	t, err := d.deployed()
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, r := range t.kinds("AWS::Logs::LogGroup") {
		out, err := d.logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &r.physical})
		if err != nil {
			return found, err
		}
		i := slices.IndexFunc(out.LogGroups, func(g types.LogGroup) bool { return aws.ToString(g.LogGroupName) == r.physical })
		if i < 0 {
			found = append(found, d.missing(r))
			continue
		}
		group, want := out.LogGroups[i], text(r.properties["RetentionInDays"])
		if have := show(asJSON(group.RetentionInDays)); have != want {
			found = append(found, Finding{Warning, r.physical, fmt.Sprintf("has the retention %s, the parameters say %s days", have, want),
				"Lines are kept for ever or deleted too early.",
				d.aws("logs put-retention-policy --log-group-name %s --retention-in-days %s", r.physical, want)})
		}
		found = append(found, drift(r.physical, only(r.properties, "KmsKeyId"), asJSON(group), "The lines are encrypted with another key.")...)
	}
	return found, nil
}
