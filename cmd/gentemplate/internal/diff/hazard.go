package diff

import (
	"slices"
	"strconv"
	"strings"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/model"
)

// hazard is a dangerous change that happens in place. No schema lists it.
type hazard struct {
	typ, path string
	// bad compares the values before and after, "" for none.
	bad    func(before, after string) bool
	class  Class
	rule   string
	untold bool // sets Reason.Untold
}

func hazards() []hazard {
	return []hazard{
		// SQS API Reference, SetQueueAttributes.
		{typeQueue, "MessageRetentionPeriod", lower("345600"), LostData, "Messages that are older expire at once.", true},
		{typeQueue, "RedrivePolicy/deadLetterTargetArn", removed, AlarmLost, "Messages that fail again and again reach no dead-letter queue.", true},
		{typeQueue, "RedriveAllowPolicy/redrivePermission", is("denyAll"), AlarmLost, "No queue may use it as its dead-letter queue.", true},
		// SQS Developer Guide, Using dead-letter queues.
		{typeQueue, "RedrivePolicy/maxReceiveCount", lower(never), Narrowed, "Messages reach the dead-letter queue after fewer attempts.", true},
		{typeQueue, "MaximumMessageSize", lower("262144"), Interrupted, "Larger messages are refused.", false},
		{typeQueue, "KmsMasterKeyId", removed, Exposure, "Messages are no longer encrypted with this key.", false},
		// DynamoDB Developer Guide, Point-in-time recovery and Time to Live; CloudFormation
		// User Guide, SSESpecification: some interruptions.
		{typeTable, "PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled", off, LostData, "The restore points are gone, also after it is switched on again.", true},
		{typeTable, "PointInTimeRecoverySpecification/RecoveryPeriodInDays", lower("35"), LostData, "Older restore points are gone.", true},
		{typeTable, "TimeToLiveSpecification/Enabled", on, LostData, "Expired items are deleted.", false},
		{typeTable, "TimeToLiveSpecification/AttributeName", changed, LostData, "Another attribute decides when an item is deleted.", false},
		{typeTable, "StreamSpecification/StreamViewType", changed, Interrupted, "The stream ends; readers lose unread records. A new stream has a new ARN.", false},
		{typeTable, "SSESpecification/SSEEnabled", changed, Interrupted, "The table is encrypted with another key.", false},
		{typeTable, "SSESpecification/KMSMasterKeyId", changed, Interrupted, "The table is encrypted with another key.", false},
		{typeTable, "GlobalSecondaryIndexes/*/IndexName", removed, Interrupted, "Queries of the index fail.", false},
		{typeTable, "DeletionProtectionEnabled", off, InPlace, "The table can be deleted.", true},
		// S3 User Guide, Lifecycle, Block Public Access, Versioning.
		{"AWS::S3::Bucket", "LifecycleConfiguration/Rules/*/ExpirationInDays", lower(never), LostData, "Objects that are older are deleted.", false},
		{"AWS::S3::Bucket", "LifecycleConfiguration/Rules/*/ExpirationDate", changed, LostData, "Objects are deleted on that day.", false},
		{"AWS::S3::Bucket", "LifecycleConfiguration/Rules/*/NoncurrentVersionExpiration/NoncurrentDays", lower(never), LostData, "Older versions of objects are deleted.", false},
		{"AWS::S3::Bucket", "LifecycleConfiguration/Rules/*/NoncurrentVersionExpirationInDays", lower(never), LostData, "Older versions of objects are deleted.", false},
		{"AWS::S3::Bucket", "LifecycleConfiguration/Rules/*/Prefix", replaces, LostData, "The rule is for other objects.", false},
		{"AWS::S3::Bucket", "LifecycleConfiguration/Rules/*/Status", begins, LostData, "The rule begins to delete or move objects.", false},
		{"AWS::S3::Bucket", "VersioningConfiguration/Status", is("Suspended"), LostData, "Overwritten objects are lost from now on.", false},
		{"AWS::S3::Bucket", "PublicAccessBlockConfiguration/*", off, Exposure, "Public access is no longer blocked.", false},
		{"AWS::S3::Bucket", "AccessControl", startsWith("Public"), Exposure, "Everybody can read the bucket.", false},
		{"AWS::S3::Bucket", "WebsiteConfiguration", added, Exposure, "The bucket is served as a website.", false},
		{"AWS::S3::Bucket", "BucketEncryption", removed, Exposure, "Objects are no longer encrypted with the stack's key.", false},
		{"AWS::S3::Bucket", "BucketEncryption/ServerSideEncryptionConfiguration/*/ServerSideEncryptionByDefault/KMSMasterKeyID", removed, Exposure, "Objects are no longer encrypted with this key.", false},
		{"AWS::S3::Bucket", "LoggingConfiguration", removed, AlarmLost, "Access is no longer logged.", true},
		// CloudWatch Logs User Guide.
		{"AWS::Logs::LogGroup", "RetentionInDays", lower(never), LostData, "Older lines are deleted.", true},
		{"AWS::Logs::LogGroup", "KmsKeyId", removed, Exposure, "Lines are no longer encrypted with this key.", false},
		// Secrets Manager: the template's value takes the place of the one put in by hand.
		{"AWS::SecretsManager::Secret", "GenerateSecretString", set, LostData, "A generated value replaces the stored one, which stays as AWSPREVIOUS only.", false},
		{"AWS::SecretsManager::Secret", "SecretString", set, LostData, "The template's value replaces the stored one, which stays as AWSPREVIOUS only.", false},
		{"AWS::SecretsManager::Secret", "KmsKeyId", removed, Exposure, "The secret is no longer encrypted with this key.", false},
		{"AWS::KMS::Key", "Enabled", off2, Interrupted, "Nothing that the key encrypts can be read.", false},
		{"AWS::KMS::Key", "EnableKeyRotation", off, Exposure, "The key is no longer rotated.", false},
		// Lambda Developer Guide.
		{typeFunction, "ReservedConcurrentExecutions", is("0"), Interrupted, "Every invocation is throttled.", false},
		{typeFunction, "ReservedConcurrentExecutions", less, Narrowed, "Fewer invocations run at once, and more are throttled.", true},
		{typeFunction, "ReservedConcurrentExecutions", first, Narrowed, "More invocations at once are throttled, and all other functions of the account share what is left.", true},
		{typeFunction, "KmsKeyArn", removed, Exposure, "The environment is no longer encrypted with this key.", false},
		{typeFunction, "TracingConfig/Mode", from("Active"), AlarmLost, "Requests are no longer traced.", true},
		{typeFunction, "DeadLetterConfig/TargetArn", removed, AlarmLost, "Failed asynchronous invocations are dropped.", true},
		{typeFunction, "LoggingConfig/LogGroup", changed, AlarmLost, "It logs elsewhere, where no filter of this group counts.", true},
		{typeFunction, "LoggingConfig/ApplicationLogLevel", higherLevel, AlarmLost, "It logs less, and filters may miss lines that they counted.", true},
		{"AWS::Lambda::Url", "AuthType", is("NONE"), Exposure, "Everybody can invoke the function.", false},
		{typeMapping, "Enabled", off2, Interrupted, "Its source is no longer read.", false},
		{typeMapping, "ScalingConfig/MaximumConcurrency", less, Narrowed, "Its source is read more slowly.", true},
		{typeMapping, "FilterCriteria", set, LostData, "Messages that do not match are deleted unread.", false},
		{typeMapping, "MaximumRecordAgeInSeconds", lower(never), LostData, "Records of a stream that wait for longer are given up.", true},
		{typeMapping, "MaximumRetryAttempts", lower(never), LostData, "Records of a stream are given up after fewer attempts.", true},
		{typeMapping, "DestinationConfig/OnFailure/Destination", removed, AlarmLost, "Nothing tells of the records that are given up.", true},
		{typeMapping, "FunctionResponseTypes", removed, Interrupted, "One failed message makes the whole batch come again.", false},
		// API Gateway Developer Guide.
		{"AWS::ApiGateway::Method", "AuthorizationType", is("NONE"), Exposure, "Everybody can call the method.", false},
		{"AWS::ApiGateway::Method", "AuthorizerId", removed, Exposure, "No authorizer checks requests.", false},
		{"AWS::ApiGateway::Method", "Integration/Type", replaces, Interrupted, "Requests no longer reach their former handler.", false},
		{"AWS::ApiGateway::Method", "ApiKeyRequired", off, Exposure, "Requests need no API key.", false},
		{"AWS::ApiGatewayV2::Route", "AuthorizationType", is("NONE"), Exposure, "Everybody can call the route.", false},
		{"AWS::ApiGateway::Stage", "MethodSettings/*/DataTraceEnabled", on, Exposure, "Whole requests and responses are logged.", false},
		{"AWS::ApiGateway::Stage", "MethodSettings/*/ThrottlingRateLimit", isZero, Interrupted, "Every request is throttled.", false},
		{"AWS::ApiGateway::Stage", "MethodSettings/*/ThrottlingBurstLimit", isZero, Interrupted, "Every request is throttled.", false},
		{"AWS::ApiGateway::Stage", "MethodSettings/*/ThrottlingRateLimit", higher, Exposure, "More requests get through.", true},
		{"AWS::ApiGateway::Stage", "MethodSettings/*/ThrottlingBurstLimit", higher, Exposure, "More requests get through.", true},
		{"AWS::ApiGateway::Stage", "MethodSettings/*/ThrottlingRateLimit", less, Narrowed, "More requests are throttled.", true},
		{"AWS::ApiGateway::Stage", "MethodSettings/*/ThrottlingBurstLimit", less, Narrowed, "More requests are throttled.", true},
		{"AWS::ApiGateway::Stage", "MethodSettings/*/LoggingLevel", is("OFF"), AlarmLost, "Errors are no longer logged.", true},
		{"AWS::ApiGateway::Stage", "AccessLogSetting/DestinationArn", removed, AlarmLost, "Requests are no longer logged.", true},
		{"AWS::ApiGateway::Stage", "AccessLogSetting/Format", changed, AlarmLost, "Filters that read the former fields may count nothing.", true},
		{"AWS::ApiGateway::Stage", "TracingEnabled", off, AlarmLost, "Requests are no longer traced.", true},
		{"AWS::ApiGateway::DomainName", "SecurityPolicy", olderTLS, Exposure, "Older versions of TLS are accepted.", false},
		{"AWS::ApiGateway::DomainName", "MutualTlsAuthentication", removed, Exposure, "Clients need no certificate.", false},
		{"AWS::ApiGateway::RestApi", "SecurityPolicy", olderTLS, Exposure, "Older versions of TLS are accepted.", false},
		{"AWS::ApiGateway::RestApi", "DisableExecuteApiEndpoint", off, Exposure, "The API answers under its own host name too.", false},
		{"AWS::ApiGateway::RestApi", "EndpointConfiguration/Types/*", from("PRIVATE"), Exposure, "The API is public.", false},
		{"AWS::ApiGateway::RestApi", "BinaryMediaTypes/*", removed, Interrupted, "Bodies of this type arrive as text, and their signatures may not match.", false},
		// CloudWatch and SNS.
		{typeAlarm, "ActionsEnabled", off2, AlarmLost, "It changes state and tells nobody.", true},
		{typeAlarm, "AlarmActions/*", removed, AlarmLost, "It no longer tells this target.", true},
		{typeAlarm, "OKActions/*", removed, AlarmLost, "It no longer tells this target that the alarm is over.", true},
		{typeAlarm, "InsufficientDataActions/*", removed, AlarmLost, "It no longer tells this target that data is missing.", true},
		{typeAlarm, "Period", higher, AlarmLost, "It takes longer to notice.", true},
		{typeAlarm, "EvaluationPeriods", higher, AlarmLost, "It takes longer to notice.", true},
		{typeAlarm, "DatapointsToAlarm", higher, AlarmLost, "It takes longer to notice.", true},
		{typeAlarm, "TreatMissingData", from("breaching"), AlarmLost, "Missing data no longer alarms.", true},
		{typeAlarm, "Statistic", changed, AlarmLost, "It watches another value.", true},
		{typeAlarm, "ExtendedStatistic", changed, AlarmLost, "It watches another value.", true},
		{typeAlarm, "Dimensions/*/Value", changed, AlarmLost, "It watches something else.", true},
		{typeFilter, "FilterPattern", changed, AlarmLost, "It counts other lines.", true},
		{typeTopic, "KmsMasterKeyId", set, AlarmLost, "Services may publish only if the key's policy lets them use it.", true},
		{typeTopic, "KmsMasterKeyId", removed, Exposure, "Messages are no longer encrypted with this key.", false},
		{typeBus, "KmsKeyIdentifier", removed, Exposure, "Events are no longer encrypted with this key.", false},
		{typeSubscriber, "FilterPolicy", set, AlarmLost, "Messages that do not match are dropped.", true},
		{typeSubscriber, "RedrivePolicy", removed, AlarmLost, "Messages that cannot be delivered are dropped.", true},
		{typeRule, "State", is("DISABLED"), AlarmLost, "The rule matches nothing.", true},
		{typeRule, "EventPattern/*", changed, AlarmLost, "It matches other events.", true},
		{typeRule, "Targets/*/Arn", removed, AlarmLost, "It no longer tells this target.", true},
		{"AWS::IAM::Role", "PermissionsBoundary", removed, Widened, "No boundary limits the role.", false},
		{"AWS::IAM::Role", "PermissionsBoundary", set, Narrowed, "The role may do only what the new boundary allows too.", false},
		// VPC, Kinesis and RDS User Guides.
		{"AWS::EC2::SecurityGroup", "SecurityGroupIngress/*/CidrIp", is("0.0.0.0/0"), Exposure, "Every address can reach it.", false},
		{"AWS::EC2::SecurityGroup", "SecurityGroupIngress/*/CidrIpv6", is("::/0"), Exposure, "Every address can reach it.", false},
		{"AWS::Kinesis::Stream", "RetentionPeriodHours", lower("24"), LostData, "Older records are deleted.", true},
		{"AWS::RDS::DBInstance", "BackupRetentionPeriod", lower("1"), LostData, "Older backups are deleted.", true},
		{"AWS::RDS::DBCluster", "BackupRetentionPeriod", lower("1"), LostData, "Older backups are deleted.", true},
		{"AWS::RDS::DBInstance", "PubliclyAccessible", on, Exposure, "The database has a public address.", false},
	}
}

