package diff

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/model"
	"github.com/paysluice/paysluice/cmd/gentemplate/internal/schema"
	"github.com/paysluice/paysluice/cmd/gentemplate/internal/source"
	"github.com/paysluice/paysluice/template"
)

// between returns the report on two templates in YAML.
func between(t *testing.T, old, new string) *Report {
	t.Helper()
	return Compare(parse(t, []byte(old)), parse(t, []byte(new)), schema.Load(), nil)
}

// of returns the change of a resource.
func (r *Report) of(t *testing.T, id string) Change {
	t.Helper()
	i := slices.IndexFunc(r.Changes, func(c Change) bool { return c.ID == id })
	require.GreaterOrEqual(t, i, 0, "%s is not in %+v", id, r.Changes)
	return r.Changes[i]
}

// properties returns a template of one resource R with YAML properties.
func properties(typ, properties string) string {
	return "Resources: {R: {Type: '" + typ + "', Properties: {" + properties + "}}}"
}

// TestHazards has what no schema knows, in the direction that is dangerous; the
// opposite direction is safe.
func TestHazards(t *testing.T) {
	for _, row := range []struct {
		typ, before, after string
		want               Class
	}{
		{"AWS::SQS::Queue", "MessageRetentionPeriod: 604800", "MessageRetentionPeriod: 3600", LostData},
		{"AWS::SQS::Queue", "MessageRetentionPeriod: 604800", "", LostData},
		{"AWS::SQS::Queue", "RedrivePolicy: {deadLetterTargetArn: d}", "", AlarmLost},
		{"AWS::SQS::Queue", "RedrivePolicy: {deadLetterTargetArn: d, maxReceiveCount: 5}", "RedrivePolicy: {deadLetterTargetArn: d, maxReceiveCount: 3}", Narrowed},
		{"AWS::SQS::Queue", "KmsMasterKeyId: k", "", Exposure},
		{"AWS::SQS::Queue", "MaximumMessageSize: 262144", "MaximumMessageSize: 1024", Interrupted},
		{typeTable, "PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}", "", LostData},
		{typeTable, "TimeToLiveSpecification: {Enabled: false, AttributeName: a}", "TimeToLiveSpecification: {Enabled: true, AttributeName: a}", LostData},
		{typeTable, "StreamSpecification: {StreamViewType: NEW_IMAGE}", "", Interrupted},
		{typeTable, "GlobalSecondaryIndexes: [{IndexName: a}]", "", Interrupted},
		{"AWS::S3::Bucket", "", "LifecycleConfiguration: {Rules: [{Id: a, Status: Enabled, ExpirationInDays: 7}]}", LostData},
		{"AWS::S3::Bucket", "LifecycleConfiguration: {Rules: [{Id: a, Status: Disabled}]}", "LifecycleConfiguration: {Rules: [{Id: a, Status: Enabled}]}", LostData},
		{"AWS::S3::Bucket", "LifecycleConfiguration: {Rules: [{Id: a, Prefix: b}]}", "LifecycleConfiguration: {Rules: [{Id: a, Prefix: c}]}", LostData},
		{"AWS::S3::Bucket", "PublicAccessBlockConfiguration: {BlockPublicAcls: true}", "PublicAccessBlockConfiguration: {BlockPublicAcls: false}", Exposure},
		{"AWS::S3::Bucket", "BucketEncryption: {}", "", Exposure},
		{"AWS::S3::Bucket", "", "AccessControl: PublicRead", Exposure},
		{"AWS::S3::Bucket", "", "WebsiteConfiguration: {IndexDocument: i}", Exposure},
		{"AWS::Logs::LogGroup", "", "RetentionInDays: 30", LostData},
		{"AWS::SecretsManager::Secret", "", "SecretString: x", LostData},
		{"AWS::KMS::Key", "", "Enabled: false", Interrupted},
		{typeFunction, "", "ReservedConcurrentExecutions: 0", Interrupted},
		{typeFunction, "", "ReservedConcurrentExecutions: 10", Narrowed},
		{typeFunction, "ReservedConcurrentExecutions: 10", "ReservedConcurrentExecutions: 5", Narrowed},
		{typeFunction, "LoggingConfig: {ApplicationLogLevel: INFO}", "LoggingConfig: {ApplicationLogLevel: ERROR}", AlarmLost},
		{typeMapping, "", "Enabled: false", Interrupted},
		{typeMapping, "FunctionName: f", "FunctionName: f, FilterCriteria: {Filters: [{Pattern: p}]}", LostData},
		{"AWS::ApiGateway::Method", "Integration: {Type: AWS_PROXY}", "Integration: {Type: MOCK}", Interrupted},
		{"AWS::ApiGateway::Method", "AuthorizationType: CUSTOM", "AuthorizationType: NONE", Exposure},
		{"AWS::ApiGateway::Stage", "MethodSettings: [{HttpMethod: '*', ResourcePath: /*, ThrottlingRateLimit: 10}]", "MethodSettings: [{HttpMethod: '*', ResourcePath: /*, ThrottlingRateLimit: 20}]", Exposure},
		{"AWS::ApiGateway::Stage", "MethodSettings: [{HttpMethod: '*', ResourcePath: /*, ThrottlingRateLimit: 10}]", "MethodSettings: [{HttpMethod: '*', ResourcePath: /*, ThrottlingRateLimit: 0}]", Interrupted},
		{"AWS::ApiGateway::DomainName", "SecurityPolicy: TLS_1_2", "SecurityPolicy: TLS_1_0", Exposure},
		{"AWS::ApiGateway::RestApi", "SecurityPolicy: SecurityPolicy_TLS13_1_2_2021_06", "SecurityPolicy: TLS_1_2", Exposure},
		{"AWS::ApiGateway::RestApi", "EndpointConfiguration: {Types: [PRIVATE]}", "EndpointConfiguration: {Types: [REGIONAL]}", Exposure},
		{typeAlarm, "AlarmActions: [a, b]", "AlarmActions: [b]", AlarmLost},
		{typeAlarm, "ComparisonOperator: GreaterThanThreshold, Threshold: 1", "ComparisonOperator: GreaterThanThreshold, Threshold: 5", AlarmLost},
		{typeAlarm, "ComparisonOperator: LessThanThreshold, Threshold: 5", "ComparisonOperator: LessThanThreshold, Threshold: 1", AlarmLost},
		{typeAlarm, "Period: 60", "Period: 300", AlarmLost},
		{typeTopic, "", "KmsMasterKeyId: alias/aws/sns", AlarmLost},
		{typeRule, "State: ENABLED", "State: DISABLED", AlarmLost},
		{"AWS::IAM::Role", "PermissionsBoundary: b", "", Widened},
		{"AWS::IAM::Role", "", "PermissionsBoundary: b", Narrowed},
		{"AWS::ApiGateway::Stage", "MethodSettings: [{HttpMethod: '*', ResourcePath: /*, ThrottlingRateLimit: 10}]", "MethodSettings: [{HttpMethod: '*', ResourcePath: /*, ThrottlingRateLimit: 5}]", Narrowed},
		{typeMapping, "FunctionName: f, MaximumRecordAgeInSeconds: 43200", "FunctionName: f, MaximumRecordAgeInSeconds: 3600", LostData},
		{typeMapping, "FunctionName: f", "FunctionName: f, MaximumRetryAttempts: 3", LostData}, // infinite by default
		{typeMapping, "FunctionName: f, DestinationConfig: {OnFailure: {Destination: q}}", "FunctionName: f", AlarmLost},
		{typeBus, "Name: b, KmsKeyIdentifier: k", "Name: b", Exposure},
		{typeMapping, "ScalingConfig: {MaximumConcurrency: 9}", "ScalingConfig: {MaximumConcurrency: 2}", Narrowed},
		{typeAlarm, "OKActions: [a]", "", AlarmLost},
		{"AWS::EC2::SecurityGroup", "SecurityGroupIngress: [{CidrIp: 10.0.0.0/8}]", "SecurityGroupIngress: [{CidrIp: 0.0.0.0/0}]", Exposure},
		{"AWS::Kinesis::Stream", "RetentionPeriodHours: 168", "", LostData},
		{"AWS::RDS::DBInstance", "BackupRetentionPeriod: 35", "BackupRetentionPeriod: 7", LostData},
	} {
		t.Run(row.typ+" "+row.before+" → "+row.after, func(t *testing.T) {
			old, new := properties(row.typ, row.before), properties(row.typ, row.after)
			report := between(t, old, new)
			assert.Equal(t, row.want, report.of(t, "R").Verdict)
			assert.True(t, report.Dangerous())
		})
	}
	for why, row := range map[string][3]string{
		"messages are kept longer":       {"AWS::SQS::Queue", "MessageRetentionPeriod: 60", "MessageRetentionPeriod: 3600"},
		"lines are kept for ever":        {"AWS::Logs::LogGroup", "RetentionInDays: 30", ""},
		"messages get more attempts":     {"AWS::SQS::Queue", "RedrivePolicy: {deadLetterTargetArn: d, maxReceiveCount: 3}", "RedrivePolicy: {deadLetterTargetArn: d, maxReceiveCount: 5}"},
		"more invocations at once":       {typeFunction, "ReservedConcurrentExecutions: 5", "ReservedConcurrentExecutions: 10"},
		"a rule that deletes is removed": {"AWS::S3::Bucket", "LifecycleConfiguration: {Rules: [{Id: a, ExpirationInDays: 7}]}", ""},
		"an alarm begins earlier":        {typeAlarm, "Threshold: 5", "Threshold: 1"},
		"a type without a schema":        {"AWS::Serverless::Function", "Handler: a", "Handler: b"},
		"new code":                       {typeFunction, "Code: {S3Key: a}", "Code: {S3Key: b}"},
		"a value in another type":        {typeFunction, "MemorySize: {a: b}", "MemorySize: [a]"},
	} {
		t.Run(why, func(t *testing.T) {
			report := between(t, properties(row[0], row[1]), properties(row[0], row[2]))
			assert.Equal(t, InPlace, report.of(t, "R").Verdict)
			assert.False(t, report.Dangerous())
		})
	}
}

