// Package contract holds the names that the template and the functions share:
// providers, functions, environment variables, table attributes, metrics and
// message attributes. The template writes them into the stack and the functions
// read them there.
//
// It is a leaf: it imports nothing of this module and no AWS package.
package contract

import (
	"fmt"
	"time"
)

// StackDescription begins the description of the template. The command line finds
// the stacks of a region by it.
const StackDescription = "paysluice"

// Names of the Lambda functions, without the environment suffix. The name of a
// processor depends on its provider; see ProcessorName.
const (
	AuthorizerName = "webhook-authorizer"
	ConsumerName   = "event-consumer"
	ArchiverName   = "dlq-archiver"
	EmptierName    = "bucket-emptier"
	PublisherName  = "event-publisher"
)

// APIName is the name of the REST API, without the environment suffix. Its access log
// is /aws/apigateway/{name}.
const APIName = "webhook-api"

// ProcessorName returns the name of the function that receives a provider's
// webhooks.
func ProcessorName(p Provider) string { return p.Name + "-processor" }

// Binaries of the functions. Each is a folder of cmd/lambdas and the base name
// of a zip below {CodeVersion}/ in the code bucket.
const (
	AuthorizerBinary = "authorizer"
	ProcessorBinary  = "processor"
	ConsumerBinary   = "consumer"
	ArchiverBinary   = "archiver"
	EmptierBinary    = "emptier"
	PublisherBinary  = "publisher"
)

// Binaries returns all binaries of the stack, sorted.
func Binaries() []string {
	return []string{ArchiverBinary, AuthorizerBinary, ConsumerBinary, EmptierBinary, ProcessorBinary, PublisherBinary, ReconcilerBinary}
}

// Environment variables that the template sets and the functions read.
const (
	EnvironmentVar        = "ENVIRONMENT"           // environment suffix, a metric dimension
	LogLevelVar           = "LOG_LEVEL"             // one of LogLevels
	ProviderVar           = "PROVIDER"              // Name of the provider of a processor
	SecretARNVar          = "SECRET_ARN"            // secret of that provider
	EndpointURLVar        = "ENDPOINT_URL"          // URL of that provider's webhooks; Square signs it
	APIURLVar             = "API_URL"               // the same at the API's own host name; see Provider.APIURL
	QueueURLVar           = "QUEUE_URL"             // webhook-queue
	DeadLetterQueueURLVar = "DEAD_LETTER_QUEUE_URL" // webhook-dlq
	BucketNameVar         = "BUCKET_NAME"           // failed webhooks and large payloads
	TableNameVar          = "TABLE_NAME"            // WebhookEvents
	// GuardTableNameVar has WebhookGuards; it is empty without guarded providers.
	GuardTableNameVar = "GUARD_TABLE_NAME"
	// SendersVar has the unique id of each processor's role, and of the reconciler's under
	// AnyProvider: "{provider}={role id},…".
	SendersVar       = "SENDERS"
	RetentionDaysVar = "EVENT_RETENTION_DAYS" // days until an event expires; 0 keeps it

	// TopicARNVar has the SNS topic of the published events. The publisher has either it
	// or EventBusVar.
	TopicARNVar            = "TOPIC_ARN"
	EventBusVar            = "EVENT_BUS"             // name or ARN of their EventBridge bus
	UnpublishedQueueURLVar = "UNPUBLISHED_QUEUE_URL" // webhook-unpublished
	// EventSourceVar begins the source of the published events:
	// "urn:paysluice:{account}:{region}:{environment}". It tells two stacks apart.
	EventSourceVar = "EVENT_SOURCE"
)

// Values of LogLevelVar.
const (
	LogLevelDebug = "DEBUG"
	LogLevelInfo  = "INFO"
)

// LogLevels returns the allowed values of LogLevelVar.
func LogLevels() []string { return []string{LogLevelDebug, LogLevelInfo} }

// BatchSize is the number of messages in one invocation of the consumer or the
// archiver, which handle all of them concurrently. 10 is the maximum without a
// batching window (Lambda Developer Guide, "Using Lambda with Amazon SQS").
const BatchSize = 10

// QueueVisibilitySeconds is how long a failed receive delays a message of webhook-queue. It is
// at least six times the timeout of the function that reads the queue, so that Lambda can retry
// a throttled batch (Lambda Developer Guide, "Using Lambda with Amazon SQS").
const QueueVisibilitySeconds = 300

// Names of the publishing stage, without the environment suffix.
const (
	// EventTopicName is the SNS topic or the EventBridge bus of the published events.
	EventTopicName = "webhook-events"
	// UnpublishedQueueName is the queue that names the events that were not published.
	UnpublishedQueueName = "webhook-unpublished"
)

// PublishBatchSize is the number of stream records in one invocation of the publisher.
const PublishBatchSize = 100

// ReplayAttribute is the attribute of a published event that an operator sent again:
// the id of the run. Subscribers can filter by it.
const ReplayAttribute = "replay"

