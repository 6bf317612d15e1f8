package contract

// Environment variables that the template sets and the functions read.
const (
	// EnvironmentVar is the environment suffix: a metric dimension.
	EnvironmentVar = "ENVIRONMENT"
	// ProviderVar is the Name of the provider that a processor serves.
	ProviderVar = "PROVIDER"
	// SecretARNVar is the Secrets Manager secret of that provider.
	SecretARNVar = "SECRET_ARN"
	// QueueURLVar is webhook-queue.
	QueueURLVar = "QUEUE_URL"
	// DeadLetterQueueURLVar is webhook-dlq.
	DeadLetterQueueURLVar = "DEAD_LETTER_QUEUE_URL"
	// BucketNameVar is the bucket of failed webhooks and large payloads.
	BucketNameVar = "BUCKET_NAME"
	// EndpointURLVar is the URL at which the provider's webhooks arrive; Square
	// signs it.
	EndpointURLVar = "ENDPOINT_URL"
	// TableNameVar is WebhookEvents.
	TableNameVar = "TABLE_NAME"
	// RetentionDaysVar is the number of days after which the table forgets an
	// event; 0 keeps it.
	RetentionDaysVar = "EVENT_RETENTION_DAYS"
	// LogLevelVar is DEBUG or INFO.
	LogLevelVar = "LOG_LEVEL"
)