// TestResources has changes that a rule about one property cannot judge.
func TestResources(t *testing.T) {
	const (
		topic  = "T: {Type: 'AWS::SNS::Topic'}\n"
		filter = "F: {Type: 'AWS::Logs::MetricFilter', Properties: {MetricTransformations: [{MetricNamespace: N, MetricName: m}]}}\n"
		alarm  = "A: {Type: 'AWS::CloudWatch::Alarm', Properties: {Namespace: N, MetricName: m}}\n"
		api    = "Api: {Type: 'AWS::ApiGateway::RestApi', Properties: {Name: n}}\n"
		child  = "C: {Type: 'AWS::ApiGateway::Resource', Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.Root, PathPart: p}}\n"
	)
	for _, row := range []struct {
		why, old, new, id string
		want              Class
		actions           string
	}{
		{"a removed queue", "Q: {Type: 'AWS::SQS::Queue'}", topic, "Q", LostData, "delete"},
		{"one that is kept", "Q: {Type: 'AWS::SQS::Queue', DeletionPolicy: Retain}", topic, "Q", InPlace, "forget"},
		{"RDS makes a snapshot", "D: {Type: 'AWS::RDS::DBInstance'}", topic, "D", InPlace, "delete"},
		{"a retained resource is replaced", "Q: {Type: 'AWS::SQS::Queue', UpdateReplacePolicy: Retain, Properties: {QueueName: a}}",
			"Q: {Type: 'AWS::SQS::Queue', UpdateReplacePolicy: Retain, Properties: {QueueName: b}}", "Q", Replaced, "create forget"},
		{"kept data will be deleted", "Q: {Type: 'AWS::SQS::Queue', DeletionPolicy: Retain}", "Q: {Type: 'AWS::SQS::Queue', DeletionPolicy: Delete}", "Q", LostData, "no-op"},
		{"deleted data will be kept", "Q: {Type: 'AWS::SQS::Queue'}", "Q: {Type: 'AWS::SQS::Queue', UpdateReplacePolicy: Retain}", "Q", InPlace, "no-op"},
		{"a removed topic", topic + alarm, alarm, "T", AlarmLost, "delete"},
		{"a rule that tells a topic", topic + "R: {Type: 'AWS::Events::Rule', Properties: {Targets: [{Id: a, Arn: !Ref T}]}}", topic, "R", AlarmLost, "delete"},
		{"a rule that tells nobody", topic + "R: {Type: 'AWS::Events::Rule', Properties: {Targets: [{Id: a, Arn: x}]}}", topic, "R", Interrupted, "delete"},
		{"a removed dashboard", topic + "D: {Type: 'AWS::CloudWatch::Dashboard'}", topic, "D", InPlace, "delete"},
		{"a removed deployment", topic + "D: {Type: 'AWS::ApiGateway::Deployment'}", topic, "D", InPlace, "delete"},
		{"a removed grant", topic + "P: {Type: 'AWS::Lambda::Permission', Properties: {Action: a, FunctionName: f, Principal: p}}", topic, "P", Narrowed, "delete"},
		{"a removed denial", "P: {Type: 'AWS::SQS::QueuePolicy', Properties: {D: {Statement: [{Effect: Deny, Principal: '*', Action: a}]}}}",
			"P: {Type: 'AWS::SQS::QueuePolicy', Properties: {D: {Statement: []}}}", "P", Widened, "update"},
		{"a new denial", "P: {Type: 'AWS::SQS::QueuePolicy', Properties: {D: {Statement: []}}}",
			"P: {Type: 'AWS::SQS::QueuePolicy', Properties: {D: {Statement: [{Effect: Deny, Principal: '*', Action: a}]}}}", "P", Narrowed, "update"},
		{"a type that changes", topic, "T: {Type: 'AWS::SQS::Queue'}", "T", Refused, "no-op"},
		{"an index's key", "T: {Type: 'AWS::DynamoDB::Table', Properties: {GlobalSecondaryIndexes: [{IndexName: i, Projection: {ProjectionType: ALL}}]}}",
			"T: {Type: 'AWS::DynamoDB::Table', Properties: {GlobalSecondaryIndexes: [{IndexName: i, Projection: {ProjectionType: KEYS_ONLY}}]}}", "T", Refused, "no-op"},
		{"an attribute's type", "T: {Type: 'AWS::DynamoDB::Table', Properties: {TableName: t, AttributeDefinitions: [{AttributeName: a, AttributeType: S}]}}",
			"T: {Type: 'AWS::DynamoDB::Table', Properties: {TableName: t, AttributeDefinitions: [{AttributeName: a, AttributeType: N}]}}", "T", Refused, "no-op"},
		{"a create-only property inside a new object", "F: {Type: 'AWS::KinesisFirehose::DeliveryStream'}",
			"F: {Type: 'AWS::KinesisFirehose::DeliveryStream', Properties: {ElasticsearchDestinationConfiguration: {VpcConfiguration: {a: b}}}}", "F", Replaced, "create delete"},
		{"a service token", "C: {Type: 'Custom::A', Properties: {ServiceToken: a}}", "C: {Type: 'Custom::A', Properties: {ServiceToken: b}}", "C", Refused, "no-op"},
		{"a service token of a renamed function", "C: {Type: 'Custom::A', Properties: {ServiceToken: !GetAtt F.Arn}}\nF: {Type: 'AWS::Lambda::Function', Properties: {FunctionName: a}}",
			"C: {Type: 'Custom::A', Properties: {ServiceToken: !GetAtt F.Arn}}\nF: {Type: 'AWS::Lambda::Function', Properties: {FunctionName: b}}", "C", Refused, "no-op"},
		{"an unnamed API under another id", api + child, strings.ReplaceAll(api+child, "Api:", "Other:") + "", "Other", Replaced, "create delete"},
		{"an index of an unnamed API's tree", api + child, strings.NewReplacer("Api:", "Other:", "!Ref Api", "!Ref Other", "Api.Root", "Other.Root").Replace(api + child), "C", Replaced, "create delete"},
		{"a path under another id", api + child, api + strings.Replace(child, "C:", "D:", 1), "D", Collides, "no-op"},
		{"a mapping under another id", "M: {Type: 'AWS::Lambda::EventSourceMapping', Properties: {EventSourceArn: s, FunctionName: f}}",
			"N: {Type: 'AWS::Lambda::EventSourceMapping', Properties: {EventSourceArn: s, FunctionName: f}}", "N", Collides, "no-op"},
		{"a new resource with a name that is being given up", "Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: a}}",
			"Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: b}}\nR: {Type: 'AWS::SQS::Queue', Properties: {QueueName: a, DelaySeconds: 1}}", "R", Collides, "create"},
		{"two new resources with one name", topic, topic + "Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: a}}\nR: {Type: 'AWS::SQS::Queue', Properties: {QueueName: a}}", "R", Collides, "create"},
		{"the only one of its type, a little different", "S: {Type: 'AWS::SSM::Parameter', Properties: {Type: String, Value: a}}",
			"T: {Type: 'AWS::SSM::Parameter', Properties: {Type: String, Value: b}}", "T", LostData, "create delete"},
		{"a renamed bus loses its rules", "B: {Type: 'AWS::Events::EventBus', Properties: {Name: a}}", "B: {Type: 'AWS::Events::EventBus', Properties: {Name: b}}", "B", AlarmLost, "create delete"},
		{"a renamed topic loses its subscribers", "T: {Type: 'AWS::SNS::Topic', Properties: {TopicName: a}}", "T: {Type: 'AWS::SNS::Topic', Properties: {TopicName: b}}", "T", AlarmLost, "create delete"},
		{"a subscription of another address", topic + "S: {Type: 'AWS::SNS::Subscription', Properties: {Endpoint: a}}", topic + "S: {Type: 'AWS::SNS::Subscription', Properties: {Endpoint: b}}", "S", AlarmLost, "create delete"},
		{"a subscription under another id", topic + "S: {Type: 'AWS::SNS::Subscription', Properties: {Endpoint: a}}", topic + "U: {Type: 'AWS::SNS::Subscription', Properties: {Endpoint: a}}", "U", AlarmLost, "create delete"},
		{"a queue's policy under another id", topic + "P: {Type: 'AWS::SQS::QueuePolicy', Properties: {Queues: [q]}}", topic + "O: {Type: 'AWS::SQS::QueuePolicy', Properties: {Queues: [q]}}", "O", Interrupted, "create delete"},
		{"a filter under another id is made before the other is deleted", filter, strings.Replace(filter, "F:", "G:", 1), "G", Replaced, "create delete"},
		{"a filter of another metric silences the alarm", filter + alarm, strings.Replace(filter, "MetricName: m", "MetricName: n", 1) + alarm, "F", AlarmLost, "update"},
		{"an alarm on a metric that nobody emits", filter + alarm, filter + strings.Replace(alarm, "MetricName: m", "MetricName: n", 1), "A", AlarmLost, "update"},
		{"both move to another metric", filter + alarm, strings.ReplaceAll(filter+alarm, "MetricName: m", "MetricName: n"), "A", InPlace, "update"},
		{"an alarm on fewer metrics", "A: {Type: 'AWS::CloudWatch::Alarm', Properties: {Metrics: [{Id: a, M: {Namespace: N, MetricName: a}}, {Id: b, M: {Namespace: N, MetricName: b}}]}}",
			"A: {Type: 'AWS::CloudWatch::Alarm', Properties: {Metrics: [{Id: a, M: {Namespace: N, MetricName: a}}]}}", "A", AlarmLost, "update"},
		{"a policy of an API that is replaced", api + "P: {Type: 'AWS::Lambda::Permission', Properties: {Action: a, FunctionName: f, Principal: p, SourceArn: !Ref Api}}",
			"Other: {Type: 'AWS::ApiGateway::RestApi', Properties: {Name: n}}\nD: {Type: 'AWS::ApiGateway::Deployment', Properties: {RestApiId: !Ref Other}}\nP: {Type: 'AWS::Lambda::Permission', Properties: {Action: a, FunctionName: f, Principal: p, SourceArn: !Ref Other}}",
			"P", Replaced, "create delete"},
		{"another operator", "A: {Type: 'AWS::CloudWatch::Alarm', Properties: {ComparisonOperator: GreaterThanThreshold}}",
			"A: {Type: 'AWS::CloudWatch::Alarm', Properties: {ComparisonOperator: LessThanThreshold}}", "A", AlarmLost, "update"},
		{"a new object without a create-only property", "F: {Type: 'AWS::KinesisFirehose::DeliveryStream'}",
			"F: {Type: 'AWS::KinesisFirehose::DeliveryStream', Properties: {ElasticsearchDestinationConfiguration: {RoleARN: r}}}", "F", InPlace, "update"},
		{"a public bucket policy", topic + "P: {Type: 'AWS::S3::BucketPolicy', Properties: {Bucket: b, P: {Statement: []}}}",
			topic + "P: {Type: 'AWS::S3::BucketPolicy', Properties: {Bucket: b, P: {Statement: [{Effect: Allow, Principal: '*', Action: a}]}}}", "P", Exposure, "update"},
		{"metadata", "T: {Type: 'AWS::SNS::Topic', Metadata: {a: b}}", "T: {Type: 'AWS::SNS::Topic', Metadata: {a: c}}", "T", None, "no-op"},
	} {
		t.Run(row.why, func(t *testing.T) {
			indent := func(text string) string {
				return "Resources:\n  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ")
			}
			c := between(t, indent(row.old), indent(row.new)).of(t, row.id)
			assert.Equal(t, row.want, c.Verdict, "%+v", c)
			assert.Equal(t, row.actions, strings.Join(c.Actions, " "))
		})
	}
}

