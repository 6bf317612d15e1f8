package contract

// BatchSize is the number of messages in one invocation of consumer or
// archiver, and the number that each handles at the same time: so none of them
// waits for another. 10 is the most without a batching window (Lambda Developer
// Guide, "Using Lambda with Amazon SQS").
const BatchSize = 10

// FailureReasonAttribute is the SQS message attribute that says why a message
// was put into webhook-dlq. A message without it was redriven there by SQS.
const FailureReasonAttribute = "failureReason"

// ReasonReceivesExhausted is the reason of a message that was put there by SQS,
// after its last receive from webhook-queue.
const ReasonReceivesExhausted = "receives-exhausted"

// ReasonConflict marks an event whose key is taken by other content.
const ReasonConflict = "conflict"
