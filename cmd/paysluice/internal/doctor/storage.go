package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
)

func storageChecks() []check[*Doctor] {
	return []check[*Doctor]{
		{"key", "the key that encrypts everything", (*Doctor).checkKey},
		{"tables", "the tables' settings", (*Doctor).checkTables},
		{"backups", "the tables' point-in-time recovery and expiry", (*Doctor).checkBackups},
		{"archive", "the bucket of failed webhooks", (*Doctor).checkArchive},
		{"lifecycle", "the bucket's rules that expire payloads", (*Doctor).checkLifecycle},
		{"policies", "the policies of bucket, queues, topics and key", (*Doctor).checkPolicies},
	}
}

func (d *Doctor) checkKey(ctx context.Context) ([]Finding, error) {
	t, err := d.deployed()
	if err != nil {
		return nil, err
	}
	var found []Finding
	const means = "Without the key no function starts and no event is read or stored; the API answers 5xx."
	for _, r := range t.kinds("AWS::KMS::Key") {
		out, err := d.keys.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &r.physical})
		if err != nil {
			return found, err
		}
		enable := d.aws("kms enable-key --key-id %s", r.physical)
		switch out.KeyMetadata.KeyState {
		case kmstypes.KeyStateEnabled:
		case kmstypes.KeyStatePendingDeletion:
			found = append(found, Finding{Error, r.physical, fmt.Sprintf("is deleted at %s", aws.ToTime(out.KeyMetadata.DeletionDate).UTC().Format("2006-01-02 15:04")),
				means + " After the deletion nothing that it encrypted can be read again.",
				d.aws("kms cancel-key-deletion --key-id %s", r.physical) + " && " + enable})
		default:
			found = append(found, Finding{Error, r.physical, fmt.Sprintf("has the state %s", out.KeyMetadata.KeyState), means, enable})
		}
	}
	return found, nil
}

func (d *Doctor) checkTables(ctx context.Context) ([]Finding, error) {
	t, err := d.deployed()
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, r := range t.kinds("AWS::DynamoDB::Table") {
		out, err := d.tables.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &r.physical})
		if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing {
			found = append(found, d.missing(r))
			continue
		}
		if err != nil {
			return found, err
		}
		want := only(r.properties, "KeySchema", "StreamSpecification", "DeletionProtectionEnabled", "GlobalSecondaryIndexes")
		have, _ := asJSON(out.Table).(map[string]any)
		if have["DeletionProtectionEnabled"] == nil {
			have["DeletionProtectionEnabled"] = false
		}
		found = append(found, drift(r.physical, want, have, "Readers may miss events, or the table can be deleted.")...)
	}
	return found, nil
}

func (d *Doctor) checkBackups(ctx context.Context) ([]Finding, error) {
	if d.emulated() {
		return nil, skipped("the emulator sets neither for a table of a template")
	}
	t, err := d.deployed()
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, r := range t.kinds("AWS::DynamoDB::Table") {
		backups, err := d.tables.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &r.physical})
		if err != nil {
			return found, err
		}
		expiry, err := d.tables.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &r.physical})
		if err != nil {
			return found, err
		}
		recovery := backups.ContinuousBackupsDescription.PointInTimeRecoveryDescription
		if r.properties["PointInTimeRecoverySpecification"] != nil && (recovery == nil || recovery.PointInTimeRecoveryStatus != types.PointInTimeRecoveryStatusEnabled) {
			found = append(found, Finding{Warning, r.physical, "has no point-in-time recovery", "Deleted or overwritten events cannot be restored.",
				d.aws("dynamodb update-continuous-backups --table-name %s --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true", r.physical)})
		}
		status := expiry.TimeToLiveDescription.TimeToLiveStatus
		if want, _ := r.properties["TimeToLiveSpecification"].(map[string]any); want != nil && status != types.TimeToLiveStatusEnabled && status != types.TimeToLiveStatusEnabling {
			found = append(found, Finding{Warning, r.physical, "does not expire items", "Events outlive EventRetentionDays, and guards are kept for ever.",
				d.aws("dynamodb update-time-to-live --table-name %s --time-to-live-specification Enabled=true,AttributeName=%s", r.physical, text(want["AttributeName"]))})
		}
	}
	return found, nil
}

// checkArchive reads the bucket as paysluice replay does.
func (d *Doctor) checkArchive(ctx context.Context) ([]Finding, error) {
	t, err := d.deployed()
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, r := range t.kinds("AWS::S3::Bucket") {
		name := r.physical
		if _, err := d.objects.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &name, MaxKeys: new(int32(1))}); err != nil {
			if _, missing := errors.AsType[*s3types.NoSuchBucket](err); missing {
				found = append(found, d.missing(r))
				continue
			}
			return found, err
		}
		versioning, err := d.objects.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &name})
		if err != nil {
			return found, err
		}
		if versioning.Status != s3types.BucketVersioningStatusEnabled {
			found = append(found, Finding{Warning, name, "keeps no versions", "A deleted object cannot be restored.",
				d.aws("s3api put-bucket-versioning --bucket %s --versioning-configuration Status=Enabled", name)})
		}
		block, err := d.objects.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &name})
		if err != nil && stack.ErrorCode(err) != "NoSuchPublicAccessBlockConfiguration" {
			return found, err
		}
		if block == nil {
			block = &s3.GetPublicAccessBlockOutput{}
		}
		if len(differences("", r.properties["PublicAccessBlockConfiguration"], asJSON(block.PublicAccessBlockConfiguration))) > 0 {
			found = append(found, Finding{Error, name, "does not block public access", "A policy or an ACL can make payloads public.",
				d.aws("s3api put-public-access-block --bucket %s --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true", name)})
		}
	}
	return found, nil
}

// checkLifecycle compares the rules that expire payloads.
func (d *Doctor) checkLifecycle(ctx context.Context) ([]Finding, error) {
	if d.emulated() {
		return nil, skipped("the emulator sets no lifecycle of a template")
	}
	t, err := d.deployed()
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, r := range t.kinds("AWS::S3::Bucket") {
		rules, err := d.objects.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &r.physical})
		if err != nil && stack.ErrorCode(err) != "NoSuchLifecycleConfiguration" {
			return found, err
		}
		if missing := missingRules(r, rules); len(missing) > 0 {
			found = append(found, Finding{Warning, r.physical, fmt.Sprintf("lacks %d lifecycle rules, %q among them", len(missing), missing[0]),
				"Payloads are kept longer than the parameters say.", undo})
		}
	}
	return found, nil
}

// missingRules returns the ids of the template's rules that a bucket lacks.
func missingRules(r resource, have *s3.GetBucketLifecycleConfigurationOutput) []string {
	enabled := map[string]bool{}
	if have != nil {
		for _, rule := range have.Rules {
			enabled[aws.ToString(rule.ID)] = rule.Status == s3types.ExpirationStatusEnabled
		}
	}
	configuration, _ := r.properties["LifecycleConfiguration"].(map[string]any)
	rules, _ := configuration["Rules"].([]any)
	var missing []string
	for _, rule := range rules {
		rule, _ := rule.(map[string]any)
		if id := text(rule["Id"]); text(rule["Status"]) == "Enabled" && !enabled[id] {
			missing = append(missing, id)
		}
	}
	slices.Sort(missing)
	return missing
}