// TestAttempts has the timeouts of a queue and of the function that reads it, which a
// mapping joins.
func TestAttempts(t *testing.T) {
	of := func(visibility, timeout, mapping string) string {
		return `
Parameters: {P: {Type: Number, Default: 60}, N: {Type: Number}}
Resources:
  T: {Type: "AWS::SNS::Topic"}
  Q: {Type: "AWS::SQS::Queue", Properties: {` + visibility + `}}
  F: {Type: "AWS::Lambda::Function", Properties: {` + timeout + `}}
  A: {Type: "AWS::Lambda::Alias", Properties: {FunctionName: !Ref F}}
  ` + mapping
	}
	mapped := func(visibility, timeout, more string) string {
		return of(visibility, timeout, `M: {Type: "AWS::Lambda::EventSourceMapping", Properties: {EventSourceArn: !GetAtt Q.Arn, FunctionName: !Ref A`+more+"}}")
	}
	const six, five, shorter = "VisibilityTimeout: 60", "VisibilityTimeout: 59", "VisibilityTimeout: 9"
	for _, row := range []struct {
		why, old, new, id string
		want              Class
	}{
		{"below six times", mapped(six, "Timeout: 10", ""), mapped(five, "Timeout: 10", ""), "Q", Narrowed},
		{"by the function's timeout", mapped(six, "Timeout: 10", ""), mapped(six, "Timeout: 11", ""), "F", Narrowed},
		{"below the function's timeout", mapped(six, "Timeout: 10", ""), mapped(shorter, "Timeout: 10", ""), "Q", Interrupted},
		{"by the function's timeout alone", mapped(six, "Timeout: 10", ""), mapped(six, "Timeout: 61", ""), "F", Interrupted},
		{"the queue's default of 30 seconds", mapped(six, "Timeout: 10", ""), mapped("", "Timeout: 10", ""), "Q", Narrowed},
		{"the function's default of 3 seconds", mapped("VisibilityTimeout: 18", "", ""), mapped("VisibilityTimeout: 17", "", ""), "Q", Narrowed},
		{"a parameter's default", mapped("VisibilityTimeout: !Ref P", "Timeout: 10", ""), mapped("VisibilityTimeout: !Ref P", "Timeout: 11", ""), "F", Narrowed},
		{"Lambda checks a mapping that changes", mapped(six, "Timeout: 10", ""), mapped(shorter, "Timeout: 10", ", BatchSize: 5"), "Q", Refused},
		{"and a new one", of(shorter, "Timeout: 10", ""), mapped(shorter, "Timeout: 10", ""), "M", Refused},
		{"a new one below six times", of(five, "Timeout: 10", ""), mapped(five, "Timeout: 10", ""), "M", InPlace},
		{"it was below six times", mapped(five, "Timeout: 10", ""), mapped("VisibilityTimeout: 58", "Timeout: 10", ""), "Q", InPlace},
		{"it was below", mapped("VisibilityTimeout: 8", "Timeout: 10", ""), mapped(shorter, "Timeout: 10", ""), "Q", InPlace},
		{"longer", mapped(six, "Timeout: 10", ""), mapped("VisibilityTimeout: 61", "Timeout: 10", ""), "Q", InPlace},
		{"an unknown number", mapped(six, "Timeout: 10", ""), mapped("VisibilityTimeout: !Ref N", "Timeout: 10", ""), "Q", InPlace},
		{"the function of another stack", mapped(six, "Timeout: 10", ""), strings.Replace(mapped(shorter, "Timeout: 10", ""), "!Ref A", "f", 1), "Q", InPlace},
		{"the queue of another stack", mapped(six, "Timeout: 10", ""), strings.Replace(mapped(shorter, "Timeout: 10", ""), "!GetAtt Q.Arn", "!Ref N", 1), "Q", InPlace},
	} {
		t.Run(row.why, func(t *testing.T) {
			assert.Equal(t, row.want, between(t, row.old, row.new).of(t, row.id).Verdict)
		})
	}
}