const never = "1e9" // a default: nothing expires

func removed(before, after string) bool { return before != "" && after == "" }
func added(before, after string) bool   { return before == "" && after != "" }
func changed(before, after string) bool { return before != after && (before != "" || after != "") }
func set(before, after string) bool     { return after != "" && before != after }
func on(before, after string) bool      { return before != "true" && after == "true" }
func off(before, after string) bool     { return before == "true" && after != "true" }
func first(before, after string) bool   { return added(before, after) && after != "0" }
func isZero(before, after string) bool  { return before != after && after == "0" }

// off2 is off for properties that are on by default.
func off2(before, after string) bool { return before != "false" && after == "false" }

// replaces is changed for what exists on both sides.
func replaces(before, after string) bool { return before != "" && set(before, after) }

func begins(before, after string) bool { return before == "Disabled" && after == "Enabled" }

func is(value string) func(before, after string) bool {
	return func(before, after string) bool { return before != value && after == value }
}

func from(value string) func(before, after string) bool {
	return func(before, after string) bool { return before == value && after != value }
}

func startsWith(prefix string) func(before, after string) bool {
	return func(before, after string) bool {
		return !strings.HasPrefix(before, prefix) && strings.HasPrefix(after, prefix)
	}
}

// lower reports a smaller number. Numbers that the template does not know may be.
func lower(missing string) func(before, after string) bool {
	return func(before, after string) bool {
		if before == "" {
			before = missing
		}
		if after == "" {
			after = missing
		}
		b, err1 := strconv.ParseFloat(before, 64)
		a, err2 := strconv.ParseFloat(after, 64)
		return before != after && after != never && (err1 != nil || err2 != nil || a < b)
	}
}