// FailureReasonAttribute is the SQS message attribute with the reason why a
// function sent a message to webhook-dlq. Messages that SQS moved there have no
// such attribute.
const FailureReasonAttribute = "failureReason"

// Failure reasons that are not reasons of package provider.
const (
	// ReasonReceivesExhausted is the reason of a message that SQS moved to
	// webhook-dlq after its last receive from webhook-queue.
	ReasonReceivesExhausted = "receives-exhausted"
	// ReasonConflict is the reason of an event with the key of a stored event but
	// with other content.
	ReasonConflict = "conflict"
	// ReasonExpired is the reason of an event that the table may have stored and
	// deleted.
	ReasonExpired = "expired"
	// ReasonSender is the reason of a message that the processor of another
	// provider sent.
	ReasonSender = "sender-mismatch"
	// ReasonSignatureReused is the reason of an event with the signature of an
	// accepted event but other bytes: one of the two is forged.
	ReasonSignatureReused = "signature-reused"
)

// Reasons of messages in webhook-unpublished.
const (
	// ReasonUnreadable is the reason of an item that has no published form.
	ReasonUnreadable = "unreadable"
	// ReasonRefused is the reason of an event that the topic or the bus refuses because of
	// its content.
	ReasonRefused = "refused"
)

// ReasonProperty is the member of a log line that holds a reason code. Alarms
// count lines with some of the codes.
const ReasonProperty = "reason"

// HintProperty is the member of a log line with the probable cause of a signature that
// does not match.
const HintProperty = "hint"

// ReasonOtherMode is the code of an event with another mode than the secret's entry.
// paysluice replay skips it by default.
const ReasonOtherMode = "other_mode"

// ReasonHeaderMissing is the code of a request without a signature header, which no
// provider sends.
const ReasonHeaderMissing = "header_missing"

// ReasonPayPalChain is the code of a webhook that is answered 503 because the
// authority of PayPal's certificate is not trusted.
const ReasonPayPalChain = "paypal_chain"

// TableName is the DynamoDB table of all events, without the environment
// suffix.
const TableName = "WebhookEvents"

// Key of the table. Redeliveries of an event have the same key.
const (
	// EventIDAttribute is the partition key, a string:
	// "{provider}:{the provider's event id}".
	EventIDAttribute = "eventId"
	// TimestampAttribute is the sort key of the table and of both indexes, a
	// number: the provider's creation time in epoch milliseconds.
	TimestampAttribute = "timestamp"
)

// GuardTableName is the DynamoDB table of the names that guarded providers may use
// once, without the environment suffix. It is apart from TableName, so that readers
// of that table's stream see only events.
const GuardTableName = "WebhookGuards"

// Attributes of GuardTableName, beside ExpiresAtAttribute.
const (
	// GuardAttribute is the partition key, a string: "signature#{provider}:{hash}" or
	// "event#{event id}".
	GuardAttribute = "guard"
	// HeldAttribute is the payloadSha256 or the timestamp that claimed the guard, a
	// string.
	HeldAttribute = "held"
)

// Indexes of the table.
const (
	// PaymentIndex finds all events of a payment.
	PaymentIndex = "byPayment"
	// PaymentKeyAttribute is its partition key, a string:
	// "{provider}:{paymentId, else objectId}".
	PaymentKeyAttribute = "paymentKey"

	// DayIndex lists the events of a provider and a day.
	DayIndex = "byDay"
	// DayKeyAttribute is its partition key, a string:
	// "{provider}#{yyyy-mm-dd}#{shard}".
	DayKeyAttribute = "dayKey"
)

// Attributes of an item's payload.
const (
	PayloadAttribute    = "payload"    // the raw body, bytes
	PayloadRefAttribute = "payloadRef" // the key of a large raw body in the bucket
	ErasedAtAttribute   = "erasedAt"   // set when an operator has erased the payload
)

// ExpiresAtAttribute is the attribute for DynamoDB's time to live, a number of
// epoch seconds. Items that are kept do not have it.
const ExpiresAtAttribute = "expiresAt"

// PaymentColumns returns the attributes that PaymentIndex projects in addition to the
// keys: the attributes that a list of events shows or filters by. The payload is not one of
// them, so that an index entry costs one write unit.
//
// The list is frozen, like that of DayColumns: an index cannot be changed, and one
// update creates or deletes at most one (DynamoDB Developer Guide, "Managing global
// secondary indexes"). For another list, add an index with a name and a list of its
// own. CONTRIBUTING.md has the steps.
func PaymentColumns() []string {
	return []string{
		"provider", "type", "category",
		"objectType", "objectId", "objectStatus",
		"paymentId", "amount", "currency",
		"account", "endpoint", "livemode", "receivedAt",
	}
}

// DayColumns returns the attributes that DayIndex projects in addition to the keys.
// The list is frozen: see PaymentColumns.
func DayColumns() []string {
	return []string{
		"provider", "type", "category",
		"objectType", "objectId", "objectStatus",
		"paymentId", "amount", "currency",
		"account", "endpoint", "livemode", "receivedAt",
	}
}