// TestConditional has properties that replace a resource for some values. No schema says for
// which, so the report names the worst case as such.
func TestConditional(t *testing.T) {
	for _, row := range []struct {
		why, typ, before, after string
		want                    Class
	}{
		{"a database that CloudFormation named", "AWS::RDS::DBInstance", "MultiAZ: false", "MultiAZ: true", LostData},
		{"a named domain cannot be replaced", "AWS::OpenSearchService::Domain", "DomainName: d, EncryptionAtRestOptions: {Enabled: false}", "DomainName: d, EncryptionAtRestOptions: {Enabled: true}", Refused},
		{"a type without data", "AWS::SNS::Subscription", "Region: a", "Region: b", AlarmLost},
	} {
		t.Run(row.why, func(t *testing.T) {
			c := between(t, properties(row.typ, row.before), properties(row.typ, row.after)).of(t, "R")
			assert.Equal(t, row.want, c.Verdict)
			assert.Contains(t, c.Reasons[0].Rule, "Some values of it need a replacement. Then: ")
		})
	}
}

// TestNamedInWords: nothing moves a name that a text repeats instead of a reference.
func TestNamedInWords(t *testing.T) {
	of := func(name, stage string) string {
		return `
Resources:
  Q: {Type: "AWS::SQS::Queue", Properties: {QueueName: ` + name + `}}
  D: {Type: "AWS::SQS::Queue", Properties: {RedriveAllowPolicy: {sourceQueueArns: ["arn:jobs-a", "arn:jobs-a2"]}}}
  Api: {Type: "AWS::ApiGateway::RestApi"}
  S: {Type: "AWS::ApiGateway::Stage", Properties: {RestApiId: !Ref Api, StageName: ` + stage + `}}
  P: {Type: "AWS::Lambda::Permission", Properties: {Action: a, FunctionName: f, Principal: live, SourceArn: !Sub "${Api}/live/POST"}}
Outputs: {Url: {Value: !Sub "https://${Api}/live"}}`
	}
	report := between(t, of("jobs-a", "live"), of("jobs-b", "prod"))
	rules := func(id string) (all []string) {
		for _, r := range report.of(t, id).Reasons {
			all = append(all, r.Rule)
		}
		return all
	}
	assert.Contains(t, rules("Q"), "These still name the former one in words: D RedriveAllowPolicy/sourceQueueArns/0.", "jobs-a2 is another name")
	assert.Contains(t, rules("S"), "These still name the former one in words: Outputs/Url/Value, P SourceArn.")

	many := strings.Repeat(", arn:jobs-a", 9)
	more := func(name string) string { return strings.Replace(of(name, "live"), `, "arn:jobs-a2"`, many, 1) }
	report = between(t, more("jobs-a"), more("jobs-b"))
	assert.Contains(t, rules("Q")[1], ", 2 more.")
}

