package contract

// FailureReasonAttribute is the SQS message attribute that says why a message
// was put into webhook-dlq. A message without it was redriven there by SQS.
const FailureReasonAttribute = "failureReason"

// ReasonReceivesExhausted is the reason of a message that was put there by SQS,
// after its last receive from webhook-queue.
const ReasonReceivesExhausted = "receives-exhausted"

// ReasonConflict marks an event whose key is taken by other content.
const ReasonConflict = "conflict"
