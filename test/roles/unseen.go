package roles

// Unseen are the permissions that AWS services use in a role's name. The
// emulator does not ask for them, so taking them away shows nothing here; each
// has the AWS text that demands it.
func Unseen() map[Permission]string {
	const (
		logs           = "Lambda Developer Guide, Sending Lambda function logs to CloudWatch Logs, IAM permissions"
		environment    = "Lambda Developer Guide, Securing Lambda environment variables, permissions of the execution role"
		poller         = "Lambda Developer Guide, Using Lambda with Amazon SQS, permissions of the execution role"
		secretKey      = "Secrets Manager User Guide, Secret encryption and decryption, permissions for the KMS key"
		queueKey       = "SQS Developer Guide, Key management, configuring KMS permissions: producers both, consumers Decrypt"
		tableKey       = "DynamoDB Developer Guide, Encryption at rest usage notes; aws/aws-cdk#10010: Decrypt for writers too"
		deleteVersions = "S3 API Reference, DeleteObjects, Permissions: always, for versions too"
		bucketKey      = "S3 User Guide, Using server-side encryption with AWS KMS keys, permissions: GenerateDataKey to upload"
		gateway        = "API Gateway Developer Guide, Set up CloudWatch logging for REST APIs, permissions"
	)
	return map[Permission]string{
		{"WriteLog", "logs:CreateLogStream"}:             logs,
		{"WriteLog", "logs:PutLogEvents"}:                logs,
		{"DecryptEnvironment", "kms:Decrypt"}:            environment,
		{"ReceiveEvents", "sqs:ReceiveMessage"}:          poller,
		{"ReceiveEvents", "sqs:DeleteMessage"}:           poller,
		{"ReceiveEvents", "sqs:GetQueueAttributes"}:      poller,
		{"UseKeyForSecret", "kms:Decrypt"}:               secretKey,
		{"UseKeyForQueues", "kms:GenerateDataKey"}:       queueKey,
		{"UseKeyForQueues", "kms:Decrypt"}:               queueKey,
		{"UseKeyForTable", "kms:Decrypt"}:                tableKey,
		{"ReceiveDeadLetters", "sqs:ReceiveMessage"}:     poller,
		{"ReceiveDeadLetters", "sqs:DeleteMessage"}:      poller,
		{"ReceiveDeadLetters", "sqs:GetQueueAttributes"}: poller,
		{"UseKeyForBucket", "kms:GenerateDataKey"}:       bucketKey,
		{"DeleteObjects", "s3:DeleteObject"}:             deleteVersions,
		{"WriteLogs", "logs:CreateLogGroup"}:             gateway,
		{"WriteLogs", "logs:CreateLogStream"}:            gateway,
		{"WriteLogs", "logs:DescribeLogGroups"}:          gateway,
		{"WriteLogs", "logs:DescribeLogStreams"}:         gateway,
		{"WriteLogs", "logs:PutLogEvents"}:               gateway,
		{"WriteLogs", "logs:GetLogEvents"}:               gateway,
		{"WriteLogs", "logs:FilterLogEvents"}:            gateway,
	}
}

// IsUnseen reports whether the permission is one of them.
func IsUnseen(p Permission) bool {
	_, ok := Unseen()[p]
	return ok
}