// TestRenamedNamesAreFollowed: a policy and an alarm that name a function in words move
// with its new name.
func TestRenamedNamesAreFollowed(t *testing.T) {
	of := func(name string) string {
		return `
Resources:
  F: {Type: "AWS::Lambda::Function", Properties: {FunctionName: ` + name + `}}
  R: {Type: "AWS::IAM::Role", Properties: {P: {Statement: [{Effect: Allow, Action: a, Resource: "arn:` + name + `"}]}}}
  A: {Type: "AWS::CloudWatch::Alarm", Properties: {Dimensions: [{Name: FunctionName, Value: ` + name + `}]}}`
	}
	report := between(t, of("worker-a"), of("worker-b"))
	assert.Equal(t, Replaced, report.of(t, "F").Verdict)
	assert.Equal(t, InPlace, report.of(t, "A").Verdict)
	assert.Empty(t, report.Permissions.Added)
	assert.Empty(t, report.Permissions.Removed)
}

// TestSnapshot: what changes in an API waits for a deployment.
func TestSnapshot(t *testing.T) {
	of := func(id, status string) string {
		return `
Resources:
  G: {Type: "AWS::ApiGateway::GatewayResponse", Properties: {StatusCode: ` + status + `}}
  ` + id + `: {Type: "AWS::ApiGateway::Deployment", Properties: {RestApiId: a}}`
	}
	waits := func(old, new string) bool {
		return slices.ContainsFunc(between(t, old, new).of(t, "G").Reasons, func(r Reason) bool { return strings.HasPrefix(r.Rule, "No deployment") })
	}
	assert.True(t, waits(of("D", "401"), of("D", "403")))
	assert.False(t, waits(of("D1", "401"), of("D2", "403")))
}

