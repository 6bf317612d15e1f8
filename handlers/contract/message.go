package contract

// FailureReasonAttribute is the SQS message attribute that says why a message
// was put into webhook-dlq. A message without it was redriven there by SQS.
const FailureReasonAttribute = "failureReason"

// ReasonConflict marks an event whose key is taken by other content.
const ReasonConflict = "conflict"