// less reports a smaller number where both sides have one above zero.
func less(before, after string) bool {
	return before != "" && after != "" && after != "0" && lower("")(before, after)
}

// higher reports a larger number, or none where there was one.
func higher(before, after string) bool {
	return before != "" && lower("")(after, before) || removed(before, after)
}

func higherLevel(before, after string) bool {
	levels := []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}
	return slices.Contains(levels, after) && slices.Index(levels, before) < slices.Index(levels, after)
}

// olderTLS reports a policy of an older TLS version: TLS_1_0, TLS_1_2,
// SecurityPolicy_TLS13_…
func olderTLS(before, after string) bool {
	version := func(policy string) int {
		for i, name := range []string{"TLS13", "TLS_1_2", "TLS12"} {
			if strings.Contains(policy, name) {
				return []int{3, 2, 2}[i]
			}
		}
		return 0
	}
	return before != "" && version(after) < version(before)
}

// explainHazards adds the dangerous changes that happen in place.
func (c *comparison) explainHazards(p *pair) {
	c.explainPolicies(p)
	c.explainThreshold(p)
	if p.fate == replaced && p.info.Stateful {
		return // its data is gone with it
	}
	for _, h := range c.hazards[p.new.Type] {
		before, after := find(p.old, h.path, p.info.Sets), find(p.new, h.path, p.info.Sets)
		for _, path := range union(before, after) {
			d := difference{Path: path, Before: before[path], After: after[path]}
			if len(compare("", d.Before, d.After, nil)) == 0 {
				continue
			}
			if h.bad(c.names.Replace(c.text(d.Before)), c.text(d.After)) {
				r := d.reason(h.class, h.rule)
				r.Untold, r.After = h.untold, c.show(r.After)
				p.add(r)
			}
		}
	}
}