// TestLoss: not everything that is deleted is gone at once.
func TestLoss(t *testing.T) {
	for typ, want := range map[string]string{
		"AWS::S3::Bucket": "stays behind", "AWS::KMS::Key": "schedules", "AWS::SecretsManager::Secret": "without recovery", "AWS::SQS::Queue": "with its data",
	} {
		report := between(t, "Resources: {R: {Type: '"+typ+"'}, U: {Type: U}}", "Resources: {U: {Type: U}}")
		assert.Contains(t, report.of(t, "R").Reasons[0].Rule, want)
	}
}

func TestSameMeaning(t *testing.T) {
	for why, row := range map[string][3]string{
		"JSON as text, as a dashboard's body": {"AWS::CloudWatch::Dashboard", `DashboardBody: '{"a": 1}'`, `DashboardBody: '{ "a":1}'`},
		"both forms of an attribute":          {typeTopic, "A: !GetAtt R.Arn", "A: !GetAtt [R, Arn]"},
		"a statement that another covers":     {typeTopic, "P: {Statement: [{Effect: Allow, Action: [a, 'a*']}]}", "P: {Statement: {Effect: Allow, Action: 'a*', Sid: s}}"},
	} {
		assert.Empty(t, between(t, properties(row[0], row[1]), properties(row[0], row[2])).Changes, why)
	}
}

func TestExpected(t *testing.T) {
	report := between(t, properties(typeFunction, "Code: {S3Key: a}"), properties(typeFunction, "Code: {S3Key: b}"))
	assert.True(t, report.of(t, "R").Expected(), "new code is in every release")
	report = between(t, properties(typeTopic, ""), properties(typeTopic, "KmsMasterKeyId: k"))
	assert.False(t, report.of(t, "R").Expected())
	assert.True(t, report.of(t, "R").Causes(Weakens))
	assert.False(t, report.of(t, "R").Causes(LosesData))
}

