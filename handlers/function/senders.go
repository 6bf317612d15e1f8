package function

import (
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
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

// Provider returns the provider of the processor that sent a message,
// contract.AnyProvider if the reconciler sent it, and "" if neither did.
func (s Senders) Provider(record events.SQSMessage) string {
	role, _, _ := strings.Cut(record.Attributes[SenderAttribute], ":")
	return s[role]
}

// MaySend reports whether the sender of a message may send an event. A processor may
// send events of its own provider, the reconciler those that it marks as read from an
// API. Others may send each: the consumer, which keeps conflicts, and an operator, who
// replays.
func (s Senders) MaySend(record events.SQSMessage, e event.Event) bool {
	switch own := s.Provider(record); own {
	case "", e.Provider:
		return true
	case contract.AnyProvider:
		return e.Origin == event.OriginReconcile && e.Endpoint == ""
	}
	return false
}

// Registered reports whether the stack has a processor for a provider, or the
// providers are not known.
func (s Senders) Registered(provider string) bool {
	for _, p := range s {
		if p == provider && p != contract.AnyProvider {
			return true
		}
	}
	return len(s) == 0
}
