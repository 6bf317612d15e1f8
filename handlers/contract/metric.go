package contract

// MetricNamespace is the CloudWatch namespace of all metrics below.
const MetricNamespace = "Paysluice"

// Dimensions of every metric: each is published under {Environment} and under
// {Environment, Provider}, since an alarm matches one exact dimension set.
const (
	EnvironmentDimension = "Environment"
	ProviderDimension    = "Provider"
)

// Metrics, each a count.
const (
	MetricAccepted          = "Accepted"          // answered 200, in webhook-queue
	MetricRejected          = "Rejected"          // answered 401 by either gate, or 400 by the processor
	MetricNotConfigured     = "NotConfigured"     // answered 503: the secret was never filled
	MetricSecretUnavailable = "SecretUnavailable" // answered 503: the secret is malformed or out of reach
	MetricQuarantined       = "Quarantined"       // answered 200, in webhook-dlq: signed but not an event
	MetricStored            = "Stored"            // a new row in WebhookEvents
	MetricDuplicates        = "Duplicates"        // the same event again
	MetricArchived          = "Archived"          // a dead letter, now in S3
	MetricConflicts         = "Conflicts"         // the same key with other content, in webhook-dlq
)