func TestParameters(t *testing.T) {
	const resources = "\nResources: {G: {Type: 'AWS::Logs::LogGroup', Properties: {RetentionInDays: !Ref P}}}"
	of := func(parameters string) string { return "Parameters: {" + parameters + "}" + resources }
	for _, row := range []struct {
		why, old, new string
		worst         Class
		parameters    []string
		newStacks     []string
	}{
		{"a default that changes", "P: {Type: Number, Default: 30}", "P: {Type: Number, Default: 7}", None, nil,
			[]string{`P: the default "30" becomes "7", used by G; stacks that exist keep their value`}},
		{"no default any more", "P: {Type: Number, Default: 30}", "P: {Type: Number}", None, nil, []string{`P loses its default "30": a new stack must pass it`}},
		{"a first default", "P: {Type: Number}", "P: {Type: Number, Default: 7}", None, nil, []string{`P gets the default "7"`}},
		{"a new parameter with a default", "P: {Type: Number}", "P: {Type: Number}, Q: {Type: String, Default: q}", None, []string{`Q is new: every stack gets "q"`}, nil},
		{"a new parameter without one", "P: {Type: Number}", "P: {Type: Number}, Q: {Type: String}", Refused, nil, nil},
		{"a parameter that goes", "P: {Type: Number}, Q: {Type: String}", "P: {Type: Number}", None,
			[]string{"Q is removed: calls that still pass it fail, except aws cloudformation deploy, which ignores it"}, nil},
		{"the kept value is forbidden", "P: {Type: Number, Default: 30}", "P: {Type: Number, Default: 7, AllowedValues: [7]}", Refused, nil,
			[]string{`P: the default "30" becomes "7", used by G; stacks that exist keep their value`}},
		{"a rule", "P: {Type: Number}", "P: {Type: Number}}\nRules: {R: {Assertions: []}", None, []string{`Rules/R: added: {"Assertions":[]}`}, nil},
		{"a default that only a condition uses", "P: {Type: Number}, Q: {Type: String, Default: a}", "P: {Type: Number}, Q: {Type: String, Default: b}", None, nil,
			[]string{`Q: the default "a" becomes "b"; stacks that exist keep their value`}},
		{"another constraint", "P: {Type: Number}", "P: {Type: Number, MaxValue: 9}", None, []string{"P/MaxValue: added: 9"}, nil},
	} {
		t.Run(row.why, func(t *testing.T) {
			report := between(t, of(row.old), of(row.new))
			assert.Equal(t, row.worst, report.Worst)
			assert.ElementsMatch(t, row.parameters, report.Parameters)
			assert.ElementsMatch(t, row.newStacks, report.NewStacksOnly)
		})
	}
}

// TestRefusedOutsideResources has exports that others may import and references that
// lead nowhere.
func TestRefusedOutsideResources(t *testing.T) {
	const topic = "Resources: {T: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: d}}}\n"
	const cluster = "Resources: {C: {Type: 'AWS::ECS::Cluster', Properties: {ClusterName: a}}}\nOutputs: {O: {Value: !Ref C, Export: {Name: e}}}"
	of := func(outputs string) string { return topic + "Outputs: {" + outputs + "}" }
	using := func(value string) string { return strings.Replace(topic, "d}", value+"}", 1) }
	exported := of("O: {Value: a, Export: {Name: e}}, P: {Value: p}")
	for _, row := range []struct{ why, old, new, rule string }{
		{"an export that goes", exported, of("P: {Value: p}"), "another stack imports"},
		{"under another name", exported, strings.Replace(exported, "Name: e", "Name: f", 1), "another stack imports"},
		{"with another value", exported, strings.Replace(exported, "Value: a", "Value: b", 1), "another stack imports"},
		{"of a resource that is replaced", cluster, strings.Replace(cluster, "Name: a", "Name: b", 1), "exported resource is replaced"},
		{"of another output", exported, of("N: {Value: a, Export: {Name: e}}"), ""},
		{"an output without an export", exported, of("O: {Value: a, Export: {Name: e}}"), ""},
		{"a new export", of("O: {Value: a}"), of("O: {Value: a, Export: {Name: e}}"), ""},
		{"an unknown Ref", topic, using("!Ref X"), `\[X\]: T refer`},
		{"an unknown attribute", topic, using("!GetAtt X.Arn"), `\[X\]`},
		{"an unknown attribute in a list", topic, using("[{'Fn::GetAtt': [X, Arn]}]"), `\[X\]`},
		{"in an output", topic, of("O: {Value: !Ref X}"), `\[X\]: O refer`},
		{"a pseudo parameter", topic, using("!Ref AWS::Region"), ""},
		{"it was unknown before", using("[!Ref X]"), using("[!Ref X, b]"), ""},
		{"a transform defines more", topic, using("!Ref X") + "Transform: AWS::Serverless-2016-10-31", ""},
	} {
		t.Run(row.why, func(t *testing.T) {
			var rules []string
			for _, c := range between(t, row.old, row.new).Changes {
				if c.Verdict == Refused {
					rules = append(rules, c.Reasons[0].Rule)
				}
			}
			if row.rule == "" {
				assert.Empty(t, rules)
				return
			}
			require.Len(t, rules, 1)
			assert.Regexp(t, row.rule, rules[0])
		})
	}
}

