package decode

import (
	"github.com/paysluice/paysluice/handlers/event"
)

// SameContent reports whether the bodies of two events have equal content hashes.
// It computes the hashes of bodies that are in the events, because a row can be older than
// contentSha256 or than the list of volatile members.
func SameContent(a, b event.Event, volatile ...string) bool {
	if a.ContentSHA256 != "" && a.ContentSHA256 == b.ContentSHA256 {
		return true
	}
	hash := contentHashOf(a, volatile)
	return hash != "" && hash == contentHashOf(b, volatile)
}

func contentHashOf(e event.Event, volatile []string) string {
	if e.PayloadRef != "" {
		return e.ContentSHA256
	}
	return ContentHash(e.Payload, volatile...)
}

// SameObject reports whether two events have the same type, mode and object, and
// equal ids of each kind that both relate to. Two renderings of one event do.
func SameObject(a, b event.Event) bool {
	for kind, id := range a.Related {
		if !Agree(id, b.Related[kind]) {
			return false
		}
	}
	return a.Type == b.Type && sameMode(a.Livemode, b.Livemode) &&
		a.ObjectType == b.ObjectType && a.ObjectID == b.ObjectID
}

// Agree reports whether two texts are equal or one of them is empty.
func Agree(a, b string) bool { return a == "" || b == "" || a == b }

func sameMode(a, b *bool) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
