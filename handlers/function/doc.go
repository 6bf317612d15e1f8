// Package function holds what every Lambda function is made of: its environment
// variables, the JSON between Lambda and a handler, API Gateway's requests, SQS
// batches, deadlines, log lines and metrics. It imports no AWS SDK.
package function