func TestConditions(t *testing.T) {
	of := func(definition, then string) string {
		return `
Parameters: {P: {Type: Number, Default: 0}}
Conditions: {Kept: ` + definition + `}
Resources:
  T: {Type: "AWS::SNS::Topic"}
  Q: {Type: "AWS::SQS::Queue", Condition: Kept, Properties: {MessageRetentionPeriod: ` + then + `}}
Outputs: {O: {Condition: Kept, Value: !Ref Q}}`
	}
	const wanted, always = `!Not [!Equals [!Ref P, "0"]]`, `!Equals ["0", "0"]`

	report := between(t, of(wanted, "100"), of(wanted, "50"))
	assert.Equal(t, "when Kept", report.of(t, "Q").Reasons[0].When, "stacks with the defaults have no queue")
	assert.Equal(t, LostData, report.Worst)

	report = between(t, of(always, "100"), of(wanted, "100"))
	assert.Equal(t, []string{"delete"}, report.of(t, "Q").Actions, "the condition itself changes")
	assert.Equal(t, []string{`O: removed: {"Value":"${Q}"}`}, report.Outputs)
	branch := func(retention string) string { return of(wanted, "!If [Kept, "+retention+", 1]") }
	assert.Equal(t, "when Kept", between(t, branch("100"), branch("50")).of(t, "Q").Reasons[0].When)
	assert.Equal(t, "when Kept", between(t, of(wanted, "100"), of(`!Equals [a, b]`, "100")).of(t, "Q").Reasons[0].When, "it can never hold again")
	assert.Equal(t, []string{"T: added: {\"Value\":\"b\"}", "U/Value: a → b"},
		between(t, "Resources: {R: {Type: T}}\nOutputs: {U: {Value: a}}", "Resources: {R: {Type: T}}\nOutputs: {U: {Value: b}, T: {Value: b}}").Outputs)
	granting := func(retention, action string) string {
		return strings.Replace(of(wanted, retention), "Outputs:", `  R: {Type: "AWS::IAM::Role", Properties: {P: {Statement: {Effect: Allow, Action: `+action+"}}}}\nOutputs:", 1)
	}
	assert.Len(t, between(t, granting("100", "a"), granting("50", "b")).Permissions.Added, 1, "found in both scenarios, reported once")
	assert.Len(t, between(t, of(wanted, "100"), of(always, "100")).of(t, "Q").Reasons, 1, "created in both scenarios, reported once")
}

func TestCosts(t *testing.T) {
	prices, err := ReadPrices("../../../../test/performance/figures.json")
	require.NoError(t, err)
	const few = "Resources: {T: {Type: 'AWS::DynamoDB::Table'}, S: {Type: 'AWS::ApiGateway::Stage', Properties: {TracingEnabled: true}}}"
	const many = `
Resources:
  T: {Type: "AWS::DynamoDB::Table", Properties: {GlobalSecondaryIndexes: [{IndexName: i}], PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}}}
  S: {Type: "AWS::ApiGateway::Stage"}
  A: {Type: "AWS::CloudWatch::Alarm", Properties: {Namespace: N, MetricName: m}}
  D: {Type: "AWS::CloudWatch::Dashboard"}
  K: {Type: "AWS::KMS::Key"}
  W: {Type: "AWS::SecretsManager::Secret"}
  F: {Type: "AWS::Logs::MetricFilter", Properties: {MetricTransformations: [{MetricNamespace: N, MetricName: m}]}}`
	report := Compare(parse(t, []byte(few)), parse(t, []byte(many)), schema.Load(), prices)
	assert.Equal(t, []string{
		"+$4.80 a month, +1 alarm metrics, +1 dashboards, +1 custom metrics while they have data, +1 keys, +1 secrets",
		"+$0.20 per GB-month of point-in-time recovery", "+$0.62 per million writes to indexes", "-$5.00 per million traces",
	}, report.Costs)

	for why, text := range map[string]string{"no file": "", "no JSON": "{"} {
		path := t.TempDir() + "/prices.json"
		if text != "" {
			require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		}
		_, err := ReadPrices(path)
		assert.ErrorIs(t, err, ErrPrices, why)
	}
}

// shipped returns the text of the template that is deployed.
func shipped(t testing.TB) []byte {
	t.Helper()
	text, err := template.JSON(template.Options{})
	require.NoError(t, err)
	return text
}

// TestOrderHasNoMeaning reorders what has no order in the shipped template.
func TestOrderHasNoMeaning(t *testing.T) {
	text := shipped(t)
	old, types := parse(t, text), schema.Load()
	value, err := source.Parse(text)
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(1, 2))
	rounds := 1000
	if testing.Short() {
		rounds = 50
	}
	for range rounds {
		shuffle(random, "", value)
		new := *old
		new.Resources = value.(model.Object)["Resources"].(model.Object)
		report := Compare(old, &new, types, nil)
		require.True(t, report.Equal, "%+v", report.Changes)
		require.False(t, report.Dangerous())
	}
}

// shuffle reorders the lists that have no order.
func shuffle(random *rand.Rand, path string, value any) {
	switch v := value.(type) {
	case model.Object:
		for key, member := range v {
			shuffle(random, key, member)
		}
	case []any:
		if slices.Contains([]string{"Statement", "Action", "Resource", "Tags", "AlarmActions", "Dimensions", "DependsOn", "GlobalSecondaryIndexes",
			"AttributeDefinitions", "Rules", "Targets", "Metrics", "eventName", "kms:EncryptionContext:aws:logs:arn"}, path) {
			random.Shuffle(len(v), func(i, j int) { v[i], v[j] = v[j], v[i] })
		}
		for _, member := range v {
			shuffle(random, "", member)
		}
	}
}

// BenchmarkMegabyte compares templates of CloudFormation's largest size, 1 MB and 500
// resources. Half of the resources are new.
func BenchmarkMegabyte(b *testing.B) {
	large := func(first int) []byte {
		var text strings.Builder
		text.WriteString(`{"Resources": {`)
		for i := range 500 {
			if i > 0 {
				text.WriteString(",")
			}
			id := "R" + strings.Repeat("x", first+i)
			text.WriteString(`"` + id + `": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": ` + strings.Repeat("1", i%5+1) + `, "Tags": [{"Key": "k", "Value": "` + strings.Repeat("v", 1500) + `"}]}}`)
		}
		text.WriteString("}}")
		return []byte(text.String())
	}
	old, new, types := large(0), large(250), schema.Load()
	b.SetBytes(int64(len(old)))
	for b.Loop() {
		require.True(b, Compare(parse(b, old), parse(b, new), types, nil).Dangerous())
	}
}