// Prefixes in the bucket that have a lifecycle of their own. All other keys
// begin with {provider}/{yyyy}/{mm}/{dd}/.
const (
	// OversizePrefix holds payloads that are too large for a message, below the
	// RetentionPrefix of their receipt, under
	// {provider}/{yyyy-mm-dd}/{payloadSha256}.
	OversizePrefix = "oversize/"
	// ReplaysPrefix holds the records of paysluice replay, below {run id}/.
	ReplaysPrefix = "replays/"
	// UnknownPrefix holds dead letters that cannot be decoded, under
	// {yyyy}/{mm}/{dd}/.
	UnknownPrefix = "unknown/"
	// CertificatePrefix holds verified certificates, under the hash of their URLs.
	CertificatePrefix = "certificates/"
	// FetchPrefix holds an empty object for each fetch of a certificate that the
	// stack did not know, under {minute}/{environment}/{number}.
	FetchPrefix = "fetches/"
)

// OwnPrefixes returns the prefixes above, which no provider may have as its name.
func OwnPrefixes() []string {
	return []string{OversizePrefix, UnknownPrefix, CertificatePrefix, FetchPrefix, ReplaysPrefix, ReconciliationsPrefix}
}

// RetentionPrefix returns the prefix of the large payloads of events that expire
// after that many days. Each retention has a prefix and a lifecycle rule of its
// own, so that a payload expires by the retention under which it was written.
func RetentionPrefix(days int) string { return fmt.Sprintf("%s%dd/", OversizePrefix, days) }

// RetentionDays returns the retentions of events besides 0, which keeps them: those
// of CloudWatch Logs, from the retention of webhook-queue up.
func RetentionDays() []int {
	return []int{
		7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
	}
}

// BucketNameProperty is the property of the emptier's custom resource that
// names the bucket.
const BucketNameProperty = "BucketName"

// BucketQuiet is how long the bucket must have stayed empty before the emptier
// reports success. It exceeds the timeout of every function that writes into the
// bucket, because the last invocation can start just before its trigger is
// deleted.
const BucketQuiet = 45 * time.Second

// MetricNamespace is the CloudWatch namespace of all metrics below.
const MetricNamespace = "Paysluice"

// Dimensions of every metric. Each metric is published under {Environment} and
// under {Environment, Provider}, because an alarm reads
// exactly one set of dimensions.
const (
	EnvironmentDimension = "Environment"
	ProviderDimension    = "Provider"
)

// Metrics, each a count.
const (
	MetricAccepted          = "Accepted"          // answered 200, in webhook-queue
	MetricRejected          = "Rejected"          // answered 401 by the authorizer or the processor, or 400
	MetricNotConfigured     = "NotConfigured"     // answered 503: the secret has no value
	MetricUndecided         = "Undecided"         // answered 503: the certificate is missing or untrusted
	MetricSecretUnavailable = "SecretUnavailable" // answered 503: the secret is malformed or unreachable
	MetricQuarantined       = "Quarantined"       // answered 200, in webhook-dlq: signed, but cannot be stored
	MetricIncomplete        = "Incomplete"        // an accepted event that leaves out a value of its body
	MetricOtherMode         = "OtherMode"         // an event of another mode than its endpoint, stored or quarantined
	MetricMissed            = "Missed"            // an event which reports that others could not be made
	MetricStored            = "Stored"            // a new item in WebhookEvents
	MetricDuplicates        = "Duplicates"        // a repeat of an event, not Accepted if the processor recognizes it
	MetricArchived          = "Archived"          // a dead letter written to S3
	MetricConflicts         = "Conflicts"         // other content under the key of a stored event, in webhook-dlq
	MetricPublished         = "Published"         // an event that the topic or the bus accepted
	MetricUnpublished       = "Unpublished"       // an event that cannot be published, in webhook-unpublished
)

// NotStoredMessage is the message of the consumer's ERROR line about a record that it
// could not store. The alarm unstored counts these lines.
const NotStoredMessage = "record not stored"

// OtherSenderMessage is the message of the consumer's line about a record that none of the stack's
// functions sent. A replay and a refill send such records.
const OtherSenderMessage = "message of another sender than a processor"

// MetricUnaccepted counts the requests of a provider that have a signature header and were
// rejected or could not be decided. A metric filter counts them, so that the metric has no
// dimension: its name is {Title}Unaccepted-{EnvironmentSuffix}.
const MetricUnaccepted = "Unaccepted"

// Latencies of a new event, in milliseconds. The publisher writes them. The provider's
// time has seconds for some providers, and the time of storing has seconds for all.
const (
	MetricReceiveLatency  = "ReceiveLatency"  // from the provider's time to receipt
	MetricStoreLatency    = "StoreLatency"    // from receipt to the row in WebhookEvents
	MetricPublishLatency  = "PublishLatency"  // from the row to the topic or the bus
	MetricEndToEndLatency = "EndToEndLatency" // from the provider's time to the topic or the bus
)