// text returns a value with the parameters' values in it, and "" for none.
func (c *comparison) text(value any) string {
	if value == nil {
		return ""
	}
	return model.Evaluate(model.Show(value), c.scenario.Values)
}

// explainPolicies adds a policy that no longer keeps what a resource holds.
func (c *comparison) explainPolicies(p *pair) {
	for _, policy := range []struct{ path, before, after string }{
		{"DeletionPolicy", p.old.DeletionPolicy, p.new.DeletionPolicy},
		{"UpdateReplacePolicy", p.old.ReplacePolicy, p.new.ReplacePolicy},
	} {
		d := difference{Path: policy.path, Before: policy.before, After: policy.after}
		switch {
		case retained(policy.before) && !retained(policy.after) && p.info.Stateful:
			p.add(d.reason(LostData, "Its data is no longer kept when it is removed or replaced."))
		case retained(policy.before) != retained(policy.after):
			p.add(d.reason(InPlace, "It decides whether the resource is kept when it is removed or replaced."))
		}
	}
}

// explainThreshold adds an alarm that begins later than before.
func (c *comparison) explainThreshold(p *pair) {
	if p.new.Type != typeAlarm {
		return
	}
	d := difference{Path: "Threshold", Before: p.old.Properties["Threshold"], After: p.new.Properties["Threshold"]}
	before, after := c.text(d.Before), c.text(d.After)
	weaker := higher(before, after)
	if strings.HasPrefix(model.Text(p.new.Properties["ComparisonOperator"]), "LessThan") {
		weaker = higher(after, before)
	}
	if operator := p.old.Properties["ComparisonOperator"]; operator != p.new.Properties["ComparisonOperator"] {
		d = difference{Path: "ComparisonOperator", Before: operator, After: p.new.Properties["ComparisonOperator"]}
		weaker = true
	}
	if weaker {
		r := d.reason(AlarmLost, "It alarms later.")
		r.Untold = true
		p.add(r)
	}
}
