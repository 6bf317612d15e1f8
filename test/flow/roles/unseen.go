package roles

import (
	"slices"

	"github.com/paysluice/paysluice/handlers/contract"
)

// unseen lists actions that AWS services perform in the name of these roles. The
// emulator does not check them, so it records no call, and removing them has no
// effect there.
type unseen struct {
	roles   []string // types
	sid     string
	actions []string
	page    string // of AWS that demands them
}

func allUnseen() []unseen {
	const (
		logs        = "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html"
		environment = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html"
		poller      = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"
		secretKey   = "https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html"
		queueKey    = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html"
		// For writers too: aws/aws-cdk#10010.
		tableKey     = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html"
		streamReader = "https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html"
		topicKey     = "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html"

		bucketKey = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html"
		// Also for requests that only delete versions.
		deleteObjects = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"
		gateway       = "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html"
	)
	var (
		receive    = []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
		decrypt    = []string{"kms:Decrypt"}
		encrypt    = []string{"kms:GenerateDataKey"}
		both       = []string{"kms:GenerateDataKey", "kms:Decrypt"}
		archiver   = []string{TypeOf(contract.ArchiverName)}
		consumer   = []string{TypeOf(contract.ConsumerName)}
		emptier    = []string{TypeOf(contract.EmptierName)}
		publisher  = []string{TypeOf(contract.PublisherName)}
		reconciler = []string{TypeOf(contract.ReconcilerName)}
		processors []string
	)
	for _, p := range contract.Providers() {
		processors = append(processors, TypeOf(contract.ProcessorName(p)))
	}
	functions := slices.Concat(processors, archiver, consumer, emptier, publisher, reconciler, []string{TypeOf(contract.AuthorizerName)})
	return []unseen{
		{functions, "WriteLog", []string{"logs:CreateLogStream", "logs:PutLogEvents"}, logs},
		{functions, "DecryptEnvironment", decrypt, environment},
		{processors, "UseKeyForSecret", decrypt, secretKey},
		{processors, "UseKeyForQueues", both, queueKey},
		{processors, "UseKeyForBucket", encrypt, bucketKey},
		{[]string{TypeOf(contract.ProcessorName(contract.PayPal()))}, "UseKeyForCertificates", decrypt, bucketKey},
		{consumer, "ReceiveEvents", receive, poller},
		{consumer, "UseKeyForQueues", both, queueKey},
		{consumer, "UseKeyForTable", decrypt, tableKey},
		{publisher, "ReadStream", []string{"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"}, streamReader},
		{publisher, "ListStreams", []string{"dynamodb:ListStreams"}, streamReader},
		{publisher, "UseKeyForStream", decrypt, tableKey},
		{publisher, "UseKeyForQueue", both, queueKey},
		{publisher, "UseKeyForTopic", both, topicKey},
		{archiver, "ReceiveDeadLetters", receive, poller},
		{archiver, "UseKeyForQueues", decrypt, queueKey},
		{archiver, "UseKeyForBucket", encrypt, bucketKey},
		{reconciler, "UseKeyForSecret", decrypt, secretKey},
		{reconciler, "UseKeyForTable", decrypt, tableKey},
		{reconciler, "UseKeyForBucket", both, bucketKey},
		{reconciler, "UseKeyForQueue", both, queueKey},
		{emptier, "DeleteObjects", []string{"s3:DeleteObject"}, deleteObjects},
		{[]string{"webhook-api-account-role"}, "WriteLogs", []string{
			"logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams",
			"logs:PutLogEvents", "logs:GetLogEvents", "logs:FilterLogEvents",
		}, gateway},
	}
}

// Unseen returns the role's permissions that no recorded call can show, each with
// the AWS page that demands it.
func (r *Role) Unseen() map[Permission]string {
	pages := map[Permission]string{}
	for _, u := range allUnseen() {
		if slices.Contains(u.roles, r.Type) {
			for _, action := range u.actions {
				pages[Permission{u.sid, action}] = u.page
			}
		}
	}
	return pages
}

// IsUnseen reports whether p is one of Unseen.
func (r *Role) IsUnseen(p Permission) bool {
	_, ok := r.Unseen()[p]
	return ok
}
