package function

import (
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// SenderAttribute is the SQS attribute with the sender of a message. SQS sets it
// from the credentials of the request: for a role it is the role's unique id, a
// colon and the session's name (IAM User Guide, "IAM identifiers"; SQS API
// Reference, ReceiveMessage, SenderId).
const SenderAttribute = "SenderId"

// Senders has the provider of each processor by the unique id of its role. It is
// empty where these ids are not known, and then binds nobody.
type Senders map[string]string

// ParseSenders reads "{provider}={role id},…", the value of contract.SendersVar.
func ParseSenders(text string) Senders {
	s := Senders{}
	for pair := range strings.SplitSeq(text, ",") {
		if provider, role, ok := strings.Cut(pair, "="); ok && provider != "" && role != "" {
			s[role] = provider
		}
	}
	return s
}

// Provider returns the provider of the processor that sent a message, "" if no
// processor of the stack did.
func (s Senders) Provider(record events.SQSMessage) string {
	role, _, _ := strings.Cut(record.Attributes[SenderAttribute], ":")
	return s[role]
}

// MaySend reports whether the sender of a message may speak for a provider. A
// processor may speak for its own only. Others may speak for each: the consumer,
// which keeps conflicts, and an operator, who replays.
func (s Senders) MaySend(record events.SQSMessage, provider string) bool {
	own := s.Provider(record)
	return own == "" || own == provider
}

// Registered reports whether the stack has a processor for a provider, or the
// providers are not known.
func (s Senders) Registered(provider string) bool {
	for _, p := range s {
		if p == provider {
			return true
		}
	}
	return len(s) == 0
}
