// Package memory is SQS, DynamoDB, S3 and Secrets Manager in the memory of
// this process: as much of each as paysluice uses, under the types of the AWS
// SDK, with the semantics that AWS documents. Time is the caller's, so a
// visibility timeout can pass at once, and nothing is random but what a caller
// lets be (Disorder).
//
// Test package conformance holds these services and the emulator to one suite.
// Errors are those that the SDK's clients return, by type or code.
package memory

import (
	"fmt"

	"github.com/aws/smithy-go"
)

// account and region are in ARNs and URLs; nothing depends on them.
const (
	account = "000000000000"
	region  = "us-east-1"
)

// refuse is an error of the client's making that the SDK has no type for.
func refuse(code, format string, args ...any) error {
	return &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}
