package doctor

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
)

// checkPolicies compares resource policies with those of the template.
func (d *Doctor) checkPolicies(ctx context.Context) ([]Finding, error) {
	t, err := d.deployed()
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, r := range t.kinds("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::KMS::Key") {
		var subjects []any
		want := r.properties["PolicyDocument"]
		switch r.kind {
		case "AWS::S3::BucketPolicy":
			subjects = []any{r.properties["Bucket"]}
		case "AWS::SQS::QueuePolicy":
			subjects, _ = r.properties["Queues"].([]any)
		case "AWS::SNS::TopicPolicy":
			subjects, _ = r.properties["Topics"].([]any)
		case "AWS::KMS::Key":
			subjects, want = []any{r.physical}, r.properties["KeyPolicy"]
		}
		for _, s := range subjects {
			live, err := d.policy(ctx, r.kind, text(s))
			if err != nil {
				return found, err
			}
			if changed := statements(want, parse(live)); len(changed) > 0 {
				found = append(found, Finding{Error, text(s), "has another policy than the template: " + strings.Join(changed, ", "),
					"Somebody may read or write what the template forbids, or the stack may not.", undo})
			}
		}
	}
	return found, nil
}

// policy returns the policy of a bucket, queue, topic or key, "" without one.
func (d *Doctor) policy(ctx context.Context, kind, subject string) (string, error) {
	switch kind {
	case "AWS::S3::BucketPolicy":
		out, err := d.objects.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &subject})
		if err != nil && stack.ErrorCode(err) != "NoSuchBucketPolicy" {
			return "", err
		}
		if out == nil {
			return "", nil
		}
		return aws.ToString(out.Policy), nil
	case "AWS::SQS::QueuePolicy":
		attributes, err := d.queue(ctx, subject)
		if err != nil {
			return "", err
		}
		return jsonText(attributes["Policy"]), nil
	case "AWS::SNS::TopicPolicy":
		out, err := d.topics.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &subject})
		if err != nil && stack.ErrorCode(err) != "NotFound" { // a finding of the check topics
			return "", err
		}
		if out == nil {
			return "", nil
		}
		return out.Attributes["Policy"], nil
	}
	out, err := d.keys.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &subject})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.Policy), nil
}

// statements returns the statements that only one of two policies has, by Sid.
func statements(want, live any) []string {
	wanted, existing := statementsOf(want), statementsOf(live)
	var changed []string
	for _, s := range wanted {
		if !holds(existing, s) {
			changed = append(changed, name(s)+" is missing")
		}
	}
	for _, s := range existing {
		if !holds(wanted, s) {
			changed = append(changed, name(s)+" is not in the template")
		}
	}
	return changed
}

func statementsOf(document any) []any {
	object, _ := document.(map[string]any)
	list, ok := object["Statement"].([]any)
	if !ok && object["Statement"] != nil {
		return []any{object["Statement"]}
	}
	return list
}

// holds reports whether a list has a statement with the same members.
func holds(list []any, statement any) bool {
	for _, other := range list {
		a, b := canonical(statement), canonical(other)
		if len(differences("", a, b)) == 0 && len(differences("", b, a)) == 0 {
			return true
		}
	}
	return false
}

// canonical returns a value with lists of one item replaced by the item: AWS stores
// them in either form.
func canonical(value any) any {
	switch v := value.(type) {
	case map[string]any:
		object := map[string]any{}
		for name, m := range v {
			object[name] = canonical(m)
		}
		return object
	case []any:
		if len(v) == 1 {
			return canonical(v[0])
		}
	}
	return value
}

func name(statement any) string {
	object, _ := statement.(map[string]any)
	if sid := text(object["Sid"]); sid != "" {
		return "statement " + sid
	}
	return "a statement without Sid"
}
